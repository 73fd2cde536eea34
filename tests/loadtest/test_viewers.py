"""Made-up viewers."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from pathlib import Path

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from videoctl.loadtest.viewers import Audience

CONTRACT = Path(__file__).parents[2] / "docs" / "schemas" / "contracts" / "event.schema.json"


def audience(viewers: int = 7, seed: int = 1) -> Audience:
    """A small audience."""
    return Audience(run="t", seed=seed, viewers=viewers, start_ms=1_000_000, duration_ms=60_000)


@given(viewers=st.integers(1, 50), total=st.integers(0, 500))
def test_exactly_as_many_events_as_asked_each_with_its_own_id(viewers: int, total: int) -> None:
    """The number asked for is the number made, and no id is used twice."""
    events = audience(viewers).events(total)
    assert len(events) == total
    assert len({event["event_id"] for event in events}) == total


def test_the_same_seed_gives_the_same_viewers() -> None:
    """A run can be made again, event by event."""
    assert audience().events(300) == audience().events(300)
    assert audience().events(300) != audience(seed=2).events(300)


def test_events_are_valid_and_lie_in_the_time_asked_for() -> None:
    """Every event fits the contract and the run's span."""
    validator = jsonschema.Draft202012Validator(json.loads(CONTRACT.read_text()))
    for event in audience().events(500):
        validator.validate(event)
        assert 1_000_000 <= event["event_time_ms"] < 1_060_000


def test_lengths_and_bitrates_have_long_tails() -> None:
    """Most playbacks are short and some very long; most stalls are brief."""
    events = audience(viewers=40).events(40_000)
    lengths = Counter(event["session_id"] for event in events)
    middle = statistics.median(lengths.values())
    assert max(lengths.values()) > 20 * middle
    bitrates = [event["bitrate_kbps"] for event in events if "bitrate_kbps" in event]
    assert max(bitrates) > 5 * statistics.median(bitrates)
    stalls = [event["stall_ms"] for event in events if "stall_ms" in event]
    assert max(stalls) > 20 * statistics.median(stalls)
