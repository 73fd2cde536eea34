"""Answers to SHOW MEASURES and DESCRIBE, from the columns a table has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.services.timestream.engine import Answer, quoted

if TYPE_CHECKING:
    from sandbox.services.timestream.engine import Engine
    from sandbox.services.timestream.questions import Show

_DIMENSIONS = "STRUCT(dimension_name VARCHAR, data_type VARCHAR)[]"


def columns(engine: Engine, stored: str) -> Answer:
    """DESCRIBE: name, type and role of each column; before the first row those of any table."""
    types = engine.columns(stored) or {"measure_name": "VARCHAR", "time": "TIMESTAMP"}
    roles = engine.roles(stored) or {"measure_name": "MEASURE_NAME", "time": "TIMESTAMP"}
    titles = ["Column", "Type", "Timestream attribute type"]
    rows = [(name, kind.lower(), roles[name]) for name, kind in types.items()]
    return Answer(titles, ["VARCHAR"] * len(titles), rows)


def measures(engine: Engine, stored: str, question: Show) -> Answer:
    """SHOW MEASURES: each measure name with its type, or `multi`, and its dimensions."""
    titles, types = ["measure_name", "data_type", "dimensions"], ["VARCHAR", "VARCHAR", _DIMENSIONS]
    roles = engine.roles(stored)
    told = [name for name, role in roles.items() if role not in {"MEASURE_NAME", "TIMESTAMP"}]
    if not told:
        return Answer(titles, types, [])
    used = ", ".join(f"count({quoted(name)}) > 0" for name in told)
    found = engine.query(
        f"SELECT measure_name, {used} FROM {quoted(stored)} "  # noqa: S608 - quoted
        "GROUP BY measure_name ORDER BY measure_name"
    )
    rows = []
    for measure, *flags in found.rows:
        mine = [name for name, is_used in zip(told, flags, strict=True) if is_used]
        if question.wants(measure):
            values = [name for name in mine if roles[name] == "MEASURE_VALUE"]
            kind = values[0].rpartition("::")[2] if values else "multi"
            dimensions = [
                {"dimension_name": name, "data_type": "varchar"}
                for name in mine
                if roles[name] == "DIMENSION"
            ]
            rows.append((measure, kind, dimensions))
    return Answer(titles, types, rows)
