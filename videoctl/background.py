"""`--no-wait`: the same command line goes on by itself, and its run can be followed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

import typer

from videoctl.errors import ExitCode, FailedError

if TYPE_CHECKING:
    from rich.console import Console

    from videoctl.context import Context
    from videoctl.execution.history import RunRecord

START_SECONDS: Final = 60.0
"""How long the other process may take to begin its run."""

POLL_SECONDS: Final = 0.2


def go_on_in_background(context: Context, environment: str, *, confirm: str | None = None) -> None:
    """Start this command line again without `--no-wait`, and say how to follow it.

    Args:
        context: the invocation.
        environment: whose run it is.
        confirm: the name that was typed; the other process cannot ask again.

    Raises:
        FailedError: the other process ended before its run began; its words are in the log.
        typer.Exit: 4, because the run is under way and not done.

    """
    log = context.settings.home / "logs" / f"background-{environment}-{int(time.time())}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    before = _latest(context, environment)
    words = [word for word in sys.argv[1:] if word != "--no-wait"]
    answers = ["--confirm", confirm] if confirm and "--confirm" not in words else []
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "videoctl", *words, "--yes", *answers],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    run = _await_run(context, environment, process, before)
    if run is None:
        raise FailedError(
            f"the run did not begin (exit {process.poll()})", hint=f"read {log}", code="not-started"
        )
    _report(context, run, process.pid)
    raise typer.Exit(int(ExitCode.INCOMPLETE))


def _latest(context: Context, environment: str) -> RunRecord | None:
    from videoctl.execution.history import JournalDirectory  # noqa: PLC0415  (only when it runs)

    return JournalDirectory(context.settings.home).latest(environment)


def _await_run(
    context: Context,
    environment: str,
    process: subprocess.Popen[bytes],
    before: RunRecord | None,
) -> RunRecord | None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        run = _latest(context, environment)
        if run is not None and (before is None or run.run_id != before.run_id):
            return run
        if process.poll() is not None:
            return None
        time.sleep(POLL_SECONDS)
    return None


def _report(context: Context, run: RunRecord, pid: int) -> None:
    follow = f"videoctl env status {run.environment} --wait ready"

    def text(console: Console) -> None:
        console.print(f"{run.action} {run.environment} goes on as run {run.run_id}, pid {pid}")
        console.print(f"next: {follow}")

    payload = {
        "run_id": run.run_id,
        "action": run.action,
        "environment": run.environment,
        "outcome": "incomplete",
        "steps": [
            {"name": step.name, "status": "notStarted", "started_at": None, "seconds": None}
            for step in run.plan.steps
        ],
        "end_state": {"pid": pid},
        "next": [follow],
    }
    context.output.document("run/v1", payload, text)
