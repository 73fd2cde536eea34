"""Events for tests."""

from __future__ import annotations

import itertools
from typing import Any

_numbers = itertools.count()


def event(**changes: Any) -> dict[str, Any]:
    """A valid event with an id of its own."""
    number = next(_numbers)
    return {
        "event_id": f"e-{number}",
        "session_id": f"s-{number % 10}",
        "content_id": "title-1",
        "event": "heartbeat",
        "event_time_ms": 1_700_000_000_000 + number,
        "bitrate_kbps": 3200,
        **changes,
    }


def events(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Several valid events."""
    return [event(**changes) for _ in range(count)]
