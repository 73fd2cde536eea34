"""Where a bucket announces its events."""

from __future__ import annotations

from typing import Any, Final

from sandbox.provider.framework import Properties, resource
from sandbox.provider.mapping import Codec, Field, Table, rules_of
from sandbox.provider.types.s3_settings import BucketSetting


def _targets(property_name: str, member: str) -> Table:
    """The table of one kind of target, filters aside."""
    return (
        Field("id", "Id", adopted=True),
        Field(property_name, member),
        Field("events", "Events"),
        Field("filterPrefix", "prefix"),
        Field("filterSuffix", "suffix"),
    )


def _with_filter(target: dict[str, Any]) -> dict[str, Any]:
    """Prefix and suffix as S3's filter rules."""
    rest = {name: value for name, value in target.items() if name not in ("prefix", "suffix")}
    rules = [
        {"Name": name, "Value": target[name]} for name in ("prefix", "suffix") if target.get(name)
    ]
    return {**rest, "Filter": {"Key": {"FilterRules": rules}}} if rules else rest


def _without_filter(target: dict[str, Any]) -> dict[str, Any]:
    """S3's filter rules as prefix and suffix; S3 may answer with capital letters."""
    rules = target.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    rest = {name: value for name, value in target.items() if name != "Filter"}
    return {**rest, **{rule["Name"].lower(): rule["Value"] for rule in rules}}


_KINDS: Final = ("TopicConfigurations", "QueueConfigurations", "LambdaFunctionConfigurations")
_NOTIFICATION: Final[Table] = (
    Field("topics", _KINDS[0], many=True, fields=_targets("topicArn", "TopicArn")),
    Field("queues", _KINDS[1], many=True, fields=_targets("queueArn", "QueueArn")),
    Field(
        "lambdaFunctions",
        _KINDS[2],
        many=True,
        fields=_targets("lambdaFunctionArn", "LambdaFunctionArn"),
    ),
    Field(
        "eventbridge",
        "EventBridgeConfiguration",
        default=False,
        codec=Codec(lambda enabled: {} if enabled else None, lambda _: True),
    ),
)


@resource(
    "aws:s3/bucketNotification:BucketNotification",
    replace_on=("bucket",),
    **rules_of(_NOTIFICATION),
)
class BucketNotification(BucketSetting):
    """All event destinations of a bucket; S3 checks each when they are put."""

    table = _NOTIFICATION

    def put(self, s3: Any, bucket: str, members: dict[str, Any]) -> None:
        """Replaces the whole configuration."""
        configuration: dict[str, Any] = {
            kind: [_with_filter(target) for target in members[kind]]
            for kind in _KINDS
            if members.get(kind)
        }
        if members.get("EventBridgeConfiguration") is not None:
            configuration["EventBridgeConfiguration"] = {}
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration=configuration
        )

    def get(self, s3: Any, bucket: str) -> dict[str, Any] | None:
        """An empty configuration counts as none."""
        answer = s3.get_bucket_notification_configuration(Bucket=bucket)
        members: dict[str, Any] = {
            kind: [_without_filter(target) for target in answer[kind]]
            for kind in _KINDS
            if answer.get(kind)
        }
        if "EventBridgeConfiguration" in answer:
            members["EventBridgeConfiguration"] = {}
        return members or None

    def remove(self, s3: Any, bucket: str, outputs: Properties) -> None:
        """An empty configuration turns all notifications off."""
        del outputs
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
