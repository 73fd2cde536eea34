"""What counts as a change, and what takes another resource."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.provider.comparison import difference, same_document
from sandbox.provider.framework import Rules
from sandbox.provider.values import UNKNOWN, Asset

RULES = Rules(
    replace_on=("name", "disk.size"),
    named="name",
    unordered=("subnets", "rules"),
    documents=("policy", "tasks"),
    adopted=("zone", "rules.order"),
)


def changes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, str]:
    """Path to kind, with a star where it replaces."""
    found = difference(old, new, RULES)
    return {one.path: one.kind + ("*" if one.replaces else "") for one in found.changes}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a": 1}, {"a": 1.0}),
        ({"a": None}, {}),
        ({"a": ""}, {}),
        ({"a": []}, {}),
        ({"subnets": ["x", "y"]}, {"subnets": ["y", "x"]}),
        ({"rules": [{"p": 1}, {"p": 2}]}, {"rules": [{"p": 2}, {"p": 1}]}),
        ({"policy": '{"a": 1}'}, {"policy": '{ "a":1 }'}),
        ({"zone": "us-east-1a"}, {}),
        ({"rules": [{"p": 1, "order": 1}]}, {"rules": [{"p": 1}]}),
        (
            {"code": Asset("asset", hash="1", path="/old")},
            {"code": Asset("asset", hash="1", path="/new")},
        ),
    ],
)
def test_what_means_the_same_is_no_change(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Order where it means nothing, spelling of JSON, and absent in its several forms."""
    assert changes(old, new) == {}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {"a": 1}, {"a": "add"}),
        ({"a": 1}, {}, {"a": "delete"}),
        ({"a": 1}, {"a": 2}, {"a": "update"}),
        ({"a": False}, {}, {"a": "delete"}),
        ({"a": 0}, {}, {"a": "delete"}),
        ({"tags": {"x": "1"}}, {"tags": {"x": "1", "y": "2"}}, {"tags.y": "add"}),
        ({"list": [{"x": 1}]}, {"list": [{"x": 2}]}, {"list[0].x": "update"}),
        ({"list": [1]}, {"list": [1, 2]}, {"list": "update"}),
        ({"list": ["x", "y"]}, {"list": ["y", "x"]}, {"list[0]": "update", "list[1]": "update"}),
        ({"name": "a"}, {"name": "b"}, {"name": "update*"}),
        ({"disk": {"size": 1}}, {"disk": {"size": 2}}, {"disk.size": "update*"}),
        ({"disk": {"type": 1}}, {"disk": {"type": 2}}, {"disk.type": "update"}),
        ({"disk": {"size": 1}}, {}, {"disk": "delete*"}),
        ({"zone": "a"}, {"zone": "b"}, {"zone": "update"}),
        (
            {"code": Asset("asset", hash="1", path="/a")},
            {"code": Asset("asset", hash="2", path="/a")},
            {"code": "update"},
        ),
    ],
)
def test_every_change_is_named_by_its_path(
    old: dict[str, Any], new: dict[str, Any], expected: dict[str, str]
) -> None:
    """The path is as deep as the change, and says whether it replaces."""
    assert changes(old, new) == expected


@pytest.mark.parametrize("path", ["name", "a"])
def test_unknown_values_are_changes(path: str) -> None:
    """What is known only after the update may be another value, so a preview shows the worst."""
    assert changes({path: 1}, {path: UNKNOWN}) == {path: "update*" if path == "name" else "update"}


@pytest.mark.parametrize(
    ("new", "first"),
    [({"name": "a", "disk": {"size": 2}}, True), ({"name": "b", "disk": {"size": 2}}, False)],
)
def test_a_name_that_stays_needs_the_old_resource_gone(new: dict[str, Any], first: bool) -> None:
    """Two resources cannot have one name; with another name the new one is made first."""
    assert difference({"name": "a", "disk": {"size": 1}}, new, RULES).delete_first is first


def test_an_update_deletes_nothing_first() -> None:
    """Without a replacement there is nothing to delete."""
    assert not difference({"name": "a", "x": 1}, {"name": "a", "x": 2}, RULES).delete_first


def test_policies_are_compared_as_iam_reads_them() -> None:
    """One action and a list of it are the same, in any order; another effect is not."""

    def policy(**statement: Any) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    one = policy(Effect="Allow", Action="s3:GetObject", Resource=["b", "a"])
    same = policy(Resource=["a", "b"], Action=["s3:GetObject"], Effect="Allow")
    assert same_document(one, same)
    assert not same_document(one, policy(Effect="Deny", Action="s3:GetObject", Resource=["a", "b"]))


def test_other_documents_keep_their_order() -> None:
    """The words of a container's command are a list whose order matters."""
    assert not same_document('[{"command": ["a", "b"]}]', '[{"command": ["b", "a"]}]')
    assert not same_document('{"a": ["x"]}', '{"a": "x"}')
    assert not same_document("no json", "none either")
