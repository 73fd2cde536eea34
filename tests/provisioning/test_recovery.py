"""Surgery on a state with pending operations, on documents as the engine exports them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoctl.errors import FailedError
from videoctl.provisioning.recovery import SETTLE_SECONDS, Adopted, Finder, recover, settle

STREAM = "aws:kinesis/stream:Stream"
VPC = "aws:ec2/vpc:Vpc"


def urn(type_token: str, name: str) -> str:
    """The URN of a resource."""
    return f"urn:pulumi:dev::videoctl::{type_token}::{name}"


def resource(type_token: str, name: str, **more: Any) -> dict[str, Any]:
    """A resource as the state holds it."""
    inputs = {"name": name, "region": "us-west-2", "tags": {"Name": name}}
    return {
        "urn": urn(type_token, name),
        "custom": True,
        "type": type_token,
        "inputs": inputs,
        "parent": "urn:pulumi:dev::videoctl::pulumi:pulumi:Stack::videoctl-dev",
        **more,
    }


def exported(
    resources: list[dict[str, Any]], *pending: tuple[str, dict[str, Any]]
) -> dict[str, Any]:
    """What `stack export` gives."""
    operations = [{"type": kind, "resource": item} for kind, item in pending]
    manifest = {"time": "2026-11-21T10:00:00.123456789Z"}
    deployment = {"manifest": manifest, "resources": resources, "pending_operations": operations}
    return {"version": 3, "deployment": deployment}


class Found:
    """A locator that has what it was given, and keeps what it was asked."""

    def __init__(self, **found: str) -> None:
        self.found = found
        self.asked: list[tuple[str, str | None]] = []

    def locate(self, type_token: str, inputs: Mapping[str, Any], region: str | None) -> str | None:
        """Look among what it was given."""
        self.asked.append((type_token, region))
        return self.found.get(inputs["name"])


def finder(locator: Found) -> Finder:
    """A finder with this locator."""
    return Finder(account_id="123456789012", locator=locator, default_region="us-east-1")


def test_a_name_is_enough_where_the_id_follows_from_it() -> None:
    """AWS is not asked: the refresh that follows tells whether the stream is there."""
    locator = Found()
    document = exported([], ("creating", resource(STREAM, "raw")))
    repaired, what = recover(document, finder(locator).find)
    arn = "arn:aws:kinesis:us-west-2:123456789012:stream/raw"
    assert what.adopted == (Adopted(urn=urn(STREAM, "raw"), id=arn, was_seen=False),)
    assert what.targets == (urn(STREAM, "raw"),)
    (adopted,) = repaired["deployment"]["resources"]
    assert adopted["id"] == arn
    assert adopted["outputs"] == adopted["inputs"]
    assert not repaired["deployment"].get("pending_operations")
    assert locator.asked == []


def test_a_random_id_is_looked_up_where_the_resource_lives() -> None:
    """Found: adopted with AWS's id. Not found: dropped, and the update makes it."""
    locator = Found(found="vpc-1")
    document = exported(
        [], ("creating", resource(VPC, "found")), ("creating", resource(VPC, "absent"))
    )
    repaired, what = recover(document, finder(locator).find)
    assert [(item.id, item.was_seen) for item in what.adopted] == [("vpc-1", True)]
    assert what.dropped == (urn(VPC, "absent"),)
    assert [item["id"] for item in repaired["deployment"]["resources"]] == ["vpc-1"]
    assert locator.asked == [(VPC, "us-west-2")] * 2


def test_a_task_definition_is_recorded_by_family_and_read_by_arn() -> None:
    """The locator finds the revision; the provider's id is the family."""
    token = "aws:ecs/taskDefinition:TaskDefinition"
    task = resource(token, "t")
    task["inputs"]["family"] = "video-dev-http-handler"
    arn = "arn:aws:ecs:us-west-2:123456789012:task-definition/video-dev-http-handler:3"
    repaired, _ = recover(exported([], ("creating", task)), finder(Found(t=arn)).find)
    (adopted,) = repaired["deployment"]["resources"]
    assert (adopted["id"], adopted["outputs"]["arn"]) == ("video-dev-http-handler", arn)


def test_pending_updates_and_deletes_are_read_again() -> None:
    """Their resource is in the state already: it stays, and is refreshed once."""
    known = resource(STREAM, "raw", id="x")
    document = exported([known], ("updating", known), ("deleting", known))
    repaired, what = recover(document, finder(Found()).find)
    assert repaired["deployment"]["resources"] == [known]
    assert what.refreshed == (urn(STREAM, "raw"),)
    assert not what.adopted


def test_components_providers_and_reads_are_dropped() -> None:
    """They exist in the state alone: there is nothing to look for."""
    provider = resource("pulumi:providers:aws", "aws")
    component = {**resource("videoctl:stacks:Region", "east"), "custom": False}
    document = exported(
        [], ("creating", provider), ("creating", component), ("reading", resource(VPC, "v"))
    )
    repaired, what = recover(document, finder(Found(v="vpc-1")).find)
    assert repaired["deployment"]["resources"] == []
    assert len(what.dropped) == 3


def test_a_replacement_that_had_not_begun_leaves_the_old_resource() -> None:
    """The same name gives the old resource's id: it is not taken for the new one."""
    old = resource(VPC, "v", id="vpc-1")
    document = exported([old], ("creating", resource(VPC, "v")))
    repaired, what = recover(document, finder(Found(v="vpc-1")).find)
    assert repaired["deployment"]["resources"] == [old]
    assert what.dropped == (urn(VPC, "v"),)


def test_a_replacement_that_was_made_marks_the_old_one_for_deletion() -> None:
    """Create before delete: the adopted one counts, the old one is deleted by the next update."""
    old = resource(VPC, "v", id="vpc-1")
    document = exported([old], ("creating", resource(VPC, "v")))
    repaired, _ = recover(document, finder(Found(v="vpc-2")).find)
    first, second = repaired["deployment"]["resources"]
    assert (first["id"], first["delete"]) == ("vpc-1", True)
    assert (second["id"], second.get("delete")) == ("vpc-2", None)


def test_an_input_that_was_never_known_means_nothing_was_made() -> None:
    """Without the name it is made of there was no call to the provider."""
    stream = resource(STREAM, "raw")
    del stream["inputs"]["name"]
    _, what = recover(exported([], ("creating", stream)), finder(Found()).find)
    assert what.dropped == (urn(STREAM, "raw"),)


def test_when_aws_cannot_be_asked_nothing_is_dropped() -> None:
    """An error of the locator ends the recovery before the state is touched."""

    class Unreachable:
        def locate(self, *_: Any) -> str | None:
            """Look among what it was given."""
            raise FailedError("EC2 cannot be reached")

    document = exported([], ("creating", resource(VPC, "v")))
    before = copy.deepcopy(document)
    find = Finder(account_id="1", locator=Unreachable(), default_region="us-east-1").find
    with pytest.raises(FailedError):
        recover(document, find)
    assert document == before


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["creating", "updating", "deleting", "reading", "importing"]),
            st.sampled_from([STREAM, VPC, "pulumi:providers:aws"]),
            st.sampled_from("abcd"),
        ),
        max_size=8,
    ),
    st.sets(st.sampled_from("abcd")),
    st.sets(st.sampled_from("abcd")),
)
def test_whatever_was_pending_the_state_is_sound_afterwards(
    pending: list[tuple[str, str, str]], present: set[str], known: set[str]
) -> None:
    """Nothing pending, no URN twice but for what is to be deleted, nothing unaccounted for."""
    resources = [resource(VPC, name, id=f"old-{name}") for name in sorted(known)]
    document = exported(resources, *((kind, resource(t, name)) for kind, t, name in pending))
    locator = Found(**{name: f"vpc-{name}" for name in present})
    repaired, what = recover(document, finder(locator).find)
    deployment = repaired["deployment"]
    assert not deployment.get("pending_operations")
    current = [item["urn"] for item in deployment["resources"] if not item.get("delete")]
    assert len(current) == len(set(current))
    told = {item.urn for item in what.adopted} | set(what.dropped) | set(what.refreshed)
    assert told == {urn(type_token, name) for _, type_token, name in pending}
    assert {item["id"] for item in resources} <= {i.get("id") for i in deployment["resources"]}
    assert recover(repaired, finder(locator).find)[1].is_empty


def test_calls_on_their_way_are_waited_for() -> None:
    """A state just written is looked at after a pause; an old one at once."""
    written = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)
    deployment = {"manifest": {"time": "2026-11-21T10:00:00Z"}}
    assert settle(deployment, written) == SETTLE_SECONDS
    assert settle(deployment, written + timedelta(seconds=2)) == SETTLE_SECONDS - 2
    assert settle(deployment, written + timedelta(hours=1)) == 0
    assert settle({}, written) == 0
    assert settle(deployment, written - timedelta(hours=1)) == SETTLE_SECONDS
