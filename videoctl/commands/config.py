"""`videoctl config`: settings, and where each value comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="Settings, and where each value comes from.")


@app.callback()
def _group() -> None:
    """Keep `config` a group, with one subcommand or more."""


@app.command()
def explain(command: typer.Context) -> None:
    """Print each setting, its value and where it came from."""
    from videoctl.context import Context
    from videoctl.output import table

    context = Context(command)
    settings = context.settings
    rows = [(item.key, item.value, item.origin) for item in settings.origins]
    rows += [
        (f"targets.{name}", "(chosen)" if name == settings.target_name else "", "known target")
        for name in sorted(settings.targets)
    ]

    def text(console: Console) -> None:
        table(console, ("SETTING", "VALUE", "FROM"), rows)

    payload = {
        "values": [
            {"key": item.key, "value": item.value, "origin": item.origin}
            for item in settings.origins
        ],
        "targets": sorted(settings.targets),
    }
    context.output.document("config-explain/v1", payload, text)
