"""Start-up: what `--version` and `--help` cost against the least they could."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import Final

from bench.measure import Figure, in_turn

RUNS: Final = 15
VERSION_BAR: Final = 2.0
HELP_BAR: Final = 1.5


def figures() -> list[Figure]:
    """Both start-up figures."""
    videoctl = str(Path(sys.executable).with_name("videoctl"))
    two = str(Path(__file__).with_name("two_commands.py"))
    version = in_turn([videoctl, "--version"], [sys.executable, "-c", "pass"], RUNS)
    help_ = in_turn([videoctl, "--help"], [sys.executable, two, "--help"], RUNS)
    return [
        Figure(
            "`videoctl --version` against `python -c pass`",
            f"at most {VERSION_BAR:g} times",
            f"{version.ratio:.2f} times ({_ms(version.first)} against {_ms(version.second)})",
            version.ratio <= VERSION_BAR,
        ),
        Figure(
            "`videoctl --help` against the help of a two-command Typer program",
            f"at most {HELP_BAR:g} times",
            f"{help_.ratio:.2f} times ({_ms(help_.first)} against {_ms(help_.second)})",
            help_.ratio <= HELP_BAR,
        ),
    ]


def _ms(runs: tuple[float, ...]) -> str:
    return f"{statistics.median(runs) * 1000:.0f} ms"
