"""The engine's events as videoctl tells them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.automation import EngineEvent

from videoctl.provisioning.changes import ChangeKind
from videoctl.provisioning.events import (
    ChangeFound,
    Diagnostic,
    Event,
    ResourceFailed,
    ResourceStarted,
    ResourceSucceeded,
    Summary,
    event_from_line,
    event_to_line,
)
from videoctl.provisioning.request import Operation
from videoctl.provisioning.translation import Translator

PROVIDER = "urn:pulumi:dev::videoctl::pulumi:providers:aws::aws"
STREAM = "urn:pulumi:dev::videoctl::aws:kinesis/stream:Stream::raw"


def step(op: str, urn: str, inputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """One step's metadata, as the engine words it."""
    type_token = urn.split("::")[-2].rsplit("$", 1)[-1]
    state = {"type": type_token, "urn": urn, "inputs": inputs or {}, "outputs": {}}
    told = {"op": op, "urn": urn, "type": type_token, "new": state, "provider": f"{PROVIDER}::1"}
    return {**told, "detailedDiff": None, **more}


def translate(operation: Operation, *events: dict[str, Any]) -> list[Event]:
    """What is told of these engine events."""
    told: list[Event] = []
    translator = Translator(operation, told.append)
    for number, event in enumerate(events):
        translator.take(EngineEvent.from_json({"sequence": number, "timestamp": 0, **event}))
    return told


def began(*arguments: Any, **more: Any) -> dict[str, Any]:
    """The engine begins a step."""
    return {"resourcePreEvent": {"metadata": step(*arguments, **more)}}


def ended(*arguments: Any, **more: Any) -> dict[str, Any]:
    """The engine has ended a step."""
    return {"resOutputsEvent": {"metadata": step(*arguments, **more)}}


def test_a_create_begins_and_ends_in_its_region() -> None:
    """The resource's own region, else its provider's; none for global services."""
    role = "urn:pulumi:dev::videoctl::aws:iam/role:Role::r"
    told = translate(
        Operation.UPDATE,
        began("create", PROVIDER, {"region": "us-east-1"}),
        began("create", STREAM),
        began("create", f"{STREAM}-west", {"region": "us-west-2"}),
        began("create", role),
        ended("create", STREAM),
    )
    regions = {e.resource.name: e.resource.region for e in told if isinstance(e, ResourceStarted)}
    assert regions == {
        "aws": "us-east-1",
        "raw": "us-east-1",
        "raw-west": "us-west-2",
        "r": None,
    }
    assert isinstance(told[-1], ResourceSucceeded)
    assert told[-1].seconds >= 0


def test_what_stays_the_same_is_not_told_one_by_one() -> None:
    """Three hundred unchanged resources are a number in the summary."""
    told = translate(
        Operation.UPDATE,
        began("same", STREAM),
        ended("same", STREAM),
        {"summaryEvent": {"resourceChanges": {"same": 1}, "durationSeconds": 2}},
    )
    assert told == [Summary(counts={"same": 1}, seconds=2.0)]


def test_a_failed_step_is_told() -> None:
    """Its reason follows in a diagnostic of the same resource."""
    told = translate(
        Operation.UPDATE,
        began("create", STREAM),
        {"resOpFailedEvent": {"metadata": step("create", STREAM), "status": 1, "steps": 1}},
    )
    assert isinstance(told[-1], ResourceFailed)


def test_a_preview_tells_changes_with_paths_and_reasons() -> None:
    """Property paths of the detailed difference; those that force a replacement."""
    diff = {
        "name": {"diffKind": "update-replace", "inputDiff": True},
        "tags.owner": {"diffKind": "add", "inputDiff": True},
    }
    (found,) = translate(Operation.PREVIEW, began("replace", STREAM, detailedDiff=diff))
    assert isinstance(found, ChangeFound)
    assert found.change.change is ChangeKind.REPLACE
    assert found.change.properties == ("name", "tags.owner")
    assert found.change.replace_reasons == ("name",)
    assert found.change.loses is not None


def test_a_drift_check_tells_at_the_end_of_a_read() -> None:
    """`refresh` begins for everything; only the outcome is a finding."""
    told = translate(
        Operation.PREVIEW_REFRESH,
        began("refresh", STREAM),
        ended("delete", STREAM),
        began("refresh", f"{STREAM}2"),
        ended("same", f"{STREAM}2"),
    )
    assert [e.change.change for e in told if isinstance(e, ChangeFound)] == [ChangeKind.DELETE]


def test_providers_the_engine_made_up_are_no_change() -> None:
    """The engine leaves them out of its counts as well."""
    default = "urn:pulumi:dev::videoctl::pulumi:providers:aws::default_7_51_1"
    assert translate(Operation.PREVIEW, began("create", default)) == []


@pytest.mark.parametrize(
    ("severity", "message", "told"),
    [
        ("error", "it broke\n", Diagnostic(severity="error", message="it broke")),
        ("info#err", "x", Diagnostic(severity="info", message="x")),
        ("debug", 'props { "password": "hush" }', None),
        ("info", " \n", None),
        (
            "warning",
            "using pulumi-resource-aws from $PATH at /x",
            Diagnostic(severity="info", message="using pulumi-resource-aws from $PATH at /x"),
        ),
    ],
)
def test_messages(severity: str, message: str, told: Diagnostic | None) -> None:
    """Debug messages hold secrets in plain text: they are never passed on."""
    event = {"diagnosticEvent": {"severity": severity, "message": message, "color": "never"}}
    assert translate(Operation.UPDATE, event) == ([told] if told else [])


@given(st.text(), st.floats(min_value=0, max_value=1e6), st.sampled_from(["a", "b"]))
def test_an_event_survives_the_way_between_the_processes(
    text: str, seconds: float, op: str
) -> None:
    """One line of JSON, whatever is in it."""
    for event in (
        Diagnostic(severity="error", message=text, urn=text),
        Summary(counts={op: 3}, seconds=seconds),
    ):
        line = event_to_line(event)
        assert line.count(b"\n") == 1
        assert event_from_line(line) == event
