"""Samples of functions, event source mappings and permissions."""

from __future__ import annotations

import base64
import io
import zipfile

from tests.sandbox.provider.samples import Made, Properties, Sample, World, unique
from tests.sandbox.provider.samples.messaging import queue
from tests.sandbox.provider.samples.s3 import bucket
from tests.sandbox.provider.samples.streams import ROLE, stream

FUNCTION = "aws:lambda/function:Function"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"


def package(world: World) -> Made:
    """A zip with a handler, in a bucket."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("main.py", "def handler(event, context):\n    return {}\n")
    place = bucket(world, forceDestroy=True)
    content = base64.b64encode(archive.getvalue()).decode()
    return world.make(OBJECT, {"bucket": place.id, "key": "code.zip", "contentBase64": content})


def function(world: World, **inputs: object) -> Made:
    """A function."""
    return world.make(FUNCTION, _function(world) | inputs)


def _function(world: World) -> Properties:
    code = package(world)
    return {
        "name": unique("function"),
        "role": ROLE,
        "runtime": "python3.11",
        "handler": "main.handler",
        "s3Bucket": code["bucket"],
        "s3Key": code["key"],
        "memorySize": 256,
        "timeout": 60,
        "architectures": ["x86_64"],
        "environment": {"variables": {"DATABASE": "sessions"}},
        "loggingConfig": {"logFormat": "JSON", "logGroup": "/aws/lambda/sessions"},
        "tracingConfig": {"mode": "Active"},
        "tags": {"Name": "sessions"},
    }


def _mapping(world: World) -> Properties:
    return {
        "eventSourceArn": stream(world).id,
        "functionName": function(world)["arn"],
        "startingPosition": "TRIM_HORIZON",
        "batchSize": 500,
        "maximumBatchingWindowInSeconds": 5,
        "bisectBatchOnFunctionError": True,
        "maximumRetryAttempts": 5,
        "maximumRecordAgeInSeconds": 3600,
        "parallelizationFactor": 2,
        "functionResponseTypes": ["ReportBatchItemFailures"],
        "destinationConfig": {"onFailure": {"destinationArn": queue(world)["arn"]}},
        "tags": {"Name": "sessions"},
    }


def _permission(world: World) -> Properties:
    return {
        "statementId": "AllowBucket",
        "action": "lambda:InvokeFunction",
        "function": function(world)["name"],
        "principal": "s3.amazonaws.com",
        "sourceArn": "arn:aws:s3:::raw",
        "sourceAccount": "000000000000",
    }


SAMPLES = [
    Sample(
        FUNCTION,
        lambda world: _function(world) | {"reservedConcurrentExecutions": 5},
        changes={
            "memorySize": 512,
            "timeout": None,
            "environment": None,
            "reservedConcurrentExecutions": -1,
            "tags": {"Name": "changed"},
        },
        replacements={"name": "another", "packageType": "Image"},
        absent=frozenset(
            {
                "capacityProviderConfig",
                "code",
                "codeSigningConfigArn",
                "deadLetterConfig",
                "durableConfig",
                "fileSystemConfig",
                "imageConfig",
                "imageUri",
                "publish",
                "publishTo",
                "replaceSecurityGroupsOnDestroy",
                "replacementSecurityGroupIds",
                "s3ObjectVersion",
                "skipDestroy",
                "snapStart",
                "sourceKmsKeyArn",
                "tenancyConfig",
                "useResourceTimeoutForPropagation",
                "vpcConfig",
            }
        ),
        not_imported=frozenset({"s3Bucket", "s3Key"}),
    ),
    Sample(
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        _mapping,
        changes={
            "enabled": False,
            "batchSize": 100,
            "maximumRetryAttempts": 3,
            "functionResponseTypes": None,
            "tags": {"Name": "changed"},
        },
        replacements={"startingPosition": "LATEST", "eventSourceArn": "arn:another"},
        absent=frozenset(
            {
                "amazonManagedKafkaEventSourceConfig",
                "documentDbEventSourceConfig",
                "filterCriteria",
                "kmsKeyArn",
                "metricsConfig",
                "provisionedPollerConfig",
                "queues",
                "scalingConfig",
                "selfManagedEventSource",
                "selfManagedKafkaEventSourceConfig",
                "sourceAccessConfigurations",
                "startingPositionTimestamp",
                "topics",
                "tumblingWindowInSeconds",
                "useResourceTimeoutForPropagation",
            }
        ),
    ),
    Sample(
        "aws:lambda/permission:Permission",
        _permission,
        replacements={"statementId": "Another", "principal": "sns.amazonaws.com"},
        absent=frozenset(
            {
                "eventSourceToken",
                "functionUrlAuthType",
                "invokedViaFunctionUrl",
                "principalOrgId",
                "qualifier",
            }
        ),
        import_id=lambda made: f"{made['function']}/{made['statementId']}",
    ),
]
