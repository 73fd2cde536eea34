"""`env destroy`: in the right order, and only with its name typed."""

from __future__ import annotations

from typing import Annotated

import typer

from videoctl.commands.env.arguments import Confirm, DryRun, Name, Reason, Timeout


def register(app: typer.Typer) -> None:
    """Add these commands to the group."""
    app.command("destroy")(destroy)


def destroy(
    command: typer.Context,
    name: Name,
    confirm: Confirm = None,
    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="Empty the buckets, all versions of all objects.")
    ] = False,
    dry_run: DryRun = False,
    reason: Reason = None,
    timeout: Timeout = None,
) -> None:
    """Destroy an environment: writers first, then data if asked, then every resource."""
    from videoctl.commands.env.running import refuse_if_blocked, run_plan, show_plan
    from videoctl.context import Context

    context = Context(command)
    session = context.session(context.specification(name))
    if dry_run:
        made, observed = session.plan_destroy(confirm=name, delete_data=delete_data)
        show_plan(context, made, observed)
        refuse_if_blocked(context, made, shown=True)
        return
    context.confirm_by_name(name, confirm, what=f"destroy {name}: it cannot be taken back.")
    made, _ = session.plan_destroy(confirm=name, delete_data=delete_data)
    refuse_if_blocked(context, made)
    run_plan(context, session, made, reason=reason, timeout=timeout)
