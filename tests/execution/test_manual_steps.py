"""Steps a person does, or has to allow."""

from __future__ import annotations

from dataclasses import replace

from tests.execution.conftest import OPERATOR, Bench
from videoctl.errors import ExitCode
from videoctl.execution.results import Outcome
from videoctl.planning.changes import ManualTask
from videoctl.planning.conditions import Acknowledged
from videoctl.planning.plan import Plan, Step, StepMode, StepStatus

BY_HAND = Step(
    name="by-hand",
    title="Tell the players' team",
    reason="they watch the front door",
    region=None,
    change=ManualTask(instructions="write to them"),
    done_when=Acknowledged(step="by-hand"),
    mode=StepMode.MANUAL,
)


def with_manual(plan: Plan) -> Plan:
    """The plan with a manual step after the update."""
    return replace(plan, steps=(*plan.steps[:3], BY_HAND, *plan.steps[3:]))


def test_a_manual_step_waits_and_is_resumed(bench: Bench) -> None:
    """The run pauses with exit code 4; acknowledged and resumed, it does only the rest."""
    paused = bench.executor().run(with_manual(bench.plan()))
    assert (paused.outcome, paused.exit_code) == (Outcome.INCOMPLETE, ExitCode.INCOMPLETE)
    assert paused.steps[3].status is StepStatus.PENDING_APPROVAL
    run = bench.journals.latest("dev")
    assert run is not None
    bench.journals.acknowledge(run, "by-hand", OPERATOR, bench.clock.now)
    run = bench.journals.latest("dev")
    assert run is not None
    assert run.acknowledged == {"by-hand"}
    before = len(bench.platform.applied)
    resumed = bench.executor().resume(run)
    assert resumed.outcome is Outcome.DONE
    assert resumed.run_id == paused.run_id
    assert "update-stack" not in bench.platform.kinds[before:]
    assert resumed.steps[3].status is StepStatus.SKIPPED


def test_resuming_without_the_acknowledgement_waits_again(bench: Bench) -> None:
    """A manual step nobody acknowledged holds no better the second time."""
    bench.executor().run(with_manual(bench.plan()))
    run = bench.journals.latest("dev")
    assert run is not None
    assert run.outcome == "incomplete"
    assert bench.executor().resume(run).outcome is Outcome.INCOMPLETE


def test_approval_is_asked_for_and_may_be_refused(bench: Bench) -> None:
    """A step with approval is done only once somebody has said so."""
    plan = bench.plan()
    guarded = replace(plan.steps[2], mode=StepMode.MANUAL_APPROVAL)
    plan = replace(plan, steps=(*plan.steps[:2], guarded, *plan.steps[3:]))
    asked: list[str] = []

    def approve(step: Step) -> bool:
        asked.append(step.name)
        return len(asked) > 1

    bench.approve = approve
    assert bench.executor().run(plan).outcome is Outcome.INCOMPLETE
    assert "update-stack" not in bench.platform.kinds
    assert bench.executor().run(plan).outcome is Outcome.DONE
    assert asked == ["update-stack", "update-stack"]
