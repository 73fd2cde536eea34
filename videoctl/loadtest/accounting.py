"""Counting what became of a run's events, each once: raw objects, session windows, late events."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from videoctl.errors import FailedError
from videoctl.model.names import StreamKind, arrival_hour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

READ_AHEAD: Final = timedelta(minutes=1)
"""Clocks of this machine and of S3 may differ by this much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a run's events were found; None: not looked for.

    Attributes:
        raw: distinct events in raw objects.
        session_events: events counted in session windows, the last record of each window.
        session_windows: distinct windows: session, minute and region.
        late: distinct events in late objects.
        store_rows: rows of its windows in the session store.

    """

    raw: int | None = None
    session_events: int | None = None
    session_windows: int | None = None
    late: int | None = None
    store_rows: int | None = None

    def __str__(self) -> str:
        parts = {
            "in S3": self.raw,
            "in session windows": self.session_events,
            "late": self.late,
            "windows": self.session_windows,
            "rows in the session store": self.store_rows,
        }
        return ", ".join(f"{value} {name}" for name, value in parts.items() if value is not None)

    def is_whole(self, acknowledged: int) -> bool:
        """Whether nothing is missing, and nothing too much, of what was looked for."""
        if self.raw != acknowledged:
            return False
        if self.session_events is None or self.late is None:
            return True
        return (
            self.session_events + self.late == acknowledged
            and self.store_rows == self.session_windows
        )


@dataclass(slots=True)
class _Objects:
    """The lines of one run in a bucket's objects; each object is read once.

    Args:
        run: the prefix of the run's event and session ids, followed by a dash.

    """

    run: str
    _read: set[str] = field(default_factory=set)

    def _fresh(
        self, keys: Iterable[str], read: Callable[[str], bytes | None]
    ) -> Iterator[dict[str, Any]]:
        """Documents that name the run, of the objects not read before, in the order of keys.

        Raises:
            FailedError: an object is not readable as gzipped JSON lines.

        """
        for key in sorted(set(keys) - self._read):
            body = read(key)
            if body is not None:
                yield from self._documents(key, body)
                self._read.add(key)

    def _documents(self, key: str, body: bytes) -> list[dict[str, Any]]:
        try:
            lines = gzip.decompress(body).splitlines()
            return [json.loads(line) for line in lines if self.run.encode() in line]
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise _unreadable(key, error) from error


@dataclass(slots=True)
class Arrivals(_Objects):
    """The events of one run that were found, by their ids; reading again adds what is new."""

    event_ids: set[str] = field(default_factory=set)
    repeats: int = 0

    def look(self, keys: Iterable[str], read: Callable[[str], bytes | None]) -> int:
        """Read the objects not read before; how many of the run's events are known now.

        Raises:
            FailedError: an object is not readable as gzipped JSON lines.

        """
        for document in self._fresh(keys, read):
            event_id = str(document.get("event_id", ""))
            if event_id.startswith(f"{self.run}-"):
                self.repeats += event_id in self.event_ids
                self.event_ids.add(event_id)
        return len(self.event_ids)


@dataclass(slots=True)
class Windows(_Objects):
    """The session windows of one run that a region wrote; of a window's records the last stands.

    Args:
        region: windows of the other region are in its bucket, too, as replicas.

    """

    region: str = ""
    events: dict[tuple[str, int], int] = field(default_factory=dict)

    def look(self, keys: Iterable[str], read: Callable[[str], bytes | None]) -> int:
        """Read the objects not read before; how many events all windows count now.

        Raises:
            FailedError: an object is not readable as gzipped JSON lines.

        """
        for document in self._fresh(keys, read):
            session = str(document.get("session_id", ""))
            if session.startswith(f"{self.run}-") and document.get("region") == self.region:
                key = (session, int(document["window_start_ms"]))
                self.events[key] = int(document["events"])
        return sum(self.events.values())


def _unreadable(key: str, error: Exception) -> FailedError:
    return FailedError(
        f"{key} is not readable as gzipped JSON lines: {error}",
        hint="look at the delivery stream's error prefix",
        code="object-unreadable",
    )


def hour_prefixes(kind: StreamKind, start: datetime, end: datetime) -> list[str]:
    """The arrival-hour prefixes that objects of a span can be under."""
    hour = (start - READ_AHEAD).replace(minute=0, second=0, microsecond=0)
    prefixes = []
    while hour <= end + READ_AHEAD:
        prefixes.append(f"{kind}/{arrival_hour(hour)}")
        hour += timedelta(hours=1)
    return prefixes
