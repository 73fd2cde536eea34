"""Health of an application: a dead job behind RUNNING is told from a healthy one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes import flink
from videoctl.planning.flink_health import dead_job, health
from videoctl.planning.observed_flink import (
    NO_JOB,
    UNREADABLE,
    ObservedApplication,
    ObservedJob,
    ShardLag,
)

NOW = flink.job().seen_at
assert NOW is not None
RUNNING = flink.application()


def ago(seconds: float) -> object:
    """A moment before the look."""
    assert NOW is not None
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("job", "healthy", "said"),
    [
        (flink.job(), True, ""),
        (flink.job("FAILED"), False, "its job is FAILED"),
        (flink.job("RESTARTING"), False, "its job is RESTARTING"),
        (ObservedJob(state=NO_JOB, reason="the job manager knows no job"), False, "without a job"),
        (ObservedJob(state=UNREADABLE, reason="refused"), None, "cannot be looked at: refused"),
        (None, None, "cannot be looked at"),
        (flink.job(restarts=3, running_since=ago(30)), False, "restarted 3 times, the last 30 s"),
        (flink.job(restarts=3, running_since=ago(3000)), True, ""),
        (flink.job(last_checkpoint_at=ago(200)), False, "the last checkpoint is 200 s old"),
        (flink.job(last_checkpoint_at=ago(170)), True, ""),
        (flink.job(last_checkpoint_at=None), False, "no checkpoint has completed"),
        (flink.job(last_checkpoint_at=None, running_since=ago(100)), True, ""),
        (
            flink.job(records_per_second=0.0, shards=(ShardLag(shard_id="s", behind_ms=90_000.0),)),
            False,
            "reads nothing, 90 s behind",
        ),
        (flink.job(records_per_second=0.0), True, ""),
        (flink.job(records_per_second=None, shards=None, restarts=None), True, ""),
    ],
)
def test_running_is_not_healthy(job: ObservedJob | None, healthy: bool | None, said: str) -> None:
    """Restarts, checkpoints and reading decide; what cannot be read is not known."""
    found = health(RUNNING, job)
    assert found.healthy is healthy
    assert said in " ".join(found.reasons)
    assert bool(found.reasons) == (healthy is not True)


@pytest.mark.parametrize("status", ["READY", "STARTING", "ROLLED_BACK", "ABSENT"])
def test_every_other_status_is_not_healthy(status: str) -> None:
    """And it says which; an application nobody could read is not known."""
    found = health(ObservedApplication(status=status), None)
    assert (found.healthy, found.reasons) == (False, (f"the application is {status}",))
    assert health(None, None).healthy is None


@pytest.mark.parametrize(
    ("job", "is_dead"),
    [
        (flink.job(), False),
        (flink.job("RESTARTING"), False),
        (flink.job("FAILED"), True),
        (flink.job("FINISHED"), True),
        (ObservedJob(state=NO_JOB), True),
        (ObservedJob(state=UNREADABLE), False),
        (None, False),
    ],
)
def test_a_job_that_does_nothing_more_is_dead(job: ObservedJob | None, is_dead: bool) -> None:
    """A restarting one may live, and an unreadable one is not called dead."""
    assert (dead_job(RUNNING, job) is not None) == is_dead
    assert dead_job(flink.application("READY"), job) is None
