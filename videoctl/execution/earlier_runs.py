"""What a run that holds the lock learns about earlier runs that did not end done.

Journals are append-only, so what becomes known later is a later record: that a run's process died,
and that a later run's end shows everything it had set out to do.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from videoctl.errors import VideoctlError
from videoctl.execution.journal import Journal, RecordKind
from videoctl.planning.plan import is_done_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from videoctl.execution.history import JournalDirectory, RunRecord
    from videoctl.planning.observation import ObservedEnvironment


class EarlierRuns:
    """The unfinished runs of one environment, before one that holds its lock.

    Nothing here stops a run: a journal that cannot be read or written is left to `videoctl
    history`, which names it, and to the next run.

    Args:
        journals: the journals of the run's account.
        environment: whose runs.
        run_id: the run that holds the lock.
        now: the clock.

    """

    def __init__(
        self,
        journals: JournalDirectory,
        environment: str,
        run_id: str,
        now: Callable[[], datetime],
    ) -> None:
        self._journals = journals
        self._environment = environment
        self._run_id = run_id
        self._now = now

    def mark_interrupted(self) -> None:
        """Close those left open: while this run holds the lock, none of them can be running."""
        for run in self._unfinished():
            if run.outcome is None:
                self._append(run, RecordKind.EXECUTION_INTERRUPTED, found_by=self._run_id)

    def mark_completed(self, observed: ObservedEnvironment) -> None:
        """Say of those whose every step is now seen to be done which run completed them.

        Args:
            observed: what was seen at the end of this run.

        """
        for run in self._unfinished():
            if is_done_now(run.plan, observed, run.acknowledged):
                self._append(run, RecordKind.EXECUTION_SUPERSEDED, completed_by=self._run_id)

    def _unfinished(self) -> tuple[RunRecord, ...]:
        return tuple(
            run
            for run in self._journals.readable(self._environment)
            if run.run_id != self._run_id and run.outcome != "done" and run.completed_by is None
        )

    def _append(self, run: RunRecord, kind: str, **values: object) -> None:
        with contextlib.suppress(VideoctlError):
            path = self._journals.path(run.environment, run.run_id)
            with contextlib.closing(Journal(path, run.run_id, self._now)) as journal:
                journal.write(kind, **values)
                self._journals.mirror(journal, run.environment)
