"""Operations cut at any moment, and the same command again: nothing twice, nothing orphaned."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.provisioning.conftest import ToyTarget, wait_for
from tests.provisioning.toy.programs import Things
from videoctl.errors import ExitCode, InterruptedRunError, LockedError, TimedOutError
from videoctl.provisioning import recovery
from videoctl.provisioning.run_record import read_record
from videoctl.provisioning.supervision import Supervision

if TYPE_CHECKING:
    from videoctl.provisioning.run_record import RunRecord

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

GIVEN: dict[str, Any] = {"things": {"a": "1", "b": "1", "c": "1"}, "random": ["r"]}
INPUT = Things(things=GIVEN["things"], random=("r",))


@pytest.fixture(autouse=True)
def _no_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "SETTLE_SECONDS", 0.1)


def record_of(toy: ToyTarget) -> RunRecord:
    """The processes of the running update."""
    record = read_record(toy.workspace.run_record("dev"))
    assert record is not None
    return record


def is_pending(toy: ToyTarget, name: str) -> bool:
    """Whether the state has a pending operation of that resource."""
    pending = toy.gateway().state("dev").pending_operations
    return any(item.urn.endswith(f"::{name}") for item in pending)


def kill_all(process: subprocess.Popen[str], toy: ToyTarget, *, plugins: bool) -> None:
    """Kill videoctl, the operation and the engine as `kill -9` would; the plugins too, or not."""
    record = record_of(toy)
    os.kill(process.pid, signal.SIGKILL)
    os.kill(record.operation_process.pid, signal.SIGKILL)
    os.kill(record.engines[-1].pid, signal.SIGKILL)
    process.communicate()
    if plugins:
        for left in toy.processes():
            left.kill()


def assert_complete(toy: ToyTarget) -> None:
    """State and cloud agree, and every resource was made exactly once."""
    state = toy.gateway().state("dev")
    assert state.fingerprint == "f"
    assert not state.pending_operations
    assert state.locks == ()
    ids = {item.id for item in state.resources if item.type.startswith("toy:")}
    assert ids == set(toy.cloud.resources())
    assert sorted(toy.cloud.calls("create")) == ["a", "b", "c", "r"]
    assert not toy.processes()


@pytest.mark.parametrize("name", ["a", "r"])
@pytest.mark.parametrize("plugins", [True, False])
def test_a_resource_made_but_not_recorded_is_adopted(
    toy: ToyTarget, name: str, plugins: bool
) -> None:
    """After kill -9 between create and record, the resource is taken over, not made again."""
    toy.cloud.control(hang_after=name)
    process = toy.start(**GIVEN)
    wait_for(lambda: name in toy.cloud.calls("create") and is_pending(toy, name))
    kill_all(process, toy, plugins=plugins)
    toy.cloud.control()
    result = toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    assert name in [item.urn.rsplit("::", 1)[-1] for item in result.recovery.adopted]
    assert any("broke the lock" in line for line in toy.said)
    assert_complete(toy)


def test_a_create_that_never_reached_the_cloud_is_dropped_and_made(toy: ToyTarget) -> None:
    """A pending create without a resource is dropped; the same update makes it."""
    toy.cloud.control(hang_before="b")
    process = toy.start(**GIVEN)
    wait_for(lambda: is_pending(toy, "b"))
    kill_all(process, toy, plugins=True)
    toy.cloud.control()
    result = toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    assert "b" in [urn.rsplit("::", 1)[-1] for urn in result.recovery.dropped]
    assert_complete(toy)


def test_an_interrupted_update_of_a_resource_is_refreshed(toy: ToyTarget) -> None:
    """A pending update is settled by reading the resource, then brought to what is wanted."""
    toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    toy.cloud.control(hang_before="c")
    process = toy.start(things={"a": "1", "b": "1", "c": "2"}, random=["r"])
    wait_for(lambda: is_pending(toy, "c"))
    kill_all(process, toy, plugins=True)
    toy.cloud.control()
    assert toy.gateway().state("dev").fingerprint is None
    changed = Things(things={"a": "1", "b": "1", "c": "2"}, random=("r",))
    result = toy.gateway().update("dev", "things", changed, fingerprint="f")
    assert [urn.rsplit("::", 1)[-1] for urn in result.recovery.refreshed] == ["c"]
    assert toy.cloud.resources()["c"]["size"] == "2"
    assert_complete(toy)


def test_an_interrupted_delete_is_finished(toy: ToyTarget) -> None:
    """A kill -9 during destroy, then destroy again: nothing is left in cloud or state."""
    toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    toy.cloud.control(hang_before="c")
    process = toy.start(things={"a": "1"})
    wait_for(lambda: is_pending(toy, "c"))
    kill_all(process, toy, plugins=False)
    toy.cloud.control()
    toy.gateway().destroy("dev")
    assert toy.cloud.resources() == {}
    assert not toy.gateway().state("dev").exists


def test_when_videoctl_is_killed_the_engine_ends_by_itself(toy: ToyTarget) -> None:
    """A kill -9 of videoctl alone: what had begun is finished and recorded, and nothing runs on."""
    toy.cloud.control(slow_seconds=1)
    process = toy.start(**GIVEN)
    wait_for(lambda: is_pending(toy, "a"))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    toy.cloud.control()
    toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    assert_complete(toy)


@pytest.mark.parametrize("victim", ["operation", "engine"])
def test_when_one_process_is_killed_the_rest_ends_and_the_next_run_completes(
    toy: ToyTarget, victim: str
) -> None:
    """A kill -9 of the operation's process or of the engine: told, cleaned up, resumable."""
    toy.cloud.control(slow_seconds=1)
    process = toy.start(**GIVEN)
    wait_for(lambda: is_pending(toy, "a"))
    record = record_of(toy)
    chosen = record.operation_process if victim == "operation" else record.engines[-1]
    os.kill(chosen.pid, signal.SIGKILL)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == ExitCode.FAILED, output
    assert not toy.processes()
    toy.cloud.control()
    toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    assert_complete(toy)


def test_ctrl_c_once_finishes_what_began(toy: ToyTarget) -> None:
    """The first interrupt stops gracefully: nothing pending, exit code 130, resumable."""
    toy.cloud.control(slow_seconds=2)
    process = toy.start(**GIVEN)
    wait_for(lambda: is_pending(toy, "a"))
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED, output
    assert "gracefully" in output
    state = toy.gateway().state("dev")
    assert not state.pending_operations
    assert state.locks == ()
    toy.cloud.control()
    toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    assert_complete(toy)


def test_ctrl_c_twice_ends_at_once(toy: ToyTarget) -> None:
    """The second interrupt ends everything now, whatever hangs; the next run takes over."""
    toy.cloud.control(hang_after="a")
    process = toy.start(**GIVEN)
    wait_for(lambda: "a" in toy.cloud.calls("create"))
    os.kill(process.pid, signal.SIGINT)
    wait_for(lambda: "cancelling" in _log(toy))
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=15)
    assert process.returncode == ExitCode.INTERRUPTED, output
    assert "at once" in output
    assert not toy.processes()
    toy.cloud.control()
    toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    assert_complete(toy)


def _log(toy: ToyTarget) -> str:
    return "".join(f.read_text() for f in (toy.workspace.home / "logs" / "engine").iterdir())


def test_the_deadline_stops_gracefully_and_then_at_once(toy: ToyTarget) -> None:
    """A hanging provider cannot outlast the deadline and its grace."""
    toy.cloud.control(hang_before="a")
    how = Supervision(deadline_seconds=12, grace_seconds=1)
    with pytest.raises(TimedOutError, match="at its deadline"):
        toy.gateway().update("dev", "things", INPUT, fingerprint="f", how=how)
    assert not toy.processes()
    assert is_pending(toy, "a")


def test_the_caller_can_interrupt_without_a_signal(toy: ToyTarget) -> None:
    """`interrupts` counts as Ctrl-C does, for callers that are not the main thread."""
    toy.cloud.control(slow_seconds=1)
    seen: list[str] = []
    how = Supervision(
        on_event=lambda event: seen.append(event.kind),
        interrupts=lambda: 1 if "resource-started" in seen else 0,
    )
    with pytest.raises(InterruptedRunError, match="gracefully"):
        toy.gateway().update("dev", "things", INPUT, fingerprint="f", how=how)
    assert "cancel-requested" in seen
    assert not toy.gateway().state("dev").pending_operations


def test_a_receiver_that_raises_does_not_end_the_engine(toy: ToyTarget) -> None:
    """Callbacks never raise: the update goes on to its end."""

    def receiver(_: object) -> None:
        raise RuntimeError("the screen is gone")

    toy.gateway().update(
        "dev", "things", INPUT, fingerprint="f", how=Supervision(on_event=receiver)
    )
    assert_complete(toy)


def test_two_updates_at_once_exclude_each_other(toy: ToyTarget) -> None:
    """The second names the first and changes nothing."""
    toy.cloud.control(slow_seconds=3)
    process = toy.start(**GIVEN)
    wait_for(lambda: is_pending(toy, "a"))
    with pytest.raises(LockedError, match=str(process.pid)) as told:
        toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    assert told.value.exit_code is ExitCode.LOCKED
    toy.cloud.control()
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert_complete(toy)


def test_a_lock_of_somebody_else_is_left_alone(toy: ToyTarget) -> None:
    """A lock another machine took stops the update, with its owner in the message."""
    toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    locks = toy.workspace.local_state / ".pulumi/locks/organization/videoctl/dev"
    locks.mkdir(parents=True, exist_ok=True)
    lock = locks / "0.json"
    lock.write_text(
        '{"pid":4,"username":"ann","hostname":"elsewhere","timestamp":"2026-11-21T10:00:00Z"}'
    )
    (held,) = toy.gateway().state("dev").locks or ()
    assert (held.owner, held.is_ours, held.is_dead) == ("ann@elsewhere (pid 4)", False, None)
    with pytest.raises(LockedError, match=r"ann@elsewhere \(pid 4\) since 2026-11-21"):
        toy.gateway().update("dev", "things", INPUT, fingerprint="g")
    assert lock.exists()
    toy.gateway().break_locks("dev")
    assert toy.gateway().state("dev").locks == ()
    assert psutil.pid_exists(os.getpid())
