"""Data Firehose delivery streams to S3, from a Kinesis data stream or from direct puts."""

from __future__ import annotations

from typing import Any, Final

from botocore.exceptions import ClientError

from sandbox.provider.failures import ProviderError, error_code
from sandbox.provider.framework import (
    Context,
    Properties,
    ResourceType,
    changed,
    key_value_tags,
    resource,
    tag_changes,
    tags_from_pairs,
)
from sandbox.provider.mapping import (
    Field,
    Table,
    declared,
    rules_of,
    to_members,
    to_properties,
    unsupported,
    with_defaults,
)
from sandbox.provider.waits import await_absence, await_status

_DESTINATION: Final = "extended_s3"
_CREATING_FAILED: Final = "CREATING_FAILED"
_UNENCRYPTED: Final = {"NoEncryptionConfig": "NoEncryption"}
_UNPROCESSED: Final = {"Enabled": False, "Processors": []}

_LOGGING: Final[Table] = (
    Field("enabled", "Enabled", default=False),
    Field("logGroupName", "LogGroupName"),
    Field("logStreamName", "LogStreamName"),
)
_BUCKET: Final[Table] = (
    Field("bucketArn", "BucketARN"),
    Field("roleArn", "RoleARN"),
    Field("prefix", "Prefix"),
    Field("errorOutputPrefix", "ErrorOutputPrefix"),
    Field("bufferingInterval", "BufferingHints.IntervalInSeconds", default=300),
    Field("bufferingSize", "BufferingHints.SizeInMBs", default=5),
    Field("compressionFormat", "CompressionFormat", default="UNCOMPRESSED"),
    Field("kmsKeyArn", "EncryptionConfiguration.KMSEncryptionConfig.AWSKMSKeyARN"),
    Field(
        "cloudwatchLoggingOptions",
        "CloudWatchLoggingOptions",
        fields=_LOGGING,
        default={"enabled": False},
    ),
)
_PROCESSOR: Final[Table] = (
    Field("type", "Type"),
    Field(
        "parameters",
        "Parameters",
        many=True,
        fields=(
            Field("parameterName", "ParameterName"),
            Field("parameterValue", "ParameterValue"),
        ),
    ),
)
_EXTENDED_S3: Final[Table] = (
    *_BUCKET,
    Field("customTimeZone", "CustomTimeZone", default="UTC"),
    Field("fileExtension", "FileExtension"),
    Field(
        "dynamicPartitioningConfiguration",
        "DynamicPartitioningConfiguration",
        fields=(
            Field("enabled", "Enabled", default=False),
            Field("retryDuration", "RetryOptions.DurationInSeconds", default=300),
        ),
    ),
    Field(
        "processingConfiguration",
        "ProcessingConfiguration",
        fields=(
            Field("enabled", "Enabled"),
            Field("processors", "Processors", many=True, fields=_PROCESSOR),
        ),
    ),
    Field("s3BackupMode", "S3BackupMode", default="Disabled"),
    Field("s3BackupConfiguration", "S3BackupConfiguration", fields=_BUCKET),
)
_SOURCE: Final[Table] = (
    Field("kinesisStreamArn", "KinesisStreamARN"),
    Field("roleArn", "RoleARN"),
)
_INPUTS: Final[Table] = (
    Field("name", "DeliveryStreamName"),
    Field("arn", "DeliveryStreamARN", computed=True),
    Field("extendedS3Configuration", "ExtendedS3", fields=_EXTENDED_S3),
    Field("kinesisSourceConfiguration", "Source", fields=_SOURCE),
)


@resource(
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
    named="name",
    replace_on=(
        "name",
        "destination",
        "kinesisSourceConfiguration",
        # Firehose can start partitioning only when it creates the delivery stream.
        "extendedS3Configuration.dynamicPartitioningConfiguration.enabled",
    ),
    supports=("name", "destination", "extendedS3Configuration", "kinesisSourceConfiguration"),
    volatile=("versionId",),
    **rules_of(_INPUTS),
)
class FirehoseDeliveryStream(ResourceType):
    """A delivery stream; its id is its ARN."""

    def validate(self, inputs: Properties) -> list[tuple[str, str]]:
        """Extended S3 is the only destination here."""
        faults = []
        if inputs["destination"] != _DESTINATION:
            faults.append(("destination", f"the sandbox's provider supports {_DESTINATION} only"))
        if not inputs.get("extendedS3Configuration"):
            faults.append(("extendedS3Configuration", f"is required for {_DESTINATION}"))
        reason = "the sandbox's provider does not support this property"
        settings = {key: inputs[key] for key in ("extendedS3Configuration",) if key in inputs}
        return [*faults, *((path, reason) for path in unsupported(_INPUTS, settings))]

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Creates and waits for ACTIVE; a stream that fails to be created is removed again."""
        firehose, name = context.client("firehose"), inputs["name"]
        arguments = _creation(inputs)
        try:
            firehose.create_delivery_stream(**arguments)
        except ClientError as error:
            if error_code(error) != "ResourceInUseException" or not _has_failed(firehose, name):
                raise
            _remove(context, name)  # what an interrupted creation left behind
            firehose.create_delivery_stream(**arguments)
        arn = context.arn("firehose", f"deliverystream/{name}")
        context.made(arn, {"arn": arn})
        description = _created(context, name)
        if description["DeliveryStreamStatus"] == _CREATING_FAILED:
            _remove(context, name)
            context.unfinished = None
            raise ProviderError(f"delivery stream {name}: {_failure(description)}")
        return arn, _outputs(description)

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The description and the tags; a stream whose creation failed counts as absent."""
        firehose, name = context.client("firehose"), resource_id.rpartition("/")[2]
        status, description = _described(firehose, name)
        if status == _CREATING_FAILED:
            return None
        outputs = _outputs(description)
        tags = firehose.list_tags_for_delivery_stream(DeliveryStreamName=name)["Tags"]
        outputs["tags"] = tags_from_pairs(tags)
        return {"destination": _DESTINATION, **declared(_INPUTS, outputs, inputs)}, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """The destination under the version that Firehose has now, and tags.

        A stream whose creation was not seen to its end may not be ACTIVE yet.
        """
        firehose, name = context.client("firehose"), resource_id.rpartition("/")[2]
        description = _created(context, name)
        if changed(old, new, "extendedS3Configuration"):
            firehose.update_destination(
                DeliveryStreamName=name,
                CurrentDeliveryStreamVersionId=description["VersionId"],
                DestinationId=description["Destinations"][0]["DestinationId"],
                ExtendedS3DestinationUpdate=_destination(new, backup="S3BackupUpdate"),
            )
            description = _described(firehose, name)[1]
        added, removed = tag_changes(old, new)
        if added:
            pairs = key_value_tags(added)
            firehose.tag_delivery_stream(DeliveryStreamName=name, Tags=pairs)
        if removed:
            firehose.untag_delivery_stream(DeliveryStreamName=name, TagKeys=removed)
        return _outputs(description)

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Deletes and waits until the stream is gone; records still buffered are lost."""
        del outputs
        _remove(context, resource_id.rpartition("/")[2])


def _creation(inputs: Properties) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "DeliveryStreamName": inputs["name"],
        "DeliveryStreamType": "DirectPut",
        "ExtendedS3DestinationConfiguration": _destination(inputs, backup="S3BackupConfiguration"),
    }
    if source := inputs.get("kinesisSourceConfiguration"):
        arguments["DeliveryStreamType"] = "KinesisStreamAsSource"
        arguments["KinesisStreamSourceConfiguration"] = to_members(_SOURCE, source)
    if tags := inputs.get("tagsAll"):
        arguments["Tags"] = key_value_tags(tags)
    return arguments


def _destination(inputs: Properties, *, backup: str) -> dict[str, Any]:
    """The destination, complete: what the program leaves out goes back to Firehose's default.

    `backup` is the member for the backup bucket, which creation and update name differently.
    """
    filled = with_defaults(_EXTENDED_S3, inputs["extendedS3Configuration"])
    members = to_members(_EXTENDED_S3, filled)
    members.setdefault("ProcessingConfiguration", _UNPROCESSED)
    members.setdefault("EncryptionConfiguration", _UNENCRYPTED)
    if second := members.pop("S3BackupConfiguration", None):
        second.setdefault("EncryptionConfiguration", _UNENCRYPTED)
        members[backup] = second
    return members


def _described(firehose: Any, name: str) -> tuple[str, dict[str, Any]]:
    answer = firehose.describe_delivery_stream(DeliveryStreamName=name)
    description = answer["DeliveryStreamDescription"]
    return description["DeliveryStreamStatus"], description


def _created(context: Context, name: str) -> dict[str, Any]:
    """The description once the creation has ended, well or not."""
    firehose = context.client("firehose")
    return await_status(
        context,
        f"delivery stream {name}",
        lambda: _described(firehose, name),
        wanted=("ACTIVE", _CREATING_FAILED),
        passing=("CREATING",),
    )


def _outputs(description: dict[str, Any]) -> Properties:
    destination = description["Destinations"][0]
    outputs = {
        "name": description["DeliveryStreamName"],
        "arn": description["DeliveryStreamARN"],
        "destination": _DESTINATION,
        "destinationId": destination["DestinationId"],
        "versionId": description["VersionId"],
        "extendedS3Configuration": to_properties(
            _EXTENDED_S3,
            {
                **destination["ExtendedS3DestinationDescription"],
                "S3BackupConfiguration": destination["ExtendedS3DestinationDescription"].get(
                    "S3BackupDescription"
                ),
            },
        ),
    }
    source = description.get("Source", {}).get("KinesisStreamSourceDescription")
    if source:
        outputs["kinesisSourceConfiguration"] = to_properties(_SOURCE, source)
    return outputs


def _failure(description: dict[str, Any]) -> str:
    failure = description.get("FailureDescription") or {}
    cause = f"{failure.get('Type', 'no reason given')}: {failure.get('Details', '')}"
    return f"creation failed and it was deleted again: {cause}"


def _has_failed(firehose: Any, name: str) -> bool:
    return _described(firehose, name)[0] == _CREATING_FAILED


def _remove(context: Context, name: str) -> None:
    firehose = context.client("firehose")
    firehose.delete_delivery_stream(DeliveryStreamName=name, AllowForceDelete=False)
    await_absence(context, f"delivery stream {name}", lambda: _described(firehose, name))
