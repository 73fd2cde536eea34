"""What a delivery stream is told about its S3 destination: rules, defaults and the typed form."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import jq

from sandbox.protocol.errors import ServiceError
from sandbox.services.firehose import prefix as prefixes

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json

MEBIBYTE: Final = 1024 * 1024
_DEFAULT_SIZE_MIB: Final = 5
_DEFAULT_INTERVAL_SECONDS: Final = 300
_PARTITIONING_SIZE_MIB: Final = 64
"""Least buffer with dynamic partitioning; also its default here."""
_JSON_ENGINE: Final = "JQ-1.6"
_EXTENSIONS: Final = {"UNCOMPRESSED": "", "GZIP": ".gz", "ZIP": ".zip"}
_PARTITIONING_CLASSES: Final = {
    "MetadataExtraction": "MetadataExtractionProcessor",
    "RecordDeAggregation": "RecordDeAggregationProcessor",
}
_PROCESSORS: Final = frozenset({*_PARTITIONING_CLASSES, "AppendDelimiterToRecord"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """An S3 destination, ready for delivery.

    Attributes:
        bucket: bucket name.
        prefix: key prefix with expressions.
        error_prefix: the same for what could not be processed.
        buffer_bytes: an object is written when this much is waiting, before compression,
        buffer_seconds: or when the oldest record has waited this long.
        compression: UNCOMPRESSED, GZIP or ZIP.
        file_extension: end of object names, with its dot.
        time_zone: of the times in keys.
        kms_key_arn: key that encrypts the objects; None for the bucket's own choice.
        partitioned: whether records are sorted into partitions (dynamic partitioning).
        extraction_query: jq program that yields the partition keys.
        sub_record_type: JSON or DELIMITED when records are split, else None.
        sub_record_delimiter: what separates DELIMITED sub-records.
        delimiter: appended to each record; empty for nothing.
        log_group, log_stream: where failures are logged; None for nowhere.

    """

    bucket: str
    prefix: str
    error_prefix: str
    buffer_bytes: int
    buffer_seconds: int
    compression: str
    file_extension: str
    time_zone: zoneinfo.ZoneInfo
    kms_key_arn: str | None
    partitioned: bool
    extraction_query: str | None
    sub_record_type: str | None
    sub_record_delimiter: bytes
    delimiter: bytes
    log_group: str | None
    log_stream: str | None


def described(configuration: Json) -> Json:
    """The description AWS gives of a destination made with `configuration`, defaults filled in."""
    partitioned = _is_partitioned(configuration)
    hints = configuration.get("BufferingHints", {})
    size = _PARTITIONING_SIZE_MIB if partitioned else _DEFAULT_SIZE_MIB
    return {
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "S3BackupMode": "Disabled",
        "CloudWatchLoggingOptions": {"Enabled": False},
        **configuration,
        "BufferingHints": {
            "SizeInMBs": size,
            "IntervalInSeconds": _DEFAULT_INTERVAL_SECONDS,
            **hints,
        },
    }


def check(description: Json) -> None:
    """Raise `InvalidArgumentException` for what the service, or the sandbox, cannot deliver."""
    prefix, error_prefix = description.get("Prefix", ""), description.get("ErrorOutputPrefix", "")
    prefixes.check(prefix, error_prefix)
    _check_partitioning(description, prefix)
    _check_processors(description, prefix)
    logging = description["CloudWatchLoggingOptions"]
    for member, words in (("LogGroupName", "Log Group"), ("LogStreamName", "Log Stream")):
        if logging.get("Enabled") and not logging.get(member):
            raise _refusal(f"CloudWatch {words} Name is required if CloudWatch Logging is enabled")
    if len(description["EncryptionConfiguration"]) > 1:
        raise _refusal("Only one of NoEncryptionConfig and KMSEncryptionConfig may be specified")
    zone = description.get("CustomTimeZone") or "UTC"
    if zone not in zoneinfo.available_timezones():
        raise _refusal(f"Time zone {zone} is not supported")
    if description["CompressionFormat"] not in _EXTENSIONS:
        raise _lacking(f"compression {description['CompressionFormat']}")
    if description["S3BackupMode"] == "Enabled":
        raise _lacking("backup of source records (S3BackupMode)")
    if description.get("DataFormatConversionConfiguration", {}).get("Enabled"):
        raise _lacking("record format conversion")


def _check_partitioning(description: Json, prefix: str) -> None:
    partitioned = _is_partitioned(description)
    spaces = {space for space, _ in prefixes.expressions(prefix)}
    named = any(space.startswith("partitionKeyFrom") for space in spaces)
    if named and not partitioned:
        raise _refusal(
            "Dynamic Partitioning Namespaces can only be part of a prefix expression when "
            "Dynamic Partitioning is enabled."
        )
    if not partitioned:
        return
    if not named:
        raise _refusal(
            "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning "
            "is enabled"
        )
    if description["BufferingHints"]["SizeInMBs"] < _PARTITIONING_SIZE_MIB:
        raise _refusal(
            "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled."
        )
    if description["BufferingHints"]["IntervalInSeconds"] == 0:
        raise _refusal("Zero buffering is not supported when Dynamic Partitioning is enabled.")
    if "partitionKeyFromLambda" in spaces:
        raise _lacking("partition keys from a Lambda processor")
    if "MetadataExtraction" not in _processors(description):
        raise _refusal(
            "MetadataExtraction processor should be present when S3 Prefix has "
            "partitionKeyFromQuery namespace."
        )


def _check_processors(description: Json, prefix: str) -> None:
    processors = _processors(description)
    for kind, parameters in processors.items():
        if kind not in _PROCESSORS:
            raise _lacking(f"processors of type {kind}")
        if kind in _PARTITIONING_CLASSES and not _is_partitioned(description):
            raise _refusal(
                "class com.amazonaws.services.firehose.internal.model."
                f"{_PARTITIONING_CLASSES[kind]} can only be present when Dynamic Partitioning is "
                "enabled."
            )
        if kind == "MetadataExtraction":
            _check_extraction(parameters, prefix)
        if kind == "RecordDeAggregation":
            if parameters.get("SubRecordType") not in {"JSON", "DELIMITED"}:
                raise _refusal("SubRecordType has to be one of JSON, DELIMITED")
            if parameters["SubRecordType"] == "DELIMITED" and "Delimiter" not in parameters:
                raise _refusal("Delimiter should be present for DELIMITED")


def _check_extraction(parameters: dict[str, str], prefix: str) -> None:
    query = parameters.get("MetadataExtractionQuery")
    if parameters.get("JsonParsingEngine") != _JSON_ENGINE or query is None:
        raise _refusal(f"MetaDataExtraction JSON Parsing Engine has to be one of {_JSON_ENGINE}")
    try:
        # On an empty object every path is null, so the names alone are found out.
        found = jq.compile(query).input_value({}).first()
    except (ValueError, StopIteration):
        # The program is wrong, or only needs a record with content; the compiler tells them apart.
        found = None
        try:
            jq.compile(query)
        except ValueError as error:
            raise _refusal(f"MetadataExtractionQuery is not a jq program: {error}") from error
    if isinstance(found, dict) and found.keys() - prefixes.query_keys(prefix):
        raise _refusal(
            "MetaDataExtraction JQ Query can't contain keys that are not present in the S3 "
            "Prefix expression"
        )


def parse(description: Json) -> Destination:
    """Typed form of a description that `check` has passed."""
    processors = _processors(description)
    extraction = processors.get("MetadataExtraction", {})
    splitting = processors.get("RecordDeAggregation", {})
    appending = processors.get("AppendDelimiterToRecord")
    logging = description["CloudWatchLoggingOptions"]
    compression = description["CompressionFormat"]
    encryption = description["EncryptionConfiguration"].get("KMSEncryptionConfig", {})
    return Destination(
        bucket=description["BucketARN"].rpartition(":")[2],
        prefix=description.get("Prefix", ""),
        error_prefix=description.get("ErrorOutputPrefix", ""),
        buffer_bytes=description["BufferingHints"]["SizeInMBs"] * MEBIBYTE,
        buffer_seconds=description["BufferingHints"]["IntervalInSeconds"],
        compression=compression,
        file_extension=description.get("FileExtension") or _EXTENSIONS[compression],
        time_zone=zoneinfo.ZoneInfo(description.get("CustomTimeZone") or "UTC"),
        kms_key_arn=encryption.get("AWSKMSKeyARN"),
        partitioned=_is_partitioned(description),
        extraction_query=extraction.get("MetadataExtractionQuery"),
        sub_record_type=splitting.get("SubRecordType"),
        sub_record_delimiter=_unescaped(splitting.get("Delimiter", "")),
        delimiter=b"" if appending is None else _unescaped(appending.get("Delimiter", "\\n")),
        log_group=logging.get("LogGroupName") if logging.get("Enabled") else None,
        log_stream=logging.get("LogStreamName") if logging.get("Enabled") else None,
    )


def _unescaped(text: str) -> bytes:
    r"""Delimiter as bytes: the API takes `\n` as a backslash and an n."""
    return text.encode().decode("unicode_escape").encode("latin-1")


def _is_partitioned(description: Json) -> bool:
    return bool(description.get("DynamicPartitioningConfiguration", {}).get("Enabled"))


def _processors(description: Json) -> dict[str, dict[str, str]]:
    """Parameters of each processor by type; nothing when processing is off."""
    processing: dict[str, Any] = description.get("ProcessingConfiguration", {})
    if not processing.get("Enabled"):
        return {}
    return {
        processor["Type"]: {
            parameter["ParameterName"]: parameter["ParameterValue"]
            for parameter in processor.get("Parameters", [])
        }
        for processor in processing.get("Processors", [])
    }


def _refusal(message: str) -> ServiceError:
    return ServiceError("InvalidArgumentException", message)


def _lacking(what: str) -> ServiceError:
    """The service could, the sandbox cannot: said aloud rather than ignored."""
    return _refusal(f"The sandbox's Data Firehose has no {what}.")
