"""Players as they are: clocks that are off, events late and out of order, sent twice, or broken.

What is done to an event depends on the seed and its place alone, so a run can be made again.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from videoctl.loadtest.viewers import Event

HOUR_MS: Final = 3_600_000
CLOCKS_MS: Final = (*[0] * 17, -3 * HOUR_MS, -90_000, 2 * HOUR_MS)
"""How far players' clocks are off, one of these for a session; most are right.

None is ahead by less than the 15 minutes that make an event a future one: its minute would stay
open for so long.
"""
DELAYED_SHARE: Final = 0.02
DELAY_MS: Final = 240_000
"""The longest that a player kept an event to itself, for want of a network."""
REPEATED_SHARE: Final = 0.05
MALFORMED_SHARE: Final = 0.01
OVERSIZED_SHARE: Final = 0.0005
OVERSIZED_BYTES: Final = 300 * 1024
"""More than the front door takes of one event (256 KiB)."""
DISORDER_MS: Final = 3_000
REPEATED_WITHIN_MS: Final = 15_000


@dataclass(frozen=True, slots=True)
class Posts:
    """What is posted, in that order.

    Attributes:
        events: with what is sent again, and what is against the contract.
        malformed: how many of them the front door has to refuse.

    """

    events: Sequence[Event]
    malformed: int = 0


def unruly(events: Sequence[Event], seed: int) -> Posts:
    """What players make of well-behaved events; each is posted at least once.

    Args:
        events: as `Audience` makes them; left as they are.
        seed: the same seed does the same.

    """
    chance = random.Random(f"unruly/{seed}")
    clocks: dict[str, int] = {}
    posts: list[tuple[float, Event]] = []
    malformed = 0
    for given in events:
        at_ms = given["event_time_ms"] + chance.uniform(0, DISORDER_MS)
        clock_ms = clocks.setdefault(given["session_id"], chance.choice(CLOCKS_MS))
        delay_ms = chance.randrange(DELAY_MS) if chance.random() < DELAYED_SHARE else 0
        event = {**given, "event_time_ms": given["event_time_ms"] + clock_ms - delay_ms}
        luck = chance.random()
        if luck < MALFORMED_SHARE + OVERSIZED_SHARE:
            posts.append((at_ms, _broken(event, chance, is_oversized=luck < OVERSIZED_SHARE)))
            malformed += 1
            continue
        posts.append((at_ms, event))
        while chance.random() < REPEATED_SHARE:
            at_ms += chance.uniform(1, REPEATED_WITHIN_MS)
            posts.append((at_ms, event))
    posts.sort(key=lambda post: post[0])
    return Posts([event for _, event in posts], malformed)


def _broken(event: Event, chance: random.Random, *, is_oversized: bool) -> Event:
    """The event with one fault."""
    if is_oversized:
        return {**event, "note": "x" * OVERSIZED_BYTES}
    faults: tuple[Event, ...] = (
        {"event": chance.choice(("Heartbeat", "buffering", None))},
        {"event_time_ms": chance.choice((None, -1, 0.5, "now"))},
        {"content_id": chance.choice(("", "x" * 129, 7))},
        {"country": "Germany"},
        {"position_ms": -HOUR_MS},
    )
    if chance.random() < 1 / len(faults):
        lost = chance.choice(("content_id", "event", "event_time_ms"))
        return {name: value for name, value in event.items() if name != lost}
    return {**event, **chance.choice(faults)}
