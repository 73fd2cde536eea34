"""Tests of destinations: defaults, rules, the typed form."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.protocol.errors import ServiceError
from sandbox.services.firehose import configuration as module
from tests.sandbox.services.doubles import QUERY, configuration, partitioned


def refusal(given: dict[str, Any]) -> str:
    """Why the service does not take a configuration."""
    with pytest.raises(ServiceError) as caught:
        module.check(module.described(given))
    assert caught.value.code == "InvalidArgumentException"
    return caught.value.message


def processors(*kinds: str) -> dict[str, Any]:
    """A processing configuration with these processors and no parameters."""
    return {"Enabled": True, "Processors": [{"Type": kind} for kind in kinds]}


def extraction(query: str) -> dict[str, Any]:
    """A processing configuration with this jq program."""
    parameters = [
        {"ParameterName": "MetadataExtractionQuery", "ParameterValue": query},
        {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
    ]
    processor = {"Type": "MetadataExtraction", "Parameters": parameters}
    return {"Enabled": True, "Processors": [processor]}


def test_defaults_are_the_services() -> None:
    """A bare destination buffers 5 MiB or 300 s and leaves objects as they are."""
    described = module.described({"RoleARN": "r", "BucketARN": "arn:aws:s3:::b"})
    module.check(described)
    assert described["BufferingHints"] == {"SizeInMBs": 5, "IntervalInSeconds": 300}
    assert described["CompressionFormat"] == "UNCOMPRESSED"
    assert described["EncryptionConfiguration"] == {"NoEncryptionConfig": "NoEncryption"}


def test_a_destination_is_typed() -> None:
    """Everything delivery needs is read from the description."""
    found = module.parse(module.described(partitioned(FileExtension=".json.gz")))
    assert found.bucket == "events"
    assert found.buffer_bytes == 64 * 1024 * 1024
    assert found.partitioned
    assert found.extraction_query == QUERY
    assert found.delimiter == b"\n"
    assert found.file_extension == ".json.gz"


def test_the_default_extension_follows_the_compression() -> None:
    """GZIP objects end in .gz unless told otherwise."""
    assert module.parse(module.described(configuration())).file_extension == ".gz"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"BufferingHints": {"SizeInMBs": 63, "IntervalInSeconds": 60}},
            "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.",
        ),
        (
            {"BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 0}},
            "Zero buffering is not supported when Dynamic Partitioning is enabled.",
        ),
        (
            {"Prefix": "raw/"},
            (
                "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic "
                "Partitioning is enabled"
            ),
        ),
        (
            {"DynamicPartitioningConfiguration": {"Enabled": False}},
            (
                "Dynamic Partitioning Namespaces can only be part of a prefix expression when "
                "Dynamic Partitioning is enabled."
            ),
        ),
        (
            {"ProcessingConfiguration": processors("AppendDelimiterToRecord")},
            (
                "MetadataExtraction processor should be present when S3 Prefix has "
                "partitionKeyFromQuery namespace."
            ),
        ),
        (
            {"ProcessingConfiguration": processors("MetadataExtraction")},
            "MetaDataExtraction JSON Parsing Engine has to be one of JQ-1.6",
        ),
        (
            {"ProcessingConfiguration": extraction("{canary:.canary, player:.player}")},
            (
                "MetaDataExtraction JQ Query can't contain keys that are not present in the S3 "
                "Prefix expression"
            ),
        ),
    ],
)
def test_dynamic_partitioning_has_rules(changes: dict[str, Any], message: str) -> None:
    """What the service refuses of dynamic partitioning is refused, in its words."""
    assert refusal(partitioned(**changes)) == message


def test_a_query_must_be_a_program() -> None:
    """A jq program that does not compile is refused when the stream is made."""
    given = partitioned(ProcessingConfiguration=extraction("{canary: ."))
    assert "is not a jq program" in refusal(given)


def test_a_query_may_need_content() -> None:
    """A program that fails on an empty document is still a program."""
    query = '{canary: (.time | strftime("%Y"))}'
    module.check(module.described(partitioned(ProcessingConfiguration=extraction(query))))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"ProcessingConfiguration": processors("RecordDeAggregation")},
            "RecordDeAggregationProcessor can only be present when Dynamic Partitioning is enabled",
        ),
        ({"ProcessingConfiguration": processors("Lambda")}, "no processors of type Lambda"),
        ({"CompressionFormat": "Snappy"}, "no compression Snappy"),
        ({"S3BackupMode": "Enabled"}, "no backup of source records"),
        ({"DataFormatConversionConfiguration": {"Enabled": True}}, "no record format conversion"),
        ({"CustomTimeZone": "Mars/Olympus"}, "Time zone Mars/Olympus is not supported"),
        (
            {"CloudWatchLoggingOptions": {"Enabled": True}},
            "CloudWatch Log Group Name is required if CloudWatch Logging is enabled",
        ),
    ],
)
def test_what_cannot_be_delivered_is_refused(changes: dict[str, Any], message: str) -> None:
    """Nothing is accepted and then ignored."""
    assert message in refusal(configuration(**changes))
