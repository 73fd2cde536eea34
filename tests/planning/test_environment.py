"""What create, update and repair plan in each situation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes import world
from tests.fakes.strategies import PENDING
from videoctl.model.regions import Region
from videoctl.planning.environment import needs_preview, plan_create, plan_repair, plan_update
from videoctl.planning.observation import ABSENT, ObservedService, StackFacts
from videoctl.planning.plan import PreviewedResource, ResourceChanges, StepMode, Verdict
from videoctl.planning.request import StackPreview

EAST, WEST = Region.US_EAST_1, Region.US_WEST_2
SPEC = world.specification()


def names(plan: object) -> list[str]:
    """The plan's step names."""
    return [step.name for step in plan.steps]  # type: ignore[attr-defined]


def test_a_first_create_does_everything_in_order() -> None:
    """Record, recover, update, run state by region, accelerator, canary: in this order."""
    start = world.absent(SPEC)
    plan = plan_create(SPEC, start, world.request())
    assert names(plan) == [
        "record-environment",
        "recover-pending-operations",
        "update-stack",
        "set-desired-count:us-east-1",
        "set-desired-count:us-west-2",
        "enable-event-source-mapping:us-east-1",
        "enable-event-source-mapping:us-west-2",
        "start-application:us-east-1",
        "start-application:us-west-2",
        "accelerator-deployed",
        "send-canary",
    ]
    assert plan.blockers == ()
    skipped = set(names(plan)) - {step.name for step in plan.pending(start)}
    assert skipped == {"recover-pending-operations"}


def test_one_region_has_the_same_steps_once() -> None:
    """An east-only environment plans nothing in the west."""
    spec = world.specification(two_regions=False)
    plan = plan_create(spec, world.absent(spec), world.request())
    assert not any("us-west-2" in name for name in names(plan))


def test_an_application_that_is_ready_by_specification_is_not_started() -> None:
    """desired_status READY plans no start."""
    spec = world.specification(flink="READY")
    plan = plan_create(spec, world.absent(spec), world.request())
    assert not any(name.startswith("start-application") for name in names(plan))


def test_nothing_pending_on_a_ready_environment() -> None:
    """A second create has nothing to do, and takes the earlier canary for proof."""
    start = world.ready(SPEC)
    assert plan_create(SPEC, start, world.request()).pending(start) == ()


def test_work_to_do_asks_for_a_new_canary() -> None:
    """A step that is pending makes an earlier canary too old."""
    start = world.in_region(world.ready(SPEC), EAST, event_source_mapping_state="Disabled")
    pending = plan_create(SPEC, start, world.request()).pending(start)
    assert [step.name for step in pending] == [
        "enable-event-source-mapping:us-east-1",
        "send-canary",
    ]


def test_only_a_new_expiry_asks_for_no_canary() -> None:
    """Recording another expiry changes nothing a canary could prove."""
    start = world.ready(SPEC)
    plan = plan_create(SPEC, start, world.request(ttl=timedelta(hours=8)))
    assert [step.name for step in plan.pending(start)] == ["record-environment"]


def test_a_recorded_expiry_is_kept() -> None:
    """Without --ttl the recorded expiry stays."""
    start = world.ready(SPEC)
    expires_at = world.NOW + timedelta(hours=1)
    assert start.record is not None
    start = replace(start, record=replace(start.record, expires_at=expires_at))
    step = plan_create(SPEC, start, world.request()).step("record-environment")
    assert step is not None
    assert step.change.expires_at == expires_at  # type: ignore[union-attr]


def test_an_expired_environment_is_refused() -> None:
    """Past its time it would be reaped at once: the check names env extend."""
    start = world.ready(SPEC)
    assert start.record is not None
    past = world.NOW - timedelta(minutes=1)
    start = replace(start, record=replace(start.record, expires_at=past))
    (blocker,) = plan_create(SPEC, start, world.request()).blockers
    assert blocker.check == "expiry"
    assert blocker.cure == "videoctl env extend dev --ttl 8h"


@pytest.mark.parametrize("access", ["closed-to-new-customers", "denied"])
def test_the_timestream_gate_blocks_before_anything_exists(access: str) -> None:
    """An account without Timestream is refused in the plan, each region named."""
    start = world.absent(SPEC)
    for region in SPEC.regions:
        start = world.in_region(start, region, timestream_access=access)
    blockers = plan_create(SPEC, start, world.request()).blockers
    assert [b.check for b in blockers] == [
        "timestream-access:us-east-1",
        "timestream-access:us-west-2",
    ]
    assert all(b.cure for b in blockers)
    # Only the one that a policy can mend ends with the exit code for permissions.
    assert {b.is_permission for b in blockers} == {access == "denied"}


def test_timestream_that_was_not_asked_is_unknown_not_fine() -> None:
    """What was not looked at is never a pass."""
    start = world.in_region(world.absent(SPEC), EAST, timestream_access=None)
    checks = {c.check: c.verdict for c in plan_create(SPEC, start, world.request()).checks}
    assert checks["timestream-access:us-east-1"] is Verdict.UNKNOWN


@pytest.mark.parametrize("operation", ["replace", "delete"])
def test_losing_data_stops_and_asks_with_its_flag(operation: str) -> None:
    """Replacing or deleting a stream is refused until that very resource is accepted."""
    resource = PreviewedResource(
        name="east-raw",
        type_token="aws:kinesis/stream:Stream",
        operation=operation,
        properties=("name",),
    )
    preview = StackPreview(changes=ResourceChanges(replace=1), resources=(resource,))
    start = world.ready(SPEC, "older")
    (blocker,) = plan_update(SPEC, start, world.request(preview=preview)).blockers
    assert blocker.flag == "--accept-replacement east-raw"
    accepted = world.request(preview=preview, accepted_replacements=("east-raw",))
    plan = plan_update(SPEC, start, accepted)
    assert plan.blockers == ()
    update = plan.step("update-stack")
    assert update is not None
    assert update.change.accepted_replacements == ("east-raw",)  # type: ignore[union-attr]


def test_replacing_what_holds_no_data_needs_no_flag() -> None:
    """A replaced role or task definition is no danger."""
    resource = PreviewedResource(name="role", type_token="aws:iam/role:Role", operation="replace")
    preview = StackPreview(changes=ResourceChanges(replace=1), resources=(resource,))
    plan = plan_update(SPEC, world.ready(SPEC, "older"), world.request(preview=preview))
    assert plan.blockers == ()


def test_an_update_of_what_does_not_exist_is_refused() -> None:
    """Env update on nothing names env create."""
    (blocker,) = plan_update(SPEC, world.absent(SPEC), world.request()).blockers
    assert (blocker.check, blocker.cure) == ("environment-exists", "videoctl env create dev")


def test_what_vanished_is_refreshed_and_made_again() -> None:
    """A state that says all is well while a stream is missing leads to an update with refresh."""
    ready = world.ready(SPEC)
    streams = ready.region(EAST).streams
    assert streams is not None
    start = world.in_region(ready, EAST, streams=(replace(streams[0], status=ABSENT), *streams[1:]))
    plan = plan_create(SPEC, start, world.request())
    assert "update-stack" in [step.name for step in plan.pending(start)]
    update = plan.step("update-stack")
    assert update is not None
    assert update.change.refresh is True  # type: ignore[union-attr]


def test_a_count_an_operator_has_set_is_kept() -> None:
    """The specification's count is for the start; afterwards it is run state."""
    service = ObservedService(status="ACTIVE", desired_count=7, running_count=7)
    start = world.in_region(world.ready(SPEC), EAST, service=service)
    step = plan_create(SPEC, start, world.request()).step("set-desired-count:us-east-1")
    assert step is not None
    assert step.change.desired_count == 7  # type: ignore[union-attr]


@pytest.mark.parametrize("values", [{"traffic_dial_percentage": 0.0}, {"weight": 0}])
def test_a_region_that_was_failed_away_from_is_left_alone(values: dict[str, object]) -> None:
    """An update starts nothing in a region no traffic is dialled to."""
    start = world.ready(SPEC)
    assert start.accelerator is not None
    east, west = start.accelerator.endpoint_groups
    accelerator = replace(start.accelerator, endpoint_groups=(replace(east, **values), west))
    plan = plan_create(SPEC, replace(start, accelerator=accelerator), world.request())
    assert not any("us-east-1" in name for name in names(plan))
    assert any("us-west-2" in name for name in names(plan))


def locked(*, gone: bool) -> object:
    """A half-made environment whose engine lock is held."""
    stack = StackFacts(
        exists=True,
        resource_count=10,
        pending_operations=(PENDING,),
        lock_owner="ann@host (pid 7)",
        lock_owner_is_gone=gone,
    )
    return replace(world.ready(SPEC), stack=stack)


def test_a_lock_of_a_dead_engine_is_released_unasked() -> None:
    """After kill -9 the same command releases the lock, recovers, and goes on."""
    start = locked(gone=True)
    plan = plan_create(SPEC, start, world.request())  # type: ignore[arg-type]
    assert plan.blockers == ()
    assert names(plan)[1:4] == ["release-stack-lock", "recover-pending-operations", "update-stack"]
    step = plan.step("release-stack-lock")
    assert step is not None
    assert step.mode is StepMode.AUTOMATIC


def test_a_lock_of_a_living_engine_blocks_create_and_asks_in_repair() -> None:
    """Create refuses and names repair; repair releases it once a person says so."""
    start = locked(gone=False)
    (blocker,) = plan_create(SPEC, start, world.request()).blockers  # type: ignore[arg-type]
    assert blocker.check == "stack-lock"
    assert "videoctl env repair dev" in (blocker.cure or "")
    repair = plan_repair(SPEC, start, world.request())  # type: ignore[arg-type]
    assert repair.blockers == ()
    step = repair.step("release-stack-lock")
    assert step is not None
    assert step.mode is StepMode.MANUAL_APPROVAL


def test_a_preview_is_needed_only_where_something_could_be_replaced() -> None:
    """A new stack and an unchanged one need no preview."""
    assert not needs_preview(world.absent(SPEC), world.FINGERPRINT)
    assert not needs_preview(world.ready(SPEC), world.FINGERPRINT)
    assert needs_preview(world.ready(SPEC, "older"), world.FINGERPRINT)
