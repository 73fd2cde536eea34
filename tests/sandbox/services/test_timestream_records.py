"""Tests of WriteRecords: what is stored, replaced and rejected."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sandbox.protocol.errors import ServiceError
from tests.sandbox.services.calling import Caller
from tests.sandbox.services.timestream_doubles import TABLE, now_ms, record, write


def rejected(timestream: Caller, *records: dict[str, Any], **common: Any) -> list[dict[str, Any]]:
    """The RejectedRecords of a write."""
    with pytest.raises(ServiceError) as caught:
        write(timestream, *records, **common)
    assert caught.value.code == "RejectedRecordsException"
    found: list[dict[str, Any]] = caught.value.members["RejectedRecords"]
    return found


def test_records_are_counted(timestream: Caller) -> None:
    """A hundred records in one request, all in the memory store."""
    counts = write(timestream, *(record(session=str(number)) for number in range(100)))
    assert counts == {"Total": 100, "MemoryStore": 100, "MagneticStore": 0}


def test_more_than_a_hundred_are_refused(timestream: Caller) -> None:
    """The request itself is invalid."""
    with pytest.raises(ServiceError) as caught:
        write(timestream, *(record(session=str(number)) for number in range(101)))
    assert caught.value.code == "ValidationException"


def test_common_attributes_complete_records(timestream: Caller) -> None:
    """Dimensions are joined, everything else is the record's own where it has it."""
    common = {
        "Dimensions": [{"Name": "region", "Value": "us-east-1"}],
        "MeasureName": "plays",
        "MeasureValueType": "BIGINT",
        "Time": now_ms(),
    }
    one = {"Dimensions": [{"Name": "session", "Value": "1"}], "MeasureValue": "7"}
    write(timestream, one, CommonAttributes=common)


def test_the_same_record_twice_is_one(timestream: Caller) -> None:
    """A retry of the very same record is accepted and changes nothing."""
    one = record()
    assert write(timestream, one)["Total"] == write(timestream, one)["Total"] == 1


def test_a_change_needs_a_higher_version(timestream: Caller) -> None:
    """Another value with the same or a lower version is rejected with the version there is."""
    one = record(value="1")
    write(timestream, {**one, "Version": 5})
    changed = {**one, "MeasureValue": "2"}
    (same,) = rejected(timestream, {**changed, "Version": 5})
    assert same["ExistingVersion"] == 5
    assert "A higher record version must be specified" in same["Reason"]
    (lower,) = rejected(timestream, {**changed, "Version": 4})
    assert "lower than the existing version 5" in lower["Reason"]
    write(timestream, {**changed, "Version": 6})


def test_versions_count_within_a_request(timestream: Caller) -> None:
    """Of two versions of a row in one request the higher stays, whatever their order."""
    one = record()
    found = rejected(
        timestream,
        {**one, "Version": 2, "MeasureValue": "2"},
        {**one, "Version": 1, "MeasureValue": "1"},
    )
    assert [entry["RecordIndex"] for entry in found] == [1]


def test_good_records_stay_when_others_are_rejected(timestream: Caller) -> None:
    """Rejected records are named by their index; the others are stored."""
    good, bad = record(session="good"), record(session="bad", value="much")
    (entry,) = rejected(timestream, good, bad)
    assert entry["RecordIndex"] == 1
    assert "is no DOUBLE" in entry["Reason"]
    assert write(timestream, good)["Total"] == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Time": str(int(time.time() * 1000) + 16 * 3600 * 1000)}, "outside the time range"),
        ({"Time": str(int(time.time() * 1000) - 7 * 3600 * 1000)}, "of the memory store"),
        ({"Time": "yesterday"}, "no whole number"),
        ({"MeasureName": None}, "no measure name"),
        ({"MeasureValue": None}, "no measure value"),
        ({"MeasureValueType": "BIGINT", "MeasureValue": str(2**63)}, "is no BIGINT"),
        ({"MeasureValueType": "BOOLEAN", "MeasureValue": "yes"}, "is no BOOLEAN"),
        ({"MeasureValue": "NaN"}, "is no DOUBLE"),
        ({"Dimensions": []}, "1 to 128 dimensions"),
        ({"Dimensions": [{"Name": "session", "Value": ""}]}, "has no value"),
        ({"Dimensions": [{"Name": "time", "Value": "1"}]}, "used twice"),
        ({"Dimensions": [{"Name": "session", "Value": "x" * 2048}]}, "larger than 2048 bytes"),
    ],
)
def test_what_cannot_be_stored_is_rejected(
    timestream: Caller, changes: dict[str, Any], reason: str
) -> None:
    """Each limit of a record has its reason."""
    one = {name: value for name, value in (record() | changes).items() if value is not None}
    (entry,) = rejected(timestream, one)
    assert reason in entry["Reason"]


def test_old_records_need_magnetic_writes(timestream: Caller) -> None:
    """With magnetic store writes a record older than the memory store is taken."""
    timestream(
        "UpdateTable", **TABLE, MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True}
    )
    old = record() | {"Time": str(int(now_ms()) - 7 * 3600 * 1000)}
    assert write(timestream, old) == {"Total": 1, "MemoryStore": 0, "MagneticStore": 1}


def test_no_store_takes_what_is_older_than_both(timestream: Caller) -> None:
    """With magnetic writes the limit is the magnetic store's retention."""
    timestream(
        "UpdateTable",
        **TABLE,
        MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True},
        RetentionProperties={
            "MemoryStoreRetentionPeriodInHours": 1,
            "MagneticStoreRetentionPeriodInDays": 1,
        },
    )
    old = record(session="old") | {"Time": str(int(now_ms()) - 25 * 3600 * 1000)}
    young = record(session="young") | {"Time": str(int(now_ms()) - 23 * 3600 * 1000)}
    (entry,) = rejected(timestream, young, old)
    assert entry["RecordIndex"] == 1
    assert "of the magnetic store" in entry["Reason"]


def test_records_up_to_fifteen_minutes_ahead_are_taken(timestream: Caller) -> None:
    """A clock a little fast loses nothing; one that is faster is rejected."""
    ahead = record() | {"Time": str(int(now_ms()) + 14 * 60 * 1000)}
    assert write(timestream, ahead)["Total"] == 1
    too_far = record() | {"Time": str(int(now_ms()) + 16 * 60 * 1000)}
    (entry,) = rejected(timestream, too_far)
    assert "outside the time range" in entry["Reason"]


def test_versions_begin_at_one(timestream: Caller) -> None:
    """A version of 0 makes the whole request invalid."""
    with pytest.raises(ServiceError) as caught:
        write(timestream, record(), record(session="2", Version=0))
    assert caught.value.code == "ValidationException"


def test_a_higher_version_of_the_same_values_is_kept(timestream: Caller) -> None:
    """It changes nothing to see, and what is between the two versions is rejected from then on."""
    one = record()
    write(timestream, {**one, "Version": 1})
    write(timestream, {**one, "Version": 5})
    (entry,) = rejected(timestream, {**one, "Version": 3, "MeasureValue": "9"})
    assert entry["ExistingVersion"] == 5


def test_measure_names_are_part_of_the_key(timestream: Caller) -> None:
    """Two records of one time and its dimensions are two rows when their measure names differ."""
    one = record()
    write(timestream, one, {**one, "MeasureName": "canary", "MeasureValue": "9"})


def test_a_column_keeps_its_type(timestream: Caller) -> None:
    """A measure name that comes with another type is rejected."""
    multi = {"MeasureValueType": "MULTI", "MeasureValue": None}
    first = [{"Name": "count", "Value": "1", "Type": "BIGINT"}]
    second = [{"Name": "count", "Value": "x", "Type": "VARCHAR"}]
    write(timestream, record(session="1", **multi, MeasureValues=first))
    (entry,) = rejected(timestream, record(session="2", **multi, MeasureValues=second))
    assert entry["Reason"] == "The column count is BIGINT, not VARCHAR."


def test_a_dimension_twice_is_invalid(timestream: Caller) -> None:
    """The whole request is refused, as AWS does."""
    pair = {"Name": "session", "Value": "1"}
    with pytest.raises(ServiceError) as caught:
        write(timestream, record() | {"Dimensions": [pair, pair]})
    assert caught.value.code == "ValidationException"
