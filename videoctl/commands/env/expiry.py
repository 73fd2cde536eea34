"""`env extend` and `env reap`: environments that end by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from videoctl.commands.env.arguments import DryRun, Name
from videoctl.errors import ExitCode, IncompleteError, VideoctlError

if TYPE_CHECKING:
    from rich.console import Console

    from videoctl.context import Context


def register(app: typer.Typer) -> None:
    """Add these commands to the group."""
    app.command("extend")(extend)
    app.command("reap")(reap)


def extend(
    command: typer.Context,
    name: Name,
    ttl: Annotated[str, typer.Option("--ttl", metavar="8h", help="From now: 30m, 8h, 2d.")],
    dry_run: DryRun = False,
) -> None:
    """Move an environment's expiry; it never moves to an earlier time."""
    from videoctl.context import Context
    from videoctl.render import moment

    context = Context(command)
    session = context.session(context.specification(name))
    expires_at = session.extend(ttl, dry_run=dry_run)

    def text(console: Console) -> None:
        would = "would expire" if dry_run else "expires"
        console.print(f"{name} {would} at {moment(expires_at)}")

    context.output.document("env-extend/v1", {"name": name, "expires_at": expires_at}, text)


def reap(
    command: typer.Context,
    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="Their buckets may be emptied.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Destroy every environment that is past its expiry; protected ones are left alone."""
    from videoctl.context import Context
    from videoctl.output import table

    context = Context(command)
    known = [
        seen
        for specification in context.specifications().values()
        if (seen := context.session(specification).expired()) is not None
    ]
    expired = [seen for seen in known if seen.decision.overdue is not None]
    due = [seen.decision.environment for seen in known if seen.decision.reap]
    if due and not dry_run:
        context.confirm(f"Destroy {', '.join(due)}?")
    destroyed, failed = ([], {}) if dry_run else _destroy_all(context, due, delete_data=delete_data)
    skipped = [
        {"name": seen.decision.environment, "reason": seen.decision.reason}
        for seen in expired
        if not seen.decision.reap
    ]
    skipped += [{"name": name, "reason": reason} for name, reason in failed.items()]
    payload = {
        "expired": [
            {
                "name": seen.decision.environment,
                "expires_at": seen.expires_at,
                "protected": context.specification(seen.decision.environment).protected,
            }
            for seen in expired
        ],
        "destroyed": destroyed,
        "skipped": skipped,
    }

    def text(console: Console) -> None:
        decisions = [(seen.decision.environment, seen.decision.reason) for seen in known]
        if not known:
            console.print("no environment exists: nothing expires")
            return
        table(
            console,
            ("ENVIRONMENT", "DECISION"),
            [
                (name, f"destroyed: {reason}" if name in destroyed else reason)
                for name, reason in decisions
            ],
        )
        if dry_run and due:
            console.print(f"would destroy: {', '.join(due)}")
        for name, reason in failed.items():
            console.print(f"{name} was not destroyed: {reason}", markup=False)

    context.output.document("env-reap/v1", payload, text)
    if failed:
        first = next(iter(failed))
        context.end_with(
            IncompleteError(
                f"not destroyed: {', '.join(failed)}",
                hint=f"videoctl env destroy {first} --confirm {first} --dry-run says what it takes",
            )
        )


def _destroy_all(
    context: Context, names: list[str], *, delete_data: bool
) -> tuple[list[str], dict[str, str]]:
    """Destroy each; one that cannot be destroyed does not keep the others."""
    from videoctl.progress import progress

    destroyed: list[str] = []
    failed: dict[str, str] = {}
    for name in names:
        session = context.session(context.specification(name))
        try:
            plan, _ = session.plan_destroy(confirm=name, delete_data=delete_data)
            if plan.blockers:
                failed[name] = "; ".join(
                    f"{blocker.check}: {blocker.message}" for blocker in plan.blockers
                )
                continue
            with progress(context.output, plan) as listener:
                result = session.execute(
                    plan, listener=listener, approve=lambda _: False, reason="reap"
                )
        except VideoctlError as error:
            failed[name] = error.message
            continue
        if result.exit_code is ExitCode.DONE:
            destroyed.append(name)
        else:
            failed[name] = result.error.message if result.error else str(result.outcome)
    return destroyed, failed
