"""Waiting for a condition with a deadline, looking less and less often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from videoctl.errors import FailedError, TimedOutError, TransientError
from videoctl.planning.conditions import facets, holds, hopeless

if TYPE_CHECKING:
    from collections.abc import Callable

    from videoctl.execution.clock import Clock
    from videoctl.execution.platform import Platform
    from videoctl.planning.plan import Step

FIRST_POLL_SECONDS: Final = 0.1
SLOWEST_POLL_SECONDS: Final = 5.0
POLL_FACTOR: Final = 1.5
WAITING_EVERY_SECONDS: Final = 10.0
"""How often a long wait is told to the listener."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How a wait went on until now."""

    seconds: float
    last_error: TransientError | None


def step_holds(step: Step, platform: Platform, acknowledged: frozenset[str]) -> bool:
    """Look now whether the step's condition holds."""
    wanted = facets(step.done_when)
    return holds(step.done_when, platform.observe(wanted), acknowledged)


def wait_until_done(
    step: Step,
    platform: Platform,
    clock: Clock,
    *,
    deadline: float,
    acknowledged: frozenset[str],
    should_stop: Callable[[], bool],
    on_waiting: Callable[[Waiting], None],
) -> bool:
    """Poll the step's condition; False when asked to stop before it holds.

    A look that fails for a passing reason counts as not seen; the last such reason is in the
    message when the deadline passes.

    `deadline` is on the clock's monotonic scale, in seconds.

    Raises:
        TimedOutError: the deadline passed.
        FailedError: the condition cannot come to hold any more.

    """
    began = told = clock.monotonic()
    pause = FIRST_POLL_SECONDS
    last_error: TransientError | None = None
    while True:
        try:
            observed = platform.observe(facets(step.done_when))
            if holds(step.done_when, observed, acknowledged):
                return True
            if (because := hopeless(step.done_when, observed)) is not None:
                raise FailedError(f"{step.title}: {because}", code="step-failed")
            last_error = None
        except TransientError as error:
            last_error = error
        if should_stop():
            return False
        now = clock.monotonic()
        if now >= deadline:
            raise _timed_out(step, now - began, last_error)
        if now - told >= WAITING_EVERY_SECONDS:
            told = now
            on_waiting(Waiting(seconds=now - began, last_error=last_error))
        clock.sleep(min(pause, deadline - now))
        pause = min(pause * POLL_FACTOR, SLOWEST_POLL_SECONDS)


def _timed_out(step: Step, seconds: float, last_error: TransientError | None) -> TimedOutError:
    because = f" (the last look failed: {last_error.message})" if last_error else ""
    return TimedOutError(
        f"{step.title}: not seen to be done after {seconds:.0f} s{because}",
        hint="AWS may still be at it: the same command again looks first and goes on",
        code="step-timed-out",
    )
