"""Whether Kinesis still takes records: what the health of the producer rests on."""

from __future__ import annotations


class Contact:
    """What Kinesis answered lately.

    Args:
        now: monotonic seconds.
        patience_seconds: how long everything may fail.
        listing_seconds: how often the shards are listed; silence may last that much longer.

    """

    def __init__(self, now: float, patience_seconds: float, listing_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._silence_seconds = patience_seconds + listing_seconds
        self._answered = now
        self._failing_since: float | None = None

    def answered(self, now: float) -> None:
        """A call that is no put succeeded."""
        self._answered = now

    def put(self, now: float, *, has_taken: bool) -> None:
        """A put ended; `has_taken`: at least one record was stored."""
        if has_taken:
            self._answered = now
            self._failing_since = None
        elif self._failing_since is None:
            self._failing_since = now

    def problems(self, now: float) -> list[str]:
        """Why the producer is not usable; empty when it is."""
        if self._failing_since is not None and now - self._failing_since > self._patience_seconds:
            return [f"Kinesis has taken nothing for {now - self._failing_since:.0f} s"]
        if now - self._answered > self._silence_seconds:
            return [f"Kinesis has not answered for {now - self._answered:.0f} s"]
        return []
