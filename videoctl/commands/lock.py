"""`videoctl lock`: who holds an environment's lock, and breaking a dead one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="Who holds an environment's lock; break a dead one.")

Environment = Annotated[str | None, typer.Option("--env", metavar="NAME", help="The environment.")]


@app.command()
def show(command: typer.Context, environment: Environment = None) -> None:
    """Show who holds the lock, where, at which step, and the age of the heartbeat."""
    from videoctl.context import Context
    from videoctl.execution.lock import LEASE_SECONDS, lock_document, read_lock
    from videoctl.output import table

    context = Context(command)
    name = context.environment_name(environment)
    context.specification(name)
    seen = read_lock(context.control_store(), name)
    payload = lock_document(name, seen)

    def text(console: Console) -> None:
        if seen is None:
            console.print(f"{name}: nobody holds the lock")
            return
        table(
            console,
            ("ENVIRONMENT", "HOLDER", "HOST", "PID", "ACTION", "STEP", "HEARTBEAT AGE"),
            [
                (
                    name,
                    payload["holder"],
                    payload["host"],
                    payload["pid"],
                    payload["action"],
                    payload["step"],
                    f"{seen.heartbeat_age_seconds:.0f} s",
                )
            ],
            right=("PID",),
        )
        if seen.is_abandoned:
            console.print("its holder is gone: the next run takes it over")
        elif seen.heartbeat_age_seconds > LEASE_SECONDS:
            console.print(
                f"it is not renewed any more; if its process is gone:"
                f" videoctl lock break --env {name} --reason TEXT"
            )

    context.output.document("lock/v1", payload, text)


@app.command("break")
def break_(
    command: typer.Context,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the record.")],
    environment: Environment = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
) -> None:
    """Remove a lock whose holder is gone; one that is renewed meanwhile stays."""
    from videoctl.context import Context
    from videoctl.execution.lock import break_lock, read_lock

    context = Context(command)
    name = context.environment_name(environment)
    context.specification(name)
    store = context.control_store()
    seen = read_lock(store, name)
    if seen is not None and not dry_run:
        context.confirm(f"Break the lock of {name}, held by {seen.holder}?")
        break_lock(store, name, seen)
        context.record_broken_lock(name, seen, reason)
    broken = seen is not None and not dry_run

    def text(console: Console) -> None:
        if seen is None:
            console.print(f"{name}: nobody holds the lock")
        elif dry_run:
            console.print(f"{name}: would break the lock of {seen.holder}")
        else:
            console.print(f"{name}: broke the lock of {seen.holder}")
            console.print(f"next: videoctl env status {name}")

    payload = {
        "environment": name,
        "broken": broken,
        "holder": seen.holder if seen else None,
        "reason": reason,
    }
    context.output.document("lock-break/v1", payload, text)
