"""Tests of what becomes of one record."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sandbox.services.firehose import configuration as configurations
from sandbox.services.firehose.processing import Piece, Processor
from tests.sandbox.services.doubles import aggregate, configuration, event, partitioned

ARRIVED_AT = 1_767_322_800.0  # 2026-01-02 03:00:00 UTC


def pieces(given: dict[str, Any], data: bytes) -> list[Piece]:
    """What a delivery stream with this configuration makes of a record."""
    destination = configurations.parse(configurations.described(given))
    return list(Processor(destination).pieces(data, ARRIVED_AT))


def splitting(kind: str, delimiter: str | None = None) -> dict[str, Any]:
    """Dynamic partitioning that splits records first."""
    parameters = [{"ParameterName": "SubRecordType", "ParameterValue": kind}]
    if delimiter is not None:
        parameters.append({"ParameterName": "Delimiter", "ParameterValue": delimiter})
    given = partitioned()
    given["ProcessingConfiguration"]["Processors"].append(
        {"Type": "RecordDeAggregation", "Parameters": parameters}
    )
    return given


def test_each_user_record_becomes_a_line() -> None:
    """Aggregated records are split, and each event ends its line."""
    found = pieces(configuration(), aggregate([event(1), event(2)]))
    assert [piece.data for piece in found] == [event(1) + b"\n", event(2) + b"\n"]


def test_without_processors_records_stay_as_they_are() -> None:
    """Nothing is appended unless asked for."""
    found = pieces(configuration(ProcessingConfiguration={"Enabled": False}), b"{}")
    assert [piece.data for piece in found] == [b"{}"]


def test_canaries_have_a_prefix_of_their_own() -> None:
    """The query's key and the arrival hour make the prefix."""
    prefixes = [
        pieces(partitioned(), data)[0].partition.prefix
        for data in (event(1), event(2, canary=True), event(3, canary="true"))
    ]
    assert prefixes == ["events/2026/01/02/03/", "canary/2026/01/02/03/", "events/2026/01/02/03/"]


@pytest.mark.parametrize(
    "data", [b"not json", b"\xff\xfe", b"", b'{"a":1} {"a":2}', b"[1, 2"], ids=repr
)
def test_what_cannot_be_parsed_goes_to_the_error_prefix(data: bytes) -> None:
    """A record the query cannot read is kept whole, with what is wrong with it."""
    (piece,) = pieces(partitioned(), data)
    assert piece.partition.error_output_type == "processing-failed"
    document = json.loads(piece.data)
    assert document["errorCode"] == "DynamicPartitioning.MetadataExtractionFailed"
    assert base64.b64decode(document["rawData"]) == data
    assert document["arrivalTimestamp"] == 1_767_322_800_000


def test_null_keys_go_to_the_error_prefix() -> None:
    """A partition key without a value has no partition."""
    given = partitioned()
    extraction = given["ProcessingConfiguration"]["Processors"][0]["Parameters"][0]
    extraction["ParameterValue"] = "{canary: .canary}"
    (piece,) = pieces(given, event(1))
    message = json.loads(piece.data)["errorMessage"]
    assert message == "partitionKeys values must not be null or empty"


def test_one_bad_user_record_does_not_spoil_the_others() -> None:
    """Of an aggregate only the user record that fails goes to the error prefix."""
    found = pieces(partitioned(), aggregate([event(1), b"bad", event(2)]))
    assert [piece.partition.error_output_type for piece in found] == [
        None,
        "processing-failed",
        None,
    ]


def test_json_documents_are_split() -> None:
    """RecordDeAggregation by JSON gives each document that follows another."""
    found = pieces(splitting("JSON"), b'{"a": 1}{"a":2}\n{"a":3}\n')
    assert [piece.data for piece in found] == [b'{"a": 1}\n', b'{"a":2}\n', b'{"a":3}\n']


def test_delimited_documents_are_split() -> None:
    """RecordDeAggregation by a delimiter gives what stands between."""
    found = pieces(splitting("DELIMITED", "####"), b'{"a":1}####{"a":2}')
    assert [piece.data for piece in found] == [b'{"a":1}\n', b'{"a":2}\n']


def test_at_most_500_sub_records_are_split() -> None:
    """A record with more is kept whole under the error prefix."""
    data = b'{"a":1}' * 501
    (piece,) = pieces(splitting("JSON"), data)
    document = json.loads(piece.data)
    assert piece.partition.error_output_type == "processing-failed"
    assert base64.b64decode(document["rawData"]) == data
