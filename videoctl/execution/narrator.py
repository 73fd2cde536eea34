"""Tells a listener what happens in a run, and keeps a failing listener from harming it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from videoctl.execution.events import Event, EventCode

if TYPE_CHECKING:
    from videoctl.execution.clock import Clock
    from videoctl.execution.events import Listener
    from videoctl.execution.waiting import Waiting
    from videoctl.planning.plan import Step

_LOG: Final = logging.getLogger(__name__)


class Narrator:
    """Stamps events with the run and the time, and hands them on."""

    def __init__(self, run_id: str, clock: Clock, listener: Listener) -> None:
        self._run_id = run_id
        self._clock = clock
        self._listener: Listener | None = listener

    def tell(
        self, event_code: EventCode, step: Step | None, message: str, /, **detail: object
    ) -> None:
        """Tell the listener; one that fails is told no more, and the run goes on."""
        if self._listener is None:
            return
        event = Event(
            code=event_code,
            time=self._clock.now(),
            run_id=self._run_id,
            step=step.name if step else None,
            message=message,
            detail=detail,
        )
        try:
            self._listener(event)
        except Exception:  # noqa: BLE001 (a closed pipe must not leave an environment half built)
            self._listener = None
            _LOG.warning("the listener failed at %s", event_code, exc_info=True)

    def tell_waiting(self, step: Step, waiting: Waiting) -> None:
        """Tell how long a step has been waited for."""
        error = waiting.last_error
        self.tell(
            EventCode.STEP_WAITING,
            step,
            f"{step.title}: waiting for {waiting.seconds:.0f} s",
            seconds=round(waiting.seconds, 1),
            last_error=error.message if error else None,
        )
