"""The executor: look, skip, write the intent, change, wait; and every way a step can go wrong."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from tests.conftest import validate
from tests.execution.conftest import Bench
from tests.fakes import world
from tests.fakes.platform import Killed, always, once
from videoctl.errors import (
    ExitCode,
    FailedError,
    IncompleteError,
    InterruptedRunError,
    LockedError,
    NotAllowedError,
    RefusedError,
    TransientError,
)
from videoctl.execution.results import Outcome
from videoctl.planning.plan import StepStatus

KINDS = [
    "record-environment",
    "update-stack",
    "set-desired-count",
    "set-desired-count",
    "set-event-source-mapping",
    "set-event-source-mapping",
    "start-application",
    "start-application",
    "await",
    "send-canary",
]
"""What a first create of two regions calls, in order."""

DISTINCT = list(dict.fromkeys(KINDS))


def test_a_first_create_applies_every_pending_step_once(bench: Bench) -> None:
    """Each change is made once, in order, and the result names every step."""
    result = bench.create()
    assert result.outcome is Outcome.DONE
    assert bench.platform.kinds == KINDS
    assert {step.status for step in result.steps} == {StepStatus.COMPLETED, StepStatus.SKIPPED}
    assert result.end_state == {"fingerprint": world.FINGERPRINT}


def test_a_second_create_calls_nothing(bench: Bench) -> None:
    """Everything holds: one look, no change, exit code 0."""
    bench.create()
    bench.platform.applied.clear()
    bench.platform.looks = 0
    result = bench.create()
    assert (result.outcome, result.exit_code) == (Outcome.DONE, ExitCode.DONE)
    assert result.changed_nothing
    assert bench.platform.applied == []
    assert bench.platform.looks == 1


def test_the_intent_is_on_disk_before_the_call(bench: Bench) -> None:
    """When a change is being made, the journal already says so."""

    def look(_: object) -> None:
        latest = bench.journals.latest("dev")
        assert latest is not None
        assert latest.records[-1]["record"] == "stepStarted"
        token = bench.platform.applied[-1][1]
        assert latest.records[-1]["token"] == token

    bench.platform.before = look
    assert bench.create().outcome is Outcome.DONE


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("kind", DISTINCT)
def test_kill_at_any_call_then_the_same_command_again(bench: Bench, kind: str, side: str) -> None:
    """Killed before or after the effect of any call, the next run ends in the same state."""
    setattr(bench.platform, side, once(kind, Killed()))
    with pytest.raises(Killed):
        bench.create()
    died = bench.journals.latest("dev")
    assert died is not None
    assert died.outcome is None
    result = bench.create()
    assert result.outcome is Outcome.DONE
    assert result.end_state == {"fingerprint": world.FINGERPRINT}
    effects = [k for k in bench.platform.kinds if k != kind]
    assert sorted(effects) == sorted(k for k in KINDS if k != kind)
    extra = 1 if side == "before" else 0
    assert bench.platform.kinds.count(kind) == KINDS.count(kind) + extra


@pytest.mark.parametrize("kind", DISTINCT)
def test_a_throttled_call_is_tried_again(bench: Bench, kind: str) -> None:
    """A passing error is retried after a pause, with the same token, and told."""
    bench.platform.before = once(kind, TransientError("slow down", code="aws-throttled"))
    result = bench.create()
    assert result.outcome is Outcome.DONE
    assert bench.codes.count("step-retried") == 1
    tokens = [token for k, token in bench.platform.applied if k == kind]
    assert len(set(tokens)) == KINDS.count(kind)


@pytest.mark.parametrize("kind", DISTINCT)
def test_an_answer_that_was_lost_is_looked_for_first(bench: Bench, kind: str) -> None:
    """A timeout after the effect is seen to have worked: the call is not made twice."""
    bench.platform.after = once(kind, TransientError("read timeout"))
    result = bench.create()
    assert result.outcome is Outcome.DONE
    assert bench.platform.kinds == KINDS


@pytest.mark.parametrize("kind", DISTINCT)
def test_a_denied_call_ends_the_run_with_its_exit_code(bench: Bench, kind: str) -> None:
    """AccessDenied at any call: failed, exit code 6, what was done and left is told."""
    bench.platform.before = always(kind, NotAllowedError("no", hint="ask", code="aws-not-allowed"))
    result = bench.create()
    assert (result.outcome, result.exit_code) == (Outcome.FAILED, ExitCode.NOT_ALLOWED)
    assert result.error is not None
    statuses = [step.status for step in result.steps]
    failed = statuses.index(StepStatus.FAILED)
    assert set(statuses[failed + 1 :]) <= {StepStatus.NOT_STARTED}
    assert result.next_commands == ("videoctl env status dev", "videoctl env create dev")
    assert bench.store.get("locks/dev.json") is None


def test_a_passing_error_that_stays_ends_failed(bench: Bench) -> None:
    """After five attempts the run fails with the error itself."""
    error = TransientError("unreachable", code="aws-unreachable")
    bench.platform.before = always("update-stack", error)
    result = bench.create()
    assert (result.outcome, result.error) == (Outcome.FAILED, error)
    assert bench.platform.kinds.count("update-stack") == 5


def test_a_condition_is_waited_for(bench: Bench) -> None:
    """A change that shows later is polled until it does, less and less often."""
    bench.platform.delayed = {"set-desired-count": 20}
    result = bench.create()
    assert result.outcome is Outcome.DONE
    assert "step-waiting" in bench.codes
    seconds = next(s.seconds for s in result.steps if s.name == "set-desired-count:us-east-1")
    assert seconds is not None
    assert 60 < seconds < 100


def test_a_condition_that_never_holds_times_out(bench: Bench) -> None:
    """Past the step's deadline: timed out, exit code 8, the end state read again."""
    bench.platform.delayed = {"start-application": 10**6}
    result = bench.create()
    assert (result.outcome, result.exit_code) == (Outcome.TIMED_OUT, ExitCode.TIMED_OUT)
    assert bench.clock.elapsed == pytest.approx(600, abs=10)
    assert result.end_state == {"fingerprint": world.FINGERPRINT}


def test_the_whole_run_can_have_a_limit(bench: Bench) -> None:
    """--timeout ends the run earlier than the step's own deadline."""
    bench.timeout_seconds = 30
    bench.platform.delayed = {"start-application": 10**6}
    assert bench.create().outcome is Outcome.TIMED_OUT
    assert bench.clock.elapsed == pytest.approx(30, abs=10)


def test_looks_that_fail_while_waiting_are_made_again(bench: Bench) -> None:
    """A throttled look is not a failed step; the reason is in the message if it never works."""
    bench.platform.after = lambda change: (
        bench.platform.look_errors.extend([TransientError("busy")] * 3)
        if change.kind == "update-stack"
        else None
    )
    assert bench.create().outcome is Outcome.DONE


def test_the_first_look_may_fail_for_good(bench: Bench) -> None:
    """An observation that is not allowed ends the run before anything was changed."""
    bench.platform.look_errors = [NotAllowedError("no")]
    result = bench.create()
    assert result.exit_code is ExitCode.NOT_ALLOWED
    assert result.changed_nothing
    assert bench.platform.applied == []


def test_one_interrupt_ends_after_the_step_it_met(bench: Bench) -> None:
    """Ctrl-C while a change is made: it comes to its end, nothing after it begins."""
    bench.platform.before = lambda change: (
        bench.interrupts.request()
        if change.kind == "update-stack" and not bench.interrupts.requested
        else None
    )
    result = bench.create()
    assert (result.outcome, result.exit_code) == (Outcome.INTERRUPTED, ExitCode.INTERRUPTED)
    assert bench.platform.kinds == ["record-environment", "update-stack"]
    assert bench.platform.stops == 1
    by_name = {step.name: step.status for step in result.steps}
    assert by_name["update-stack"] is StepStatus.COMPLETED
    assert by_name["send-canary"] is StepStatus.NOT_STARTED


def test_an_interrupt_ends_a_wait(bench: Bench) -> None:
    """Ctrl-C while a condition is waited for ends the wait: AWS goes on by itself."""
    bench.platform.delayed = {"update-stack": 10**6}
    bench.clock.on_sleep = lambda: (
        None if bench.interrupts.requested else bench.interrupts.request()
    )
    result = bench.create()
    assert result.outcome is Outcome.INTERRUPTED
    assert bench.clock.elapsed < 5


def test_a_step_that_stops_in_order_is_an_interrupted_run(bench: Bench) -> None:
    """What the engine raises when it was asked to stop keeps its meaning."""
    bench.platform.before = once("update-stack", InterruptedRunError("stopped gracefully"))
    assert bench.create().outcome is Outcome.INTERRUPTED


def test_a_step_that_ends_in_spite_of_its_timer_stops_no_later_step(bench: Bench) -> None:
    """The time limit of one change asks that change alone to stop."""
    stops: list[tuple[str, int]] = []

    def outlast_the_timer(change: object) -> None:
        kind = change.kind  # type: ignore[attr-defined]
        if kind == "record-environment":
            while not bench.platform.stops:
                time.sleep(0.01)
        stops.append((kind, bench.platform.stops))

    bench.platform.before = outlast_the_timer
    plan = bench.plan()
    steps = (replace(plan.steps[0], timeout_seconds=0.01), *plan.steps[1:])
    assert bench.executor().run(replace(plan, steps=steps)).outcome is Outcome.DONE
    assert stops[0] == ("record-environment", 1)
    assert {count for _, count in stops[1:]} == {0}


def test_two_interrupts_stop_at_once(bench: Bench) -> None:
    """Ctrl-C twice: no end state is waited for, the journal and the hint say what may be left."""

    def twice(change: object) -> None:
        if change.kind == "update-stack":  # type: ignore[attr-defined]
            bench.interrupts.request()
            bench.interrupts.request()

    bench.platform.before = twice
    result = bench.create()
    assert result.exit_code is ExitCode.INTERRUPTED
    assert bench.platform.stops == 2
    assert result.end_state["state"] == "unknown"
    assert result.error is not None
    assert result.error.hint == "videoctl env repair dev"
    latest = bench.journals.latest("dev")
    assert latest is not None
    assert latest.outcome == "interrupted"
    assert bench.store.get("locks/dev.json") is None


def test_a_lost_lock_stops_the_run_before_the_next_step(bench: Bench) -> None:
    """A lock that somebody broke ends the run: what was done stays, nothing more is begun."""

    def broken(change: object) -> None:
        if change.kind == "update-stack":  # type: ignore[attr-defined]
            bench.store.delete("locks/dev.json")
            bench.store.put("locks/dev.json", b"{}")

    bench.platform.before = broken
    result = bench.create()
    assert (result.outcome, result.exit_code) == (Outcome.INCOMPLETE, ExitCode.INCOMPLETE)
    assert isinstance(result.error, LockedError)
    assert result.error.code == "lock-lost"
    assert bench.platform.kinds == ["record-environment", "update-stack"]
    kept = bench.store.get("locks/dev.json")
    assert kept is not None
    assert kept.body == b"{}"


def test_a_refused_plan_changes_nothing(bench: Bench) -> None:
    """A plan with blockers ends refused, exit code 3, without a journal."""
    bench.platform.seen = world.in_region(
        bench.platform.seen, bench.spec.primary, timestream_access="closed-to-new-customers"
    )
    result = bench.create()
    assert (result.outcome, result.exit_code) == (Outcome.REFUSED, ExitCode.REFUSED)
    assert bench.platform.applied == []
    assert bench.journals.history() == ()


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("record-environment", Outcome.REFUSED), ("update-stack", Outcome.INCOMPLETE)],
)
def test_a_refusal_inside_a_step(bench: Bench, kind: str, outcome: Outcome) -> None:
    """Refused says that nothing was changed: after a completed step it is incomplete."""
    bench.platform.before = once(kind, RefusedError("would replace a stream"))
    assert bench.create().outcome is outcome


def test_somebody_elses_lock_comes_before_any_refusal(bench: Bench) -> None:
    """While another run holds the lock, a plan that would be refused is told of that run."""
    plan = bench.plan()
    other = bench.executor()
    with other.lock.hold("run-1", "create"), pytest.raises(LockedError) as refused:
        bench.executor().run(plan)
    assert refused.value.code == "lock-held"
    assert "pid" in refused.value.message


def test_a_journal_that_cannot_be_written_stops_before_anything(bench: Bench) -> None:
    """A home that is a file: a clear error, no change, no lock left."""
    bench.home.write_text("in the way")
    with pytest.raises(FailedError) as refused:
        bench.create()
    assert refused.value.code == "journal-unwritable"
    assert bench.platform.applied == []
    assert bench.store.get("locks/dev.json") is None


def test_a_failing_listener_does_not_harm_the_run(bench: Bench) -> None:
    """A closed pipe at the other end of the progress is no reason to stop half way."""
    executor = bench.executor()

    def broken(_: object) -> None:
        raise BrokenPipeError

    executor.listener = broken
    assert executor.run(bench.plan()).outcome is Outcome.DONE


def test_a_bug_is_recorded_and_raised(bench: Bench) -> None:
    """What is no videoctl error ends the journal as failed and comes through."""
    bench.platform.before = once("update-stack", ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        bench.create()
    latest = bench.journals.latest("dev")
    assert latest is not None
    assert latest.outcome == "failed"


def test_a_mirror_that_fails_is_told_and_goes_on(bench: Bench) -> None:
    """The local journal counts; a copy that cannot be made is an event."""
    bench.platform.after = lambda change: (
        bench.store.failures.append(TransientError("no S3"))
        if change.kind == "send-canary"
        else None
    )
    assert bench.create().outcome is Outcome.DONE
    assert "journal-mirror-failed" in bench.codes


def test_the_journal_is_mirrored_whole(bench: Bench) -> None:
    """The copy in the control bucket equals the file."""
    result = bench.create()
    kept = bench.store.get(f"journal/dev/{result.run_id}.jsonl")
    assert kept is not None
    assert kept.body == bench.journals.path("dev", result.run_id).read_bytes()


def test_run_and_events_fit_their_schemas(bench: Bench) -> None:
    """run/v1 and every NDJSON line are held against the committed schemas."""
    result = bench.create()
    validate(json.loads(json.dumps(result.document())))
    for event in bench.events:
        document = json.loads(json.dumps(event.document()))
        assert document["run_id"] == result.run_id
        validate(document)
    assert bench.codes[0] == "run-started"
    assert bench.codes[-1] == "run-ended"


def test_an_incomplete_change_ends_incomplete(bench: Bench) -> None:
    """What can be resumed is called incomplete in outcome and exit code alike."""
    bench.platform.before = always(KINDS[1], IncompleteError("the endpoint went away"))
    result = bench.create()
    assert (result.outcome, result.exit_code) == (Outcome.INCOMPLETE, ExitCode.INCOMPLETE)
