"""`videoctl history`: past runs, from the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(help="Past runs, from the journal.")


@app.command()
def history(
    command: typer.Context,
    environment: Annotated[
        str | None, typer.Option("--env", metavar="NAME", help="Only this environment.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many, newest first.")] = 20,
) -> None:
    """Past runs, from the journal."""
    from videoctl.context import Context
    from videoctl.execution.history import JournalDirectory
    from videoctl.output import table
    from videoctl.render import moment

    context = Context(command)
    if environment is not None:
        context.specification(environment)
    runs = JournalDirectory(context.settings.home).history(environment)[:limit]

    def text(console: Console) -> None:
        if not runs:
            console.print("no runs yet")
            return
        table(
            console,
            ("RUN", "ENVIRONMENT", "ACTION", "STARTED", "OUTCOME", "BY", "REASON"),
            [
                (
                    run.run_id,
                    run.environment,
                    run.action,
                    moment(run.started_at),
                    run.outcome or "open",
                    f"{run.operator.user}@{run.operator.host}",
                    run.operator.reason,
                )
                for run in runs
            ],
        )
        for run in runs:
            if run.completed_by is not None:
                console.print(f"{run.run_id} was completed by {run.completed_by}", markup=False)

    payload = {
        "runs": [
            {
                "run_id": run.run_id,
                "action": run.action,
                "environment": run.environment,
                "started_at": run.started_at,
                "outcome": run.outcome,
                "completed_by": run.completed_by,
                "account_id": run.account_id,
                "operator": run.operator,
                "is_torn": run.is_torn,
            }
            for run in runs
        ]
    }
    context.output.document("history/v1", payload, text)
