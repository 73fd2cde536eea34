"""Runs on Flink applications: killed anywhere and gone on with; a failure is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.execution.conftest import Bench
from tests.fakes import flink, world
from tests.fakes.platform import FakePlatform, Killed, once
from videoctl.execution.results import Outcome
from videoctl.model.names import StreamKind
from videoctl.planning.changes import Change
from videoctl.planning.flink import plan_reshard, plan_restart
from videoctl.planning.flink_request import FlinkRequest
from videoctl.planning.observation import ObservedEnvironment, ObservedStream
from videoctl.planning.observed_flink import ObservedJob, ObservedOperation
from videoctl.planning.plan import Plan

SPEC = world.specification(two_regions=False)
REGION = SPEC.primary
REQUEST = FlinkRequest(account_id=world.ACCOUNT, regions=(REGION,), shards=4)


def seen(status: str = "RUNNING") -> ObservedEnvironment:
    """One region with an application and a raw stream of two shards."""
    raw = ObservedStream(
        kind=StreamKind.RAW, name="raw", status="ACTIVE", mode="PROVISIONED", open_shard_count=2
    )
    job = flink.job() if status == "RUNNING" else ObservedJob(state="NONE")
    application = flink.application(status)
    return world.in_region(
        world.ready(SPEC), REGION, application=application, streams=(raw,), job=job
    )


@pytest.fixture
def flinks(tmp_path: Path) -> Bench:
    """An environment whose application runs."""
    return Bench(tmp_path / "home", SPEC, FakePlatform(SPEC, seen()))


def plans(found: ObservedEnvironment) -> dict[str, Plan]:
    """A restart and a reshard of what is seen."""
    return {
        "restart": plan_restart(found, REQUEST),
        "reshard": plan_reshard(SPEC, found, REQUEST),
    }


CALLS = [
    (action, change, side)
    for action, plan in plans(seen()).items()
    for change in dict.fromkeys(step.change.kind for step in plan.steps)
    for side in ("before", "after")
]


@pytest.mark.parametrize(("action", "kind", "side"), CALLS)
def test_killed_at_any_call_the_run_is_gone_on_with(
    flinks: Bench, action: str, kind: str, side: str
) -> None:
    """Each change takes effect once: one snapshot, one stop, one start, one reshard."""
    plan = plans(flinks.platform.seen)[action]
    setattr(flinks.platform, side, once(kind, Killed()))
    with pytest.raises(Killed):
        flinks.executor().run(plan)
    flinks.clock.sleep(3600)
    run = flinks.journals.latest(SPEC.name)
    assert run is not None
    assert run.plan == plan
    result = flinks.executor().resume(run)
    assert result.outcome is Outcome.DONE
    made = [name for name in flinks.platform.kinds if name != "await"]
    once_each = [step.change.kind for step in plan.steps if step.change.kind != "await"]
    if side == "before" and kind != "await":
        made.remove(kind)  # the call that never reached AWS
    assert made == once_each
    application = flinks.platform.seen.region(REGION).application
    assert application is not None
    assert application.status == "RUNNING"
    assert len(application.operations or ()) == 1 + len(
        [one for one in once_each if one.endswith(("application", "snapshot"))]
    )


def test_what_cannot_come_any_more_is_not_waited_for(flinks: Bench) -> None:
    """A start the service says has failed ends the run at once, with the service's words."""
    start = seen("READY")
    flinks.platform.seen = start
    plan = plan_restart(start, REQUEST)
    failed = ObservedOperation(
        operation_id="9",
        operation="StartApplication",
        status="FAILED",
        started_at=world.NOW,
        error="Run python process failed",
    )

    def fail(_: Change) -> None:
        found = flink.application("READY", operations=(failed,))
        flinks.platform.seen = world.in_region(start, REGION, application=found)

    flinks.platform.after = fail
    result = flinks.executor().run(plan)
    assert result.outcome is Outcome.FAILED
    assert result.error is not None
    assert "Run python process failed" in result.error.message
    assert flinks.clock.elapsed < 5
    assert result.next_commands == (
        "videoctl flink status --env dev",
        "videoctl flink restart --env dev",
    )
