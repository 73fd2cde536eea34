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
    from videoctl.planning.observation import ObservedEnvironment
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
    skip_canary: SkipCanary = False,
    exit_code: ExitCodeFlag = False,
) -> None:
    """Show what create or update would do; nothing is changed."""
    from videoctl.commands.env.running import show_plan
    from videoctl.context import Context
    from videoctl.model.cost import estimate

    context = Context(command)
    session = context.session(context.specification(name))
    made, observed = session.plan(
        "create",
        ttl=ttl,
        accepted=tuple(accept_replacement or ()),
        with_canary=not skip_canary,
        with_preview=True,
        to_save=save is not None,
    )
    if save is not None:
        _save(session, save, made, observed)
    show_plan(context, made, observed, cost=estimate(session.specification))
    if save is not None:
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
    from videoctl.execution.lock import refuse_if_held
    from videoctl.model.cost import estimate

    if not dry_run:
        # Before planning, which takes seconds that the other run may need to end.
        refuse_if_held(context.control_store(), session.name)
    if saved is None:
        made, observed = session.plan(
            action, ttl=ttl, accepted=accepted, with_canary=not skip_canary, with_preview=dry_run
        )
    else:
        _refuse_other_wishes(ttl=ttl, accepted=accepted, skip_canary=skip_canary)
        made, observed = _as_saved(session, action, saved)
    if dry_run:
        show_plan(context, made, observed, cost=estimate(session.specification))
    refuse_if_blocked(context, made, shown=dry_run)
    if dry_run:
        return
    if made.pending(observed):
        confirm = _ask(context, session, action, confirm)
    if not wait:
        from videoctl.background import go_on_in_background

        go_on_in_background(context, session.specification.name, confirm=confirm)
        return
    run_plan(context, session, made, reason=reason, timeout=timeout)


def _save(
    session: EnvironmentSession, path: Path, made: Plan, observed: ObservedEnvironment
) -> None:
    from videoctl.errors import RefusedError
    from videoctl.plan_file import save_plan_file

    stack = session.saved_plan()
    if stack is None:
        raise RefusedError(
            f"without the engine there is no preview to save; {path} was not written",
            hint="videoctl engine install",
            code="engine-missing",
        )
    save_plan_file(path, made, observed, stack)


def _refuse_other_wishes(*, ttl: str | None, accepted: tuple[str, ...], skip_canary: bool) -> None:
    """Options that shape a plan belong to `env plan --save`: the file is applied as it is."""
    from videoctl.errors import UsageError

    given = [
        flag
        for flag, is_given in (
            ("--ttl", ttl is not None),
            ("--accept-replacement", bool(accepted)),
            ("--skip-canary", skip_canary),
        )
        if is_given
    ]
    if given:
        raise UsageError(
            f"{' and '.join(given)} cannot go with --plan: the saved plan is applied as it is",
            hint=f"give {' and '.join(given)} to `videoctl env plan NAME --save FILE`",
        )


def _as_saved(
    session: EnvironmentSession, action: Action, path: Path
) -> tuple[Plan, ObservedEnvironment]:
    """The saved plan made again, refused where it says anything else now."""
    from videoctl.plan_file import load_plan_file

    file = load_plan_file(path)
    made, observed = session.plan(
        action,
        accepted=file.shape.accepted_replacements,
        with_canary=file.shape.with_canary,
        with_preview=True,
        expires_at=file.shape.expires_at,
    )
    file.refuse_if_stale(made)
    session.stack.saved_plan = file.stack
    return made, observed


def _ask(
    context: Context, session: EnvironmentSession, action: str, confirm: str | None
) -> str | None:
    """Say what it will cost, then ask; the name that was given or typed, where one is needed."""
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
    return specification.name if specification.protected else None
