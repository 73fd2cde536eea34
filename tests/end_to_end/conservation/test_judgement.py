"""The judge itself: what the batch makes of a raw bucket, and what is said of a difference."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conservation.arrived import Written
from tests.end_to_end.conservation.batch import Batch, computed
from tests.end_to_end.conservation.players import MINUTE_MS, Players
from tests.end_to_end.conservation.report import not_conserved, not_stored

MINUTE = 1_760_000_040_000
LATENESS_MS = 10_000


def event(name: str, time_ms: int, received_ms: int, **fields: Any) -> dict[str, Any]:
    """A valid event of the one session."""
    return {
        "event_id": name, "session_id": "run-s", "content_id": "c", "event": "heartbeat",
        "event_time_ms": time_ms, "received_time_ms": received_ms,
    } | fields  # fmt: skip


EVENTS = (
    event("first", MINUTE, MINUTE, bitrate_kbps=100, device="tv"),
    event("first", MINUTE, MINUTE + 5 * MINUTE_MS, bitrate_kbps=100, device="tv"),
    event("edge", MINUTE + 59_999, MINUTE + MINUTE_MS + LATENESS_MS - 1, event="stall_end"),
    event("stalled", MINUTE + 1, MINUTE + 1, event="stall_end", stall_ms=7),
    event("late", MINUTE + 59_999, MINUTE + MINUTE_MS + LATENESS_MS),
    event("ahead", MINUTE + 900_000, MINUTE),
    event("future", MINUTE + 900_001, MINUTE),
    event("null", MINUTE, MINUTE, device=None),
    event("fraction", MINUTE, MINUTE, position_ms=1.5),
    event("text", MINUTE, MINUTE, event_time_ms="7"),
    event("kind", MINUTE, MINUTE, event="Heartbeat"),
    event("x" * 65, MINUTE, MINUTE),
)


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    """Over two objects of a raw bucket."""
    for number, some in enumerate((EVENTS[:3], EVENTS[3:])):
        lines = "".join(json.dumps(one) + "\n" for one in some)
        (tmp_path / f"object-{number}.gz").write_bytes(gzip.compress(lines.encode()))
    return computed(tmp_path, lateness_ms=LATENESS_MS, region="us-east-1")


def written(batch: Batch) -> Written:
    """What a job without fault writes."""
    return Written(
        {key: dict(row) for key, row in batch.windows.items()},
        {},
        {key: [dict(row)] for key, row in batch.late.items()},
    )


def test_the_batch_keeps_to_the_contracts(batch: Batch) -> None:
    """Valid events once, by their first stamp: in their minute, late, or future, to the ms."""
    assert batch.sessions == {"run-s": {"first", "edge", "stalled", "late", "ahead", "future"}}
    assert {key: row["events"] for key, row in batch.windows.items()} == {
        ("run-s", MINUTE): 3,
        ("run-s", MINUTE + 900_000): 1,
    }
    window = batch.windows["run-s", MINUTE]
    assert (window["stalls"], window["stall_ms"], window["heartbeats"]) == (2, 7, 1)
    assert (window["avg_bitrate_kbps"], window["device"]) == (100.0, "tv")
    reasons = {key[1]: (row["reason"], row["late_by_ms"]) for key, row in batch.late.items()}
    assert reasons == {"late": ("late", LATENESS_MS), "future": ("future", 0)}


def test_what_is_exact_is_not_complained_of(batch: Batch) -> None:
    """No line at all."""
    assert list(not_conserved(batch.sessions, batch, written(batch), "run")) == []
    assert list(not_stored(batch.sessions, batch, "run")) == []


def test_a_lost_event_is_named_with_its_direction(batch: Batch) -> None:
    """Its session, its window, or the late event itself."""
    found = written(batch)
    found.windows["run-s", MINUTE]["events"] -= 1
    del found.late["run-s", "late"]
    assert list(not_conserved(batch.sessions, batch, found, "run")) == [
        "run-s: 6 acknowledged, 3 in windows + 1 late: 2 LOST",
        "window run-s 08:54Z: events is 2, not 3",
        "late event late of run-s: LOST from the late stream",
    ]


def test_what_counts_twice_is_named_too(batch: Batch) -> None:
    """An event that is in its window and late."""
    found = written(batch)
    found.late["run-s", "edge"] = [EVENTS[2]]
    assert list(not_conserved(batch.sessions, batch, found, "run")) == [
        "run-s: 6 acknowledged, 4 in windows + 3 late: 1 TWICE",
        "late event edge of run-s: in the late stream, though on time for 08:54Z",
    ]


def test_raw_s3_is_held_against_the_acknowledgements(batch: Batch) -> None:
    """What is missing there, and what nobody was told of."""
    assert list(not_stored({"run-s": {*batch.sessions["run-s"], "gone"}}, batch, "run")) == [
        "run-s: gone was acknowledged, not in raw S3"
    ]
    assert len(list(not_stored({}, batch, "run"))) == 6


def test_players_are_the_same_for_the_same_seed() -> None:
    """And have all that makes conservation hard."""
    players = Players(
        run="r", seed=1, events=600, start_ms=MINUTE, span_ms=MINUTE_MS, lateness_ms=LATENESS_MS
    )
    sent = players.sent()
    assert sent == players.sent()
    assert [one.at_ms for one in sent] == sorted(one.at_ms for one in sent)
    valid = [one for one in sent if one.is_valid]
    assert len(valid) > len({one.event["event_id"] for one in valid}) > 500
    assert len(sent) > len(valid)
