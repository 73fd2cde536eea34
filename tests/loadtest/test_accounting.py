"""Counting what became of a run's events: each once, wherever and however often it was written."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoctl.errors import FailedError
from videoctl.loadtest.accounting import Arrivals, Found, Windows, hour_prefixes
from videoctl.loadtest.viewers import MINUTE_MS, within_a_minute
from videoctl.model.names import StreamKind

EAST, WEST = "us-east-1", "us-west-2"


def objects(**documents: list[dict[str, Any]]) -> dict[str, bytes]:
    """Objects as Firehose writes them, by key."""
    return {
        key: gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode())
        for key, lines in documents.items()
    }


def window(session: str, events: int, *, start_ms: int = 0, region: str = EAST) -> dict[str, Any]:
    """A record of the session stream, as far as it is counted."""
    return {
        "session_id": session,
        "window_start_ms": start_ms,
        "events": events,
        "region": region,
    }


def test_an_event_counts_once_and_only_for_its_run() -> None:
    """Repeats are told apart; ids that only contain the run's name are another run's."""
    held = objects(a=[{"event_id": "r1-0-0"}, {"event_id": "xr1-0-1"}], b=[{"event_id": "r1-0-0"}])
    arrivals = Arrivals("r1")
    assert arrivals.look(held, held.get) == 1
    assert arrivals.repeats == 1
    held |= objects(c=[{"event_id": "r1-0-2"}, {"event_id": "r12-0-3"}])
    assert arrivals.look(held, held.get) == 2


def test_the_last_record_of_a_window_stands() -> None:
    """A window that was written again is counted as it was written last, in the order of keys."""
    held = objects(
        b=[window("r1-0-s0", 5), window("r1-1-s0", 2)],
        a=[window("r1-0-s0", 3), window("r1-0-s0", 4, start_ms=60_000), window("r2-0-s0", 9)],
    )
    windows = Windows("r1", region=EAST)
    assert windows.look(held, held.get) == 5 + 2 + 4
    assert len(windows.events) == 3


def test_replicas_are_the_other_regions_windows() -> None:
    """A window stands in both regions' buckets and belongs to the one that wrote it."""
    held = objects(a=[window("r1-0-s0", 3), window("r1-0-s0", 4, region=WEST)])
    assert Windows("r1", region=EAST).look(held, held.get) == 3
    assert Windows("r1", region=WEST).look(held, held.get) == 4


def test_an_object_that_is_gone_is_looked_for_again() -> None:
    """Listed and not readable yet: not counted now, and not forgotten."""
    held = objects(a=[{"event_id": "r1-0-0"}])
    arrivals = Arrivals("r1")
    assert arrivals.look(["a"], lambda _: None) == 0
    assert arrivals.look(["a"], held.get) == 1


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b'{"event_id": "r1-')])
def test_an_object_that_is_no_json_lines_is_named(body: bytes) -> None:
    """Whatever lies under the prefix that is not delivery's: the key is in the error."""
    with pytest.raises(FailedError, match="raw/x is not readable") as refused:
        Arrivals("r1").look(["raw/x"], lambda _: body)
    assert refused.value.code == "object-unreadable"


@pytest.mark.parametrize(
    ("found", "whole"),
    [
        (Found(raw=10), True),
        (Found(raw=9), False),
        (Found(), False),
        (Found(raw=10, session_events=7, late=3, session_windows=2, store_rows=2), True),
        (Found(raw=10, session_events=7, late=2, session_windows=2, store_rows=2), False),
        (Found(raw=10, session_events=8, late=3, session_windows=2, store_rows=2), False),
        (Found(raw=10, session_events=7, late=3, session_windows=2, store_rows=1), False),
        (Found(raw=9, session_events=7, late=3, session_windows=2, store_rows=2), False),
    ],
)
def test_whole_is_exact(found: Found, whole: bool) -> None:
    """Too much is as wrong as too little, in events and in rows."""
    assert found.is_whole(10) is whole


@given(now_ms=st.integers(10**12, 2 * 10**12), spread_ms=st.integers(1, MINUTE_MS - 1))
def test_made_up_events_lie_in_one_minute_before_now(now_ms: int, spread_ms: int) -> None:
    """One window a session, over at most `spread_ms` after now: as late as a player may be."""
    start_ms = within_a_minute(now_ms, spread_ms)
    last_ms = start_ms + spread_ms - 1
    assert start_ms // MINUTE_MS == last_ms // MINUTE_MS
    assert last_ms <= now_ms < last_ms + spread_ms + 1


def test_hours_on_both_sides_of_a_span_are_looked_through() -> None:
    """Delivery's clock and this machine's may differ around the full hour."""
    start = datetime(2026, 11, 27, 10, 0, 30, tzinfo=UTC)
    found = hour_prefixes(StreamKind.LATE, start, datetime(2026, 11, 27, 10, 59, 30, tzinfo=UTC))
    assert found == [f"late/year=2026/month=11/day=27/hour={hour:02}/" for hour in (9, 10, 11)]
