"""What every writing `env` command does once it has a plan: show, ask, run, report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

from videoctl.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from videoctl.context import Context
    from videoctl.execution.results import RunResult
    from videoctl.model.cost import CostEstimate
    from videoctl.planning.observation import ObservedEnvironment
    from videoctl.planning.plan import Plan
    from videoctl.session import EnvironmentSession


def show_plan(
    context: Context, plan: Plan, observed: ObservedEnvironment, *, cost: CostEstimate | None = None
) -> None:
    """Print the plan as the command's result, with the standing cost of what it would build."""
    from videoctl.planning.plan import plan_document
    from videoctl.render import draw_plan

    pending = frozenset(step.name for step in plan.pending(observed))

    def text(console: Console) -> None:
        draw_plan(console, plan, pending)
        if cost is not None:
            console.print(f"cost: {cost_line(cost)}", markup=False)

    document = plan_document(plan, observed)
    if cost is not None:
        document["cost_per_month_usd"] = cost.cost_per_month_usd
    context.output.result(document, text)


def cost_line(cost: CostEstimate) -> str:
    """A standing-cost estimate as a person reads it."""
    return (
        f"about {cost.cost_per_month_usd:,.2f} USD a month ({cost.cost_per_hour_usd:,.2f} an hour)"
        f" while it stands, without traffic; list prices of {cost.prices_date}"
    )


def refuse_if_blocked(context: Context, plan: Plan) -> None:
    """Stop before anything is asked when a check failed; all checks are shown.

    Raises:
        LockedError: another run is at it, which comes before any check.
        RefusedError: with one fault for each failed check.

    """
    from videoctl.errors import Fault, NotAllowedError, RefusedError
    from videoctl.execution.lock import refuse_if_held
    from videoctl.render import draw_checks

    refuse_if_held(context.control_store(), plan.environment)
    blockers = plan.blockers
    if not blockers:
        return
    if not context.output.is_machine:
        draw_checks(context.output.console(stderr=True), plan.checks)
    cures = [blocker.flag or blocker.cure for blocker in blockers]
    kind = NotAllowedError if blockers[0].check == "account" else RefusedError
    raise kind(
        f"{plan.environment}: {len(blockers)} of {len(plan.checks)} checks refuse it;"
        " nothing was changed",
        hint="; ".join(dict.fromkeys(cure for cure in cures if cure)) or None,
        details=tuple(Fault(key=item.check, message=item.message) for item in blockers),
    )


def run_plan(
    context: Context,
    session: EnvironmentSession,
    plan: Plan,
    *,
    reason: str | None,
    timeout: float | None,
) -> None:
    """Carry the plan out, show it meanwhile, and end with its exit code."""
    from videoctl.progress import progress

    with progress(context.output, plan) as listener:
        result = session.execute(
            plan,
            listener=listener,
            approve=lambda step: _approve(context, step.title),
            reason=reason,
            timeout_seconds=timeout,
        )
    end(context, result)


def end(context: Context, result: RunResult) -> None:
    """Print how a run ended, and end with its exit code."""
    report(context, result)
    if result.exit_code is not ExitCode.DONE:
        raise typer.Exit(int(result.exit_code))


def report(context: Context, result: RunResult) -> None:
    """Print how the run ended."""

    def text(console: Console) -> None:
        _draw(console, result)

    context.output.result(result.document(), text)
    if result.error is not None and not context.output.is_machine:
        context.output.error(result.error)


def _approve(context: Context, title: str) -> bool:
    if context.assume_yes:
        return True
    return context.may_ask and typer.confirm(f"{title}?", err=True)


def _draw(console: Console, result: RunResult) -> None:
    from videoctl.output import VERDICT_STYLE

    plan = result.plan
    word = str(result.outcome)
    what = "nothing to do" if word == "done" and result.changed_nothing else word
    console.print(f"{plan.action.replace('-', ' ')} {plan.environment}: ", end="")
    console.print(what, style=VERDICT_STYLE.get(word, ""))
    _draw_end_state(console, dict(result.end_state))
    for line in result.next_commands:
        console.print(f"next: {line}", markup=False)


def _draw_end_state(console: Console, end_state: dict[str, Any]) -> None:
    from videoctl.output import table

    for key, value in end_state.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            columns = tuple(value[0])
            console.print()
            table(
                console,
                tuple(column.upper().replace("_", " ") for column in columns),
                [[_cell(item.get(column)) for column in columns] for item in value],
            )
            console.print()
        elif value not in (None, [], {}):
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            console.print(f"{key.replace('_', ' ')}: {shown}", markup=False)


def _cell(value: object) -> object:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def save_plan(path: Path, plan: Plan, observed: ObservedEnvironment) -> None:
    """Write the plan to a file that `--plan FILE` takes.

    Raises:
        FailedError: the file cannot be written.

    """
    from videoctl.errors import FailedError
    from videoctl.output import jsonable
    from videoctl.planning.plan import plan_document

    try:
        path.write_text(json.dumps(jsonable(plan_document(plan, observed)), indent=2) + "\n")
    except OSError as error:
        raise FailedError(f"{path} cannot be written: {error.strerror}") from error


def read_plan(path: Path) -> Plan:
    """Read a plan saved by `env plan --save FILE`.

    Raises:
        ConfigurationError: it is none.

    """
    from videoctl.errors import ConfigurationError
    from videoctl.planning.plan import load_plan

    try:
        return load_plan(json.loads(path.read_text()), file=str(path))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error}",
            hint="make a new one with `videoctl env plan NAME --save FILE`",
            code="plan-unreadable",
        ) from error
