"""How a run ended, as `videoctl/run/v1` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from videoctl.errors import ExitCode, VideoctlError
from videoctl.planning.plan import Plan, StepStatus

RUN_SCHEMA: Final = "videoctl/run/v1"


class Outcome(StrEnum):
    """How a run ended."""

    DONE = "done"
    FAILED = "failed"
    INCOMPLETE = "incomplete"
    REFUSED = "refused"
    TIMED_OUT = "timed-out"
    INTERRUPTED = "interrupted"


_EXIT_CODES: Final = {
    Outcome.DONE: ExitCode.DONE,
    Outcome.FAILED: ExitCode.FAILED,
    Outcome.INCOMPLETE: ExitCode.INCOMPLETE,
    Outcome.REFUSED: ExitCode.REFUSED,
    Outcome.TIMED_OUT: ExitCode.TIMED_OUT,
    Outcome.INTERRUPTED: ExitCode.INTERRUPTED,
}


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """What became of one step; `started_at` and `seconds` are None where nothing was called."""

    name: str
    status: StepStatus
    started_at: datetime | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """How a run ended, and what it left.

    Attributes:
        error: why it did not end done; None when it did.
        end_state: read again after the last step, or why it could not be.
        next_commands: what to type next.

    """

    run_id: str
    plan: Plan
    outcome: Outcome
    steps: tuple[StepReport, ...]
    end_state: Mapping[str, Any]
    next_commands: tuple[str, ...]
    error: VideoctlError | None = None

    @property
    def exit_code(self) -> ExitCode:
        """The code the command ends with; a failure keeps its error's own."""
        if self.outcome is Outcome.FAILED and self.error is not None:
            return self.error.exit_code
        return _EXIT_CODES[self.outcome]

    @property
    def changed_nothing(self) -> bool:
        """Whether every step held already, or none was begun."""
        untouched = {StepStatus.SKIPPED, StepStatus.NOT_STARTED}
        return all(step.status in untouched for step in self.steps)

    def document(self) -> dict[str, Any]:
        """`videoctl/run/v1`."""
        error = self.error
        return {
            "schema": RUN_SCHEMA,
            "run_id": self.run_id,
            "plan_id": self.plan.plan_id,
            "action": self.plan.action,
            "environment": self.plan.environment,
            "outcome": self.outcome.value,
            "steps": [
                {
                    "name": step.name,
                    "status": step.status.value,
                    "started_at": _time(step.started_at),
                    "seconds": None if step.seconds is None else round(step.seconds, 3),
                }
                for step in self.steps
            ],
            "end_state": dict(self.end_state),
            "next": list(self.next_commands),
            "error": error and {"code": error.code, "message": error.message, "hint": error.hint},
        }


def next_commands(plan: Plan, outcome: Outcome) -> tuple[str, ...]:
    """What to type next; the same command again goes on where this run stopped."""
    look = f"videoctl env status {plan.environment}"
    if plan.words[:1] == ("flink",):
        look = f"videoctl flink status --env {plan.environment}"
    if outcome is Outcome.DONE:
        return () if plan.action == "destroy" else (look,)
    if outcome is Outcome.REFUSED:
        flags = dict.fromkeys(blocker.flag for blocker in plan.blockers if blocker.flag)
        missing = [flag for flag in flags if flag not in plan.command]
        return (" ".join((plan.command, *missing)),) if missing else ()
    return (look, plan.command)


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
