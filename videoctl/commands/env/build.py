"""`env plan`, `create`, `update` and `repair`: one kind of plan, shown or carried out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videoctl.commands.env.arguments import (
    AcceptReplacement,
    Confirm,
    DryRun,
    ExitCodeFlag,
    Name,
    Reason,
    SavedPlan,
    SkipCanary,
    Timeout,
    Ttl,
    Wait,
)
from videoctl.errors import ExitCode

if TYPE_CHECKING:
    from videoctl.context import Context
    from videoctl.planning.plan import Action, Plan
    from videoctl.session import EnvironmentSession


def register(app: typer.Typer) -> None:
    """Add these commands to the group."""
    app.command("plan")(plan)
    app.command("create")(create)
    app.command("update")(update)
    app.command("repair")(repair)


def plan(
    command: typer.Context,
    name: Name,
    ttl: Ttl = None,
    accept_replacement: AcceptReplacement = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Keep it for create --plan.")
    ] = None,
    exit_code: ExitCodeFlag = False,
) -> None:
    """Show what create or update would do; nothing is changed."""
    from videoctl.commands.env.running import save_plan, show_plan
    from videoctl.context import Context
    from videoctl.model.cost import estimate

    context = Context(command)
    session = context.session(context.specification(name))
    made, observed = session.plan(
        "create", ttl=ttl, accepted=tuple(accept_replacement or ()), with_preview=True
    )
    show_plan(context, made, observed, cost=estimate(session.specification))
    if save is not None:
        save_plan(save, made, observed)
        context.output.say(f"saved; apply it with: videoctl env create {name} --plan {save}")
    if exit_code and made.pending(observed):
        raise typer.Exit(int(ExitCode.DIFFERENCES))


def create(
    command: typer.Context,
    name: Name,
    ttl: Ttl = None,
    accept_replacement: AcceptReplacement = None,
    saved: SavedPlan = None,
    skip_canary: SkipCanary = False,
    dry_run: DryRun = False,
    confirm: Confirm = None,
    reason: Reason = None,
    timeout: Timeout = None,
    wait: Wait = True,
) -> None:
    """Build an environment, or go on building it; run again, it changes nothing."""
    from videoctl.context import Context

    context = Context(command)
    session = context.session(context.specification(name))
    _build(
        context,
        session,
        "create",
        ttl=ttl,
        accepted=tuple(accept_replacement or ()),
        saved=saved,
        skip_canary=skip_canary,
        dry_run=dry_run,
        confirm=confirm,
        reason=reason,
        timeout=timeout,
        wait=wait,
    )


def update(
    command: typer.Context,
    name: Name,
    ttl: Ttl = None,
    accept_replacement: AcceptReplacement = None,
    saved: SavedPlan = None,
    skip_canary: SkipCanary = False,
    dry_run: DryRun = False,
    confirm: Confirm = None,
    reason: Reason = None,
    timeout: Timeout = None,
    wait: Wait = True,
) -> None:
    """Bring an environment that exists to its specification."""
    from videoctl.context import Context

    context = Context(command)
    session = context.session(context.specification(name))
    _build(
        context,
        session,
        "update",
        ttl=ttl,
        accepted=tuple(accept_replacement or ()),
        saved=saved,
        skip_canary=skip_canary,
        dry_run=dry_run,
        confirm=confirm,
        reason=reason,
        timeout=timeout,
        wait=wait,
    )


def repair(
    command: typer.Context,
    name: Name,
    accept_replacement: AcceptReplacement = None,
    skip_canary: SkipCanary = False,
    dry_run: DryRun = False,
    confirm: Confirm = None,
    reason: Reason = None,
    timeout: Timeout = None,
) -> None:
    """Walk locks and pending operations one by one, then read everything and mend it."""
    from videoctl.context import Context

    context = Context(command)
    session = context.session(context.specification(name))
    _build(
        context,
        session,
        "repair",
        ttl=None,
        accepted=tuple(accept_replacement or ()),
        saved=None,
        skip_canary=skip_canary,
        dry_run=dry_run,
        confirm=confirm,
        reason=reason,
        timeout=timeout,
        wait=True,
    )


def _build(
    context: Context,
    session: EnvironmentSession,
    action: Action,
    *,
    ttl: str | None,
    accepted: tuple[str, ...],
    saved: Path | None,
    skip_canary: bool,
    dry_run: bool,
    confirm: str | None,
    reason: str | None,
    timeout: float | None,
    wait: bool,
) -> None:
    from videoctl.commands.env.running import refuse_if_blocked, run_plan, show_plan
    from videoctl.model.cost import estimate

    made, observed = session.plan(
        action, ttl=ttl, accepted=accepted, with_canary=not skip_canary, with_preview=dry_run
    )
    if saved is not None:
        _refuse_if_stale(saved, made)
    if dry_run:
        show_plan(context, made, observed, cost=estimate(session.specification))
        return
    refuse_if_blocked(context, made)
    if made.pending(observed):
        _ask(context, session, action, confirm)
    if not wait:
        from videoctl.background import go_on_in_background

        go_on_in_background(context, session.specification.name)
        return
    run_plan(context, session, made, reason=reason, timeout=timeout)


def _refuse_if_stale(saved: Path, fresh: Plan) -> None:
    from videoctl.commands.env.running import read_plan
    from videoctl.errors import RefusedError
    from videoctl.planning.plan import does_same_work

    if not does_same_work(read_plan(saved), fresh):
        raise RefusedError(
            f"{saved} is stale: the environment or its specification changed since it was made",
            hint=f"videoctl env plan {fresh.environment} --save {saved}",
            code="plan-stale",
        )


def _ask(context: Context, session: EnvironmentSession, action: str, confirm: str | None) -> None:
    """Say what it will cost, then ask; protected environments by their name."""
    from videoctl.commands.env.running import cost_line
    from videoctl.model.cost import estimate

    specification = session.specification
    where = " and ".join(specification.regions)
    what = f"{action} {specification.name} in {where}: {cost_line(estimate(specification))}."
    if specification.protected:
        what = f"{what} {specification.title} is protected."
        context.confirm_by_name(specification.name, confirm, what=what)
    else:
        context.confirm(f"{what} Go on?")
    if context.assume_yes or confirm is not None:
        context.output.say(what)
