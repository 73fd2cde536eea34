"""From the front door to the Timestream row on a quiet slowprod, hop by hop."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import httpx

from bench.measure import Figure
from bench.slowprod import ENVIRONMENT, NAMES, POLL_SECONDS, slowprod
from videoctl.loadtest.viewers import MINUTE_MS
from videoctl.model.names import StreamKind

if TYPE_CHECKING:
    from concurrent.futures import Future

    from bench.slowprod import Arrived, Slowprod

SESSIONS: Final = 50
POST_EVERY_SECONDS: Final = 1.0
POSTING_SECONDS: Final = 180.0
CLOSING_SECONDS: Final = 180.0
"""The longest a row may take beyond the end of its minute."""

Window = tuple[str, int]
"""Session and start of the minute, UTC epoch milliseconds."""


def figures() -> list[Figure]:
    """A few events a second for three minutes, until each session's minutes are in the table."""
    with slowprod() as running, ThreadPoolExecutor(1) as beside:
        posting = beside.submit(_post, running)
        seen_ms = _rows(running, posting)
        acknowledged_ms = posting.result()
        raw = [
            arrived.at_ms - arrived.document["received_time_ms"]
            for arrived in running.records(StreamKind.RAW)
            if "event_id" in arrived.document
        ]
        written = _first_written(running)
    ends = {window: window[1] + MINUTE_MS for window in seen_ms}
    hops = {
        "post to acknowledgement": acknowledged_ms,
        "stamp to raw stream": raw,
        "minute's end to session stream": [written[key] - ends[key] for key in seen_ms],
        "session stream to row": [seen_ms[key] - written[key] for key in seen_ms],
        "minute's end to row": [seen_ms[key] - ends[key] for key in seen_ms],
    }
    measured = "; ".join(
        f"{name} p50 {statistics.median(found):,.0f} ms, p99 {_p99(found):,.0f} ms"
        for name, found in hops.items()
    )
    return [
        Figure(
            "front door to Timestream row, quiet slowprod, beyond the minute's own length",
            "stated by hop",
            f"{measured} ({len(seen_ms)} windows; rows looked for every {POLL_SECONDS:g} s; the"
            " watermark waits 60 s by its settings, ticks come every 5 s)",
            None,
        )
    ]


def _post(running: Slowprod) -> list[float]:
    """Post an event of every tenth session each time; milliseconds until each answer."""
    url = running.place.run("env", "show", ENVIRONMENT)["front_door"]
    latencies, number = [], 0
    end = time.monotonic() + POSTING_SECONDS
    with httpx.Client(timeout=30) as client:
        while time.monotonic() < end:
            for session in range(number % 10, SESSIONS, 10):
                began = time.monotonic()
                event = _event(f"hops-{number}-{session}", f"hops-s{session}")
                client.post(url, json=event).raise_for_status()
                latencies.append((time.monotonic() - began) * 1000)
            number += 1
            time.sleep(POST_EVERY_SECONDS)
    return latencies


def _event(event_id: str, session_id: str) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "session_id": session_id,
        "content_id": "title-1",
        "event": "heartbeat",
        "event_time_ms": time.time_ns() // 1_000_000,
    }


def _rows(running: Slowprod, posting: Future[list[float]]) -> dict[Window, float]:
    """When each window was first seen in the table; until the last posted minute is there."""
    query = running.client("timestream-query")
    text = (
        "SELECT session_id, to_milliseconds(time) FROM"
        f' "{NAMES.timestream_database}"."{NAMES.sessions_table}"'
        " WHERE time >= ago(15m) AND measure_name = 'session_window'"
    )
    seen: dict[Window, float] = {}
    last = deadline = None
    while last is None or sum(start == last for _, start in seen) < SESSIONS:
        if last is None and posting.done():
            last = time.time_ns() // 1_000_000 // MINUTE_MS * MINUTE_MS
            deadline = time.monotonic() + CLOSING_SECONDS
        if deadline is not None and time.monotonic() > deadline:
            raise TimeoutError(f"{len(seen)} windows after {CLOSING_SECONDS:g} s")
        pages = query.get_paginator("query").paginate(QueryString=text)
        rows = [row["Data"] for page in pages for row in page["Rows"]]
        now = time.time() * 1000
        for session, start in rows:
            seen.setdefault((session["ScalarValue"], int(start["ScalarValue"])), now)
        time.sleep(POLL_SECONDS)
    return seen


def _first_written(running: Slowprod) -> dict[Window, float]:
    written: dict[Window, float] = {}
    for arrived in running.records(StreamKind.SESSION):
        written.setdefault(_window(arrived), arrived.at_ms)
    return written


def _window(arrived: Arrived) -> Window:
    return arrived.document["session_id"], arrived.document["window_start_ms"]


def _p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.99 * len(values)))]
