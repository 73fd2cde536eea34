"""`videoctl stacks`: the module catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="The module catalogue.")


@app.callback()
def _group() -> None:
    """Keep `stacks` a group, with one subcommand or more."""


@app.command()
def modules(command: typer.Context) -> None:
    """List the 19 modules, and where each is used."""
    from stacks.catalog import modules as catalogue
    from videoctl.context import Context
    from videoctl.output import table

    context = Context(command)
    rows = catalogue()

    def text(console: Console) -> None:
        table(
            console,
            ("MODULE", "COMPONENT", "USED BY"),
            [(row.module, row.component, ", ".join(row.used_by)) for row in rows],
        )

    context.output.document("stacks-modules/v1", {"modules": rows}, text)
