"""What Flink's JobStatus means for a start. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.flink.jobs import JobError

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json

_TERMINAL: Final = frozenset({"FAILED", "CANCELED", "SUSPENDED"})
_NOT_YET: Final = frozenset({"CREATED", "INITIALIZING", "RECONCILING"})


def has_started(job: Json, cause: str | None, *, must_be_stable: bool) -> bool:
    """Whether a job of `/jobs/overview` runs; raises `JobError` when it has failed.

    A job whose tasks fail and are restarted has started: the service says RUNNING of it. Only where
    it `must_be_stable` is that a failure. `cause` is what it failed of last.
    """
    state, tasks = job["state"], job["tasks"]
    if state in _TERMINAL or (cause is not None and must_be_stable):
        raise JobError(f"The job is {state}: {cause}")
    if state == "FINISHED" or cause is not None:
        return True
    if state in _NOT_YET:
        return False
    return bool(tasks["running"] + tasks["finished"] == tasks["total"])
