"""A canary: one tagged event, followed from the front door through the hops that carry it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from videoctl.errors import TransientError
from videoctl.model.regions import Region
from videoctl.planning.observation import CanaryHop, CanaryResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from videoctl.execution.clock import Clock
    from videoctl.execution.front_door import FrontDoor
    from videoctl.execution.platform import Progress

POLL_SECONDS: Final = 0.5
WAITING_EVERY_SECONDS: Final = 10.0
"""How often a long wait at one hop is told."""

FRONT_DOOR: Final = "front-door"
RAW_STREAM: Final = "raw-stream"
RAW_BUCKET: Final = "raw-bucket"
_BEYOND: Final = ("flink", "session-stream", "session-store")
_NO_WINDOW: Final = "canary events appear in no session window"


class CanaryEyes(Protocol):
    """Looks for a canary in one hop of one region."""

    def stream_has(self, region: Region, canary_id: str, since: datetime) -> bool:
        """Whether the raw stream holds it."""

    def bucket_has(self, region: Region, canary_id: str, since: datetime) -> bool:
        """Whether an object under the raw bucket's canary prefix holds it."""


@dataclass(frozen=True, kw_only=True)
class CanaryFlight:
    """What a canary is sent through.

    Attributes:
        regions: where it may come out: the accelerator decides.
        deadline_seconds: for the whole flight.

    """

    regions: tuple[Region, ...]
    deadline_seconds: float


class CanaryProbe:
    """Sends canaries and follows them.

    Args:
        front_door: where they are posted.
        eyes: look for them.
        clock: time.
        should_stop: asked between looks; the flight ends early when it says so.

    """

    def __init__(
        self,
        front_door: FrontDoor,
        eyes: CanaryEyes,
        clock: Clock,
        should_stop: Callable[[], bool],
    ) -> None:
        self._front_door = front_door
        self._eyes = eyes
        self._clock = clock
        self._should_stop = should_stop

    def fly(self, token: str, flight: CanaryFlight, progress: Progress) -> CanaryResult:
        """Post one canary and follow it until it was seen everywhere, or the deadline passed.

        Args:
            token: the same token makes the same event: a second post is a player's retry.
            flight: where it goes, and for how long.
            progress: told of each hop.

        Raises:
            FailedError: the front door refuses it.

        """
        canary_id, sent_at = canary_id_of(token), self._clock.now()
        began = self._clock.monotonic()
        deadline = began + flight.deadline_seconds
        hops = [
            CanaryHop(hop=name, region=None, seen=False)
            for name in (FRONT_DOOR, RAW_STREAM, RAW_BUCKET)
        ]
        looks = (
            lambda: self._posted(canary_id, sent_at),
            lambda: self._first(flight, self._eyes.stream_has, canary_id, sent_at),
            lambda: self._first(flight, self._eyes.bucket_has, canary_id, sent_at),
        )
        for index, look in enumerate(looks):
            seen = self._until(look, hops[index], deadline, began, progress)
            hops[index] = seen
            if not seen.seen:
                break
            progress(f"canary seen at {seen.hop}", region=seen.region, ms=seen.latency_ms)
        beyond = (
            CanaryHop(hop=name, region=None, seen=None, reason=_NO_WINDOW) for name in _BEYOND
        )
        return CanaryResult(
            canary_id=canary_id,
            sent_at=sent_at,
            hops=(*hops, *beyond),
            complete=all(hop.seen for hop in hops),
        )

    def _until(
        self,
        look: Callable[[], tuple[bool, Region | None]],
        hop: CanaryHop,
        deadline: float,
        began: float,
        progress: Progress,
    ) -> CanaryHop:
        """Look again and again; a look that fails for a passing reason counts as not seen."""
        reason = "not seen"
        told = self._clock.monotonic()
        while True:
            try:
                seen, region = look()
            except TransientError as error:
                seen, region, reason = False, None, error.message
            now = self._clock.monotonic()
            if seen:
                return replace(
                    hop, seen=True, region=region, latency_ms=round((now - began) * 1000)
                )
            if now >= deadline or self._should_stop():
                return replace(hop, reason=reason)
            if now - told >= WAITING_EVERY_SECONDS:
                told = now
                limit = deadline - began
                progress(f"canary not yet at {hop.hop} after {now - began:.0f} of {limit:.0f} s")
            self._clock.sleep(min(POLL_SECONDS, deadline - now))

    def _posted(self, canary_id: str, sent_at: datetime) -> tuple[bool, None]:
        self._front_door.post(canary_event(canary_id, sent_at))
        return True, None

    @staticmethod
    def _first(
        flight: CanaryFlight,
        has: Callable[[Region, str, datetime], bool],
        canary_id: str,
        since: datetime,
    ) -> tuple[bool, Region | None]:
        for region in flight.regions:
            if has(region, canary_id, since):
                return True, region
        return False, None


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
            }
            for hop in result.hops
        ],
        "complete": result.complete,
    }
