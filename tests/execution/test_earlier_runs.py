"""Runs that did not end done, as a later run of the same environment closes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.execution.conftest import OPERATOR, Bench
from tests.fakes import world
from tests.fakes.platform import Killed, always, once
from videoctl.errors import FailedError
from videoctl.execution.history import JournalDirectory, RunRecord
from videoctl.execution.results import Outcome
from videoctl.planning.environment import plan_create
from videoctl.planning.plan import is_done_now


def killed(bench: Bench, kind: str = "update-stack") -> str:
    """A create that was killed at a change of that kind; its run's id."""
    hook, bench.platform.before = bench.platform.before, once(kind, Killed())
    with pytest.raises(Killed):
        bench.create()
    bench.platform.before = hook
    bench.clock.elapsed += 60
    return latest(bench).run_id


def latest(bench: Bench) -> RunRecord:
    """The latest run."""
    run = bench.journals.latest("dev")
    assert run is not None
    return run


def run_of(bench: Bench, run_id: str) -> RunRecord:
    """One run, read back."""
    return next(run for run in bench.journals.history("dev") if run.run_id == run_id)


def test_a_killed_run_is_completed_by_the_one_that_finishes_its_work(bench: Bench) -> None:
    """Both killed runs are `interrupted`, completed by the run that ended done; it is neither."""
    first, second = killed(bench), killed(bench, "send-canary")
    done = bench.create()
    assert done.outcome is Outcome.DONE
    for run_id in (first, second):
        run = run_of(bench, run_id)
        assert (run.outcome, run.completed_by) == ("interrupted", done.run_id)
    assert (latest(bench).outcome, latest(bench).completed_by) == ("done", None)


def test_a_killed_run_is_interrupted_as_soon_as_another_holds_the_lock(bench: Bench) -> None:
    """A later run that fails closes it all the same, and completes nothing."""
    first = killed(bench)
    bench.platform.before = always("update-stack", FailedError("no capacity"))
    assert bench.create().outcome is Outcome.FAILED
    run = run_of(bench, first)
    assert (run.outcome, run.completed_by) == ("interrupted", None)
    assert run.records[-1]["found_by"] == latest(bench).run_id


def test_a_failed_run_stays_failed_and_is_completed_later(bench: Bench) -> None:
    """What ended by itself keeps its outcome; that its work was done later stands beside it."""
    bench.platform.before = once("update-stack", FailedError("no capacity"))
    failed = bench.create()
    bench.clock.elapsed += 60
    done = bench.create()
    run = run_of(bench, failed.run_id)
    assert (run.outcome, run.completed_by) == ("failed", done.run_id)


def test_a_run_whose_work_is_not_what_is_there_is_not_called_completed(bench: Bench) -> None:
    """Another specification was built since: interrupted, and completed by nobody."""
    first = killed(bench)
    request = replace(world.request(), fingerprint="another")
    plan = plan_create(bench.spec, bench.platform.seen, request)
    assert bench.executor().run(plan).outcome is Outcome.DONE
    run = run_of(bench, first)
    assert (run.outcome, run.completed_by) == ("interrupted", None)


def test_another_expiry_does_not_make_it_unfinished(bench: Bench) -> None:
    """A later run moves the expiry: the earlier one's work is done all the same."""
    plan = bench.plan()
    bench.create()
    record = bench.platform.seen.record
    assert record is not None
    moved = replace(record, expires_at=world.NOW + timedelta(days=3))
    assert is_done_now(plan, replace(bench.platform.seen, record=moved))
    assert not is_done_now(plan, replace(bench.platform.seen, record=None))


def test_runs_in_another_account_are_left_alone(bench: Bench) -> None:
    """One home may serve two targets: the lock of one says nothing of the other's runs."""
    elsewhere = JournalDirectory(bench.home, account_id="111111111111")
    elsewhere.begin(bench.plan(), "run-elsewhere", OPERATOR, bench.clock.now).close()
    here = JournalDirectory(bench.home, bench.store, account_id=world.ACCOUNT)
    executor = bench.executor()
    executor.journals = here
    assert executor.run(bench.plan()).outcome is Outcome.DONE
    (other,) = elsewhere.history("dev")
    assert (other.run_id, other.outcome) == ("run-elsewhere", None)
    assert [run.outcome for run in here.history("dev")] == ["done"]
    assert len(bench.journals.history("dev")) == 2


def test_taken_up_again_it_is_neither_interrupted_nor_completed(bench: Bench) -> None:
    """A run that goes on is open, whatever was said of it before."""
    first = killed(bench)
    bench.create()
    bench.journals.reopen(run_of(bench, first), OPERATOR, bench.clock.now).close()
    run = run_of(bench, first)
    assert (run.outcome, run.completed_by) == (None, None)


def test_a_journal_that_cannot_be_read_stops_no_run(bench: Bench) -> None:
    """A damaged journal is told by `history`; a run beside it does its work."""
    path = bench.journals.path("dev", killed(bench))
    path.write_bytes(b"{broken\n" + path.read_bytes())
    assert bench.create().outcome is Outcome.DONE


def test_what_was_found_is_mirrored(bench: Bench) -> None:
    """The copy in the control bucket says the same as the file."""
    first = killed(bench)
    bench.create()
    kept = bench.store.get(f"journal/dev/{first}.jsonl")
    assert kept is not None
    assert kept.body == bench.journals.path("dev", first).read_bytes()
