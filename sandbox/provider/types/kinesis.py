"""Kinesis data streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, TypeAlias

from sandbox.provider.framework import (
    Context,
    Properties,
    ResourceType,
    changed,
    resource,
    tag_changes,
    tags_from_pairs,
)
from sandbox.provider.mapping import Field, Table, declared, rules_of, to_properties
from sandbox.provider.waits import await_absence, await_status

_PROVISIONED: Final = "PROVISIONED"
_ON_DEMAND: Final = "ON_DEMAND"
_UNENCRYPTED: Final = "NONE"
_KMS: Final = "KMS"
Call: TypeAlias = Callable[[], Any]
_MODE: Final = (Field("streamMode", "StreamMode"),)
_STREAM: Final[Table] = (
    Field("name", "StreamName"),
    Field("arn", "StreamARN", computed=True),
    Field("streamModeDetails", "StreamModeDetails", fields=_MODE, adopted=True),
    Field("shardCount", "OpenShardCount"),
    Field("retentionPeriod", "RetentionPeriodHours", default=24),
    Field("maxRecordSizeInKib", "MaxRecordSizeInKiB", adopted=True),
    Field("warmThroughputMibPs", "WarmThroughput.TargetMiBps", adopted=True),
    Field("encryptionType", "EncryptionType", default=_UNENCRYPTED),
    Field("kmsKeyId", "KeyId"),
    Field("shardLevelMetrics", "ShardLevelMetrics", unordered=True),
)
_RULES: Final = rules_of(_STREAM)


@resource(
    "aws:kinesis/stream:Stream",
    named="name",
    replace_on=("name",),
    **{**_RULES, "defaults": {**_RULES["defaults"], "enforceConsumerDeletion": False}},
)
class Stream(ResourceType):
    """A data stream, provisioned or on demand; its id is its ARN."""

    def validate(self, inputs: Properties) -> list[tuple[str, str]]:
        """Shards belong to provisioned streams, and to them alone."""
        mode, shards = _mode(inputs), inputs.get("shardCount")
        if mode == _ON_DEMAND and shards is not None:
            return [("shardCount", "must not be set when stream_mode is ON_DEMAND")]
        if mode == _PROVISIONED and shards is None:
            return [("shardCount", "must be at least 1 when stream_mode is PROVISIONED")]
        return []

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Creates the stream, then sets what CreateStream does not take."""
        name = inputs["name"]
        context.client("kinesis").create_stream(StreamName=name, **_creation(inputs))
        arn = context.arn("kinesis", f"stream/{name}")
        context.made(arn, {"arn": arn})
        fresh = {**_active(context, name), "tagsAll": inputs.get("tagsAll")}
        _apply(context, name, fresh, inputs)
        return arn, {**fresh, **_given(inputs)}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """What DescribeStreamSummary tells, and the tags; the id is the ARN, or the name."""
        kinesis, name = context.client("kinesis"), resource_id.rpartition("/")[2]
        outputs = _described(kinesis, name)[1]
        tags = kinesis.list_tags_for_stream(StreamName=name)["Tags"]
        outputs["tags"] = tags_from_pairs(tags)
        if inputs:
            outputs["enforceConsumerDeletion"] = inputs.get("enforceConsumerDeletion")
        return declared(_STREAM, outputs, inputs), outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """One call a change; Kinesis takes the next one only when the stream is ACTIVE again.

        What is to change is compared with what AWS has: an update that broke off has made some of
        the calls, and Kinesis refuses to set a retention that is set already.
        """
        name = resource_id.rpartition("/")[2]
        actual = _active(context, name)
        before = old or {**actual, "tagsAll": new.get("tagsAll")}
        done = {key: value for key, value in actual.items() if changed(before, new, key)}
        _apply(context, name, {**before, **done}, new)
        return {**_described(context.client("kinesis"), name)[1], **_given(new)}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Deletes the stream, its consumers too where `enforceConsumerDeletion` says so."""
        kinesis, name = context.client("kinesis"), resource_id.rpartition("/")[2]
        enforced = bool(outputs.get("enforceConsumerDeletion"))
        kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=enforced)
        await_absence(
            context, f"stream {name}", lambda: kinesis.describe_stream_summary(StreamName=name)
        )


def _mode(inputs: Properties) -> Any:
    return (inputs.get("streamModeDetails") or {"streamMode": _PROVISIONED}).get("streamMode")


def _creation(inputs: Properties) -> dict[str, Any]:
    arguments: dict[str, Any] = {"StreamModeDetails": {"StreamMode": _mode(inputs)}}
    for name, member in (
        ("shardCount", "ShardCount"),
        ("maxRecordSizeInKib", "MaxRecordSizeInKiB"),
        ("warmThroughputMibPs", "WarmThroughputMiBps"),
        ("tagsAll", "Tags"),
    ):
        if inputs.get(name):
            arguments[member] = inputs[name]
    return arguments


def _given(inputs: Properties) -> Properties:
    """The inputs of the table, which an update has just applied."""
    return {
        field.property: inputs[field.property] for field in _STREAM if inputs.get(field.property)
    }


def _described(kinesis: Any, name: str) -> tuple[str, Properties]:
    """The stream's status and its outputs."""
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    metrics = [
        metric for one in summary["EnhancedMonitoring"] for metric in one["ShardLevelMetrics"]
    ]
    flat = {"ShardLevelMetrics": metrics, "EncryptionType": _UNENCRYPTED, **summary}
    outputs = to_properties(_STREAM, flat)
    if _mode(outputs) == _ON_DEMAND:
        del outputs["shardCount"]  # Kinesis's own business, and it changes
    return summary["StreamStatus"], outputs


def _active(context: Context, name: str) -> Properties:
    """The stream's outputs once it is ACTIVE."""
    kinesis = context.client("kinesis")
    return await_status(
        context,
        f"stream {name}",
        lambda: _described(kinesis, name),
        wanted=("ACTIVE",),
        passing=("CREATING", "UPDATING"),
    )


def _apply(context: Context, name: str, old: Properties, new: Properties) -> None:
    """Makes each change with its own call, waiting for ACTIVE after each."""
    kinesis, arn = context.client("kinesis"), context.arn("kinesis", f"stream/{name}")
    calls = (
        *_capacity_calls(kinesis, name, arn, old, new),
        *_setting_calls(kinesis, name, old, new),
    )
    for call in calls:
        call()
        _active(context, name)
    added, removed = tag_changes(old, new)
    if added:
        kinesis.add_tags_to_stream(StreamName=name, Tags=added)
    if removed:
        kinesis.remove_tags_from_stream(StreamName=name, TagKeys=removed)


def _capacity_calls(
    kinesis: Any, name: str, arn: str, old: Properties, new: Properties
) -> Iterator[Call]:
    """Mode, shards, warm throughput and record size."""
    if _mode(old) != _mode(new):
        mode = {"StreamMode": _mode(new)}
        yield partial(kinesis.update_stream_mode, StreamARN=arn, StreamModeDetails=mode)
    if _mode(new) == _PROVISIONED and changed(old, new, "shardCount"):
        yield partial(
            kinesis.update_shard_count,
            StreamName=name,
            TargetShardCount=new["shardCount"],
            ScalingType="UNIFORM_SCALING",
        )
    warm = new.get("warmThroughputMibPs")
    if warm is not None and changed(old, new, "warmThroughputMibPs"):
        yield partial(
            kinesis.update_stream_warm_throughput, StreamARN=arn, WarmThroughputMiBps=warm
        )
    size = new.get("maxRecordSizeInKib")
    if size is not None and changed(old, new, "maxRecordSizeInKib"):
        yield partial(kinesis.update_max_record_size, StreamARN=arn, MaxRecordSizeInKiB=size)


def _setting_calls(kinesis: Any, name: str, old: Properties, new: Properties) -> Iterator[Call]:
    """Retention, shard-level metrics and encryption."""
    before, after = (props.get("retentionPeriod") or 24 for props in (old, new))
    if before != after:
        direction = "increase" if after > before else "decrease"
        call = getattr(kinesis, f"{direction}_stream_retention_period")
        yield partial(call, StreamName=name, RetentionPeriodHours=after)
    had, wanted = (set(props.get("shardLevelMetrics") or ()) for props in (old, new))
    if dropped := sorted(had - wanted):
        yield partial(
            kinesis.disable_enhanced_monitoring, StreamName=name, ShardLevelMetrics=dropped
        )
    if added := sorted(wanted - had):
        yield partial(kinesis.enable_enhanced_monitoring, StreamName=name, ShardLevelMetrics=added)
    kms = {"StreamName": name, "EncryptionType": _KMS}
    if not changed(old, new, "encryptionType", "kmsKeyId"):
        return
    if new.get("encryptionType") == _KMS:
        yield partial(kinesis.start_stream_encryption, **kms, KeyId=new["kmsKeyId"])
    elif old.get("encryptionType") == _KMS:
        yield partial(kinesis.stop_stream_encryption, **kms, KeyId=old["kmsKeyId"])
