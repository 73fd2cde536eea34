"""`flink status` and `timeouts`: looking, never changing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from videoctl.commands.env.arguments import ExitCodeFlag
from videoctl.commands.flink.arguments import Environment, Regions, opened
from videoctl.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

TIMEOUT_KEYS = (
    "application", "region", "runtime_environment", "application_status", "healthy", "timeouts",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add these commands to the group."""
    app.command("status")(status)
    app.command("timeouts")(timeouts)


def status(
    command: typer.Context,
    environment: Environment = None,
    region: Regions = None,
    exit_code: ExitCodeFlag = False,
) -> None:
    """Show each application, the job behind it, snapshots and operations."""
    from videoctl.commands.flink.drawing import draw_status
    from videoctl.context import Context

    context = Context(command)
    session = opened(context, environment, region)
    observed = session.look()
    applications = session.applications(observed)

    def text(console: Console) -> None:
        draw_status(console, applications, observed.observed_at)

    payload = {"environment": session.specification.name, "applications": applications}
    context.output.document("flink-status/v1", payload, text)
    if exit_code and any(one["healthy"] is not True for one in applications):
        raise typer.Exit(int(ExitCode.DIFFERENCES))


def timeouts(
    command: typer.Context,
    environment: Environment = None,
    region: Regions = None,
    exit_code: ExitCodeFlag = False,
) -> None:
    """Show the timeouts the running jobs have, read back from their job managers."""
    from videoctl.commands.flink.drawing import draw_timeouts
    from videoctl.context import Context

    context = Context(command)
    session = opened(context, environment, region)
    found: list[dict[str, Any]] = [
        {key: one[key] for key in TIMEOUT_KEYS} | {"reason": _reason(one)}
        for one in session.applications(session.look())
    ]

    def text(console: Console) -> None:
        draw_timeouts(console, found)

    payload = {"environment": session.specification.name, "applications": found}
    context.output.document("flink-timeouts/v1", payload, text)
    if exit_code and not all(one.in_force for each in found for one in each["timeouts"]):
        raise typer.Exit(int(ExitCode.DIFFERENCES))


def _reason(application: dict[str, Any]) -> str | None:
    """Why the values are not known, if they are not."""
    if all(one.effective_ms is not None for one in application["timeouts"]):
        return None
    if application["application_status"] != "RUNNING":
        return f"the application is {application['application_status']}: no job manager runs"
    reason: str | None = (application["job"] or {}).get("reason")
    return reason or "the job manager did not list its configuration"
