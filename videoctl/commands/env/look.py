"""`env status`, `check` and `drift`: looking, never changing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from videoctl.commands.env.arguments import Name
from videoctl.errors import ExitCode, TimedOutError

if TYPE_CHECKING:
    from rich.console import Console

    from videoctl.context import Context
    from videoctl.planning.status import EnvironmentStatus
    from videoctl.session import EnvironmentSession

POLL_SECONDS: Final = 2.0
READY: Final = ("ready", "ready-except-ticket")


def register(app: typer.Typer) -> None:
    """Add these commands to the group."""
    app.command("status")(status)
    app.command("check")(check)
    app.command("drift")(drift)


def status(
    command: typer.Context,
    name: Name,
    wait: Annotated[
        str | None, typer.Option("--wait", metavar="ready", help="Wait for this state.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds for --wait.")] = 600.0,
) -> None:
    """Show the live state of an environment, hop by hop."""
    from datetime import UTC, datetime

    from videoctl.context import Context
    from videoctl.errors import UsageError
    from videoctl.planning.status import EnvironmentState
    from videoctl.render import draw_status

    if wait is not None and wait not in set(EnvironmentState):
        states = ", ".join(EnvironmentState)
        raise UsageError(f"--wait {wait!r} is no state", hint=f"one of: {states}")
    context = Context(command)
    session = context.session(context.specification(name))
    seen = session.status() if wait is None else _await(context, session, wait, timeout)

    def text(console: Console) -> None:
        draw_status(console, seen, datetime.now(UTC))

    payload = {
        "name": name,
        "state": seen.state,
        "hops": seen.hops,
        "ticket": {"state": seen.ticket},
        "open_items": seen.open_items,
    }
    context.output.document("env-status/v1", payload, text)


def _await(
    context: Context, session: EnvironmentSession, wanted: str, timeout: float
) -> EnvironmentStatus:
    deadline = time.monotonic() + timeout
    enough = READY if wanted == "ready" else (wanted,)
    while True:
        seen = session.status()
        if seen.state in enough:
            return seen
        if time.monotonic() >= deadline:
            raise TimedOutError(
                f"{seen.environment} is {seen.state}, not {wanted}, after {timeout:.0f} s",
                hint=f"videoctl env check {seen.environment}",
            )
        context.output.say(f"{seen.environment} is {seen.state}; waiting for {wanted}")
        time.sleep(POLL_SECONDS)


def check(command: typer.Context, name: Name) -> None:
    """Run every preflight and health check; exit 3 when one refuses, 6 for want of permission."""
    from videoctl.context import Context
    from videoctl.planning.plan import Verdict
    from videoctl.render import draw_checks

    context = Context(command)
    session = context.session(context.specification(name))
    checks = session.checks()

    def text(console: Console) -> None:
        draw_checks(console, checks)

    context.output.document("env-check/v1", {"name": name, "checks": checks}, text)
    failed = [item for item in checks if item.verdict is Verdict.FAIL]
    if failed:
        is_permission = all(item.missing_action is not None for item in failed)
        code = ExitCode.NOT_ALLOWED if is_permission else ExitCode.REFUSED
        raise typer.Exit(int(code))


def drift(command: typer.Context, name: Name) -> None:
    """Compare the code with the world; exit 7 when they differ."""
    from videoctl.context import Context
    from videoctl.output import table

    context = Context(command)
    session = context.session(context.specification(name))
    found = session.drift()
    pending = session.stack.facts().pending_operations

    def text(console: Console) -> None:
        if found.changes:
            table(
                console,
                ("RESOURCE", "TYPE", "REGION", "CHANGE", "PROPERTIES"),
                [
                    (item.name, item.type, item.region, item.change, " ".join(item.properties))
                    for item in found.changes
                ],
            )
            console.print(f"\nmend it with: videoctl env repair {name}")
        else:
            console.print(f"{name}: no differences in {found.checked} resources")
        for operation in pending:
            console.print(f"pending: {operation.operation} {operation.urn}", markup=False)
        if found.unchecked:
            console.print("\nnot checked:")
        for item in found.unchecked:
            console.print(f"  - {item.subject}: {item.reason}", markup=False)

    payload = {
        "name": name,
        "differences": found.changes,
        "unchecked": [{"what": item.subject, "why": item.reason} for item in found.unchecked],
        "pending_operations": pending,
    }
    context.output.document("env-drift/v1", payload, text)
    if found.changes or pending:
        raise typer.Exit(int(ExitCode.DIFFERENCES))
