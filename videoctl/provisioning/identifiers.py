"""Ids of resources that can be computed from their inputs, by Pulumi type.

Names are deterministic, so for most types AWS's id is known before it exists. Types missing here
get a random id of AWS; they are looked up by the caller's `Locator`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from videoctl.model.names import arn

Inputs = Mapping[str, Any]


class Locator(Protocol):
    """Finds resources whose id AWS chose."""

    def locate(self, type_token: str, inputs: Inputs, region: str | None) -> str | None:
        """The id of the resource with these inputs, or None when there is none.

        Args:
            type_token: Pulumi's type, such as `aws:ec2/vpc:Vpc`.
            inputs: what it was to be created with; tag `Name` is unique in environment and region.
            region: where; None for global services.

        Raises:
            VideoctlError: when AWS cannot be asked; absent must never be guessed.

        """

    def tags(
        self, type_token: str, identifier: str, outputs: Inputs, region: str | None
    ) -> Mapping[str, str] | None:
        """The tags of a resource; None when its kind has none, or there is no such resource.

        Args:
            type_token: Pulumi's type.
            identifier: its id, as the AWS provider records it.
            outputs: what is known of it: its inputs at least.
            region: where; None for global services.

        Raises:
            VideoctlError: when AWS cannot be asked.

        """


class NotComputableError(Exception):
    """An input the id is made of is missing or not yet known."""


def _text(inputs: Inputs, key: str) -> str:
    value = inputs.get(key)
    if not isinstance(value, str) or not value:
        raise NotComputableError(key)
    return value


def _input(key: str) -> Callable[[Inputs, str, str], str]:
    return lambda inputs, _region, _account: _text(inputs, key)


def _arn(service: str, resource: str, key: str = "name") -> Callable[[Inputs, str, str], str]:
    return lambda inputs, region, account: arn(
        service, region, account, resource.format(_text(inputs, key))
    )


def _joined(separator: str, *keys: str) -> Callable[[Inputs, str, str], str]:
    return lambda inputs, _region, _account: separator.join(_text(inputs, key) for key in keys)


def _service(inputs: Inputs, region: str, account: str) -> str:
    cluster = _text(inputs, "cluster").rsplit("/", 1)[-1]
    return arn("ecs", region, account, f"service/{cluster}/{_text(inputs, 'name')}")


COMPUTED: Final[Mapping[str, Callable[[Inputs, str, str], str]]] = {
    "aws:cloudwatch/logGroup:LogGroup": _input("name"),
    "aws:cloudwatch/logStream:LogStream": _input("name"),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": _input("repository"),
    "aws:ecr/repository:Repository": _input("name"),
    "aws:ecs/cluster:Cluster": _arn("ecs", "cluster/{}"),
    "aws:ecs/service:Service": _service,
    "aws:iam/role:Role": _input("name"),
    "aws:iam/rolePolicy:RolePolicy": _joined(":", "role", "name"),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": _arn(
        "firehose", "deliverystream/{}"
    ),
    "aws:kinesis/stream:Stream": _arn("kinesis", "stream/{}"),
    "aws:kinesisanalyticsv2/application:Application": _arn("kinesisanalytics", "application/{}"),
    "aws:kms/alias:Alias": _input("name"),
    "aws:lambda/function:Function": _input("name"),
    "aws:lambda/permission:Permission": _input("statementId"),
    "aws:s3/bucket:Bucket": _input("bucket"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _input("bucket"),
    "aws:s3/bucketNotification:BucketNotification": _input("bucket"),
    "aws:s3/bucketObjectv2:BucketObjectv2": _joined("/", "bucket", "key"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _input("bucket"),
    "aws:s3/bucketPolicy:BucketPolicy": _input("bucket"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _input("bucket"),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": _input("bucket"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _input("bucket")
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _input("bucket"),
    "aws:sns/topic:Topic": _arn("sns", "{}"),
    "aws:sns/topicPolicy:TopicPolicy": _input("arn"),
    "aws:sqs/queuePolicy:QueuePolicy": _input("queueUrl"),
    "aws:timestreamwrite/database:Database": _input("databaseName"),
    "aws:timestreamwrite/table:Table": _joined(":", "tableName", "databaseName"),
}
"""Type to its id, from inputs, region and account, as the AWS provider records it."""

_TASK_DEFINITION: Final = "aws:ecs/taskDefinition:TaskDefinition"


def computed_id(type_token: str, inputs: Inputs, region: str, account_id: str) -> str | None:
    """The id these inputs lead to; None when AWS chooses it.

    Raises:
        NotComputableError: when an input it is made of is missing or unknown.

    """
    compute = COMPUTED.get(type_token)
    return compute(inputs, region, account_id) if compute else None


def state_of_located(type_token: str, located: str, inputs: Inputs) -> tuple[str, dict[str, Any]]:
    """Id and first outputs of a located resource; the refresh that follows reads the rest.

    A task definition is located by the ARN of its revision, recorded by its family, and read by its
    ARN.
    """
    if type_token == _TASK_DEFINITION:
        return _text(inputs, "family"), {**inputs, "arn": located}
    return located, dict(inputs)
