"""The engine's preview as plans have it."""

from __future__ import annotations

from videoctl.environment_stack import stack_preview
from videoctl.planning.plan import ResourceChanges
from videoctl.provisioning.changes import ChangeKind, ChangeSet, ResourceChange
from videoctl.provisioning.results import Preview


def change(name: str, kind: ChangeKind, type_token: str = "aws:s3/bucket:Bucket") -> ResourceChange:
    """One resource's change."""
    return ResourceChange(urn=f"urn:{name}", type=type_token, name=name, region=None, change=kind)


def test_only_what_exists_in_aws_is_counted() -> None:
    """Components, providers and the stack are left out; what stays is counted from the state."""
    found = ChangeSet(
        changes=(
            change("new", ChangeKind.CREATE),
            change("moved", ChangeKind.REPLACE),
            change("gone", ChangeKind.DELETE),
            change("part", ChangeKind.CREATE, "videoctl:video:VideoDetail"),
            change("provider", ChangeKind.CREATE, "pulumi:providers:aws"),
        ),
        same=179,
    )
    preview = stack_preview(
        Preview(stack="dev", changes=found, diagnostics=(), state_digest=""),
        frozenset({"urn:moved", "urn:gone", "urn:kept", "urn:kept-too"}),
    )
    assert preview.changes == ResourceChanges(create=1, replace=1, delete=1, same=2)
    assert [item.name for item in preview.resources] == ["new", "moved", "gone"]
