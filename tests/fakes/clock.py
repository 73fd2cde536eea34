"""A clock that only moves when somebody sleeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from tests.fakes import world


class FakeClock:
    """Virtual time: a sleep of an hour takes none.

    Args:
        on_sleep: called before each sleep, to let things happen meanwhile.

    """

    def __init__(self, on_sleep: Callable[[], None] = lambda: None) -> None:
        self.elapsed = 0.0
        self.on_sleep = on_sleep

    def now(self) -> datetime:
        """The moment tests begin, and what was slept since."""
        return world.NOW + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        """Seconds slept."""
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.on_sleep()
        self.elapsed += max(seconds, 0.001)

    def wake(self) -> None:
        """Nothing sleeps for real."""
