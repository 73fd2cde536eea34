"""Tests of Timestream's databases, tables and tags."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.protocol.errors import ServiceError
from sandbox.services.timestream import access
from tests.sandbox.services.calling import Caller


def refused(timestream: Caller, operation: str, **parameters: Any) -> str:
    """The error code an operation ends with."""
    with pytest.raises(ServiceError) as caught:
        timestream(operation, **parameters)
    return caught.value.code


def test_defaults_are_the_services(timestream: Caller) -> None:
    """Six hours in memory, 200 years on disk, no magnetic writes, partitioned by measure name."""
    table = timestream("DescribeTable", DatabaseName="video", TableName="sessions")["Table"]
    assert table["RetentionProperties"] == {
        "MemoryStoreRetentionPeriodInHours": 6,
        "MagneticStoreRetentionPeriodInDays": 73_000,
    }
    assert table["MagneticStoreWriteProperties"] == {"EnableMagneticStoreWrites": False}
    assert table["TableStatus"] == "ACTIVE"
    assert table["Arn"] == (
        "arn:aws:timestream:us-east-1:000000000000:database/video/table/sessions"
    )


def test_names_are_taken_once(timestream: Caller) -> None:
    """A second database or table of the name is a conflict."""
    assert refused(timestream, "CreateDatabase", DatabaseName="video") == "ConflictException"
    second = {"DatabaseName": "video", "TableName": "sessions"}
    assert refused(timestream, "CreateTable", **second) == "ConflictException"


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("CreateDatabase", {"DatabaseName": "ab"}),
        ("CreateDatabase", {"DatabaseName": "a b c"}),
        ("CreateTable", {"DatabaseName": "video", "TableName": "t" * 257}),
        (
            "CreateTable",
            {
                "DatabaseName": "video",
                "TableName": "other",
                "RetentionProperties": {
                    "MemoryStoreRetentionPeriodInHours": 8767,
                    "MagneticStoreRetentionPeriodInDays": 1,
                },
            },
        ),
        (
            "CreateTable",
            {
                "DatabaseName": "video",
                "TableName": "other",
                "Schema": {"CompositePartitionKey": [{"Type": "DIMENSION"}]},
            },
        ),
        (
            "CreateTable",
            {
                "DatabaseName": "video",
                "TableName": "other",
                "MagneticStoreWriteProperties": {
                    "EnableMagneticStoreWrites": True,
                    "MagneticStoreRejectedDataLocation": {"S3Configuration": {}},
                },
            },
        ),
        ("DeleteDatabase", {"DatabaseName": "video"}),
        ("ListTables", {"DatabaseName": "video", "NextToken": "nothing"}),
        ("ListTables", {"MaxResults": 21}),
    ],
)
def test_limits_hold(timestream: Caller, operation: str, parameters: dict[str, Any]) -> None:
    """What is out of the service's limits is a ValidationException."""
    assert refused(timestream, operation, **parameters) == "ValidationException"


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("DescribeDatabase", {"DatabaseName": "other"}),
        ("DeleteDatabase", {"DatabaseName": "other"}),
        ("CreateTable", {"DatabaseName": "other", "TableName": "sessions"}),
        ("DescribeTable", {"DatabaseName": "video", "TableName": "other"}),
        ("UpdateTable", {"DatabaseName": "video", "TableName": "other"}),
        ("ListTables", {"DatabaseName": "other"}),
        ("ListTagsForResource", {"ResourceARN": "arn:aws:timestream:::database/other"}),
    ],
)
def test_what_is_missing_is_not_found(
    timestream: Caller, operation: str, parameters: dict[str, Any]
) -> None:
    """Names that mean nothing are a ResourceNotFoundException."""
    assert refused(timestream, operation, **parameters) == "ResourceNotFoundException"


def test_a_table_can_be_changed(timestream: Caller) -> None:
    """Retention and enforcement change; the partition key itself does not."""
    retention = {
        "MemoryStoreRetentionPeriodInHours": 24,
        "MagneticStoreRetentionPeriodInDays": 365,
    }
    named = {"DatabaseName": "video", "TableName": "sessions"}
    changed = timestream("UpdateTable", **named, RetentionProperties=retention)["Table"]
    assert changed["RetentionProperties"] == retention
    key = [{"Type": "DIMENSION", "Name": "session_id"}]
    schema = {"CompositePartitionKey": key}
    assert refused(timestream, "UpdateTable", **named, Schema=schema) == "ValidationException"


def test_a_database_counts_its_tables(timestream: Caller) -> None:
    """TableCount follows; an emptied database can be deleted."""
    described = timestream("DescribeDatabase", DatabaseName="video")["Database"]
    assert described["TableCount"] == 1
    timestream("DeleteTable", DatabaseName="video", TableName="sessions")
    timestream("DeleteDatabase", DatabaseName="video")
    assert timestream("ListDatabases")["Databases"] == []


def test_a_key_can_be_changed(timestream: Caller) -> None:
    """UpdateDatabase sets the key."""
    key = "arn:aws:kms:us-east-1:000000000000:key/1"
    updated = timestream("UpdateDatabase", DatabaseName="video", KmsKeyId=key)["Database"]
    assert updated["KmsKeyId"] == key


def test_tags(timestream: Caller) -> None:
    """Tags are added, replaced and removed by ARN."""
    arn = timestream("DescribeDatabase", DatabaseName="video")["Database"]["Arn"]
    timestream("TagResource", ResourceARN=arn, Tags=[{"Key": "c", "Value": "d"}])
    timestream("UntagResource", ResourceARN=arn, TagKeys=["a", "nothing"])
    tags = timestream("ListTagsForResource", ResourceARN=arn)["Tags"]
    assert tags == [{"Key": "c", "Value": "d"}]


def test_lists_come_in_pages(timestream: Caller) -> None:
    """MaxResults and NextToken walk through all tables."""
    for number in range(25):
        timestream("CreateTable", DatabaseName="video", TableName=f"table-{number:02d}")
    first = timestream("ListTables", DatabaseName="video")
    assert len(first["Tables"]) == 20
    second = timestream("ListTables", DatabaseName="video", NextToken=first["NextToken"])
    assert len(second["Tables"]) == 6
    assert second["NextToken"] is None


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("DescribeEndpoints", {}),
        ("ListDatabases", {}),
        ("ListTables", {}),
        ("CreateDatabase", {"DatabaseName": "other"}),
        ("DescribeTable", {"DatabaseName": "video", "TableName": "sessions"}),
        ("ListTagsForResource", {"ResourceARN": "arn:aws:timestream:::database/other"}),
    ],
)
def test_a_new_customer_is_turned_away(
    timestream: Caller,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    parameters: dict[str, Any],
) -> None:
    """An account that came too late is told so on any call, in AWS's words."""
    monkeypatch.setenv(access.VARIABLE, "closed")
    with pytest.raises(ServiceError) as caught:
        timestream(operation, **parameters)
    assert caught.value.code == "AccessDeniedException"
    assert caught.value.message == (
        "Only existing Timestream for LiveAnalytics customers can access the service. "
        "Reach out to AWS support, for more information."
    )
