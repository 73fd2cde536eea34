"""`videoctl env`: build, see, change, check and destroy environments."""

from __future__ import annotations

import typer

from videoctl.commands.env import build, expiry, look, names, remove

app = typer.Typer(no_args_is_help=True, help="Build, see, change, check and destroy environments.")
for part in (names, build, look, remove, expiry):
    part.register(app)
