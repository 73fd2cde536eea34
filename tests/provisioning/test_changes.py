"""Previews as data."""

from __future__ import annotations

import pytest

from videoctl.provisioning.changes import ChangeKind, ResourceChange, collect


def change(name: str, kind: ChangeKind, type_token: str = "aws:s3/bucket:Bucket") -> ResourceChange:
    """A change of a resource."""
    return ResourceChange(
        urn=f"urn::{name}",
        type=type_token,
        name=name,
        region=None,
        change=kind,
        properties=(kind.value,),
    )


def test_the_parts_of_a_replacement_are_one_change() -> None:
    """The engine tells a replacement in up to three steps."""
    found = collect([change("a", ChangeKind.REPLACE), change("a", ChangeKind.REPLACE)])
    assert found.count(ChangeKind.REPLACE) == 1
    assert (
        collect([change("a", ChangeKind.DELETE), change("a", ChangeKind.CREATE)]).changes[0].change
        is ChangeKind.REPLACE
    )


@pytest.mark.parametrize("kind", [ChangeKind.REPLACE, ChangeKind.DELETE])
@pytest.mark.parametrize(
    "type_token",
    [
        "aws:s3/bucket:Bucket",
        "aws:kinesis/stream:Stream",
        "aws:timestreamwrite/table:Table",
        "aws:kinesisanalyticsv2/application:Application",
    ],
)
def test_replacing_or_deleting_what_holds_data_is_dangerous(
    type_token: str, kind: ChangeKind
) -> None:
    """Streams, buckets, tables and Flink applications: the caller can refuse."""
    found = collect([change("a", kind, type_token), change("b", ChangeKind.UPDATE, type_token)])
    assert [item.name for item in found.dangerous] == ["a"]
    assert found.dangerous[0].loses


def test_a_role_may_be_replaced() -> None:
    """Nothing is lost with it."""
    found = collect([change("r", ChangeKind.REPLACE, "aws:iam/role:Role")])
    assert not found.dangerous
    assert not found.is_empty


def test_what_stays_is_counted_not_listed() -> None:
    """A preview of three hundred resources lists those that change."""
    found = collect([change("a", ChangeKind.SAME), change("b", ChangeKind.CREATE)])
    assert (found.same, [item.name for item in found.changes]) == (1, ["b"])
    assert found.count(ChangeKind.SAME) == 1
    assert collect([]).is_empty
