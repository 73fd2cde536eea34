"""Saved plans: read back exactly, refused when stale, faults named."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from videoctl.errors import ConfigurationError, RefusedError
from videoctl.provisioning.changes import ChangeKind, ChangeSet, ResourceChange
from videoctl.provisioning.saved_plan import SavedPlan, load_plan

PLAN = SavedPlan(
    stack="dev",
    target="sandbox",
    created_at=datetime(2026, 11, 21, tzinfo=UTC),
    fingerprint="f",
    state_digest="d",
    changes=ChangeSet(
        changes=(
            ResourceChange(
                urn="u",
                type="aws:s3/bucket:Bucket",
                name="raw",
                region="us-east-1",
                change=ChangeKind.UPDATE,
                properties=("tags.owner",),
            ),
        ),
        same=3,
    ),
    engine_plan={"resourcePlans": {"u": {}}},
)


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    """To the last field; the file is its owner's alone and names its schema."""
    file = tmp_path / "plan.json"
    PLAN.save(file)
    assert load_plan(file) == PLAN
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["schema"] == "videoctl/saved-plan/v1"


@pytest.mark.parametrize(
    ("stack", "fingerprint", "state", "said"),
    [
        ("prod", "f", "d", "for stack dev, not prod"),
        ("dev", "g", "d", "program, specification or artefacts"),
        ("dev", "f", "e", "state has changed"),
        ("dev", "g", "e", "artefacts have changed; the stack's state has changed"),
    ],
)
def test_a_stale_plan_is_refused_with_every_reason(
    stack: str, fingerprint: str, state: str, said: str
) -> None:
    """Apply exactly that, or nothing."""
    with pytest.raises(RefusedError, match=said) as told:
        PLAN.check(stack=stack, fingerprint=fingerprint, state_digest=state)
    assert told.value.code == "plan-stale"


def test_a_fitting_plan_passes() -> None:
    """Nothing is raised for what was previewed."""
    PLAN.check(stack="dev", fingerprint="f", state_digest="d")


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b'{"schema": "videoctl/plan/v1"}'])
def test_a_file_that_is_no_plan_is_told_with_its_faults(tmp_path: Path, content: bytes) -> None:
    """Every fault names the file and, where there is one, the key."""
    file = tmp_path / "plan.json"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError) as told:
        load_plan(file)
    assert told.value.details
    assert all(fault.file == str(file) for fault in told.value.details)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """With the command that makes one."""
    with pytest.raises(ConfigurationError, match="cannot be read") as told:
        load_plan(tmp_path / "absent.json")
    assert told.value.hint is not None
