"""The test of record: interrupting a plan anywhere leaves exactly the rest of it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import flink, world
from tests.fakes.examples import examples
from tests.fakes.strategies import flink_worlds, specifications, worlds
from videoctl.model.specification import EnvironmentSpecification
from videoctl.planning.changes import Await
from videoctl.planning.environment import plan_create, plan_repair, plan_update
from videoctl.planning.flink import plan_reshard, plan_restart, plan_snapshot
from videoctl.planning.flink_request import FlinkRequest
from videoctl.planning.observation import ObservedEnvironment
from videoctl.planning.plan import Plan, Step
from videoctl.planning.teardown import plan_destroy

BUILDERS = {"create": plan_create, "update": plan_update, "repair": plan_repair}


def walk(plan: Plan, spec: EnvironmentSpecification, start: ObservedEnvironment) -> None:
    """Apply the pending steps one by one; after each, what is pending is what was left."""
    pending = [step.name for step in plan.pending(start)]
    reached = start
    for done, name in enumerate(pending, start=1):
        step = plan.step(name)
        assert step is not None
        reached = after(step, reached, spec)
        assert [left.name for left in plan.pending(reached)] == pending[done:], name


def after(
    step: Step, reached: ObservedEnvironment, spec: EnvironmentSpecification
) -> ObservedEnvironment:
    """The world after a step; waiting in one region leaves what is under way in the other."""
    if isinstance(step.change, Await) and step.region is not None:
        return flink.settled(reached, step.region)
    return world.effect(step.change, reached, spec)


@settings(max_examples=examples(80))
@given(data=st.data(), action=st.sampled_from(sorted(BUILDERS)))
def test_interrupting_a_build_anywhere_leaves_the_suffix(data: st.DataObject, action: str) -> None:
    """For every start state and prefix applied, pending is the remaining suffix."""
    spec = data.draw(specifications())
    start = data.draw(worlds(spec))
    walk(BUILDERS[action](spec, start, world.request()), spec, start)


@settings(max_examples=examples(80))
@given(data=st.data(), delete_data=st.booleans())
def test_interrupting_a_teardown_anywhere_leaves_the_suffix(
    data: st.DataObject, delete_data: bool
) -> None:
    """For every start state and prefix applied, destroy's pending steps are what was left of them.

    Destroying the stack makes later conditions of the same kind hold, never an earlier one fail.
    """
    spec = data.draw(specifications())
    start = data.draw(worlds(spec))
    request = world.destroy_request(delete_data=delete_data)
    walk(plan_destroy(spec, start, request), spec, start)


@settings(max_examples=examples(60))
@given(data=st.data())
def test_a_second_build_has_nothing_to_do(data: st.DataObject) -> None:
    """A plan made after a build was carried out has no pending step, whatever it started from."""
    spec = data.draw(specifications())
    reached = data.draw(worlds(spec))
    plan = plan_create(spec, reached, world.request())
    for step in plan.pending(reached):
        reached = world.effect(step.change, reached, spec)
    assert plan_create(spec, reached, world.request()).pending(reached) == ()


@settings(max_examples=examples(60))
@given(data=st.data())
def test_replanning_after_any_prefix_asks_for_no_more_than_was_left(data: st.DataObject) -> None:
    """The same command after a crash plans no step the first plan had done."""
    spec = data.draw(specifications())
    reached = data.draw(worlds(spec))
    plan = plan_create(spec, reached, world.request())
    pending = plan.pending(reached)
    cut = data.draw(st.integers(0, len(pending)))
    for step in pending[:cut]:
        reached = world.effect(step.change, reached, spec)
    left = {step.name for step in pending[cut:]}
    again = plan_create(spec, reached, world.request()).pending(reached)
    assert {step.name for step in again} <= left


def flink_plan(
    action: str, spec: EnvironmentSpecification, seen: ObservedEnvironment, request: FlinkRequest
) -> Plan:
    """One of the plans on applications."""
    if action == "reshard":
        return plan_reshard(spec, seen, request)
    return (plan_snapshot if action == "snapshot" else plan_restart)(seen, request)


@settings(max_examples=examples(200))
@given(
    data=st.data(),
    action=st.sampled_from(["snapshot", "restart", "reshard"]),
    skip_snapshot=st.booleans(),
    shards=st.sampled_from([1, 2, 3, 4]),
)
def test_interrupting_work_on_applications_anywhere_leaves_the_suffix(
    data: st.DataObject, action: str, skip_snapshot: bool, shards: int
) -> None:
    """From every status of the service: what is done stays seen to be done, also once restarted."""
    spec = data.draw(specifications())
    start = data.draw(flink_worlds(spec))
    request = FlinkRequest(
        account_id=world.ACCOUNT,
        regions=spec.regions,
        skip_snapshot=skip_snapshot and action == "restart",
        shards=shards,
    )
    plan = flink_plan(action, spec, start, request)
    if not plan.blockers:
        walk(plan, spec, start)


@settings(max_examples=examples(100))
@given(data=st.data(), shards=st.sampled_from([1, 2, 3, 4]))
def test_a_reshard_that_was_cut_off_is_finished_by_the_same_command(
    data: st.DataObject, shards: int
) -> None:
    """A plan made after any prefix leads to the same end: shards, parallelism, a running job."""
    spec = world.specification(two_regions=False)
    start = data.draw(flink_worlds(spec))
    request = FlinkRequest(account_id=world.ACCOUNT, regions=spec.regions, shards=shards)
    plan = plan_reshard(spec, start, request)
    if plan.blockers:
        return
    reached = start
    pending = plan.pending(start)
    for step in pending[: data.draw(st.integers(0, len(pending)))]:
        reached = after(step, reached, spec)
    for step in plan_reshard(spec, reached, request).pending(reached):
        reached = after(step, reached, spec)
    assert plan_reshard(spec, reached, request).pending(reached) == ()
    seen = reached.region(spec.primary)
    assert seen.application is not None
    assert seen.streams is not None
    assert seen.streams[0].open_shard_count == shards
    assert (seen.application.parallelism or 0) >= shards
    assert seen.application.status == "RUNNING" or spec.flink.desired_status == "READY"
