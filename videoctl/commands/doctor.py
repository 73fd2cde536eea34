"""`videoctl doctor`: what this machine or account lacks, and the cure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from videoctl.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(help="What this machine or account lacks, and the cure.")


@app.command()
def doctor(command: typer.Context) -> None:
    """What this machine or account lacks, and the cure."""
    from videoctl.context import Context
    from videoctl.doctor import examine
    from videoctl.planning.plan import Verdict
    from videoctl.render import draw_checks

    context = Context(command)
    checks = examine(context)

    def text(console: Console) -> None:
        draw_checks(console, checks)

    payload = {
        "checks": [
            {
                "check": item.check,
                "verdict": item.verdict,
                "seen": item.seen,
                "limit": item.limit,
                "cure": item.cure,
            }
            for item in checks
        ]
    }
    context.output.document("doctor/v1", payload, text)
    if any(item.verdict is Verdict.FAIL for item in checks):
        raise typer.Exit(int(ExitCode.REFUSED))
