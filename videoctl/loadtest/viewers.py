"""Made-up viewers: playback sessions as player events, the same for the same seed."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

HEARTBEAT_MS: Final = 10_000
MINUTE_MS: Final = 60_000
"""The length of a session window."""
LENGTH_TAIL: Final = 1.2
"""Pareto: most playbacks are over within a minute or two, and a few are of an evening's length."""
MOST_HEARTBEATS: Final = 1_500
MEDIAN_BITRATE_KBPS: Final = 2_500
MOST_BITRATE_KBPS: Final = 25_000
LONGEST_STALL_MS: Final = 120_000
DEVICES: Final = ("tv", "phone", "tablet", "web")
COUNTRIES: Final = ("US", "DE", "BR", "IN", "JP")
CATALOGUE_SIZE: Final = 200
PEOPLE: Final = 100_000

Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who watches.

    Attributes:
        run: part of every event and session id, so that a run's events can be found again.
        seed: the same seed gives the same viewers.
        viewers: sessions that play at the same time.
        start_ms: UTC epoch milliseconds of the first event.
        duration_ms: the events are spread over this long.

    """

    run: str
    seed: int
    viewers: int
    start_ms: int
    duration_ms: int

    def events(self, total: int) -> list[Event]:
        """Exactly `total` events in the order of their times.

        Sessions follow each other for each viewer; an event id is never used twice.
        """
        shares = [
            total // self.viewers + (viewer < total % self.viewers)
            for viewer in range(self.viewers)
        ]
        made = [
            event
            for viewer, share in enumerate(shares)
            for event in islice(self._viewer(viewer, share), share)
        ]
        return sorted(made, key=lambda event: (event["event_time_ms"], event["event_id"]))

    def _viewer(self, viewer: int, share: int) -> Iterator[Event]:
        chance = random.Random(f"{self.seed}/{viewer}")
        step_ms = self.duration_ms / max(share, 1)
        numbers = count()
        for session in count():
            for fields in _session(chance):
                number = next(numbers)
                yield {
                    "event_id": f"{self.run}-{viewer}-{number}",
                    "session_id": f"{self.run}-{viewer}-s{session}",
                    "event_time_ms": int(self.start_ms + number * step_ms),
                    **fields,
                }


def within_a_minute(now_ms: int, spread_ms: int) -> int:
    """The start of events spread over `spread_ms`, all in one event-time minute and before now.

    It is the minute before while the present one is younger than the events' spread: a minute is
    written out some time after its end, and events in two would take a minute more.
    """
    in_minute_ms = now_ms % MINUTE_MS
    end_ms = now_ms if in_minute_ms >= spread_ms else now_ms - in_minute_ms - 1
    return end_ms - spread_ms + 1


def _session(chance: random.Random) -> Iterator[Event]:
    """One playback, without ids and times."""
    who = {
        "viewer_id": f"viewer-{chance.randrange(PEOPLE)}",
        "content_id": f"title-{chance.randrange(CATALOGUE_SIZE)}",
        "device": chance.choice(DEVICES),
        "country": chance.choice(COUNTRIES),
        "app_version": f"7.{chance.randrange(10)}.0",
    }
    bitrate_kbps = _bitrate_kbps(chance)
    position_ms = 0
    yield {**who, "event": "session_start"}
    startup_ms = chance.randrange(300, 4_000)
    yield {**who, "event": "play", "position_ms": 0, "startup_ms": startup_ms}
    for _ in range(min(MOST_HEARTBEATS, int(4 * chance.paretovariate(LENGTH_TAIL)))):
        position_ms += HEARTBEAT_MS
        for fields in _moment(chance, bitrate_kbps):
            bitrate_kbps = fields.get("bitrate_kbps", bitrate_kbps)
            yield {**who, "position_ms": position_ms, **fields}
    yield {**who, "event": "session_end", "position_ms": position_ms}


def _moment(chance: random.Random, bitrate_kbps: int) -> Iterator[Event]:
    """What happens in one heartbeat's time: mostly the heartbeat alone."""
    luck = chance.random()
    if luck < 0.04:  # noqa: PLR2004  (shares of what players report; any would do)
        yield {"event": "stall_start"}
        yield {"event": "stall_end", "stall_ms": _stall_ms(chance)}
    elif luck < 0.09:  # noqa: PLR2004
        yield {"event": "bitrate_change", "bitrate_kbps": _bitrate_kbps(chance)}
    elif luck < 0.11:  # noqa: PLR2004
        yield {"event": chance.choice(("pause", "seek", "error"))}
    yield {"event": "heartbeat", "bitrate_kbps": bitrate_kbps}


def _bitrate_kbps(chance: random.Random) -> int:
    """Log-normal, in steps of a ladder."""
    bitrate = chance.lognormvariate(math.log(MEDIAN_BITRATE_KBPS), 0.8)
    return min(MOST_BITRATE_KBPS, max(100, int(bitrate) // 100 * 100))


def _stall_ms(chance: random.Random) -> int:
    return min(LONGEST_STALL_MS, int(300 * chance.paretovariate(1.1)))
