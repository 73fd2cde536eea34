"""Locks of the state backend: whose, dead or alive, and when one may be broken."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from videoctl.errors import LockedError
from videoctl.provisioning import locks
from videoctl.provisioning.run_record import (
    ProcessMark,
    RunRecord,
    begin,
    mark,
    read_record,
    write_record,
)

HOST = socket.gethostname()


def dead_process() -> ProcessMark:
    """The mark of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    marked = mark(process.pid)
    process.wait()
    return replace(marked, started_at=marked.started_at or 1.0)


def record(engine: ProcessMark, supervisor: ProcessMark | None = None) -> RunRecord:
    """A run with this engine."""
    gone = dead_process()
    return RunRecord(
        run_id="dev-update-test",
        stack="dev",
        operation="update",
        host=HOST,
        supervisor=supervisor or gone,
        operation_process=gone,
        engines=(engine,),
    )


def lock_of(pid: int, host: str = HOST, at: str = "2026-11-21T10:00:00Z") -> dict[str, object]:
    """A lock file's content."""
    return {"pid": pid, "username": "ann", "hostname": host, "timestamp": at}


def test_our_dead_runs_lock_may_be_broken() -> None:
    """Recorded by this home, on this host, and that very process is gone."""
    gone = dead_process()
    held = locks.describe([lock_of(gone.pid)], record(gone))
    assert (held[0].is_ours, held[0].is_dead) == (True, True)
    assert locks.may_break(held)


def test_our_living_runs_lock_may_not() -> None:
    """An engine that is still at work keeps its lock."""
    held = locks.describe([lock_of(os.getpid())], record(mark(os.getpid())))
    assert (held[0].is_ours, held[0].is_dead) == (True, False)
    assert not locks.may_break(held)


def test_a_dead_lock_of_another_home_is_left_to_a_person() -> None:
    """Dead, but not ours: shown as dead, broken by `lock break` alone."""
    held = locks.describe([lock_of(dead_process().pid)], None)
    assert (held[0].is_ours, held[0].is_dead) == (False, True)
    assert not locks.may_break(held)


def test_a_lock_of_another_host_tells_nothing_of_its_process() -> None:
    """Process ids mean nothing across machines."""
    held = locks.describe([lock_of(os.getpid(), host="elsewhere")], record(mark(os.getpid())))
    assert (held[0].is_ours, held[0].is_dead) == (False, None)


def test_a_process_id_given_out_again_is_not_the_locks_owner() -> None:
    """The process with that id is younger than the lock."""
    held = locks.describe([lock_of(os.getpid(), at="2001-01-01T00:00:00Z")], None)
    assert held[0].is_dead is True


def test_one_foreign_lock_keeps_all() -> None:
    """The engine breaks all locks of a stack at once, so all must be ours and dead."""
    gone = dead_process()
    both = [lock_of(gone.pid), lock_of(7, host="elsewhere")]
    assert not locks.may_break(locks.describe(both, record(gone)))
    assert not locks.may_break(())


def test_a_run_whose_videoctl_lives_is_not_disturbed(tmp_path: Path) -> None:
    """Two at once: the second is told who the first is."""
    file = tmp_path / "dev.json"
    living = mark(os.getpid())
    write_record(file, record(living, supervisor=living))
    with pytest.raises(LockedError, match=str(os.getpid())):
        locks.settle_previous("dev", file, lambda _: None)


def test_an_orphaned_engine_is_waited_for_and_then_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine nobody follows gets its time to finish, and is killed if it hangs."""
    monkeypatch.setattr(locks, "WIND_DOWN_SECONDS", 0.3)
    engine = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"],
        env={**os.environ, "VIDEOCTL_RUN_ID": "dev-update-test"},
    )
    said: list[str] = []
    file = tmp_path / "dev.json"
    marked = mark(engine.pid)
    write_record(file, record(marked))
    locks.settle_previous("dev", file, said.append)
    assert not marked.is_alive
    engine.wait(timeout=5)
    assert "still ending" in said[0]
    assert "ended 1 processes" in said[1]


def test_no_record_and_a_spoiled_record_prove_nothing(tmp_path: Path) -> None:
    """A half-written record is as good as none: no lock is ours by it."""
    assert read_record(tmp_path / "absent.json") is None
    spoiled = tmp_path / "spoiled.json"
    spoiled.write_text('{"run_id": "x"')
    assert read_record(spoiled) is None
    locks.settle_previous("dev", spoiled, pytest.fail)


def test_a_record_is_read_back(tmp_path: Path) -> None:
    """What `begin` writes names this process and the one that started it."""
    begun = begin("r", "dev", "update")
    write_record(tmp_path / "r.json", begun)
    assert read_record(tmp_path / "r.json") == begun
    assert begun.operation_process.pid == os.getpid()
    assert begun.is_running
