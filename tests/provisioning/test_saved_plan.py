"""Saved plans: read back exactly, refused when stale, faults named."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from videoctl.errors import ConfigurationError, RefusedError
from videoctl.provisioning.changes import ChangeKind, ChangeSet, ResourceChange
from videoctl.provisioning.saved_plan import SavedPlan, load_saved_plan

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


def test_what_was_saved_is_read_back() -> None:
    """To the last field, through JSON; the document names its schema."""
    document = json.loads(json.dumps(PLAN.document()))
    assert load_saved_plan(document, file="plan.json") == PLAN
    assert document["schema"] == "videoctl/saved-plan/v1"


@pytest.mark.parametrize(
    ("stack", "target", "fingerprint", "state", "said"),
    [
        ("prod", "sandbox", "f", "d", "for stack dev, not prod"),
        ("dev", "sandbox", "g", "d", "program, specification or artefacts"),
        ("dev", "sandbox", "f", "e", "state has changed"),
        ("dev", "aws", "f", "d", "for target sandbox, not aws"),
        ("dev", "sandbox", "g", "e", "artefacts have changed; the stack's state has changed"),
    ],
)
def test_a_stale_plan_is_refused_with_every_reason(
    stack: str, target: str, fingerprint: str, state: str, said: str
) -> None:
    """Apply exactly that, or nothing."""
    with pytest.raises(RefusedError, match=said) as told:
        PLAN.check(stack=stack, target=target, fingerprint=fingerprint, state_digest=state)
    assert told.value.code == "plan-stale"


def test_a_fitting_plan_passes() -> None:
    """Nothing is raised for what was previewed."""
    PLAN.check(stack="dev", target="sandbox", fingerprint="f", state_digest="d")


@pytest.mark.parametrize(
    "document",
    [None, {}, [], "plan", {"schema": "videoctl/plan/v1"}, {**PLAN.document(), "changes": 3}],
)
def test_a_document_that_is_no_plan_is_told_with_its_faults(document: object) -> None:
    """Every fault names the file and, where there is one, the key."""
    with pytest.raises(ConfigurationError) as told:
        load_saved_plan(document, file="plan.json")
    assert told.value.details
    assert all(fault.file == "plan.json" for fault in told.value.details)
