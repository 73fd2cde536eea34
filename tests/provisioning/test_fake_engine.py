"""Engines that misbehave: scripts in place of `pulumi`."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.provisioning.conftest import ToyTarget, make_toy
from tests.provisioning.toy.programs import Things
from videoctl.errors import FailedError, LockedError, TimedOutError
from videoctl.provisioning.engine import Engine
from videoctl.provisioning.engine_command import EngineCommand
from videoctl.provisioning.supervision import Supervision

pytestmark = pytest.mark.timeout(300)

LOCKED = """echo "error: the stack is currently locked by 1 lock(s). Either wait for the other\
 process(es) to end or delete the lock file with \\`pulumi cancel\\`." >&2
echo "  s3://state/x.json: created by ann@elsewhere (pid 4) at 2026-11-21T10:00:00Z" >&2
exit 255"""


def with_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, init: str = "exit 0"
) -> ToyTarget:
    """A toy target whose engine does what `script` says, but for `stack init`."""
    executable = tmp_path / "bin" / "pulumi"
    executable.parent.mkdir()
    body = f'#!/bin/sh\ncase "$*" in *"stack init"*) {init};; esac\n{script}\n'
    executable.write_text(body)
    executable.chmod(0o755)
    return make_toy(tmp_path, Engine(executable, (3, 259, 0), "test"), monkeypatch)


def update(toy: ToyTarget, how: Supervision | None = None) -> None:
    """One update of the stack `dev`."""
    toy.gateway().update("dev", "things", Things(), fingerprint="f", how=how)


def test_a_lock_in_a_remote_state_is_told_by_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner is read from the engine's message, and a stranger's lock is not broken."""
    toy = with_script(tmp_path, monkeypatch, LOCKED)
    with pytest.raises(LockedError, match=r"ann@elsewhere \(pid 4\)"):
        update(toy)
    assert toy.said == []


def test_an_engine_that_hears_no_signal_is_killed_after_the_grace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deadline, grace, end: nothing can hang for ever."""
    deaf = tmp_path / "deaf"
    script = f"trap '' INT TERM; touch {deaf}; while :; do sleep 0.2; done"
    toy = with_script(tmp_path, monkeypatch, script)
    how = Supervision(grace_seconds=0.5)
    began = time.monotonic()

    def set_the_deadline_once_it_is_deaf() -> int:
        if how.deadline_seconds is None and deaf.exists():
            how.deadline_seconds = time.monotonic() - began
        return 0

    how.interrupts = set_the_deadline_once_it_is_deaf
    with pytest.raises(TimedOutError, match="at once"):
        update(toy, how)
    assert not toy.processes()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 3", "failed"),
        ("kill -9 $$", "ended by signal 9"),
        ("echo 'error: no space left on device' >&2; exit 1", "no space left on device"),
        ("printf 'error: \\377\\376 bytes' >&2; exit 1", "bytes"),
    ],
)
def test_an_engine_that_ends_badly_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    """By its words where it said any, by its end where it did not."""
    toy = with_script(tmp_path, monkeypatch, script)
    with pytest.raises(FailedError, match=said) as told:
        update(toy)
    assert told.value.hint


def test_a_command_without_answer_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading a remote state has a deadline too."""
    toy = with_script(tmp_path, monkeypatch, "exec sleep 30")
    monkeypatch.setattr("videoctl.provisioning.engine_command.COMMAND_TIMEOUT_SECONDS", 0.3)
    with pytest.raises(TimedOutError, match="no answer about stack dev"):
        EngineCommand(toy.engine, toy.workspace).export("dev")


def test_the_passphrase_is_on_no_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every argument the engine is given is written down; none is the passphrase."""
    note = 'echo "$@" >> "$TOY_CLOUD/arguments"'
    toy = with_script(tmp_path, monkeypatch, f"{note}; exit 1", init=f"{note}; exit 0")
    with pytest.raises(FailedError):
        update(toy)
    given = (toy.cloud.directory / "arguments").read_text()
    assert "--skip-preview" in given
    assert toy.workspace.passphrase_file.read_text() not in given
