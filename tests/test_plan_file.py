"""Plans in files: read back exactly, made again as they were asked for, refused when stale."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import validate
from tests.fakes import world
from videoctl.errors import ConfigurationError, FailedError, RefusedError
from videoctl.plan_file import PlanFile, load_plan_file, save_plan_file
from videoctl.planning.environment import plan_create, plan_update
from videoctl.planning.plan import PreviewedResource, ResourceChanges
from videoctl.planning.request import StackPreview
from videoctl.provisioning.changes import ChangeSet
from videoctl.provisioning.saved_plan import SavedPlan

STREAM = PreviewedResource(
    name="raw-stream", type_token="aws:kinesis/stream:Stream", operation="update"
)
PREVIEW = StackPreview(changes=ResourceChanges(update=1, same=2), resources=(STREAM,))
STACK = SavedPlan(
    stack="dev",
    target="sandbox",
    created_at=datetime(2026, 11, 21, tzinfo=UTC),
    fingerprint="f",
    state_digest="d",
    changes=ChangeSet(changes=(), same=2),
    engine_plan={"resourcePlans": {}},
)


@pytest.fixture
def saved(tmp_path: Path) -> PlanFile:
    """A plan with a TTL, accepted losses and no canary, written and read back."""
    start = world.ready(world.specification())
    request = replace(
        world.request(),
        ttl=timedelta(hours=8),
        accepted_replacements=("a", "b"),
        with_canary=False,
        preview=PREVIEW,
    )
    path = tmp_path / "plan.json"
    save_plan_file(path, plan_create(world.specification(), start, request), start, STACK)
    return load_plan_file(path)


def test_a_plan_file_is_a_plan_document_for_its_owner_alone(saved: PlanFile) -> None:
    """What is read is what was written; other tools can read the file as a plan too."""
    assert stat.S_IMODE(saved.path.stat().st_mode) == 0o600
    document = json.loads(saved.path.read_text())
    validate(document)
    assert saved.stack == STACK
    assert saved.plan.resources == (STREAM,)


def test_the_plan_is_made_again_as_it_was_asked_for(saved: PlanFile) -> None:
    """Hours later the same wishes give the same plan, also for `env update`."""
    assert saved.shape.accepted_replacements == ("a", "b")
    assert not saved.shape.with_canary
    later = replace(world.ready(world.specification()), observed_at=world.LATER)
    request = replace(
        world.request(),
        expires_at=saved.shape.expires_at,
        accepted_replacements=saved.shape.accepted_replacements,
        with_canary=saved.shape.with_canary,
        preview=PREVIEW,
    )
    for build in (plan_create, plan_update):
        saved.refuse_if_stale(build(world.specification(), later, request))
    other = replace(request, preview=replace(PREVIEW, changes=ResourceChanges(), resources=()))
    with pytest.raises(RefusedError, match=r"changes 1 resources, .* now 0 \(raw-stream\)") as told:
        saved.refuse_if_stale(plan_create(world.specification(), later, other))
    assert told.value.code == "plan-stale"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"3", b"{}", b"[" * 9999, None])
def test_a_file_that_is_no_plan_is_one_clear_error(tmp_path: Path, content: bytes | None) -> None:
    """Missing, empty, binary, no JSON, another document: told with the file and the cure."""
    path = tmp_path / "plan.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"plan\.json") as told:
        load_plan_file(path)
    assert told.value.code == "plan-unreadable"
    assert told.value.hint is not None


def test_a_plan_without_its_stack_part_is_refused(saved: PlanFile) -> None:
    """What `env plan -o json` prints is a plan to read, not one to apply."""
    document = json.loads(saved.path.read_text())
    del document["stack"]
    saved.path.write_text(json.dumps(document))
    with pytest.raises(ConfigurationError, match="no saved plan of a stack"):
        load_plan_file(saved.path)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path, saved: PlanFile) -> None:
    """A directory where the file should be is an error with the reason."""
    start = world.ready(world.specification())
    with pytest.raises(FailedError, match="Is a directory"):
        save_plan_file(tmp_path, saved.plan, start, STACK)
