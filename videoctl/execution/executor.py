"""Carries out a plan: look, skip what holds, write the intent, change, wait until it is seen.

There is one executor for every action. It knows plans, conditions and two verbs of a platform, so
that interrupting it anywhere leaves a suffix of the plan, which the next run of the same command
carries out.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, Protocol

from videoctl.execution.results import Outcome, RunResult, StepReport, next_commands
from videoctl.execution.run import Run
from videoctl.planning.plan import StepStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from typing import Any

    from videoctl.execution.clock import Clock
    from videoctl.execution.events import Listener
    from videoctl.execution.history import JournalDirectory, Operator, RunRecord
    from videoctl.execution.interrupts import Interrupts
    from videoctl.execution.journal import Journal
    from videoctl.execution.platform import Platform
    from videoctl.planning.observation import ObservedEnvironment
    from videoctl.planning.plan import Plan, Step

_ID_BYTES: Final = 4


class HeldLock(Protocol):
    """What the executor needs of a lock: that it is ours, and to show the step."""

    def hold(self, run_id: str, action: str, /) -> AbstractContextManager[HeldLock]:
        """Acquire, keep alive, release."""

    def at_step(self, step: str, /) -> None:
        """Show the step; raises LockedError when the lock was lost."""


class Executor:
    """Runs plans against one platform.

    Args:
        platform: the environment where it lives.
        journals: where runs are recorded.
        lock: the environment's lock.
        operator: who runs it.
        clock: time.
        interrupts: requests to stop.
        listener: told every event.
        approve: asked for each MANUAL_APPROVAL step; False leaves the run incomplete.
        describe: the end state of an observation, as the run's document shows it.
        timeout_seconds: for the whole run (`--timeout`); None: each step's own only.

    """

    def __init__(
        self,
        *,
        platform: Platform,
        journals: JournalDirectory,
        lock: HeldLock,
        operator: Operator,
        clock: Clock,
        interrupts: Interrupts,
        listener: Listener,
        approve: Callable[[Step], bool],
        describe: Callable[[ObservedEnvironment], Mapping[str, Any]],
        timeout_seconds: float | None = None,
    ) -> None:
        self.platform = platform
        self.journals = journals
        self.lock = lock
        self.operator = operator
        self.clock = clock
        self.interrupts = interrupts
        self.listener = listener
        self.approve = approve
        self.describe = describe
        self.timeout_seconds = timeout_seconds
        interrupts.subscribe(platform.request_stop)
        interrupts.subscribe(clock.wake)

    def run(self, plan: Plan) -> RunResult:
        """Carry out a plan, or refuse it, or find that nothing is to be done.

        Raises:
            LockedError: somebody else is at it; nothing was changed.
            FailedError: the journal cannot be written; nothing was changed.

        """
        run_id = new_run_id(self.clock)
        with self.lock.hold(run_id, plan.action):
            # Under the lock: what another run is at is no reason to refuse, but to wait for it.
            if plan.blockers:
                return self._refused(plan, run_id)
            journal = self.journals.begin(plan, run_id, self.operator, self.clock.now)
            return self._carry_out(plan, run_id, journal, frozenset())

    def resume(self, run: RunRecord) -> RunResult:
        """Go on with an unfinished run: the same plan, looked at afresh."""
        with self.lock.hold(run.run_id, run.action):
            journal = self.journals.reopen(run, self.operator, self.clock.now)
            return self._carry_out(run.plan, run.run_id, journal, run.acknowledged)

    def _carry_out(
        self, plan: Plan, run_id: str, journal: Journal, acknowledged: frozenset[str]
    ) -> RunResult:
        try:
            return Run(self, plan, run_id, journal, acknowledged).carry_out()
        finally:
            journal.close()

    def _refused(self, plan: Plan, run_id: str) -> RunResult:
        return RunResult(
            run_id=run_id,
            plan=plan,
            outcome=Outcome.REFUSED,
            steps=tuple(
                StepReport(name=step.name, status=StepStatus.NOT_STARTED) for step in plan.steps
            ),
            end_state=self.end_state(),
            next_commands=next_commands(plan, Outcome.REFUSED),
        )

    def end_state(self) -> Mapping[str, Any]:
        """What is there now; what cannot be read is named."""
        return self.describe(self.platform.look())


def new_run_id(clock: Clock) -> str:
    """An id that sorts by time: `20261121T093100Z-1f2e3d4c`."""
    return f"{clock.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(_ID_BYTES)}"
