"""Differences between what is expected and what arrived, a readable line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tests.end_to_end.conservation.arrived import Written
from tests.end_to_end.conservation.batch import Batch, Row, WindowKey

MOST_LINES: Final = 30


def told(lines: Iterator[str]) -> str:
    """The first of many differences; empty when there is none."""
    found = list(lines)
    more = [f"... and {len(found) - MOST_LINES} more"] if len(found) > MOST_LINES else []
    return "\n".join(found[:MOST_LINES] + more)


def not_stored(acknowledged: Mapping[str, set[str]], batch: Batch, run: str) -> Iterator[str]:
    """Raw S3 holds each acknowledged event of a run, and no other valid one."""
    for session in sorted({*acknowledged, *batch.sessions}):
        if not session.startswith(f"{run}-"):
            continue
        given, kept = acknowledged.get(session, set()), batch.sessions.get(session, set())
        yield from (f"{session}: {name} was acknowledged, not in raw S3" for name in given - kept)
        yield from (f"{session}: {name} is in raw S3, not acknowledged" for name in kept - given)


def not_conserved(
    acknowledged: Mapping[str, set[str]], batch: Batch, written: Written, run: str
) -> Iterator[str]:
    """Acknowledged events = events in windows + late events, session by session; and where not."""
    for session in sorted(name for name in acknowledged if name.startswith(f"{run}-")):
        windows = {key: row for key, row in written.windows.items() if key[0] == session}
        late = {key: rows for key, rows in written.late.items() if key[0] == session}
        counted = sum(row["events"] for row in windows.values())
        missing = len(acknowledged[session]) - counted - len(late)
        if missing:
            what = f"{missing} LOST" if missing > 0 else f"{-missing} TWICE"
            yield (
                f"{session}: {len(acknowledged[session])} acknowledged, {counted} in windows"
                f" + {len(late)} late: {what}"
            )
    yield from _other_windows(batch, written, run)
    yield from _other_late(batch, written, run)


def _other_windows(batch: Batch, written: Written, run: str) -> Iterator[str]:
    keys = {key for key in {*batch.windows, *written.windows} if key[0].startswith(f"{run}-")}
    for key in sorted(keys):
        expected, found = batch.windows.get(key), written.windows.get(key)
        where = f"window {key[0]} {_minute(key[1])}"
        if found is None:
            assert expected is not None
            yield f"{where}: LOST, with {expected['events']} events"
        elif expected is None:
            yield f"{where}: TOO MUCH, with {found['events']} events"
        else:
            yield from unlike(where, expected, found)


def _other_late(batch: Batch, written: Written, run: str) -> Iterator[str]:
    keys = {key for key in {*batch.late, *written.late} if key[0].startswith(f"{run}-")}
    for key in sorted(keys):
        expected, found = batch.late.get(key), written.late.get(key, [])
        where = f"late event {key[1]} of {key[0]}"
        if not found:
            yield f"{where}: LOST from the late stream"
        elif expected is None:
            minute = found[0]["event_time_ms"] // 60_000 * 60_000
            yield f"{where}: in the late stream, though on time for {_minute(minute)}"
        else:
            for row in found:
                yield from unlike(where, expected, row)


def other_rows(windows: Mapping[WindowKey, Row], table: Mapping[WindowKey, Row]) -> Iterator[str]:
    """Where the table is not what the session stream said last."""
    yield from (f"row {key} is missing" for key in windows.keys() - table.keys())
    yield from (f"row {key} is too much" for key in table.keys() - windows.keys())
    for key in windows.keys() & table.keys():
        yield from unlike(f"row {key}", windows[key], table[key])


def unlike(where: str, expected: Row, found: Row) -> Iterator[str]:
    """Fields that differ; those that only one side knows are left out."""
    for name, value in expected.items():
        if not _is_same(value, found.get(name)):
            yield f"{where}: {name} is {found.get(name)!r}, not {value!r}"


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, (int, float)):
        return abs(one - other) <= 1e-9 * max(abs(one), 1.0)
    return bool(one == other)


def _minute(start_ms: int) -> str:
    return datetime.fromtimestamp(start_ms / 1000, UTC).strftime("%H:%MZ")
