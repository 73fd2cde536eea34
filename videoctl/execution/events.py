"""What an executor tells while it works: typed events with stable codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

EVENT_SCHEMA: Final = "videoctl/event/v1"


class EventCode(StrEnum):
    """Codes of the NDJSON lines: a contract; new ones may come, none changes its meaning."""

    RUN_STARTED = "run-started"
    STEP_SKIPPED = "step-skipped"
    STEP_STARTED = "step-started"
    STEP_PROGRESS = "step-progress"
    STEP_RETRIED = "step-retried"
    STEP_WAITING = "step-waiting"
    STEP_COMPLETED = "step-completed"
    STEP_FAILED = "step-failed"
    STEP_PENDING_APPROVAL = "step-pending-approval"
    INTERRUPT_REQUESTED = "interrupt-requested"
    JOURNAL_MIRROR_FAILED = "journal-mirror-failed"
    RUN_ENDED = "run-ended"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened in a run.

    Attributes:
        code: stable word.
        time: when.
        run_id: in which run.
        step: the step's name, if it belongs to one.
        message: one line for a person.
        detail: the message's values.

    """

    code: EventCode
    time: datetime
    run_id: str
    step: str | None
    message: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """`videoctl/event/v1`, one line of NDJSON."""
        return {
            "schema": EVENT_SCHEMA,
            "time": self.time.isoformat().replace("+00:00", "Z"),
            "code": self.code.value,
            "run_id": self.run_id,
            "step": self.step,
            "message": self.message,
            "detail": dict(self.detail),
        }


class Listener(Protocol):
    """Told each event, in order, from the executor's thread or a progress thread."""

    def __call__(self, event: Event, /) -> None:
        """Take note of one event."""
