"""The record of a delivery stream: how it is made, changed and described."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.protocol.errors import ServiceError
from sandbox.services.firehose import configuration

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call

_EXTENDED: Final = "ExtendedS3DestinationConfiguration"


def made(call: Call, request: Json) -> Json:
    """Record of a new delivery stream; raises `ServiceError` for what cannot be made."""
    destinations = [member for member in request if "DestinationConfiguration" in member]
    if len(destinations) != 1:
        raise invalid("Exactly one destination configuration is supported for a Firehose")
    if destinations[0] != _EXTENDED:
        raise invalid(f"The sandbox's Data Firehose has no {destinations[0]}.")
    description = configuration.described(request[_EXTENDED])
    configuration.check(description)
    name, now = request["DeliveryStreamName"], call.now()
    stream: Json = {
        "name": name,
        "arn": call.arn(f"deliverystream/{name}"),
        "type": request.get("DeliveryStreamType", "DirectPut"),
        "status": "CREATING",
        "version": 1,
        "created_at": now,
        "updated_at": None,
        "source": None,
        "destination_id": "destinationId-000000000001",
        "destination": description,
        "encryption": {"Status": "DISABLED"},
        "tags": tags_of(request.get("Tags", [])),
    }
    _apply_source(stream, request, now)
    return stream


def update(stream: Json, request: Json, now: float) -> None:
    """Apply UpdateDestination: members that are given replace those that were there."""
    current, given = str(stream["version"]), request["CurrentDeliveryStreamVersionId"]
    if given != current:
        raise ServiceError(
            "ConcurrentModificationException",
            f"Cannot update firehose: {stream['name']} since the current version id: {current} "
            f"and specified version id: {given} do not match",
        )
    if request["DestinationId"] != stream["destination_id"]:
        raise invalid(f"Destination Id {request['DestinationId']} not found")
    change = request.get("ExtendedS3DestinationUpdate")
    if change is None:
        raise invalid("ExtendedS3DestinationUpdate is the only update of this destination")
    before = stream["destination"]
    after = configuration.described(before | change)
    _check_change(before, after)
    configuration.check(after)
    stream["destination"] = after
    stream["version"] += 1
    stream["updated_at"] = now


def described(stream: Json) -> Json:
    """The DeliveryStreamDescription."""
    description: Json = {
        "DeliveryStreamName": stream["name"],
        "DeliveryStreamARN": stream["arn"],
        "DeliveryStreamStatus": stream["status"],
        "DeliveryStreamEncryptionConfiguration": stream["encryption"],
        "DeliveryStreamType": stream["type"],
        "VersionId": str(stream["version"]),
        "CreateTimestamp": stream["created_at"],
        "LastUpdateTimestamp": stream["updated_at"],
        "Destinations": [_described_destination(stream)],
        "HasMoreDestinations": False,
    }
    if stream["source"] is not None:
        description["Source"] = {"KinesisStreamSourceDescription": stream["source"]}
    return description


def _apply_source(stream: Json, request: Json, now: float) -> None:
    kind, source = stream["type"], request.get("KinesisStreamSourceConfiguration")
    encryption = request.get("DeliveryStreamEncryptionConfigurationInput")
    if kind not in {"DirectPut", "KinesisStreamAsSource"}:
        raise invalid(f"The sandbox's Data Firehose has no source of type {kind}.")
    if encryption is not None:
        check_encryption(kind == "DirectPut", encryption)
        stream["encryption"] = {**encryption, "Status": "ENABLING"}
    if kind == "DirectPut":
        return
    if source is None:
        raise invalid(
            "KinesisSourceStreamConfig is mandatory for KinesisStreamAsSource stream type."
        )
    stream["source"] = {**source, "DeliveryStartTimestamp": now}


def check_encryption(direct_put: bool, wanted: Json) -> None:
    """Raise for encryption where there can be none, or with the wrong key."""
    if not direct_put:
        raise invalid(
            "Server side encryption from firehose is only allowed for direct put delivery streams "
            "and database as a source delivery streams"
        )
    if wanted.get("KeyType") == "CUSTOMER_MANAGED_CMK" and "KeyARN" not in wanted:
        raise invalid("KeyARN is required for KeyType CUSTOMER_MANAGED_CMK")
    if wanted.get("KeyType") == "AWS_OWNED_CMK" and "KeyARN" in wanted:
        raise invalid("KeyARN must not be specified for KeyType AWS_OWNED_CMK")


def settle_encryption(stream: Json) -> None:
    """End a change of encryption that is under way."""
    settled = {"ENABLING": "ENABLED", "DISABLING": "DISABLED"}
    status = stream["encryption"]["Status"]
    stream["encryption"]["Status"] = settled.get(status, status)


def _check_change(before: Json, after: Json) -> None:
    old, new = (
        bool(one.get("DynamicPartitioningConfiguration", {}).get("Enabled"))
        for one in (before, after)
    )
    if old != new:
        raise invalid(
            "Dynamic Partitioning cannot be enabled or disabled on an existing delivery stream."
        )


def _described_destination(stream: Json) -> Json:
    extended = stream["destination"]
    plain = (
        "RoleARN", "BucketARN", "Prefix", "ErrorOutputPrefix", "BufferingHints",
        "CompressionFormat", "EncryptionConfiguration", "CloudWatchLoggingOptions",
    )  # fmt: skip
    return {
        "DestinationId": stream["destination_id"],
        "S3DestinationDescription": {name: extended[name] for name in plain if name in extended},
        "ExtendedS3DestinationDescription": extended,
    }


def tags_of(pairs: list[Json]) -> dict[str, str]:
    """Values by key."""
    return {pair["Key"]: pair.get("Value", "") for pair in pairs}


def invalid(message: str) -> ServiceError:
    """What is wrong with the request."""
    return ServiceError("InvalidArgumentException", message)


def in_use(name: str) -> ServiceError:
    """The delivery stream is not ACTIVE."""
    return ServiceError("ResourceInUseException", f"Firehose {name} is not in the ACTIVE state.")
