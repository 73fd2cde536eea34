"""The journal survives crashes and full disks, and says so."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tests.execution.conftest import OPERATOR, Bench
from tests.fakes import world
from tests.fakes.small_disk import small_disk
from videoctl.errors import ExitCode, FailedError
from videoctl.execution.history import JournalDirectory, read_run
from videoctl.execution.journal import Journal, RecordKind
from videoctl.execution.results import Outcome
from videoctl.planning.changes import Change


def begun(bench: Bench) -> Path:
    """The journal of a run that was begun and not ended."""
    journal = bench.journals.begin(bench.plan(), "run-1", OPERATOR, bench.clock.now)
    journal.write(RecordKind.STEP_STARTED, step="update-stack", token="t")
    journal.close()
    return journal.path


def test_a_run_is_read_back_as_it_was_written(bench: Bench) -> None:
    """Plan, operator, time and records come back; a run without an end has no outcome."""
    run = read_run(begun(bench))
    assert run is not None
    assert run.plan == bench.plan()
    assert (run.operator, run.started_at) == (OPERATOR, world.NOW)
    assert [r["record"] for r in run.records] == ["executionStarted", "stepStarted"]
    assert run.outcome is None
    assert not run.is_torn


def test_only_the_owner_may_read_it(bench: Bench) -> None:
    """Files are 0600 in directories of 0700: plans name accounts and operators."""
    path = begun(bench)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_cut_at_any_byte_it_is_still_read(bench: Bench) -> None:
    """Whatever byte a crash cut the file at, the whole records before it are there."""
    path = begun(bench)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in reversed(range(len(whole))):
        os.truncate(path, cut)
        run = read_run(path)
        assert (run is None) == (cut < first)
        if run is not None:
            assert len(run.records) == 1
            assert run.is_torn == (cut > first)


def test_going_on_after_a_cut_keeps_every_later_record(bench: Bench) -> None:
    """The next process that appends marks the cut line and begins its own."""
    path = begun(bench)
    path.write_bytes(path.read_bytes()[:-7])
    journal = Journal(path, "run-1", bench.clock.now)
    journal.write(RecordKind.EXECUTION_COMPLETED, outcome="done")
    journal.close()
    run = read_run(path)
    assert run is not None
    assert run.is_torn
    assert [r["record"] for r in run.records] == ["executionStarted", "executionCompleted"]
    assert run.outcome == "done"


def test_damage_in_the_middle_is_told_with_its_line(bench: Bench) -> None:
    """A crash cuts the end only: damage elsewhere is a fault, file and line named."""
    path = begun(bench)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"{broken\n" + lines[1])
    with pytest.raises(FailedError) as refused:
        read_run(path)
    assert refused.value.code == "journal-unreadable"
    assert "line 2" in refused.value.message


@pytest.mark.parametrize(
    "change",
    [{"journal_version": 2}, {"record": "stepStarted"}, {"plan": {"steps": []}}],
)
def test_another_version_is_refused(bench: Bench, change: dict[str, object]) -> None:
    """A journal this version cannot know is refused, never guessed at."""
    path = begun(bench)
    record = json.loads(path.read_bytes().splitlines()[0])
    path.write_text(json.dumps({**record, **change}) + "\n")
    with pytest.raises(FailedError) as refused:
        read_run(path)
    assert refused.value.code == "journal-unreadable"


def full_disk(path: Path) -> None:
    """Make a path whose every write fails as on a full disk."""
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told_before_anything_is_changed(bench: Bench) -> None:
    """ENOSPC at the first record: a clear error with its cure, and no change made."""
    plan = bench.plan()
    executor = bench.executor()
    path = bench.journals.path("dev", "run-1")
    full_disk(path)
    with pytest.raises(FailedError) as refused:
        executor.journals.begin(plan, "run-1", OPERATOR, bench.clock.now)
    assert refused.value.code == "journal-unwritable"
    assert "the disk is full" in refused.value.message
    assert "VIDEOCTL_HOME" in (refused.value.hint or "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_fills_up_stops_before_the_next_call(bench: Bench) -> None:
    """An intent that cannot be written is a call that is not made."""
    bench.platform.after = lambda change: (
        _fill(bench.journals) if change.kind == "update-stack" else None
    )
    result = bench.create()
    assert result.error is not None
    assert result.error.code == "journal-unwritable"
    assert bench.platform.kinds == ["record-environment", "update-stack"]


def _fill(journals: JournalDirectory) -> None:
    """Let the open journal's descriptor point at a full device."""
    run = journals.latest("dev")
    assert run is not None
    path = journals.path("dev", run.run_id)
    for entry in Path("/proc/self/fd").iterdir():
        if entry.exists() and entry.resolve() == path:
            full = os.open("/dev/full", os.O_WRONLY)
            os.dup2(full, int(entry.name))
            os.close(full)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_why_a_step_failed_is_told_though_the_disk_is_full_too(bench: Bench) -> None:
    """What the step met comes first: the full disk only kept it from being recorded."""

    def fail(change: Change) -> None:
        if change.kind == "update-stack":
            _fill(bench.journals)
            raise FailedError("the stream is in the way", code="in-the-way")

    bench.platform.after = fail
    result = bench.create()
    assert result.error is not None
    assert (result.error.code, result.outcome) == ("in-the-way", Outcome.FAILED)


PAGE_BYTES = 4096
"""A tmpfs gives space by pages: a file goes on growing to the end of its last one."""


@pytest.mark.parametrize("kind", ["record-environment", "update-stack", "send-canary"])
@pytest.mark.parametrize("room_bytes", [40, 250])
def test_a_journal_that_fills_up_in_the_middle_ends_the_run_and_the_next_completes_it(
    bench: Bench, tmp_path: Path, kind: str, room_bytes: int
) -> None:
    """On a disk that is really full: one error, the state told, nothing begun unannounced.

    With room for less than a record the line is cut, and with room for one the next is.
    """
    before = bench.platform.seen
    lengths: list[int] = []
    bench.platform.after = lambda change: (
        lengths.append(_journal(bench).stat().st_size) if change.kind == kind else None
    )
    bench.create()
    used_bytes = lengths[0] + room_bytes
    bench.platform.seen = before
    bench.platform.applied.clear()
    bench.home = tmp_path / "small"
    user = "a" * (len(OPERATOR.user) + -used_bytes % PAGE_BYTES)
    with small_disk(bench.home, kib=256) as disk:
        bench.operator = replace(OPERATOR, user=user)
        bench.platform.after = lambda change: disk.fill() if change.kind == kind else None
        full = bench.create()
        assert full.error is not None
        assert (full.error.code, full.exit_code) == ("journal-unwritable", ExitCode.FAILED)
        assert "the disk is full" in full.error.message
        assert "same command again" in str(full.error.hint)
        assert "fingerprint" in full.end_state
        run = bench.journals.latest("dev")
        assert run is not None
        begun = {r["step"] for r in run.records if r["record"] == RecordKind.STEP_STARTED}
        assert len(begun) == len(bench.platform.applied)
        disk.free()
        bench.platform.after = lambda _: None
        again = bench.create()
        assert (again.outcome, again.error) == (Outcome.DONE, None)
        assert len(bench.platform.applied) == len(set(bench.platform.applied))


def _journal(bench: Bench) -> Path:
    run = bench.journals.latest("dev")
    assert run is not None
    return bench.journals.path("dev", run.run_id)


def test_history_is_the_latest_first_and_by_environment(bench: Bench) -> None:
    """Runs come newest first; another environment's are left out."""
    bench.create()
    bench.clock.elapsed += 10
    second = bench.create()
    runs = bench.journals.history("dev")
    assert [run.outcome for run in runs] == ["done", "done"]
    assert runs[0].run_id == second.run_id
    assert bench.journals.history("prod") == ()
    assert bench.journals.latest("prod") is None


def test_a_resumed_run_is_open_again(bench: Bench) -> None:
    """Taken up again, an ended run has no outcome until it ends anew."""
    bench.create()
    run = bench.journals.latest("dev")
    assert run is not None
    bench.journals.reopen(run, OPERATOR, bench.clock.now).close()
    again = bench.journals.latest("dev")
    assert again is not None
    assert again.outcome is None
