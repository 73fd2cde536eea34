"""`env status`, `check` and `drift`: looking, never changing."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from videoctl.commands.env.arguments import Name
from videoctl.errors import ExitCode, TimedOutError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from videoctl.context import Context
    from videoctl.planning.observation import StackFacts
    from videoctl.planning.status import EnvironmentStatus
    from videoctl.provisioning.changes import Drift, ResourceChange
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
    from videoctl.execution.canary import canary_document
    from videoctl.planning.status import EnvironmentState
    from videoctl.render import draw_status

    if wait is not None and wait not in set(EnvironmentState):
        states = ", ".join(EnvironmentState)
        raise UsageError(f"--wait {wait!r} is no state", hint=f"one of: {states}")
    context = Context(command)
    session = context.session(context.specification(name))
    seen = (
        session.status(measured=True) if wait is None else _await(context, session, wait, timeout)
    )

    def text(console: Console) -> None:
        draw_status(console, seen, datetime.now(UTC))

    payload = {
        "name": name,
        "state": seen.state,
        "hops": seen.hops,
        "ticket": {"state": seen.ticket},
        "open_items": seen.open_items,
        "last_canary": canary_document(seen.last_canary) if seen.last_canary else None,
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
            return session.status(measured=True)
        if time.monotonic() >= deadline:
            raise TimedOutError(
                f"{seen.environment} is {seen.state}, not {wanted}, after {timeout:.0f} s",
                hint=f"videoctl env check {seen.environment}",
            )
        context.output.say(f"{seen.environment} is {seen.state}; waiting for {wanted}")
        time.sleep(POLL_SECONDS)


def check(
    command: typer.Context,
    name: Name,
    with_canary: Annotated[
        bool, typer.Option("--canary", help="Send a tagged event through every hop as well.")
    ] = False,
) -> None:
    """Run every preflight and health check; exit 3 when one refuses, 6 for want of permission."""
    from videoctl.context import Context
    from videoctl.execution.canary import canary_document
    from videoctl.planning.plan import Verdict
    from videoctl.render import draw_canary, draw_checks

    context = Context(command)
    session = context.session(context.specification(name))
    checks = session.checks()
    is_there = session.stack.facts().exists
    flight = None
    if with_canary:
        outcome, result = session.canary()
        checks = (*checks, outcome)
        flight = canary_document(result) if result else None

    def text(console: Console) -> None:
        draw_checks(console, checks)
        if flight is not None:
            console.print()
            draw_canary(console, flight["hops"])
        if not is_there:
            console.print(f"\n{name} is absent: this is what a create would need")
        for item in checks:
            if item.verdict is Verdict.FAIL:
                console.print(f"refused by {item.check}: {item.cure or item.seen}", markup=False)

    payload = {"name": name, "checks": checks, "canary": flight}
    context.output.document("env-check/v1", payload, text)
    failed = [item for item in checks if item.verdict is Verdict.FAIL]
    if failed:
        is_permission = all(item.missing_action is not None for item in failed)
        code = ExitCode.NOT_ALLOWED if is_permission else ExitCode.REFUSED
        raise typer.Exit(int(code))


def drift(command: typer.Context, name: Name) -> None:
    """Compare the code with the world; exit 7 when they differ."""
    from videoctl.context import Context

    context = Context(command)
    session = context.session(context.specification(name))
    facts = session.stack.facts()
    found = session.drift()

    def text(console: Console) -> None:
        _draw_drift(console, name, found, facts)

    differences = [
        {**asdict(change), "between": between}
        for between, changes in (
            ("state-and-world", found.changes),
            ("code-and-state", found.not_applied),
        )
        for change in changes
    ]
    payload = {
        "name": name,
        "differences": differences,
        "unchecked": [{"what": item.subject, "why": item.reason} for item in found.unchecked],
        "pending_operations": facts.pending_operations,
    }
    context.output.document("env-drift/v1", payload, text)
    if differences or facts.pending_operations:
        raise typer.Exit(int(ExitCode.DIFFERENCES))


def _draw_drift(console: Console, name: str, found: Drift, facts: StackFacts) -> None:
    """World, code, interrupted operations, and what was not compared, grouped by the reason."""
    if not facts.exists:
        console.print(f"{name} is absent: there is nothing to compare")
        return
    if found.changes:
        console.print(f"changed in AWS; mend it with: videoctl env repair {name}")
        _draw_changes(console, found.changes)
    if found.not_applied:
        console.print(f"changed in the code; apply it with: videoctl env update {name}")
        _draw_changes(console, found.not_applied)
    if not found.changes and not found.not_applied:
        console.print(f"{name}: no differences in {found.checked} resources")
    for operation in facts.pending_operations:
        resource = operation.urn.rsplit("::", 1)[-1]
        console.print(f"interrupted: {operation.operation} {resource}", markup=False)
    if facts.pending_operations:
        console.print(f"go on with: videoctl env repair {name}")
    console.print()
    _draw_unchecked(console, found)


def _draw_unchecked(console: Console, found: Drift) -> None:
    reasons: dict[str, list[str]] = {}
    for item in found.unchecked:
        reasons.setdefault(item.reason, []).append(item.subject)
    if reasons:
        console.print("not checked:")
    for reason, subjects in reasons.items():
        console.print(f"  {reason}:", markup=False)
        for subject in sorted(part for one in subjects for part in one.split(", ")):
            console.print(f"    {subject}", markup=False)


def _draw_changes(console: Console, changes: Iterable[ResourceChange]) -> None:
    from videoctl.output import table

    table(
        console,
        ("CHANGE", "RESOURCE", "TYPE", "REGION", "PROPERTIES"),
        [
            (item.change, item.name, item.type, item.region, " ".join(item.properties))
            for item in changes
        ],
    )
