"""`env plan`, `create`, `update` and `repair`: one kind of plan, shown or carried out."""

from __future__ import annotations

from dataclasses import dataclass
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
    from collections.abc import Callable

    from videoctl.context import Context
    from videoctl.planning.observation import ObservedEnvironment
    from videoctl.planning.plan import Action, Plan
    from videoctl.session import EnvironmentSession


def register(app: typer.Typer) -> None:
    """Add these commands to the group."""
    app.command("plan")(plan)
    app.command("create")(
        _building(
            "create", "Build an environment, or go on building it; run again, it changes nothing."
        )
    )
    app.command("update")(
        _building("update", "Bring an environment that exists to its specification.")
    )
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


def _building(action: Action, says: str) -> Callable[..., None]:
    """`create` and `update` take the same options: one command, told which of them it is."""

    def build(
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
        asked = _Asked(
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
        _build(command, name, action, asked)

    build.__doc__ = says
    return build


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
    asked = _Asked(
        accepted=tuple(accept_replacement or ()),
        skip_canary=skip_canary,
        dry_run=dry_run,
        confirm=confirm,
        reason=reason,
        timeout=timeout,
    )
    _build(command, name, "repair", asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the options say; a command without one of them leaves it as it is here."""

    ttl: str | None = None
    accepted: tuple[str, ...] = ()
    saved: Path | None = None
    skip_canary: bool = False
    dry_run: bool = False
    confirm: str | None = None
    reason: str | None = None
    timeout: float | None = None
    wait: bool = True


def _build(command: typer.Context, name: str, action: Action, asked: _Asked) -> None:
    from videoctl.commands.env.running import refuse_if_blocked, run_plan, show_plan
    from videoctl.context import Context
    from videoctl.execution.lock import refuse_if_held
    from videoctl.model.cost import estimate

    context = Context(command)
    session = context.session(context.specification(name))
    if not asked.dry_run:
        # Before planning, which takes seconds that the other run may need to end.
        refuse_if_held(context.control_store(), session.name)
    made, observed = _planned(session, action, asked)
    if asked.dry_run:
        show_plan(context, made, observed, cost=estimate(session.specification))
    refuse_if_blocked(context, made, shown=asked.dry_run)
    if asked.dry_run:
        return
    confirm = asked.confirm
    if made.pending(observed):
        confirm = _ask(context, session, action, confirm)
    if not asked.wait:
        from videoctl.background import go_on_in_background

        go_on_in_background(context, session.specification.name, confirm=confirm)
        return
    run_plan(context, session, made, reason=asked.reason, timeout=asked.timeout)


def _planned(
    session: EnvironmentSession, action: Action, asked: _Asked
) -> tuple[Plan, ObservedEnvironment]:
    if asked.saved is not None:
        _refuse_other_wishes(asked)
        return _as_saved(session, action, asked.saved)
    return session.plan(
        action,
        ttl=asked.ttl,
        accepted=asked.accepted,
        with_canary=not asked.skip_canary,
        with_preview=asked.dry_run,
    )


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


def _refuse_other_wishes(asked: _Asked) -> None:
    """Options that shape a plan belong to `env plan --save`: the file is applied as it is."""
    from videoctl.errors import UsageError

    given = [
        flag
        for flag, is_given in (
            ("--ttl", asked.ttl is not None),
            ("--accept-replacement", bool(asked.accepted)),
            ("--skip-canary", asked.skip_canary),
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
