"""What is planned on Flink applications, status by status, and what refuses it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes import flink, world
from tests.fakes.strategies import STATUSES
from videoctl.model.names import StreamKind
from videoctl.model.regions import Region
from videoctl.planning.flink import plan_reshard, plan_restart, plan_snapshot
from videoctl.planning.flink_conditions import JobReads, hopeless
from videoctl.planning.flink_request import FlinkRequest
from videoctl.planning.observation import ObservedEnvironment, ObservedStream
from videoctl.planning.observed_flink import NO_JOB, UNREADABLE, ObservedJob, ObservedOperation
from videoctl.planning.plan import Plan, Verdict

EAST = Region.US_EAST_1
SPEC = world.specification(two_regions=False)
REQUEST = FlinkRequest(account_id=world.ACCOUNT, regions=(EAST,))
ALL = ["take-snapshot", "stop-application", "restart-application", "job-reads"]


def seen(status: str = "RUNNING", *, shards: int = 2, **values: object) -> ObservedEnvironment:
    """An environment whose application is in a status."""
    raw = ObservedStream(
        kind=StreamKind.RAW,
        name="raw",
        status="ACTIVE",
        mode="PROVISIONED",
        open_shard_count=shards,
        open_shard_ids=("shardId-000000000000",),
    )
    job = flink.job() if status == "RUNNING" else ObservedJob(state=NO_JOB)
    given = {"application": flink.application(status), "streams": (raw,), "job": job, **values}
    return world.in_region(world.ready(SPEC), EAST, **given)


def names(plan: Plan) -> list[str]:
    """Step names without their region."""
    return [step.name.partition(":")[0] for step in plan.steps]


def refusing(plan: Plan) -> dict[str, str | None]:
    """Failed checks and their flags."""
    return {blocker.check.partition(":")[0]: blocker.flag for blocker in plan.blockers}


@pytest.mark.parametrize(
    ("status", "steps"),
    [
        ("RUNNING", ALL),
        ("READY", ALL[2:]),
        ("STOPPING", ["settle-application", *ALL[2:]]),
        ("FORCE_STOPPING", ["settle-application", *ALL[2:]]),
        ("STARTING", ["settle-application", *ALL]),
        ("UPDATING", ["settle-application", *ALL]),
        ("AUTOSCALING", ["settle-application", *ALL]),
        ("MAINTENANCE", ["settle-application", *ALL]),
        ("ROLLING_BACK", ["settle-application", *ALL]),
        ("ROLLED_BACK", None),
        ("DELETING", None),
        ("ABSENT", None),
    ],
)
def test_a_restart_from_every_status(status: str, steps: list[str] | None) -> None:
    """What runs is saved and stopped, what is under way is waited for, the rest is refused."""
    plan = plan_restart(seen(status), REQUEST)
    if steps is None:
        assert "flink-application" in refusing(plan)
        assert plan.steps == ()
    else:
        assert plan.blockers == ()
        assert names(plan) == steps


def test_the_table_above_has_every_status() -> None:
    """A status the service adds must be thought about."""
    table = next(
        mark for mark in test_a_restart_from_every_status.pytestmark if mark.name == "parametrize"
    )
    assert {row[0] for row in table.args[1]} == set(STATUSES)


@pytest.mark.parametrize(
    ("status", "steps"),
    [
        ("RUNNING", ["stop-application", *ALL[2:]]),
        ("UPDATING", ["stop-application", *ALL[2:]]),
        ("STARTING", ["stop-application", *ALL[2:]]),
        ("AUTOSCALING", ["stop-application", *ALL[2:]]),
        ("STOPPING", ["stop-application", *ALL[2:]]),
        ("MAINTENANCE", ["settle-application", "stop-application", *ALL[2:]]),
        ("ROLLING_BACK", ["settle-application", "stop-application", *ALL[2:]]),
        ("READY", ALL[2:]),
    ],
)
def test_a_forced_restart_stops_at_once_where_the_service_accepts_it(
    status: str, steps: list[str]
) -> None:
    """No snapshot is taken, and the plan says what that may cost before anybody is asked."""
    plan = plan_restart(seen(status), replace(REQUEST, skip_snapshot=True))
    assert names(plan) == steps
    (loss,) = plan.loss
    assert "since the snapshot earlier" in loss.source
    assert loss.events is None
    assert loss.seconds is not None


def test_without_any_snapshot_the_loss_says_so() -> None:
    """Open windows are lost, and nobody knows how many events that are."""
    found = seen(application=flink.application(snapshots=()))
    (loss,) = plan_restart(found, replace(REQUEST, skip_snapshot=True)).loss
    assert "there is no snapshot" in loss.source
    assert loss.seconds is None


@pytest.mark.parametrize(
    ("found", "check", "verdict"),
    [
        (seen(job=flink.job("FAILED")), "flink-job", Verdict.FAIL),
        (seen(job=ObservedJob(state=NO_JOB)), "flink-job", Verdict.FAIL),
        (seen(job=flink.job("RESTARTING")), "flink-job", Verdict.WARN),
        (seen(job=ObservedJob(state=UNREADABLE)), "flink-job", Verdict.UNKNOWN),
        (
            seen(application=flink.application(snapshots_enabled=False)),
            "flink-snapshots",
            Verdict.FAIL,
        ),
    ],
)
def test_what_cannot_be_saved_is_not_stopped(
    found: ObservedEnvironment, check: str, verdict: Verdict
) -> None:
    """A dead job or disabled snapshots refuse a restart, and name the flag that accepts it."""
    plan = plan_restart(found, REQUEST)
    (made,) = (one for one in plan.checks if one.check == f"{check}:{EAST}")
    assert made.verdict is verdict
    assert made.flag == "--skip-snapshot"
    assert (check in refusing(plan)) == (verdict is Verdict.FAIL)
    assert refusing(plan_restart(found, replace(REQUEST, skip_snapshot=True))) == {}


def test_a_snapshot_needs_something_that_runs() -> None:
    """READY is refused with the newest snapshot there is; RUNNING is saved under a new name."""
    plan = plan_snapshot(seen("READY"), REQUEST)
    assert "newest snapshot is earlier" in plan.blockers[0].message
    running = plan_snapshot(seen(), REQUEST)
    assert names(running) == ["take-snapshot"]
    assert running.steps[0].change == plan_snapshot(seen(), REQUEST).steps[0].change


def reshard(found: ObservedEnvironment, shards: int, spec: object = SPEC) -> Plan:
    """A plan to another number of shards."""
    return plan_reshard(spec, found, replace(REQUEST, shards=shards))  # type: ignore[arg-type]


def test_a_reshard_changes_the_stream_between_stop_and_start() -> None:
    """Nothing reads it meanwhile, and the job comes back with a subtask for each shard."""
    plan = reshard(seen(), 4)
    assert plan.blockers == ()
    assert names(plan) == [
        "take-snapshot", "stop-application", "update-shard-count", "set-parallelism",
        "restart-application", "job-reads",
    ]  # fmt: skip
    last = plan.steps[-1].done_when
    assert isinstance(last, JobReads)
    assert last.every_shard
    assert plan.command == "videoctl flink reshard --env dev --shards 4"


def test_a_reshard_that_is_done_has_no_steps() -> None:
    """Shards and parallelism are as asked, and the job runs."""
    assert reshard(seen(), 2).steps == ()


def test_a_reshard_that_was_cut_off_at_rest_starts_again() -> None:
    """READY with the shards asked for: what is left is the start."""
    left = reshard(seen("READY"), 2)
    assert [step.name for step in left.pending(seen("READY"))] == [
        f"restart-application:{EAST}",
        f"job-reads:{EAST}",
    ]


def test_an_application_that_shall_rest_is_left_at_rest() -> None:
    """READY by specification: only the stream is resharded."""
    spec = world.specification(two_regions=False, flink="READY")
    assert names(reshard(seen("READY"), 4, spec)) == ["update-shard-count", "set-parallelism"]


@pytest.mark.parametrize(
    ("stream", "shards", "check"),
    [
        ({"mode": "ON_DEMAND"}, 2, "raw-stream"),
        ({"status": "UPDATING"}, 2, "raw-stream"),
        ({"status": "ABSENT", "mode": None}, 2, "raw-stream"),
        ({}, 5, "shard-limits"),
        ({"open_shard_count": 8}, 3, "shard-limits"),
        ({"open_shard_count": 100}, 129, "flink-most-parallelism"),
    ],
)
def test_what_refuses_a_reshard(stream: dict[str, object], shards: int, check: str) -> None:
    """On-demand streams, streams under way, the service's limits, the job's own limit."""
    found = seen()
    raw = replace((found.region(EAST).streams or ())[0], **stream)
    plan = reshard(world.in_region(found, EAST, streams=(raw,)), shards)
    assert check in refusing(plan)


def test_a_step_too_far_names_the_next_one() -> None:
    """From two shards to eight: first to four."""
    (blocker,) = reshard(seen(), 8).blockers
    assert blocker.cure == "first videoctl flink reshard --env dev --shards 4"


def test_a_failed_start_is_told_at_once() -> None:
    """The wait for a start ends with the service's words when the operation has failed."""
    failed = ObservedOperation(
        operation_id="9",
        operation="StartApplication",
        status="FAILED",
        started_at=world.NOW,
        error="Run python process failed",
    )
    operations = (failed, *(flink.application().operations or ()))
    found = seen(application=flink.application("READY", operations=operations))
    condition = plan_restart(seen("READY"), REQUEST).steps[0].done_when
    because = hopeless(condition, found)  # type: ignore[arg-type]
    assert because is not None
    assert "Run python process failed" in because
    assert hopeless(condition, seen("STARTING")) is None  # type: ignore[arg-type]
