"""The Flink job against a plain filter: from generated rows to sinks that throw everything away."""

from __future__ import annotations

import json
import statistics
import subprocess
from pathlib import Path
from typing import Final

from bench.measure import Figure

ROOT: Final = Path(__file__).resolve().parent.parent
PYTHON: Final = ROOT / ".venv-flink" / "bin" / "python"
ROWS: Final = 3_000_000
PAIRS: Final = 3
BAR: Final = 0.25
WHAT: Final = {
    "rows": "agg with duplicate removal against a plain filter, rows made as events",
    "json": "the same from JSON text, which both read",
}


def figures() -> list[Figure]:
    """Both ratios; the bar is for the harder one, where reading JSON hides nothing."""
    command: list[Path | str] = [
        PYTHON,
        Path(__file__).parent / "flink" / "agg_job.py",
        str(ROWS),
        str(PAIRS),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    runs = json.loads(done.stdout.strip().splitlines()[-1])
    return [_figure(kind, runs[kind]) for kind in WHAT]


def _figure(kind: str, pairs: list[dict[str, float]]) -> Figure:
    ratio = statistics.median(pair["job"] / pair["plain"] for pair in pairs)
    job = statistics.median(pair["job"] for pair in pairs)
    plain = statistics.median(pair["plain"] for pair in pairs)
    is_held = kind == "rows"
    return Figure(
        WHAT[kind],
        f"at least {BAR:g}" if is_held else "stated",
        f"{ratio:.2f} ({job:,.0f} against {plain:,.0f} rows/s, {ROWS:,} rows, two subtasks)",
        ratio >= BAR if is_held else None,
    )
