"""`videoctl grafana`: dashboards and alert rules, as files for a Grafana."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="Dashboards and alert rules, as files for a Grafana.")


@app.callback()
def _group() -> None:
    """Keep `grafana` a group, with one subcommand or more."""


@app.command()
def export(
    command: typer.Context,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to write; made if it is not there.")
    ],
    env: Annotated[
        str | None, typer.Option("--env", metavar="NAME", help="Which environment.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change; write nothing.")
    ] = False,
) -> None:
    """Write an environment's dashboards, alert rules and data sources, as JSON.

    DIR/dashboards can be imported as it is; DIR/provisioning is a provisioning directory of
    Grafana's. Files of other environments in DIR stay as they are.
    """
    from stacks.grafana.export import documents
    from videoctl.context import Context
    from videoctl.file_set import compared, write
    from videoctl.output import table

    context = Context(command)
    name = context.environment_name(env)
    specification = context.specification(name)
    files = compared(directory, documents(specification))
    changed = [file.path for file in files if file.change == "changed"]
    if not dry_run:
        if changed:
            context.confirm(f"Replace {', '.join(changed)} in {directory}, which hold other text?")
        write(directory, files)

    def text(console: Console) -> None:
        table(console, ("FILE", "CHANGE"), [(file.path, file.change) for file in files])

    payload = {
        "environment": name,
        "directory": str(directory),
        "written": not dry_run,
        "files": [{"path": file.path, "change": file.change} for file in files],
    }
    context.output.document("grafana-export/v1", payload, text)
