"""The batch that the job is held against, checked by hand."""

from __future__ import annotations

import json
from typing import Any

from tests.jobs.agg.batch import Batch
from tests.jobs.agg.made_stream import ALLOWED_LATENESS_MS, MINUTE_MS, START_MS, make, shard_of

REGION = "us-east-1"


def event(event_id: str, event_ms: int, received_ms: int, **more: Any) -> bytes:
    """An event, its times counted from the start of a minute."""
    return json.dumps(
        {
            "event_id": event_id,
            "session_id": "s",
            "content_id": "c",
            "event": "stall_end",
            "event_time_ms": START_MS + event_ms,
            "received_time_ms": START_MS + received_ms,
            **more,
        }
    ).encode()


def test_the_tag_changes_at_the_exact_millisecond() -> None:
    """Late from the allowed lateness on; future from one beyond fifteen minutes on."""
    edge = MINUTE_MS + ALLOWED_LATENESS_MS
    ahead = 15 * MINUTE_MS
    batch = Batch(
        [
            event("in time", 0, edge - 1),
            event("late", 0, edge),
            event("ahead", ahead, 0),
            event("future", ahead + 1, 0),
        ],
        ALLOWED_LATENESS_MS,
        REGION,
    )
    assert {row["window_start_ms"] - START_MS: row["events"] for row in batch.windows} == {
        0: 1,
        ahead: 1,
    }
    assert {(row["event_id"], row["reason"], row["late_by_ms"]) for row in batch.late} == {
        ("late", "late", ALLOWED_LATENESS_MS),
        ("future", "future", 0),
    }


def test_one_copy_counts_and_the_earliest_event_names_the_content() -> None:
    """A retry adds nothing, not even when it comes late; sums and means are of single events."""
    batch = Batch(
        [
            event("b", 2, 5, content_id="second", stall_ms=10, bitrate_kbps=100, viewer_id="v"),
            event("a", 1, 6, content_id="first", stall_ms=5),
            event("b", 2, 7, content_id="second", stall_ms=10, bitrate_kbps=100, viewer_id="v"),
            event("b", 2, 500_000, content_id="second", stall_ms=10, bitrate_kbps=100),
        ],
        ALLOWED_LATENESS_MS,
        REGION,
    )
    (window,) = batch.windows
    assert batch.late == []
    assert window["events"] == window["stalls"] == 2
    assert window["stall_ms"] == 15
    assert window["content_id"] == "first"
    assert window["viewer_id"] == "v"
    assert window["avg_bitrate_kbps"] == window["max_bitrate_kbps"] == 100


def test_streams_hold_every_difficulty() -> None:
    """A made stream has late, future, bad, canary and tick records, retries across the edge."""
    made = make(1)
    lines = [put.data for shard in range(made.shards) for put in made.of_shard(shard)]
    batch = Batch(lines, ALLOWED_LATENESS_MS, REGION)
    assert min(batch.kinds[kind] for kind in ("event", "bad", "canary", "tick")) > 5
    assert {row["reason"] for row in batch.late} == {"late", "future"}
    distinct = sum(row["events"] for row in batch.windows) + len(batch.late)
    assert distinct < batch.kinds["event"]
    assert make(1).puts == made.puts
    assert {shard_of(put.key, 2) for put in made.puts if put.key.startswith("s-")} == {0, 1}
