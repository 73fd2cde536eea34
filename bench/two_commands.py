"""The smallest Typer program with two commands: what `videoctl --help` is held against."""

from __future__ import annotations

import typer

app = typer.Typer()


@app.command()
def first(name: str = "x") -> None:
    """Do the first thing."""
    typer.echo(name)


@app.command()
def second(name: str = "y") -> None:
    """Do the second thing."""
    typer.echo(name)


if __name__ == "__main__":
    app()
