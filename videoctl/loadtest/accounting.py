"""Counting what arrived: a run's events in the objects of a raw bucket, each counted once."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from videoctl.errors import FailedError
from videoctl.model.names import StreamKind, arrival_hour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

READ_AHEAD: Final = timedelta(minutes=1)
"""Clocks of this machine and of S3 may differ by this much."""


@dataclass(slots=True)
class Arrivals:
    """The events of one run that were found; reading again adds only what is new.

    Args:
        run: the prefix of the run's event ids, followed by a dash.

    """

    run: str
    event_ids: set[str] = field(default_factory=set)
    repeats: int = 0
    _read: set[str] = field(default_factory=set)

    def look(self, keys: Iterable[str], read: Callable[[str], bytes | None]) -> int:
        """Read the objects not read before; how many of the run's events are known now.

        Raises:
            FailedError: an object is not readable as gzipped JSON lines.

        """
        for key in keys:
            if key in self._read:
                continue
            body = read(key)
            if body is None:
                continue
            self._take(key, body)
            self._read.add(key)
        return len(self.event_ids)

    def _take(self, key: str, body: bytes) -> None:
        try:
            lines = gzip.decompress(body).splitlines()
            found = [json.loads(line)["event_id"] for line in lines if self.run.encode() in line]
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
            raise FailedError(
                f"{key} is not readable as gzipped JSON lines: {error}",
                hint="look at the delivery stream's error prefix",
                code="object-unreadable",
            ) from error
        mine = [event_id for event_id in found if event_id.startswith(f"{self.run}-")]
        known = len(self.event_ids)
        self.event_ids.update(mine)
        self.repeats += len(mine) - (len(self.event_ids) - known)


def hour_prefixes(kind: StreamKind, start: datetime, end: datetime) -> list[str]:
    """The arrival-hour prefixes that objects of a span can be under."""
    hour = (start - READ_AHEAD).replace(minute=0, second=0, microsecond=0)
    prefixes = []
    while hour <= end + READ_AHEAD:
        prefixes.append(f"{kind}/{arrival_hour(hour)}")
        hour += timedelta(hours=1)
    return prefixes
