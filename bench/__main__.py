"""`make bench`: every figure, printed and written to docs/benchmarks.md."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from bench import (
    agg,
    backlog,
    create,
    front_door,
    hops,
    one_core,
    session_function,
    startup,
    whole,
)
from bench.measure import Figure, machine

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
PARTS = {
    "startup": startup.figures,
    "create": create.figures,
    "front_door": front_door.figures,
    "one_core": one_core.figures,
    "session_function": session_function.figures,
    "agg": agg.figures,
    "backlog": backlog.figures,
    "hops": hops.figures,
    "whole": whole.figures,
}
WORDS = {True: "met", False: "missed", None: "stated"}


def main() -> None:
    """Measure the parts named on the command line, or all; only all are written down."""
    wanted = sys.argv[1:] or list(PARTS)
    figures = [figure for name in wanted for figure in PARTS[name]()]
    for figure in figures:
        print(f"{WORDS[figure.met]:7} {figure.what}: {figure.measured} (bar: {figure.bar})")
    if not sys.argv[1:]:
        RESULTS.write_text(document(figures))


def document(figures: list[Figure]) -> str:
    """The results as Markdown, as measured."""
    rows = "\n".join(
        f"| {figure.what} | {figure.bar} | {figure.measured} | {WORDS[figure.met]} |"
        for figure in figures
    )
    return (
        "# Benchmarks\n\n"
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with `make bench` on {machine()}."
        " Whole processes; ratios are taken within one run, pair by pair.\n\n"
        "| What | Bar | Measured | |\n|---|---|---|---|\n"
        f"{rows}\n"
    )


if __name__ == "__main__":
    main()
