"""Samples of data streams, delivery streams, Flink applications and Timestream."""

from __future__ import annotations

from tests.sandbox.provider.samples import Made, Properties, Sample, World, unique
from tests.sandbox.provider.samples.s3 import KEY_ARN, bucket

STREAM = "aws:kinesis/stream:Stream"
DATABASE = "aws:timestreamwrite/database:Database"
ROLE = "arn:aws:iam::000000000000:role/sample"
_ANOTHER = "another"


def stream(world: World) -> Made:
    """A data stream of one shard."""
    return world.make(STREAM, {"name": unique("stream"), "shardCount": 1})


def _consumer(world: World) -> Properties:
    return {"name": unique("consumer"), "streamArn": stream(world).id, "tags": {"Name": "agg"}}


def _delivery(world: World) -> Properties:
    source = {"kinesisStreamArn": stream(world).id, "roleArn": ROLE}
    return {
        "name": unique("delivery"),
        "destination": "extended_s3",
        "kinesisSourceConfiguration": source,
        "extendedS3Configuration": _destination(bucket(world, forceDestroy=True)["arn"]),
        "tags": {"Name": "raw"},
    }


def _destination(bucket_arn: str, **more: object) -> Properties:
    delimiter = {"parameterName": "Delimiter", "parameterValue": "\\n"}
    processors = [{"type": "AppendDelimiterToRecord", "parameters": [delimiter]}]
    return {
        "bucketArn": bucket_arn,
        "roleArn": ROLE,
        "prefix": "raw/!{timestamp:yyyy/MM/dd/HH}/",
        "errorOutputPrefix": "errors/!{firehose:error-output-type}/",
        "bufferingInterval": 60,
        "bufferingSize": 64,
        "compressionFormat": "GZIP",
        "kmsKeyArn": KEY_ARN,
        "cloudwatchLoggingOptions": {
            "enabled": True,
            "logGroupName": "/aws/kinesisfirehose/raw",
            "logStreamName": "DestinationDelivery",
        },
        "processingConfiguration": {"enabled": True, "processors": processors},
        **more,
    }


def _application(world: World) -> Properties:
    code = world.make(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        {"bucket": bucket(world, forceDestroy=True).id, "key": "code.zip", "content": "PK"},
    )
    return {
        "name": unique("agg"),
        "runtimeEnvironment": "FLINK-1_20",
        "serviceExecutionRole": ROLE,
        "applicationConfiguration": _configuration(f"arn:aws:s3:::{code['bucket']}"),
        "cloudwatchLoggingOptions": {"logStreamArn": _log_stream("agg")},
        "tags": {"Name": "agg"},
    }


def _log_stream(name: str) -> str:
    return f"arn:aws:logs:us-east-1:000000000000:log-group:/aws/kinesis-analytics:log-stream:{name}"


def _configuration(code_bucket_arn: str, parallelism: int = 1) -> Properties:
    location = {"bucketArn": code_bucket_arn, "fileKey": "code.zip"}
    options = {"python": "main.py", "jarfile": "lib/pyflink-dependencies.jar"}
    group = {
        "propertyGroupId": "kinesis.analytics.flink.run.options",
        "propertyMap": options,
    }
    return {
        "applicationCodeConfiguration": {
            "codeContentType": "ZIPFILE",
            "codeContent": {"s3ContentLocation": location},
        },
        "applicationSnapshotConfiguration": {"snapshotsEnabled": True},
        "environmentProperties": {"propertyGroups": [group]},
        "flinkApplicationConfiguration": {
            "checkpointConfiguration": {
                "configurationType": "CUSTOM",
                "checkpointingEnabled": True,
                "checkpointInterval": 60000,
                "minPauseBetweenCheckpoints": 5000,
            },
            "monitoringConfiguration": {
                "configurationType": "CUSTOM",
                "logLevel": "INFO",
                "metricsLevel": "TASK",
            },
            "parallelismConfiguration": {
                "configurationType": "CUSTOM",
                "autoScalingEnabled": False,
                "parallelism": parallelism,
                "parallelismPerKpu": 1,
            },
        },
    }


def _table(world: World) -> Properties:
    database = world.make(DATABASE, {"databaseName": unique("database")})
    return {
        "databaseName": database.id,
        "tableName": "sessions",
        "retentionProperties": {
            "memoryStoreRetentionPeriodInHours": 24,
            "magneticStoreRetentionPeriodInDays": 365,
        },
        "magneticStoreWriteProperties": {"enableMagneticStoreWrites": True},
        "tags": {"Name": "sessions"},
    }


SAMPLES = [
    Sample(
        STREAM,
        lambda _: {
            "name": unique("stream"),
            "shardCount": 2,
            "retentionPeriod": 48,
            "streamModeDetails": {"streamMode": "PROVISIONED"},
            "encryptionType": "KMS",
            "kmsKeyId": KEY_ARN,
            "shardLevelMetrics": ["IncomingBytes", "OutgoingBytes"],
            "tags": {"Name": "raw"},
        },
        changes={
            "shardCount": 4,
            "retentionPeriod": 24,
            "encryptionType": "NONE",
            "kmsKeyId": None,
            "shardLevelMetrics": ["IncomingRecords"],
            "tags": {"Name": "changed"},
        },
        replacements={"name": _ANOTHER},
        absent=frozenset({"warmThroughputMibPs"}),
        not_imported=frozenset({"enforceConsumerDeletion"}),
    ),
    Sample(
        "aws:kinesis/streamConsumer:StreamConsumer",
        _consumer,
        changes={"tags": {"Name": "changed"}},
        replacements={"name": _ANOTHER, "streamArn": "arn:another"},
    ),
    Sample(
        "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
        _delivery,
        changes={
            "extendedS3Configuration": _destination(
                "arn:aws:s3:::another", bufferingInterval=300, processingConfiguration=None
            ),
            "tags": {"Name": "changed"},
        },
        replacements={
            "name": _ANOTHER,
            "kinesisSourceConfiguration": {"kinesisStreamArn": "arn:another", "roleArn": ROLE},
        },
        absent=frozenset(
            f"{destination}Configuration"
            for destination in (
                "elasticsearch",
                "httpEndpoint",
                "iceberg",
                "mskSource",
                "opensearch",
                "opensearchserverless",
                "redshift",
                "snowflake",
                "splunk",
            )
        )
        | {"serverSideEncryption"},
    ),
    Sample(
        "aws:kinesisanalyticsv2/application:Application",
        _application,
        changes={
            "serviceExecutionRole": f"{ROLE}-2",
            "cloudwatchLoggingOptions": {"logStreamArn": _log_stream("another")},
            "tags": {"Name": "changed"},
        },
        replacements={"name": _ANOTHER, "description": _ANOTHER},
        absent=frozenset({"description", "forceStop", "startApplication"}),
    ),
    Sample(
        DATABASE,
        lambda _: {"databaseName": unique("database"), "tags": {"Name": "sessions"}},
        changes={"kmsKeyId": KEY_ARN, "tags": {"Name": "changed"}},
        replacements={"databaseName": _ANOTHER},
    ),
    Sample(
        "aws:timestreamwrite/table:Table",
        _table,
        changes={
            "retentionProperties": {
                "memoryStoreRetentionPeriodInHours": 12,
                "magneticStoreRetentionPeriodInDays": 30,
            },
            "tags": {"Name": "changed"},
        },
        replacements={"tableName": _ANOTHER, "databaseName": _ANOTHER},
    ),
]
