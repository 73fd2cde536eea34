"""Tests of the KPL format."""

from __future__ import annotations

import hashlib

from aws_kinesis_agg import MAGIC

from sandbox import kpl
from tests.sandbox.services.doubles import aggregate, event


def test_user_records_come_out_in_order() -> None:
    """De-aggregation gives every user record of an aggregate, in the order it was put."""
    events = [event(number) for number in range(200)]
    assert list(kpl.deaggregate(aggregate(events))) == events


def test_plain_records_are_left_alone() -> None:
    """A record that is not aggregated is its own only user record."""
    for data in (b"", b"{}", MAGIC, MAGIC + b"0123456789abcdef"):
        assert list(kpl.deaggregate(data)) == [data]


def test_a_wrong_digest_is_no_aggregate() -> None:
    """A record with the magic number and a wrong digest is handed on whole."""
    data = aggregate([event(1)])
    broken = data[:-1] + bytes([data[-1] ^ 1])
    assert not kpl.is_aggregated(broken)
    assert list(kpl.deaggregate(broken)) == [broken]


def test_a_right_digest_of_no_message_is_handed_on() -> None:
    """What has magic number and digest but no protobuf message is not lost."""
    message = b"\xff\xff\xff"
    data = MAGIC + message + hashlib.md5(message).digest()
    assert list(kpl.deaggregate(data)) == [data]
