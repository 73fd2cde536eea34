"""`flink snapshot`, `restart` and `reshard`: one kind of plan, shown or carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from videoctl.commands.env.arguments import Confirm, DryRun, Reason, Timeout
from videoctl.commands.flink.arguments import Environment, Regions, opened

if TYPE_CHECKING:
    from videoctl.context import Context
    from videoctl.flink_session import FlinkSession
    from videoctl.planning.observation import ObservedEnvironment
    from videoctl.planning.plan import Plan

SkipSnapshot = Annotated[
    bool,
    typer.Option(
        "--skip-snapshot",
        help="Stop at once without saving: state since the last snapshot is lost.",
    ),
]
Shards = Annotated[
    int, typer.Option("--shards", min=1, max=500, metavar="N", help="Open shards, one a subtask.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to the group."""
    app.command("snapshot")(snapshot)
    app.command("restart")(restart)
    app.command("reshard")(reshard)


def snapshot(
    command: typer.Context,
    environment: Environment = None,
    region: Regions = None,
    dry_run: DryRun = False,
    confirm: Confirm = None,
    reason: Reason = None,
    timeout: Timeout = None,
) -> None:
    """Take a snapshot of each running application, and wait until it is READY."""
    from videoctl.context import Context

    context = Context(command)
    session = opened(context, environment, region)
    made, observed = _planned(context, session, "snapshot", dry_run=dry_run)
    question = f"Take a snapshot of the Flink applications of {made.environment}?"
    asked = _Asked(dry_run=dry_run, confirm=confirm, reason=reason, timeout=timeout)
    _carry_out(context, session, made, observed, question, asked)


def restart(
    command: typer.Context,
    environment: Environment = None,
    region: Regions = None,
    skip_snapshot: SkipSnapshot = False,
    dry_run: DryRun = False,
    confirm: Confirm = None,
    reason: Reason = None,
    timeout: Timeout = None,
) -> None:
    """Snapshot, stop, start from the snapshot, and see records flow; again, it goes on."""
    from videoctl.context import Context

    context = Context(command)
    session = opened(context, environment, region)
    made, observed = _planned(
        context, session, "restart", dry_run=dry_run, skip_snapshot=skip_snapshot
    )
    question = f"Restart the Flink applications of {made.environment}?"
    for loss in made.loss:
        ago = "" if loss.seconds is None else f" ({loss.seconds:.0f} s old)"
        context.output.warn(f"{loss.stage}: {loss.source}{ago}")
    asked = _Asked(dry_run=dry_run, confirm=confirm, reason=reason, timeout=timeout)
    _carry_out(context, session, made, observed, question, asked)


def reshard(
    command: typer.Context,
    shards: Shards,
    environment: Environment = None,
    region: Regions = None,
    dry_run: DryRun = False,
    confirm: Confirm = None,
    reason: Reason = None,
    timeout: Timeout = None,
) -> None:
    """Change the raw stream's open shards with the application at rest, so that nothing is lost."""
    from videoctl.context import Context

    context = Context(command)
    session = opened(context, environment, region)
    made, observed = _planned(context, session, "reshard", dry_run=dry_run, shards=shards)
    question = f"Reshard the raw stream of {made.environment} to {shards} shards?"
    asked = _Asked(dry_run=dry_run, confirm=confirm, reason=reason, timeout=timeout)
    _carry_out(context, session, made, observed, question, asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """How a plan is to be carried out, as the options say."""

    dry_run: bool
    confirm: str | None
    reason: str | None
    timeout: float | None


def _planned(
    context: Context,
    session: FlinkSession,
    action: str,
    *,
    dry_run: bool,
    skip_snapshot: bool = False,
    shards: int | None = None,
) -> tuple[Plan, ObservedEnvironment]:
    """The plan for what is there now; who holds the lock is said before anything is looked at."""
    from videoctl.execution.lock import refuse_if_held

    if not dry_run:
        refuse_if_held(context.control_store(), session.specification.name)
    return session.plan(action, skip_snapshot=skip_snapshot, shards=shards)


def _carry_out(
    context: Context,
    session: FlinkSession,
    made: Plan,
    observed: ObservedEnvironment,
    question: str,
    asked: _Asked,
) -> None:
    """Show, ask, and run; or go on with what was begun."""
    from videoctl.commands.env.running import end, refuse_if_blocked, show_plan
    from videoctl.progress import progress

    begun = session.to_go_on_with(made)
    plan = begun.plan if begun is not None else made
    if asked.dry_run:
        show_plan(context, plan, observed)
    if begun is None:
        refuse_if_blocked(context, plan, shown=asked.dry_run)
    else:
        context.output.say(f"going on with {begun.run_id}, which did not come to its end")
    if asked.dry_run:
        return
    if plan.pending(observed):
        _ask(context, session, question, asked.confirm)
    with progress(context.output, plan) as listener:
        result = session.execute(
            plan,
            listener=listener,
            approve=lambda _: context.assume_yes,
            reason=asked.reason,
            timeout_seconds=asked.timeout,
            resuming=begun,
        )
    end(context, result)


def _ask(context: Context, session: FlinkSession, question: str, confirm: str | None) -> None:
    specification = session.specification
    if specification.protected:
        what = f"{question} {specification.title} is protected."
        context.confirm_by_name(specification.name, confirm, what=what)
    else:
        context.confirm(question)
