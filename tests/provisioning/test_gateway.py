"""Stacks through the real engine, with the toy provider."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.provisioning.conftest import ToyTarget
from tests.provisioning.toy.programs import Things
from videoctl.errors import ExitCode, FailedError, NotAllowedError, RefusedError
from videoctl.provisioning.changes import ChangeKind
from videoctl.provisioning.engine_command import EngineCommand
from videoctl.provisioning.events import (
    Event,
    OperationEnded,
    OperationStarted,
    Outcome,
    ResourceFailed,
    ResourceSucceeded,
)
from videoctl.provisioning.results import Preview
from videoctl.provisioning.saved_plan import SavedPlan
from videoctl.provisioning.state import LocalFiles, digest, read_deployment
from videoctl.provisioning.supervision import Supervision

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

INPUT = Things(things={"a": "1", "b": "1"}, random=("r",), buckets={"data": "one"})


def saved(preview: Preview, fingerprint: str) -> SavedPlan:
    """A preview as a saved plan."""
    return SavedPlan(
        stack=preview.stack,
        target="toy",
        created_at=datetime.now(UTC),
        fingerprint=fingerprint,
        state_digest=preview.state_digest,
        changes=preview.changes,
        engine_plan=preview.engine_plan,
    )


def test_a_stack_from_nothing_to_nothing(toy: ToyTarget) -> None:
    """Preview, create, no change, drift, change, destroy: the whole life in order."""
    gateway = toy.gateway()
    assert not gateway.state("dev").exists

    preview = gateway.preview("dev", "things", INPUT)
    assert preview.changes.count(ChangeKind.CREATE) == 5  # the stack itself is one
    assert not gateway.state("dev").exists
    assert not toy.cloud.resources()

    events: list[Event] = []
    how = Supervision(on_event=events.append)
    result = gateway.update("dev", "things", INPUT, fingerprint="one", how=how)
    assert result.counts == {"create": 5}
    assert result.changed == 5
    made = {e.resource.name: e for e in events if isinstance(e, ResourceSucceeded)}
    assert {"a", "b", "r", "data"} <= set(made)
    assert made["a"].resource.region == "us-east-1"
    assert isinstance(events[0], OperationStarted)
    assert events[-1] == OperationEnded(outcome=Outcome.SUCCEEDED)

    state = gateway.state("dev")
    assert state.fingerprint == "one"
    assert state.outputs == {"count": 2, "password": "[secret]"}
    assert state.last_operation is not None
    assert state.last_operation.result == "succeeded"

    assert gateway.update("dev", "things", INPUT, fingerprint="two").changed == 0
    assert gateway.state("dev").fingerprint == "two"
    assert gateway.drift("dev").changes == ()

    assert {c.change for c in gateway.preview_destroy("dev").changes.changes} == {ChangeKind.DELETE}
    gateway.destroy("dev")
    assert not gateway.state("dev").exists
    assert not toy.cloud.resources()
    assert not toy.processes()


def test_a_preview_tells_properties_reasons_and_what_would_be_lost(toy: ToyTarget) -> None:
    """Changed property paths, why it must be replaced, and nothing of it done."""
    gateway = toy.gateway()
    gateway.update("dev", "things", INPUT, fingerprint="f")
    wanted = Things(things={"a": "2", "c": "1"}, random=("r",), buckets={"data": "two"})
    changes = {c.name: c for c in gateway.preview("dev", "things", wanted).changes.changes}
    assert {name: c.change.value for name, c in changes.items()} == {
        "a": "update",
        "b": "delete",
        "c": "create",
        "data": "replace",
    }
    assert changes["a"].properties == ("size",)
    assert changes["data"].replace_reasons == ("name",)
    assert toy.cloud.resources()["a"]["size"] == "1"


def test_a_saved_plan_is_applied_exactly_or_refused(toy: ToyTarget) -> None:
    """With the engine's own plan, the engine too refuses any step that was not previewed."""
    gateway = toy.gateway()
    gateway.update("dev", "things", INPUT, fingerprint="f")
    wanted = replace(INPUT, things={"a": "2", "b": "1"})
    preview = gateway.preview("dev", "things", wanted, with_engine_plan=True)
    plan = saved(preview, "g")
    with pytest.raises(RefusedError, match="artefacts have changed"):
        gateway.update("dev", "things", wanted, fingerprint="h", plan=plan)
    other = replace(INPUT, things={"a": "3", "b": "1"})
    with pytest.raises(RefusedError, match="violates plan") as told:
        gateway.update("dev", "things", other, fingerprint="g", plan=plan)
    assert told.value.code == "plan-stale"
    assert toy.cloud.resources()["a"]["size"] == "1"

    plan = saved(gateway.preview("dev", "things", wanted, with_engine_plan=True), "g")
    assert gateway.update("dev", "things", wanted, fingerprint="g", plan=plan).counts["update"] == 1
    with pytest.raises(RefusedError, match="state has changed"):
        gateway.update("dev", "things", wanted, fingerprint="g", plan=plan)
    assert not list(toy.workspace.directory.glob("*.plan"))


def test_a_plan_for_a_stack_that_does_not_exist_is_applied(toy: ToyTarget) -> None:
    """Previewed on a scratch state: its secrets are no part of the plan."""
    gateway = toy.gateway()
    plan = saved(gateway.preview("dev", "things", INPUT, with_engine_plan=True), "f")
    assert plan.engine_plan is None
    assert gateway.update("dev", "things", INPUT, fingerprint="f", plan=plan).changed == 5


def test_drift_names_what_changed_what_is_gone_and_what_is_not_compared(toy: ToyTarget) -> None:
    """Resource by resource; run state is named as such."""
    gateway = toy.gateway()
    gateway.update("dev", "things", replace(INPUT, ignored=("size",)), fingerprint="f")
    changed = toy.cloud.directory / "a.resource"
    changed.write_text(json.dumps({**json.loads(changed.read_text()), "region": "us-west-2"}))
    (toy.cloud.directory / "b.resource").unlink()
    drift = gateway.drift("dev")
    assert {(c.name, c.change.value, c.properties) for c in drift.changes} == {
        ("a", "update", ("region",)),
        ("b", "delete", ()),
    }
    assert drift.checked == 4
    assert {item.subject for item in drift.unchecked} == {"a.size", "b.size"}
    assert gateway.state("dev").fingerprint == "f"

    assert gateway.refresh("dev").counts["delete"] == 1
    assert gateway.state("dev").fingerprint is None
    gateway.update("dev", "things", INPUT, fingerprint="f")
    assert gateway.drift("dev").changes == ()


def test_run_state_is_left_alone(toy: ToyTarget) -> None:
    """A property in `ignore_changes` is not put back by the next update."""
    gateway = toy.gateway()
    ours = replace(INPUT, ignored=("size",))
    gateway.update("dev", "things", ours, fingerprint="f")
    wanted = replace(ours, things={"a": "9", "b": "1"})
    assert gateway.update("dev", "things", wanted, fingerprint="g").changed == 0
    assert toy.cloud.resources()["a"]["size"] == "1"


def test_secrets_are_written_and_said_nowhere(toy: ToyTarget) -> None:
    """Not in state, logs, records, events, plans; the passphrase in its own file alone."""
    gateway = toy.gateway()
    events: list[Event] = []
    given = replace(INPUT, secret="open-sesame")
    gateway.update("dev", "things", given, fingerprint="f", how=Supervision(on_event=events.append))
    preview = gateway.preview("dev", "things", replace(given, things={}), with_engine_plan=True)
    passphrase = toy.workspace.passphrase_file.read_text()
    assert "open-sesame" not in repr([events, preview])
    for root in (toy.workspace.home, toy.workspace.local_state):
        assert root is not None
        for file in (item for item in root.rglob("*") if item.is_file()):
            content = file.read_bytes()
            assert b"open-sesame" not in content, file
            assert file == toy.workspace.passphrase_file or passphrase.encode() not in content


def test_the_state_holds_no_path_of_this_machine(toy: ToyTarget) -> None:
    """No stack traces: a shared state tells nothing of who ran the update, and stays small."""
    toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    assert toy.workspace.local_state is not None
    text = LocalFiles(toy.workspace.local_state).checkpoint("dev").read_text()
    assert "stackTrace" not in text
    assert "site-packages" not in text


def test_reading_the_file_and_asking_the_engine_tell_the_same(toy: ToyTarget) -> None:
    """The checkpoint's format is what `stack export` and `stack history` give."""
    toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    command = EngineCommand(toy.engine, toy.workspace)
    assert toy.workspace.local_state is not None
    files = LocalFiles(toy.workspace.local_state)
    exported = command.export("dev")
    assert exported is not None
    by_engine = read_deployment(exported["deployment"], command.last_history("dev"), ())
    by_file = read_deployment(files.deployment("dev"), files.last_history("dev"), ())
    assert by_engine == by_file
    assert by_engine.fingerprint == "f"
    assert command.export("absent") is None
    assert command.last_history("absent") is None


def test_recovery_writes_back_what_it_exported(toy: ToyTarget) -> None:
    """Export and import keep the content: nothing but the pending operations changes."""
    toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    command = EngineCommand(toy.engine, toy.workspace)
    exported = command.export("dev")
    assert exported is not None
    command.import_("dev", exported)
    again = command.export("dev")
    assert again is not None
    assert digest(again["deployment"]) == digest(exported["deployment"])
    assert toy.gateway().update("dev", "things", INPUT, fingerprint="f").changed == 0


DENIED = (
    "operation error Kinesis: CreateStream, https response error StatusCode: 400, RequestID: 1,"
    " api error AccessDeniedException: User: arn:aws:iam::1:user/x is not authorized to perform:"
    " kinesis:CreateStream on resource: y"
)


@pytest.mark.parametrize(
    ("text", "code", "exit_code"),
    [
        (DENIED, "access-denied", ExitCode.NOT_ALLOWED),
        ("api error ThrottlingException: Rate exceeded", "throttled", ExitCode.INCOMPLETE),
        ("the disk is on fire", "engine-failed", ExitCode.FAILED),
    ],
)
def test_a_failing_resource_is_told_with_what_was_left(
    toy: ToyTarget, text: str, code: str, exit_code: ExitCode
) -> None:
    """The error names the resource, the cure and the state; the same command then completes."""
    gateway = toy.gateway()
    toy.cloud.control(fail={"b": text})
    events: list[Any] = []
    how = Supervision(on_event=events.append)
    with pytest.raises((NotAllowedError, FailedError, Exception)) as told:
        gateway.update("dev", "things", INPUT, fingerprint="f", how=how)
    error: Any = told.value
    assert (error.code, error.exit_code) == (code, exit_code)
    assert "resource b" in error.message
    assert "left: " in error.message
    assert error.hint
    failed = [event.resource.name for event in events if isinstance(event, ResourceFailed)]
    assert failed == ["b"]
    assert gateway.state("dev").fingerprint is None
    toy.cloud.control()
    gateway.update("dev", "things", INPUT, fingerprint="f")
    assert sorted(toy.cloud.calls("create")) == ["a", "b", "data", "r"]


def test_a_broken_program_is_told_by_its_own_words(toy: ToyTarget) -> None:
    """Its traceback is in the log; nothing was created."""
    with pytest.raises(FailedError, match="the program is broken") as told:
        toy.gateway().update("dev", "things", Things(broken=True), fingerprint="f")
    assert told.value.code == "program-failed"
    assert "Traceback" in "".join(
        file.read_text() for file in (toy.workspace.home / "logs" / "engine").iterdir()
    )
    with pytest.raises(FailedError, match="no program 'nothing'; it has: things"):
        toy.gateway().update("dev", "nothing", Things(), fingerprint="f")


def test_a_lost_passphrase_is_told(toy: ToyTarget) -> None:
    """Another passphrase than the state's does not open it, and changes nothing."""
    toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    toy.workspace.passphrase_file.unlink()
    with pytest.raises(NotAllowedError, match="does not open stack dev's secrets") as told:
        toy.gateway().update("dev", "things", INPUT, fingerprint="g")
    assert told.value.code == "passphrase-wrong"
    assert len(toy.gateway().state("dev").resources) == 6


def test_a_missing_plugin_is_told_with_its_cure(toy: ToyTarget) -> None:
    """No plugin and no network: which one, and the line that installs it."""
    toy.workspace = replace(toy.workspace, plugin_directories=())
    with pytest.raises(FailedError, match="no usable plugin 'toy'") as told:
        toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    assert told.value.code == "plugin-missing"
    assert "pulumi plugin install resource toy" in str(told.value.hint)
