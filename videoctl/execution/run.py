"""One run of one plan: its journal, its steps' reports, and how each error ends it."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from videoctl.errors import (
    IncompleteError,
    InterruptedRunError,
    LockedError,
    RefusedError,
    TimedOutError,
    TransientError,
    VideoctlError,
)
from videoctl.execution.earlier_runs import EarlierRuns
from videoctl.execution.events import EventCode
from videoctl.execution.journal import RecordKind
from videoctl.execution.narrator import Narrator
from videoctl.execution.results import Outcome, RunResult, StepReport, next_commands
from videoctl.execution.waiting import step_holds, wait_until_done
from videoctl.planning.changes import EmptyBucket
from videoctl.planning.conditions import facets, holds
from videoctl.planning.observation import PLANNED_FACETS
from videoctl.planning.plan import StepMode, StepStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videoctl.execution.executor import Executor
    from videoctl.execution.journal import Journal
    from videoctl.execution.waiting import Waiting
    from videoctl.planning.observation import ObservedEnvironment
    from videoctl.planning.plan import Plan, Step

ATTEMPTS: Final = 5
"""How often a change is tried that fails for a passing reason."""

FIRST_RETRY_SECONDS: Final = 0.5
"""Pause before the second attempt; doubled before each further one."""


class _PendingApprovalError(Exception):
    """A step waits for a person."""


class Run:
    """Carries out one plan once.

    Args:
        executor: the wiring.
        plan: what to do.
        run_id: this run.
        journal: open, with the plan in it.
        acknowledged: steps a person has done.

    """

    def __init__(
        self,
        executor: Executor,
        plan: Plan,
        run_id: str,
        journal: Journal,
        acknowledged: frozenset[str],
    ) -> None:
        self._x = executor
        self._plan = plan
        self._run_id = run_id
        self._journal = journal
        self._acknowledged = acknowledged
        self._reports = {
            step.name: StepReport(name=step.name, status=StepStatus.NOT_STARTED)
            for step in plan.steps
        }
        self._observed: ObservedEnvironment | None = None
        self._earlier = EarlierRuns(executor.journals, plan.environment, run_id, executor.clock.now)
        self._narrator = Narrator(run_id, executor.clock, executor.listener)
        began = executor.clock.monotonic()
        limit = executor.timeout_seconds
        self._deadline = float("inf") if limit is None else began + limit

    def carry_out(self) -> RunResult:
        """Every step in order, then the end state read again, whatever happened."""
        self._narrator.tell(
            EventCode.RUN_STARTED, None, f"{self._plan.action} {self._plan.environment}"
        )
        self._mirror()
        self._earlier.mark_interrupted()
        outcome, error = Outcome.FAILED, None
        try:
            outcome, error = self._steps()
        except KeyboardInterrupt:
            outcome, error = Outcome.INTERRUPTED, _stopped_at_once(self._plan)
            return self._end(outcome, error, {"state": "unknown", "reason": "stopped at once"})
        except Exception as bug:
            self._end(Outcome.FAILED, None, {"state": "unknown", "reason": repr(bug)})
            raise
        return self._end(outcome, error, self._look_back(outcome))

    def _look_back(self, outcome: Outcome) -> Mapping[str, Any]:
        """The end state; seen from there, earlier runs may have been completed too."""
        observed = self._x.platform.look()
        if outcome is Outcome.DONE:
            self._earlier.mark_completed(observed)
        return self._x.describe(observed)

    def _steps(self) -> tuple[Outcome, VideoctlError | None]:
        try:
            needed = (facets(step.done_when) for step in self._plan.steps)
            self._observed = self._x.platform.observe(PLANNED_FACETS.union(*needed))
            for step in self._plan.steps:
                self._step(step)
        except _PendingApprovalError:
            return Outcome.INCOMPLETE, None
        except LockedError as error:
            return Outcome.INCOMPLETE, error
        except TimedOutError as error:
            return Outcome.TIMED_OUT, error
        except InterruptedRunError as error:
            return Outcome.INTERRUPTED, error
        except IncompleteError as error:
            return Outcome.INCOMPLETE, error
        except RefusedError as error:
            return (Outcome.INCOMPLETE if self._has_changed() else Outcome.REFUSED), error
        except VideoctlError as error:
            return Outcome.FAILED, error
        return Outcome.DONE, None

    def _has_changed(self) -> bool:
        return any(report.status is StepStatus.COMPLETED for report in self._reports.values())

    def _step(self, step: Step) -> None:
        if self._x.interrupts.requested:
            raise _stopped(step)
        if self._already_holds(step):
            self._report(step, StepStatus.SKIPPED)
            self._journal.write(RecordKind.STEP_SKIPPED, step=step.name)
            self._narrator.tell(EventCode.STEP_SKIPPED, step, f"{step.title}: holds already")
            return
        self._ask(step)
        self._x.lock.at_step(step.name)
        started_at, began = self._x.clock.now(), self._x.clock.monotonic()
        self._reports[step.name] = StepReport(
            name=step.name, status=StepStatus.RUNNING, started_at=started_at
        )
        self._journal.write(RecordKind.STEP_STARTED, step=step.name, token=self._token(step))
        self._narrator.tell(EventCode.STEP_STARTED, step, step.title)
        self._observed = None
        try:
            self._change_and_wait(step)
        except VideoctlError as error:
            self._finish(step, StepStatus.FAILED, began)
            # Why the step failed is told, though the journal cannot be written either.
            with suppress(VideoctlError):
                self._journal.write(
                    RecordKind.STEP_FAILED, step=step.name, code=error.code, message=error.message
                )
            self._narrator.tell(EventCode.STEP_FAILED, step, error.message, code=error.code)
            raise
        except KeyboardInterrupt:
            self._finish(step, StepStatus.CANCELED, began)
            raise
        self._finish(step, StepStatus.COMPLETED, began)
        self._journal.write(RecordKind.STEP_SUCCEEDED, step=step.name)
        self._narrator.tell(EventCode.STEP_COMPLETED, step, step.title)
        self._mirror()

    def _already_holds(self, step: Step) -> bool:
        """From the run's first look while nothing was changed since, else from a new one."""
        if self._observed is not None:
            return holds(step.done_when, self._observed, self._acknowledged)
        return step_holds(step, self._x.platform, self._acknowledged)

    def _ask(self, step: Step) -> None:
        if step.mode is StepMode.AUTOMATIC:
            return
        if step.mode is StepMode.MANUAL_APPROVAL and self._x.approve(step):
            return
        self._report(step, StepStatus.PENDING_APPROVAL)
        self._journal.write(RecordKind.STEP_PENDING_APPROVAL, step=step.name)
        self._narrator.tell(
            EventCode.STEP_PENDING_APPROVAL, step, f"{step.title}: waits for a person"
        )
        raise _PendingApprovalError

    def _change_and_wait(self, step: Step) -> None:
        clock = self._x.clock
        deadline = min(clock.monotonic() + step.timeout_seconds, self._deadline)
        if not self._change(step, deadline):
            done = wait_until_done(
                step,
                self._x.platform,
                clock,
                deadline=min(clock.monotonic() + step.timeout_seconds, self._deadline),
                acknowledged=self._acknowledged,
                should_stop=lambda: self._x.interrupts.requested,
                on_waiting=partial(self._on_waiting, step, deadline),
            )
            if not done:
                raise _stopped(step)

    def _on_waiting(self, step: Step, deadline: float, waiting: Waiting) -> None:
        """Tell of a long wait; a bucket is emptied again of what was still on its way to it."""
        self._narrator.tell_waiting(step, waiting)
        if isinstance(step.change, EmptyBucket):
            self._apply(step, deadline)

    def _change(self, step: Step, deadline: float) -> bool:
        """Make the change; True when a look after a failed attempt shows that it took effect."""
        pause = FIRST_RETRY_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._apply(step, deadline)
            except TransientError as error:
                if self._took_effect(step):
                    return True
                out_of_time = self._x.clock.monotonic() + pause >= deadline
                if attempt == ATTEMPTS or out_of_time or self._x.interrupts.requested:
                    raise
                self._narrator.tell(
                    EventCode.STEP_RETRIED, step, error.message, attempt=attempt, code=error.code
                )
                self._x.clock.sleep(pause)
                pause *= 2
            else:
                return False
        raise AssertionError(ATTEMPTS)

    def _took_effect(self, step: Step) -> bool:
        """Look whether an attempt whose answer was lost was carried out all the same."""
        try:
            return step_holds(step, self._x.platform, self._acknowledged)
        except TransientError:
            return False

    def _apply(self, step: Step, deadline: float) -> None:
        """One attempt, which a timer asks to stop when its time is over."""
        timed_out = threading.Event()

        def stop() -> None:
            timed_out.set()
            self._x.platform.request_stop()

        remaining = deadline - self._x.clock.monotonic()
        timer = threading.Timer(min(remaining, threading.TIMEOUT_MAX), stop)
        timer.daemon = True
        timer.start()
        try:
            self._x.platform.apply(
                step.change,
                token=self._token(step),
                progress=partial(self._narrator.tell, EventCode.STEP_PROGRESS, step),
            )
        except InterruptedRunError as error:
            if timed_out.is_set() and not self._x.interrupts.requested:
                raise TimedOutError(
                    f"{step.title}: stopped, the {self._limit(step, deadline)} are over",
                    hint="the same command again goes on where it stopped",
                    code="step-timed-out",
                ) from error
            raise
        finally:
            timer.cancel()
            timer.join()
            if timed_out.is_set() and not self._x.interrupts.requested:
                # It was about this attempt; the next change must not be stopped by it.
                self._x.platform.withdraw_stop()

    def _limit(self, step: Step, deadline: float) -> str:
        """Whose seconds a deadline is: the run's, as asked for, or the step's own."""
        if deadline == self._deadline:
            return f"{self._x.timeout_seconds:.0f} s of --timeout"
        return f"{step.timeout_seconds:.0f} s of this step"

    def _token(self, step: Step) -> str:
        return f"{self._plan.plan_id}/{step.name}"

    def _report(self, step: Step, status: StepStatus) -> None:
        self._reports[step.name] = StepReport(name=step.name, status=status)

    def _finish(self, step: Step, status: StepStatus, began: float) -> None:
        seconds = self._x.clock.monotonic() - began
        self._reports[step.name] = replace(self._reports[step.name], status=status, seconds=seconds)

    def _end(
        self, outcome: Outcome, error: VideoctlError | None, end_state: Mapping[str, Any]
    ) -> RunResult:
        try:
            self._journal.write(
                RecordKind.EXECUTION_COMPLETED,
                outcome=outcome.value,
                error=error and {"code": error.code, "message": error.message},
                end_state=dict(end_state),
            )
        except VideoctlError as unwritable:
            if error is None:
                outcome, error = Outcome.FAILED, unwritable
        self._mirror()
        self._narrator.tell(EventCode.RUN_ENDED, None, outcome.value, outcome=outcome.value)
        return RunResult(
            run_id=self._run_id,
            plan=self._plan,
            outcome=outcome,
            steps=tuple(self._reports.values()),
            end_state=end_state,
            next_commands=next_commands(self._plan, outcome),
            error=error,
        )

    def _mirror(self) -> None:
        try:
            self._x.journals.mirror(self._journal, self._plan.environment)
        except VideoctlError as error:
            self._narrator.tell(
                EventCode.JOURNAL_MIRROR_FAILED, None, error.message, code=error.code
            )


def _stopped(step: Step) -> InterruptedRunError:
    return InterruptedRunError(
        f"stopped on request at: {step.title}",
        hint="the same command again goes on where it stopped",
    )


def _stopped_at_once(plan: Plan) -> InterruptedRunError:
    return InterruptedRunError(
        f"{plan.action} {plan.environment} was stopped at once: the last change may have been"
        " made in part, and the engine may have left its lock",
        hint=f"videoctl env repair {plan.environment}",
    )
