"""A canary: one tagged event, followed from the front door through the hops that carry it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from videoctl.errors import TransientError
from videoctl.planning.canary import Place, remedy
from videoctl.planning.observation import CanaryHop, CanaryResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from videoctl.execution.clock import Clock
    from videoctl.execution.front_door import FrontDoor
    from videoctl.execution.platform import Progress
    from videoctl.model.regions import Region
    from videoctl.planning.canary import Route, Stop

POLL_SECONDS: Final = 0.5
WAITING_EVERY_SECONDS: Final = 10.0
"""How often a long wait is told."""


class CanaryEyes(Protocol):
    """Looks for a canary in one place of one region."""

    def sees(self, stop: Stop, region: Region, canary_id: str, since: datetime) -> bool:
        """Whether the stream, bucket or store of `stop` holds it by now."""


class CanaryProbe:
    """Sends canaries and follows them.

    Args:
        environment: whose they are, for what to type next.
        front_door: where they are posted.
        eyes: look for them.
        clock: time.
        should_stop: asked between looks; the flight ends early when it says so.

    """

    def __init__(
        self,
        environment: str,
        front_door: FrontDoor,
        eyes: CanaryEyes,
        clock: Clock,
        should_stop: Callable[[], bool],
    ) -> None:
        self._environment = environment
        self._front_door = front_door
        self._eyes = eyes
        self._clock = clock
        self._should_stop = should_stop

    def fly(self, token: str, route: Route, progress: Progress) -> CanaryResult:
        """Post one canary and follow it until no hop of its way is left to be waited for.

        Args:
            token: the same token makes the same event: a second post is a player's retry.
            route: where it goes, and how long each hop may take.
            progress: told of each hop.

        Raises:
            FailedError: the front door refuses it.

        """
        flight = _Flight(canary_id_of(token), self._clock.now(), route, self._clock.monotonic())
        told = self._clock.monotonic()
        while True:
            self._look_everywhere(flight, progress)
            waiting = flight.awaited()
            if not waiting or self._should_stop():
                break
            if self._clock.monotonic() - told >= WAITING_EVERY_SECONDS:
                told = self._clock.monotonic()
                self._tell(flight, waiting, progress)
            self._clock.sleep(POLL_SECONDS)
        return flight.result(self._environment)

    def _look_everywhere(self, flight: _Flight, progress: Progress) -> None:
        """Look once at each stop, at those behind one that has just seen it as well."""
        looked: set[str] = set()
        while fresh := [stop for stop in flight.awaited() if stop.hop not in looked]:
            for stop in fresh:
                self._look(flight, stop, progress)
                looked.add(stop.hop)

    def _look(self, flight: _Flight, stop: Stop, progress: Progress) -> None:
        """Look once; what fails for a passing reason counts as not seen."""
        reason = "not seen"
        try:
            is_seen, region = self._seen(flight, stop)
        except TransientError as error:
            is_seen, region, reason = False, None, error.message
        now = self._clock.monotonic()
        if not is_seen:
            flight.missed(stop, now, reason)
            return
        hop = flight.saw(stop, region, now)
        progress(f"canary seen at {hop.hop}", region=hop.region, ms=hop.latency_ms)

    def _seen(self, flight: _Flight, stop: Stop) -> tuple[bool, Region | None]:
        """Whether a stop sees the canary, and in which region; the front door has none."""
        if stop.place is Place.FRONT_DOOR:
            self._front_door.post(canary_event(flight.canary_id, flight.sent_at))
            return True, None
        for region in flight.regions_for(stop):
            if self._eyes.sees(stop, region, flight.canary_id, flight.sent_at):
                return True, region
        return False, None

    def _tell(self, flight: _Flight, waiting: tuple[Stop, ...], progress: Progress) -> None:
        now = self._clock.monotonic()
        left = max(flight.deadline(stop) for stop in waiting) - now
        hops = ", ".join(stop.hop for stop in waiting)
        progress(
            f"canary not yet at {hops} after {now - flight.began:.0f} s; at most {left:.0f} s more"
        )


class _Flight:
    """What is known of one canary under way; moments are of the monotonic clock."""

    def __init__(self, canary_id: str, sent_at: datetime, route: Route, began: float) -> None:
        self.canary_id = canary_id
        self.sent_at = sent_at
        self.began = began
        self._route = route
        self._hops = {
            stop.hop: CanaryHop(hop=stop.hop, region=None, seen=False) for stop in route.stops
        }
        self._seen_at: dict[str | None, float] = {None: began}
        self._given_up: set[str] = set()

    def awaited(self) -> tuple[Stop, ...]:
        """Stops that may see the canary now: the one before has, and time is left."""
        return tuple(
            stop
            for stop in self._route.stops
            if stop.after in self._seen_at
            and stop.hop not in self._seen_at
            and stop.hop not in self._given_up
        )

    def deadline(self, stop: Stop) -> float:
        """When a stop's time is over."""
        return self._seen_at[stop.after] + stop.within_seconds

    def regions_for(self, stop: Stop) -> tuple[Region, ...]:
        """Where to look: anywhere until the canary was seen in a region."""
        before = self._hops[stop.after].region if stop.after is not None else None
        if before is None:
            return self._route.regions
        return (self._route.region_of(stop, before),)

    def saw(self, stop: Stop, region: Region | None, now: float) -> CanaryHop:
        """Keep that a stop saw it."""
        self._seen_at[stop.hop] = now
        latency_ms = round((now - self.began) * 1000)
        hop = replace(
            self._hops[stop.hop], seen=True, region=region, latency_ms=latency_ms, reason=None
        )
        self._hops[stop.hop] = hop
        return hop

    def missed(self, stop: Stop, now: float, reason: str) -> None:
        """Keep why a stop did not see it, and whether it may still."""
        regions = self.regions_for(stop) if stop.after is not None else ()
        region = regions[0] if len(regions) == 1 else None
        self._hops[stop.hop] = replace(self._hops[stop.hop], region=region, reason=reason)
        if now >= self.deadline(stop):
            self._given_up.add(stop.hop)

    def result(self, environment: str) -> CanaryResult:
        """How it fared; the hops behind one that did not see it were not looked at."""
        hops = [self._told(stop, environment) for stop in self._route.stops]
        hops += [
            CanaryHop(hop=hop, region=None, seen=None, reason=reason)
            for hop, reason in self._route.skipped
        ]
        return CanaryResult(
            canary_id=self.canary_id,
            sent_at=self.sent_at,
            hops=tuple(hops),
            complete=all(hop.seen is not False for hop in hops),
        )

    def _told(self, stop: Stop, environment: str) -> CanaryHop:
        hop = self._hops[stop.hop]
        if hop.seen:
            return hop
        if stop.after is not None and stop.after not in self._seen_at:
            return replace(hop, reason=f"not looked for: {stop.after} did not see it")
        return replace(hop, next_command=remedy(stop, name=environment, region=hop.region))


def canary_id_of(token: str) -> str:
    """The event id of a step's canary; at most 64 characters."""
    return f"canary-{hashlib.sha256(token.encode()).hexdigest()[:24]}"


def canary_event(canary_id: str, moment: datetime) -> dict[str, Any]:
    """A player event that is valid, tagged, and counted nowhere."""
    return {
        "event_id": canary_id,
        "session_id": canary_id,
        "content_id": "canary",
        "event": "heartbeat",
        "event_time_ms": int(moment.timestamp() * 1000),
        "device": "videoctl",
        "canary": True,
    }


def canary_document(result: CanaryResult) -> dict[str, Any]:
    """The keys of `videoctl/canary/v1` beside its schema."""
    return {
        "canary_id": result.canary_id,
        "sent_at": result.sent_at.isoformat().replace("+00:00", "Z"),
        "hops": [
            {
                "hop": hop.hop,
                "region": hop.region.value if hop.region else None,
                "seen": hop.seen,
                "latency_ms": hop.latency_ms,
                "reason": hop.reason,
                "next_command": hop.next_command,
            }
            for hop in result.hops
        ],
        "complete": result.complete,
    }
