"""Tests of prefixes of S3 objects."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.protocol.errors import ServiceError
from sandbox.services.firehose import prefix

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", "2026/01/02/03/"),
        ("raw/", "raw/2026/01/02/03/"),
        ("raw/!{timestamp:yyyy/MM/dd/HH}/", "raw/2026/01/02/03/"),
        ("year=!{timestamp:yyyy}/hour=!{timestamp:HH}/", "year=2026/hour=03/"),
        ("!{timestamp:'year='yyyy}/", "year=2026/"),
        ("!{timestamp:yy-MMM-D-h-a}/", "26-Jan-2-3-AM/"),
        ("!{partitionKeyFromQuery:canary}/", "events/2026/01/02/03/"),
    ],
)
def test_expressions_are_replaced(template: str, expected: str) -> None:
    """Expressions get their values; without a timestamp the arrival hour is appended."""
    assert prefix.evaluate(template, MOMENT, partition_keys={"canary": "events"}) == expected


def test_the_error_output_type_is_in_the_error_prefix() -> None:
    """`!{firehose:error-output-type}` is what went wrong."""
    template = "errors/!{firehose:error-output-type}/"
    found = prefix.evaluate(template, MOMENT, error_output_type="processing-failed")
    assert found == "errors/processing-failed/2026/01/02/03/"


def test_random_strings_differ() -> None:
    """Each `!{firehose:random-string}` is eleven characters of its own."""
    found = prefix.evaluate("!{firehose:random-string}/!{firehose:random-string}/", MOMENT)
    first, second = found.split("/")[:2]
    assert len(first) == len(second) == 11
    assert first != second


def test_a_missing_partition_key_is_an_error() -> None:
    """A record without the key the prefix asks for has no place."""
    with pytest.raises(prefix.PartitionKeyMissingError):
        prefix.evaluate("!{partitionKeyFromQuery:region}/", MOMENT, partition_keys={})


@pytest.mark.parametrize(
    ("data_prefix", "error_prefix", "message"),
    [
        ("a!{timestamp:yyyy", "", "Invalid expression usage"),
        ("!{clock:yyyy}/", "", "Namespace to the left of colon (clock) is an invalid keyword!"),
        ("!{timestamp:yyyy-b}/", "", "Invalid conversion character"),
        ("!{firehose:uuid}/", "", "Invalid conversion character"),
        ("!{firehose:error-output-type}/", "e/", "must not contain any occurrence"),
        ("!{timestamp:yyyy}/", "", "cannot be null or empty when Prefix contains expressions"),
        ("", "e/!{timestamp:yyyy}/", "at least one occurrence of !{firehose:error-output-type}"),
        (
            "",
            "!{firehose:error-output-type}/!{partitionKeyFromQuery:a}/",
            "can't be part of an error prefix",
        ),
    ],
)
def test_wrong_prefixes_are_refused(data_prefix: str, error_prefix: str, message: str) -> None:
    """What the service refuses is refused, in its words."""
    with pytest.raises(ServiceError) as caught:
        prefix.check(data_prefix, error_prefix)
    assert caught.value.code == "InvalidArgumentException"
    assert message in caught.value.message
