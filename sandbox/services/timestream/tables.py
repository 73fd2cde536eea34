"""Records of databases and tables: how they are made, changed and described."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.protocol.errors import ServiceError

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call

_LEAST_NAME: Final = 3
_MOST_NAME: Final = 256
DEFAULT_RETENTION: Final = {
    "MemoryStoreRetentionPeriodInHours": 6,
    "MagneticStoreRetentionPeriodInDays": 73_000,
}
_DEFAULT_SCHEMA: Final = {"CompositePartitionKey": [{"Type": "MEASURE"}]}


def check_name(name: str, noun: str) -> None:
    """Raise for names that are too short or too long; the model holds the characters."""
    if not _LEAST_NAME <= len(name) <= _MOST_NAME:
        raise ServiceError(
            "ValidationException",
            f"{noun} name must have {_LEAST_NAME} to {_MOST_NAME} characters.",
        )


def new_database(call: Call, request: Json) -> Json:
    """Record of a database; without a key it is encrypted with the service's own."""
    name, now = request["DatabaseName"], call.now()
    own_key = call.arn("key/timestream", service="kms")
    return {
        "Arn": call.arn(f"database/{name}", service="timestream"),
        "DatabaseName": name,
        "KmsKeyId": request.get("KmsKeyId", own_key),
        "CreationTime": now,
        "LastUpdatedTime": now,
    }


def new_table(call: Call, request: Json) -> Json:
    """Record of a table with the service's defaults; raises for settings that cannot be."""
    database, name, now = request["DatabaseName"], request["TableName"], call.now()
    table: Json = {
        "Arn": call.arn(f"database/{database}/table/{name}", service="timestream"),
        "TableName": name,
        "DatabaseName": database,
        "TableStatus": "ACTIVE",
        "RetentionProperties": request.get("RetentionProperties", dict(DEFAULT_RETENTION)),
        "CreationTime": now,
        "LastUpdatedTime": now,
        "MagneticStoreWriteProperties": request.get(
            "MagneticStoreWriteProperties", {"EnableMagneticStoreWrites": False}
        ),
        "Schema": request.get("Schema", _DEFAULT_SCHEMA),
    }
    _check_magnetic(table["MagneticStoreWriteProperties"])
    _check_partition_key(table["Schema"])
    return table


def update_table(table: Json, request: Json, now: float) -> None:
    """Change retention, magnetic store writes, or how strictly the partition key is enforced."""
    magnetic = request.get("MagneticStoreWriteProperties")
    if magnetic is not None:
        _check_magnetic(magnetic)
    schema = request.get("Schema")
    if schema is not None:
        _check_partition_key(schema)
        before, after = (_key_columns(one) for one in (table["Schema"], schema))
        if before != after:
            raise ServiceError(
                "ValidationException",
                "The type and name of a partition key cannot be changed, only its enforcement.",
            )
    for member in ("RetentionProperties", "MagneticStoreWriteProperties", "Schema"):
        if member in request:
            table[member] = request[member]
    table["LastUpdatedTime"] = now


def _key_columns(schema: Json) -> list[tuple[str, str | None]]:
    return [(key["Type"], key.get("Name")) for key in schema.get("CompositePartitionKey", [])]


def _check_partition_key(schema: Json) -> None:
    keys = schema.get("CompositePartitionKey", [])
    if len(keys) > 1:
        raise ServiceError("ValidationException", "A table has one partition key.")
    for key in keys:
        if (key["Type"] == "DIMENSION") != ("Name" in key):
            raise ServiceError(
                "ValidationException", "A partition key of type DIMENSION, and only it, has a name."
            )


def _check_magnetic(properties: Json) -> None:
    location = properties.get("MagneticStoreRejectedDataLocation")
    if location is None:
        return
    target = location.get("S3Configuration", {})
    if "BucketName" not in target:
        raise ServiceError(
            "ValidationException", "MagneticStoreRejectedDataLocation needs an S3 bucket name."
        )
    if target.get("EncryptionOption") == "SSE_KMS" and "KmsKeyId" not in target:
        raise ServiceError("ValidationException", "SSE_KMS needs a KmsKeyId.")
