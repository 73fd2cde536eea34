"""Which tasks a service starts and stops next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.services.ecs.rollout import Decision, TaskView, decide


def task(name: str, *, current: bool = True, healthy: bool = True, started: float = 0) -> TaskView:
    """A task of a service."""
    return TaskView(name, current, healthy, started)


def test_a_new_service_starts_all_its_tasks() -> None:
    """Nothing runs yet."""
    assert decide(3, ()) == Decision(start=3, stop=())


def test_a_steady_service_is_left_alone() -> None:
    """As many healthy tasks as wanted."""
    assert decide(2, (task("a"), task("b"))) == Decision(start=0, stop=())


def test_scaling_in_stops_unhealthy_then_young_tasks() -> None:
    """The oldest healthy tasks stay."""
    tasks = (task("old", started=1), task("young", started=9), task("sick", healthy=False))
    assert decide(2, tasks).stop == ("sick",)
    assert set(decide(1, tasks).stop) == {"sick", "young"}


def test_a_deployment_starts_new_tasks_before_old_ones_stop() -> None:
    """200 percent: the new set beside the old."""
    old = (task("a", current=False), task("b", current=False))
    assert decide(2, old) == Decision(start=2, stop=())


def test_old_tasks_go_one_for_each_new_healthy_one() -> None:
    """100 percent healthy at any time."""
    tasks = (
        task("a", current=False),
        task("b", current=False),
        task("c"),
        task("d", healthy=False),
    )
    decision = decide(2, tasks)
    assert decision.start == 0
    assert len(decision.stop) == 1
    assert decision.stop[0] in {"a", "b"}


def test_without_room_above_the_desired_number_old_tasks_make_place() -> None:
    """50 and 100 percent: one goes first, then one comes."""
    old = (task("a", current=False), task("b", current=False))
    decision = decide(2, old, minimum_healthy_percent=50, maximum_percent=100)
    assert decision.stop == ("a",)
    assert decision.start == 1


def test_scaled_to_zero_everything_stops() -> None:
    """Old and new tasks alike."""
    tasks = (task("a", current=False), task("b"))
    assert set(decide(0, tasks).stop) == {"a", "b"}


views = st.lists(
    st.builds(
        TaskView,
        arn=st.uuids().map(str),
        is_current=st.booleans(),
        is_healthy=st.booleans(),
        started=st.floats(0, 9),
    ),
    max_size=12,
    unique_by=lambda view: view.arn,
)


@given(desired=st.integers(0, 6), tasks=views, least=st.sampled_from([0, 50, 100]))
def test_a_decision_never_breaks_its_bounds(
    desired: int, tasks: list[TaskView], least: int
) -> None:
    """No start above the maximum, no stop of an old healthy task below the minimum."""
    decision = decide(desired, tuple(tasks), minimum_healthy_percent=least, maximum_percent=200)
    left = [view for view in tasks if view.arn not in decision.stop]
    if decision.start:
        assert len(left) + decision.start <= max(desired * 2, desired)
    assert sum(view.is_current for view in left) + decision.start <= desired
    stopped_old = [v for v in tasks if v.arn in decision.stop and not v.is_current and v.is_healthy]
    if stopped_old:
        assert sum(view.is_healthy for view in left) >= desired * least / 100


@pytest.mark.parametrize("desired", [1, 2, 5])
def test_following_the_decisions_ends_in_the_desired_state(desired: int) -> None:
    """From only old tasks to only new ones, with the healthy number never below the desired."""
    tasks = {f"old{n}": task(f"old{n}", current=False) for n in range(desired)}
    for step in range(4 * desired):
        decision = decide(desired, tuple(tasks.values()))
        for arn in decision.stop:
            del tasks[arn]
        assert sum(view.is_healthy for view in tasks.values()) >= desired
        for number in range(decision.start):
            name = f"new{step}.{number}"
            tasks[name] = task(name, started=step)
    assert len(tasks) == desired
    assert all(view.is_current for view in tasks.values())
