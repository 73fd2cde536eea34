"""Viewers by seed, as unpleasant as they come: late, ahead, hours off, sent twice, malformed."""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass
from typing import Any, Final

from videoctl.loadtest.viewers import Audience

Event = dict[str, Any]

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
VIEWERS: Final = 40
SKEWS_MS: Final = (*[0] * 14, -3 * HOUR_MS, -90_000, 2 * HOUR_MS)
"""Clocks of players; most are right."""
AHEAD_MS: Final = (600_000, 899_000)
"""Ahead, and still taken: their minutes close that much later."""
FUTURE_MS: Final = 900_000


@dataclass(frozen=True, slots=True)
class Sent:
    """One event on its way.

    Attributes:
        at_ms: when the front door gets it, UTC epoch milliseconds.
        event: as the player sends it.
        is_valid: whether the contract holds.

    """

    at_ms: int
    event: Event
    is_valid: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Players:
    """The events of one scenario and seed.

    Attributes:
        run: part of every session and event id.
        seed: the same seed makes the same events.
        events: how many, before what is sent again.
        start_ms: when the first is sent.
        span_ms: over how long they are sent.
        lateness_ms: the allowed lateness, on whose border some events lie.
        is_closing_soon: no player is ahead, so that no minute is open for long.

    """

    run: str
    seed: int
    events: int
    start_ms: int
    span_ms: int
    lateness_ms: int
    is_closing_soon: bool = False

    def sent(self) -> list[Sent]:
        """What is sent, in the order in which it is."""
        chance = random.Random(f"{self.run}/{self.seed}")
        audience = Audience(
            run=self.run,
            seed=self.seed,
            viewers=VIEWERS,
            start_ms=self.start_ms,
            duration_ms=self.span_ms,
        )
        skews = list(SKEWS_MS if self.is_closing_soon else (*SKEWS_MS, *AHEAD_MS))
        chance.shuffle(skews)
        clocks: dict[str, int] = {}
        found: list[Sent] = []
        for event in audience.events(self.events):
            at_ms = event["event_time_ms"]
            # Each in turn, so that no seed goes without one.
            skew_ms = clocks.setdefault(event["session_id"], skews[len(clocks) % len(skews)])
            event["event_time_ms"] = self._event_time(chance, at_ms, skew_ms)
            if chance.random() < 0.02:
                found.append(Sent(at_ms, _malformed(chance, event), is_valid=False))
                continue
            found.append(Sent(at_ms, event))
            while chance.random() < 0.06:
                # A retry is stamped when it comes: it may be late where the first was in time.
                at_ms += chance.choice((5_000, 20_000, 45_000))
                found.append(Sent(at_ms, event))
        return sorted(found, key=lambda one: one.at_ms)

    def _event_time(self, chance: random.Random, at_ms: int, skew_ms: int) -> int:
        luck = chance.random()
        if luck < 0.02 and not self.is_closing_soon:
            return chance.choice(self._borders(at_ms))
        delay_ms = chance.randrange(3_000 if luck < 0.9 else 200_000)
        return at_ms + skew_ms - delay_ms

    def _borders(self, at_ms: int) -> tuple[int, ...]:
        """Where one minute or one kind of event ends and the next begins, and one beside."""
        minute = at_ms - at_ms % MINUTE_MS
        late = at_ms - self.lateness_ms - MINUTE_MS
        ahead = at_ms + FUTURE_MS
        return minute, minute - 1, late - 1, late, late + 1, ahead, ahead + 1


def _malformed(chance: random.Random, event: Event) -> Event:
    """The event with one fault, each of them against the contract."""
    broken = copy.deepcopy(event)
    kind = chance.randrange(5)
    if kind == 0:
        del broken[chance.choice(("content_id", "event", "event_time_ms"))]
    elif kind == 1:
        broken["event_time_ms"] = chance.choice((None, -1, 1.5, "7"))
    elif kind == 2:
        broken["event"] = chance.choice(("Heartbeat", "", None))
    elif kind == 3:
        broken["content_id"] = chance.choice(("", "x" * 129, 7))
    else:
        broken[chance.choice(("country", "device"))] = "x" * 33
    return broken
