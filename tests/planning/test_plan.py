"""Plans as documents: round trip, identity, blockers, staleness."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import validate
from tests.fakes import world
from tests.fakes.strategies import specifications, worlds
from videoctl.errors import ConfigurationError
from videoctl.planning.environment import plan_create
from videoctl.planning.plan import (
    PreviewedResource,
    ResourceChanges,
    StepMode,
    StepStatus,
    differences,
    load_plan,
    plan_document,
)
from videoctl.planning.request import Readiness
from videoctl.planning.teardown import plan_destroy


@settings(max_examples=20)
@given(data=st.data())
def test_a_plan_survives_being_saved(data: st.DataObject) -> None:
    """Every plan, written as plan/v1 and read back, is the same plan, and fits its schema."""
    spec = data.draw(specifications())
    start = data.draw(worlds(spec))
    for plan in (
        plan_create(spec, start, world.request(ttl=timedelta(hours=8))),
        plan_destroy(spec, start, world.destroy_request(delete_data=True)),
    ):
        text = json.dumps(plan_document(plan, start))
        validate(json.loads(text))
        assert load_plan(json.loads(text)) == plan


def test_the_id_follows_from_the_content() -> None:
    """The same observation and request give the same id; another specification another one."""
    spec = world.specification()
    start = world.absent(spec)
    first = plan_create(spec, start, world.request())
    assert plan_create(spec, start, world.request()).plan_id == first.plan_id
    assert plan_create(spec, start, world.request(fingerprint="g")).plan_id != first.plan_id


def test_a_document_says_which_steps_hold_already() -> None:
    """With an observation, steps that hold are skipped and the others not started."""
    spec = world.specification()
    start = world.ready(spec)
    plan = plan_create(spec, start, world.request())
    statuses = {step["status"] for step in plan_document(plan, start)["steps"]}
    assert statuses == {StepStatus.SKIPPED}
    assert {s["status"] for s in plan_document(plan)["steps"]} == {StepStatus.NOT_STARTED}


def test_a_saved_plan_is_stale_once_the_work_differs() -> None:
    """Time passing does not make a plan stale; other changes or other counts do."""
    spec = world.specification()
    start = world.absent(spec)
    saved = plan_create(spec, start, world.request())
    later = plan_create(spec, replace(start, observed_at=world.LATER), world.request())
    assert not differences(saved, later)
    assert differences(saved, plan_create(spec, start, world.request(fingerprint="g")))
    counted = replace(later, resource_changes=ResourceChanges(create=1))
    assert differences(saved, counted)


def test_every_failed_check_is_a_blocker_with_its_cure() -> None:
    """All failed checks block at once, each with what mends it."""
    spec = world.specification()
    start = replace(world.absent(spec), account_id="111111111111")
    plan = plan_create(spec, start, world.request(readiness=Readiness(engine_version=None)))
    assert {blocker.check for blocker in plan.blockers} == {"account", "engine"}
    assert all(blocker.cure for blocker in plan.blockers)


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.pop("schema"),
        lambda d: d.update(schema_version=2),
        lambda d: d["steps"][0]["change"].update(kind="delete-everything"),
        lambda d: d["steps"][0].update(mode="sometimes"),
        lambda d: d.update(steps="all"),
    ],
)
def test_a_damaged_plan_is_refused_with_its_place(damage: object) -> None:
    """A document of another schema, version or content is refused as unreadable, exit code 2."""
    spec = world.specification()
    document = plan_document(plan_create(spec, world.absent(spec), world.request()))
    document = json.loads(json.dumps(document))
    damage(document)  # type: ignore[operator]
    with pytest.raises(ConfigurationError) as refused:
        load_plan(document, file="saved.json")
    assert refused.value.code == "plan-unreadable"
    assert refused.value.hint
    assert "saved.json" in refused.value.message


def test_modes_are_words_of_the_schema() -> None:
    """The three modes are what plan/v1 promises."""
    assert [mode.value for mode in StepMode] == ["automatic", "manual-approval", "manual"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"environment": "prod"}, "it is for dev, not prod"),
        ({"action": "repair"}, "it is to create, not to repair"),
        ({"steps": ()}, "other steps: record-environment"),
        (
            {"resources": (PreviewedResource(name="a", type_token="t", operation="create"),)},
            "it changes 0 resources, a plan made now 1 (a)",
        ),
    ],
)
def test_what_makes_a_plan_stale_is_said(change: dict[str, Any], words: str) -> None:
    """Environment, verb, steps and resources are each told in words."""
    spec = world.specification()
    plan = plan_create(spec, world.absent(spec), world.request())
    (difference,) = differences(plan, replace(plan, **change))
    assert difference.startswith(words)
    assert not differences(plan, replace(plan, action="update"))


def test_the_command_of_a_plan_can_be_typed_as_it_is() -> None:
    """With the name for severe plans, and with consent to lose data where it was given."""
    spec = world.specification(protected=True)
    start = world.ready(spec)
    assert plan_create(spec, start, world.request()).command == (
        "videoctl env create dev --confirm dev"
    )
    destroy = plan_destroy(spec, start, world.destroy_request(delete_data=True))
    assert destroy.command == "videoctl env destroy dev --confirm dev --delete-data"
    open_spec = world.specification()
    update = plan_create(open_spec, world.ready(open_spec), world.request())
    assert update.command == "videoctl env create dev"
