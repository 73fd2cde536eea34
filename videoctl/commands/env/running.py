"""What every writing `env` command does once it has a plan: show, ask, run, report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from videoctl.errors import ExitCode

if TYPE_CHECKING:
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


def refuse_if_blocked(context: Context, plan: Plan, *, shown: bool = False) -> None:
    """Stop before anything is asked when a check failed; all checks are shown.

    Args:
        context: the invocation.
        plan: what would be done.
        shown: the plan was printed as the result, for `--dry-run`: only the exit code is left.

    Raises:
        LockedError: another run is at it, which comes before any check.
        NotAllowedError: the first check that failed is one of credentials or permission.
        RefusedError: with one fault for each failed check.

    """
    from videoctl.errors import Fault, NotAllowedError, RefusedError
    from videoctl.execution.lock import refuse_if_held
    from videoctl.render import draw_checks

    if not shown:
        refuse_if_held(context.control_store(), plan.environment)
    blockers = plan.blockers
    if not blockers:
        return
    if not shown and not context.output.is_machine:
        draw_checks(context.output.console(stderr=True), plan.checks)
    kind = NotAllowedError if blockers[0].is_permission else RefusedError
    error = kind(
        f"{plan.environment}: {len(blockers)} of {len(plan.checks)} checks refuse to"
        f" {plan.action.removeprefix('flink-')} it; nothing was changed",
        hint=_cures(plan),
        details=tuple(Fault(key=item.check, message=item.message) for item in blockers),
    )
    if shown:
        context.end_with(error)
    raise error


def _cures(plan: Plan) -> str | None:
    """What mends every failed check; the whole command line where flags alone accept them."""
    blockers = plan.blockers
    cures = list(dict.fromkeys(item.cure for item in blockers if item.cure))
    flags = list(dict.fromkeys(item.flag for item in blockers if item.flag))
    if flags and all(item.flag for item in blockers):
        cures.append(" ".join((plan.command, *(f for f in flags if f not in plan.command))))
    return "; ".join(cures) or None


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
    from videoctl.render import draw_canary

    for key, value in end_state.items():
        if key == "canary":
            console.print()
            draw_canary(console, value)
            console.print()
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            _draw_rows(console, value)
        elif isinstance(value, list):
            if value:
                console.print(f"{key.replace('_', ' ')}:")
            for item in value:
                console.print(f"  - {item}", markup=False)
        elif value not in (None, {}):
            console.print(f"{key.replace('_', ' ')}: {value}", markup=False)


def _draw_rows(console: Console, rows: list[dict[str, Any]]) -> None:
    from videoctl.output import table

    columns = tuple(rows[0])
    headings = tuple(column.upper().replace("_", " ") for column in columns)
    console.print()
    table(console, headings, [[_cell(row.get(column)) for column in columns] for row in rows])
    console.print()


def _cell(value: object) -> object:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
