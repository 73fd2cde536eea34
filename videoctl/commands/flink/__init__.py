"""`videoctl flink`: the applications' state, safe restarts, timeouts, and resharding."""

from __future__ import annotations

import typer

from videoctl.commands.flink import act, look

app = typer.Typer(
    no_args_is_help=True, help="Flink applications: state, snapshots, safe restarts, reshards."
)
for part in (look, act):
    part.register(app)
