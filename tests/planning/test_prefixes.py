"""The test of record: interrupting a plan anywhere leaves exactly the rest of it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import world
from tests.fakes.examples import examples
from tests.fakes.strategies import specifications, worlds
from videoctl.model.specification import EnvironmentSpecification
from videoctl.planning.environment import plan_create, plan_repair, plan_update
from videoctl.planning.observation import ObservedEnvironment
from videoctl.planning.plan import Plan
from videoctl.planning.teardown import plan_destroy

BUILDERS = {"create": plan_create, "update": plan_update, "repair": plan_repair}


def walk(plan: Plan, spec: EnvironmentSpecification, start: ObservedEnvironment) -> None:
    """Apply the pending steps one by one; after each, what is pending is what was left."""
    pending = [step.name for step in plan.pending(start)]
    reached = start
    for done, name in enumerate(pending, start=1):
        step = plan.step(name)
        assert step is not None
        reached = world.effect(step.change, reached, spec)
        assert [left.name for left in plan.pending(reached)] == pending[done:], name


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
