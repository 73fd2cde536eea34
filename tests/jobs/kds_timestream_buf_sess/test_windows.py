"""Session windows against their contract, and the KPL format against AWS's reader."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from jobs.http_handler.kpl_format import MAGIC, aggregate
from jobs.kds_timestream_buf_sess.session_sink.kpl import user_records
from jobs.kds_timestream_buf_sess.session_sink.windows import (
    FIELDS,
    InvalidWindowError,
    parse_window,
)
from tests.fakes.examples import examples
from tests.jobs.kds_timestream_buf_sess.fakes import window

CONTRACT = json.loads(
    (Path(__file__).parents[3] / "docs/schemas/contracts/session.schema.json").read_text()
)
VALIDATOR = Draft202012Validator(CONTRACT)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e18, max_value=1e18),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.sampled_from([0, 1, 1.0, "us-east-1", "us-west-2", "x"]),
)
names = st.sampled_from([*CONTRACT["properties"], "unknown"])


def is_accepted(data):
    """Whether these bytes are a window."""
    try:
        parse_window(data)
    except InvalidWindowError:
        return False
    return True


@settings(max_examples=examples(500))
@given(st.dictionaries(names, values, max_size=3), st.sets(names, max_size=1))
def test_the_verdict_is_the_contracts(changes, missing):
    """A record is a window if and only if the contract's JSON Schema holds."""
    document = {key: v for key, v in {**window(), **changes}.items() if key not in missing}
    assert is_accepted(json.dumps(document).encode()) is VALIDATOR.is_valid(document)


def test_the_fields_are_the_contracts():
    """Names and requirement are the same."""
    assert set(FIELDS) == set(CONTRACT["properties"])
    assert {name for name, field in FIELDS.items() if field.is_required} == set(
        CONTRACT["required"]
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("events", 2**63), ("avg_bitrate_kbps", 10**400), ("avg_bitrate_kbps", float("nan"))],
)
def test_what_no_column_holds_is_no_window(name, value):
    """Integers outside 64 bits, numbers outside a double, NaN."""
    assert not is_accepted(json.dumps(window(**{name: value})).encode())


@given(st.lists(st.tuples(st.text(max_size=5), st.binary(max_size=300)), min_size=1))
def test_aggregates_are_read_as_they_were_written(records):
    """Data and order."""
    assert user_records(aggregate(records)) == [data for _, data in records]


@given(st.binary(max_size=60))
def test_what_is_no_aggregate_is_one_record(data):
    """Also when it begins like one and the digest does not fit."""
    assert user_records(data) == [data]
    assert user_records(MAGIC + data + b"\0" * 16) == [MAGIC + data + b"\0" * 16]


@given(st.binary(max_size=40))
def test_a_broken_message_raises_and_never_hangs(message):
    """The digest is right and the message is whatever it is."""
    data = MAGIC + message + hashlib.md5(message).digest()
    try:
        found = user_records(data)
    except ValueError:
        return
    assert all(isinstance(record, bytes) for record in found)
