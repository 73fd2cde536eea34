"""Tests of when a job has started."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.flink.job_status import has_started
from sandbox.flink.jobs import JobError
from sandbox.flink.rest import cause_of


def job(state: str, running: int = 0, finished: int = 0, total: int = 3) -> dict[str, Any]:
    """A job of `/jobs/overview`."""
    return {"state": state, "tasks": {"running": running, "finished": finished, "total": total}}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (job("INITIALIZING", total=0), False),
        (job("CREATED"), False),
        (job("RUNNING", running=2), False),
        (job("RUNNING", running=3), True),
        (job("RUNNING", running=2, finished=1), True),
        (job("FINISHED", finished=3), True),
    ],
)
def test_a_job_runs_with_all_its_tasks(one: dict[str, Any], expected: bool) -> None:
    """RUNNING says that it is scheduled; its tasks say that it runs."""
    assert has_started(one, None, must_be_stable=True) == expected


def test_a_job_that_restarts_has_started() -> None:
    """The service says RUNNING of it, unless an update is to be undone when it fails."""
    assert has_started(job("RESTARTING"), "no such stream", must_be_stable=False)
    with pytest.raises(JobError, match="RESTARTING: no such stream"):
        has_started(job("RESTARTING"), "no such stream", must_be_stable=True)


def test_a_dead_job_has_not_started() -> None:
    """Of FAILED nothing comes back."""
    with pytest.raises(JobError, match="FAILED: state does not fit"):
        has_started(job("FAILED"), "state does not fit", must_be_stable=False)


def test_the_cause_of_a_stack_trace() -> None:
    """The last `Caused by:`, else the first line."""
    assert cause_of("a: b\n\tat x\nCaused by: c: d\n\tat y\nCaused by: e: f\n\tat z") == "e: f"
    assert cause_of("a: b\n\tat x") == "a: b"
    assert cause_of("") == "no reason given"
