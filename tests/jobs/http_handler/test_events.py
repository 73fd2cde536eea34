"""The handler's verdict on one event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from jobs.http_handler.events import INTEGER_FIELDS, PlayerEvent, Verdict, judge, judge_texts
from tests.fakes.examples import examples
from tests.jobs.made_events import event, events

CONTRACT = json.loads(
    (Path(__file__).parents[3] / "docs/schemas/contracts/event.schema.json").read_text()
)
VALIDATOR = Draft202012Validator(CONTRACT)
NOW_MS = 1_700_000_123_456
MAX_BYTES = 65_536

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=70),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=8,
)
near_values = st.one_of(
    json_values,
    st.sampled_from([0, -1, 1.0, 2.5, -0.0, "", "1", None, True, 2**63 - 1, "x" * 64, "x" * 65]),
    st.text(alphabet="a\U0001f600\u00e9", min_size=0, max_size=130),
    st.sampled_from(CONTRACT["properties"]["event"]["enum"]),
)
near_events = st.builds(
    lambda changes, missing: {
        key: value for key, value in {**event(), **changes}.items() if key not in missing
    },
    st.dictionaries(
        st.sampled_from(sorted(CONTRACT["properties"])) | st.text(max_size=8),
        near_values,
        max_size=3,
    ),
    st.sets(st.sampled_from(sorted(CONTRACT["properties"])), max_size=1),
)


def judge_one(value: Any) -> Verdict:
    """The verdict on one parsed value."""
    return judge([value], NOW_MS, MAX_BYTES)


def reason_of(text: str | bytes) -> str:
    """Why a text is refused."""
    data = text.encode() if isinstance(text, str) else text
    verdict = judge_texts([data], NOW_MS, MAX_BYTES)
    assert not verdict.accepted
    return verdict.rejected[0].reason


def with_field(name: str, raw: str) -> str:
    """A good event's text with one field as given, written as it is."""
    base = event()
    base.pop(name, None)
    return json.dumps(base)[:-1] + f', "{name}": {raw}}}'


@settings(max_examples=examples(600))
@given(near_events | json_values)
def test_the_verdict_is_the_contracts(value):
    """An event is accepted if and only if the contract's JSON Schema holds."""
    text = json.dumps(value)
    expected = VALIDATOR.is_valid(json.loads(text))
    for verdict in (
        judge([json.loads(text)], NOW_MS, MAX_BYTES),
        judge_texts([text.encode()], NOW_MS, MAX_BYTES),
    ):
        assert bool(verdict.accepted) is expected
        assert bool(verdict.rejected) is not expected


@settings(max_examples=examples(200))
@given(near_events)
def test_what_is_stored_is_valid_and_all_that_was_sent(value):
    """A stored event keeps every field, carries the handler's time, and is valid itself."""
    verdict = judge_one(json.loads(json.dumps(value)))
    for accepted in verdict.accepted:
        stored = json.loads(accepted.data)
        assert stored == {**value, "received_time_ms": NOW_MS}
        assert VALIDATOR.is_valid(stored)
        assert b"\n" not in accepted.data
        assert all(isinstance(stored[name], int) for name in INTEGER_FIELDS if name in stored)


def test_the_structure_names_the_contracts_fields():
    """The typed event and the contract name the same fields and the same required ones."""
    fields = msgspec.structs.fields(PlayerEvent)
    assert {field.name for field in fields} == set(CONTRACT["properties"])
    assert {field.name for field in fields if field.required} == set(CONTRACT["required"])


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("event_id", '""', "too-short"),
        ("event_id", json.dumps("x" * 65), "too-long"),
        ("event_id", "7", "wrong-type"),
        ("event_time_ms", "true", "wrong-type"),
        ("event_time_ms", '"1"', "wrong-type"),
        ("event_time_ms", "null", "wrong-type"),
        ("event_time_ms", "1.5", "wrong-type"),
        ("event_time_ms", "-1", "out-of-range"),
        ("event_time_ms", "9223372036854775808", "out-of-range"),
        ("event_time_ms", "1e30", "out-of-range"),
        ("position_ms", "1" * 5000, "out-of-range"),
        ("extra", "1e400", "out-of-range"),
        ("extra", "NaN", "invalid-json"),
        ("extra", "Infinity", "invalid-json"),
        ("extra", '"\\ud800"', "invalid-json"),
        ("extra", "[" * 101 + "]" * 101, "too-deep"),
        ("extra", "[" * 100_000 + "]" * 100_000, "too-deep"),
        ("extra", '{"a":' * 5_000 + "1" + "}" * 5_000, "too-deep"),
        ("event", '"rewind"', "not-in-enum"),
        ("received_time_ms", '"soon"', "wrong-type"),
        ("padding", json.dumps("x" * MAX_BYTES), "too-large"),
    ],
)
def test_a_bad_field_is_refused_with_its_reason(name, raw, reason):
    """Each way a field can be wrong has its word."""
    assert reason_of(with_field(name, raw)) == reason


def test_bytes_that_are_no_text_are_refused():
    """Invalid UTF-8, also as surrogates written in it, is called so."""
    assert reason_of(b'{"event_id": "\xff"}') == "not-utf-8"
    assert reason_of(b'{"event_id": "\xed\xa0\x80"}') == "not-utf-8"


@pytest.mark.parametrize("value", [None, 1, "x", [], True])
def test_what_is_no_object_is_refused(value):
    """Only objects are events."""
    verdict = judge_one(value)
    assert [item.reason for item in verdict.rejected] == ["not-an-object"]


def test_a_missing_field_is_named():
    """The message says which field is missing."""
    value = event()
    del value["content_id"]
    (rejected,) = judge_one(value).rejected
    assert rejected.reason == "missing-field"
    assert "content_id" in rejected.message
    assert rejected.event_id == value["event_id"]


def test_the_last_of_duplicate_keys_stands_alone():
    """A key given twice is stored once, so that every consumer reads the same value."""
    text = with_field("country", '"US", "country": "DE"')
    (accepted,) = judge_texts([text.encode()], NOW_MS, MAX_BYTES).accepted
    assert accepted.data.count(b'"country"') == 1
    assert json.loads(accepted.data)["country"] == "DE"


def test_big_integers_in_unknown_fields_are_kept():
    """What the contract does not know is kept digit by digit."""
    (accepted,) = judge_one(event(extra=10**30)).accepted
    assert json.loads(accepted.data)["extra"] == 10**30


def test_the_contract_counts_code_points():
    """Two emoji are two characters of a country, three are too many."""
    assert judge_one(event(country="\U0001f1e9\U0001f1ea")).accepted
    assert judge_one(event(country="\U0001f600" * 3)).rejected


def test_one_bad_event_does_not_harm_the_batch():
    """The others are accepted under their own indexes."""
    batch = [*events(2), {"event_id": "bad"}, *events(1)]
    verdict = judge(batch, NOW_MS, MAX_BYTES)
    assert [item.index for item in verdict.accepted] == [0, 1, 3]
    assert [(item.index, item.event_id) for item in verdict.rejected] == [(2, "bad")]


def test_refusals_do_not_repeat_what_was_sent():
    """A message names the field, not the player's value."""
    (rejected,) = judge_one(event(event="someone@example.com")).rejected
    assert "someone" not in rejected.message
