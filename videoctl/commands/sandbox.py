"""`videoctl sandbox`: the local target, driven as the separate program it is."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from videoctl.errors import ExitCode, FailedError, UsageError, VideoctlError

if TYPE_CHECKING:
    from rich.console import Console

    from videoctl.context import Context

app = typer.Typer(no_args_is_help=True, help="The local target: both regions on this machine.")
faults = typer.Typer(no_args_is_help=True, help="Faults on demand.")
app.add_typer(faults, name="fault")

SANDBOX_TIMEOUT_SECONDS: Final = 180
_NOT_RUNNING: Final = "not running (a command that needs it starts it)"


@app.command()
def up(
    command: typer.Context,
    port: Annotated[int | None, typer.Option(help="Port; default: a free one, kept.")] = None,
) -> None:
    """Start the sandbox of this VIDEOCTL_HOME, unless it runs."""
    _show_status(command, "up", *(() if port is None else ("--port", str(port))))


@app.command()
def down(command: typer.Context) -> None:
    """Stop the sandbox and everything it started."""
    _show_status(command, "down", stopped="stopped; what it holds is kept for the next start")


@app.command()
def status(command: typer.Context) -> None:
    """Show whether it runs, where, since when, and its faults."""
    _show_status(command, "status")


@app.command()
def reset(command: typer.Context) -> None:
    """Empty the sandbox: every resource and every object in it is gone."""
    from videoctl.context import Context

    Context(command).confirm("Delete everything in the sandbox?")
    _show_status(command, "reset")


@faults.command("add")
def add_fault(
    command: typer.Context,
    kind: Annotated[str, typer.Argument(help="region-down, service-down, throttle, deny, ...")],
    region: Annotated[str | None, typer.Option(help="Only this region.")] = None,
    service: Annotated[str | None, typer.Option(help="Only this service, such as kinesis.")] = None,
    operation: Annotated[str | None, typer.Option(help="Only this operation.")] = None,
    rate: Annotated[float, typer.Option(min=0, max=1, help="Share of calls hit.")] = 1.0,
    delay_ms: Annotated[int | None, typer.Option(min=0, help="For slow, in ms.")] = None,
    for_seconds: Annotated[
        float | None, typer.Option("--for", min=0, help="Ends by itself after this long.")
    ] = None,
) -> None:
    """Make calls fail, or be slow, as AWS would."""
    words = ["fault", "add", kind, "--rate", str(rate)]
    given = {
        "--region": region,
        "--service": service,
        "--operation": operation,
        "--delay-ms": delay_ms,
        "--for": for_seconds,
    }
    for option, value in given.items():
        if value is not None:
            words += [option, str(value)]
    _show_status(command, *words)


@faults.command("list")
def list_faults(command: typer.Context) -> None:
    """List the faults in force."""
    _show_status(command, "fault", "list")


@faults.command("clear")
def clear_faults(command: typer.Context) -> None:
    """End every fault."""
    _show_status(command, "fault", "clear")


def _show_status(command: typer.Context, *words: str, stopped: str = _NOT_RUNNING) -> None:
    from videoctl.context import Context

    context = Context(command)
    told = _sandbox(context, *words)

    def text(console: Console) -> None:
        _draw(console, told, stopped)

    schema = told.pop("schema").removeprefix("videoctl/")
    context.output.document(schema, told, text)


def _sandbox(context: Context, *words: str) -> dict[str, Any]:
    """Run the sandbox's own program and read its one JSON document."""
    from videoctl.settings import sandbox_home

    home = str(sandbox_home(context.settings.home))
    argv = [sys.executable, "-m", "sandbox", *words, "--home", home, "-o", "json"]
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=SANDBOX_TIMEOUT_SECONDS, check=False
        )
        told: dict[str, Any] = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise FailedError(
            f"the sandbox program did not answer: {error}",
            hint="pip install 'videoctl[sandbox]', then videoctl doctor",
            code="sandbox-unavailable",
        ) from error
    if told.get("schema") == "videoctl/error/v1":
        raise _error(told)
    return told


def _error(told: dict[str, Any]) -> VideoctlError:
    kind = UsageError if told.get("exit_code") == ExitCode.USAGE else FailedError
    return kind(told["message"], hint=told.get("hint"), code=told.get("code"))


def _draw(console: Console, told: dict[str, Any], stopped: str) -> None:
    from videoctl.output import table

    if not told["running"]:
        console.print(f"sandbox: {stopped}")
        return
    console.print(
        f"sandbox: running at {told['endpoint_url']}, pid {told['pid']},"
        f" up {told['uptime_seconds']:.0f} s, {len(told['services'])} services"
    )
    if told["faults"]:
        columns = ("FAULT", "REGION", "SERVICE", "OPERATION", "RATE")
        keys = ("kind", "region", "service", "operation", "rate")
        rows = [[fault.get(key) for key in keys] for fault in told["faults"]]
        table(console, columns, rows, right=("RATE",))
