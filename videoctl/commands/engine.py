"""`videoctl engine`: the Pulumi engine, found or installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="The Pulumi engine: find or install it.")


@app.callback()
def _group() -> None:
    """Keep `engine` a group, with one subcommand or more."""


@app.command()
def install(command: typer.Context) -> None:
    """Find an engine, or install one into the cache; nothing happens when one is there."""
    from videoctl.context import Context
    from videoctl.provisioning.engine import version_text
    from videoctl.provisioning.engine_install import ensure_engine

    context = Context(command)
    engine = ensure_engine(context.output.say, context.engine_environment())
    version = version_text(engine.version)

    def text(console: Console) -> None:
        console.print(f"Pulumi engine {version} at {engine.executable} ({engine.found_by})")

    payload = {
        "root": engine.executable.parent.parent,
        "version": version,
        "source": engine.found_by,
    }
    context.output.document("engine/v1", payload, text)
