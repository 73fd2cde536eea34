"""What the platform should have written: one SQL computation over the raw bucket's objects.

Written from the contracts (`docs/schemas/contracts`) and the rule that late is a function of the
record, and from nothing that the job knows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

CONTRACTS: Final = Path(__file__).parents[3] / "docs" / "schemas" / "contracts"
Row = dict[str, Any]
WindowKey = tuple[str, int]
EventKey = tuple[str, str]

EVENTS: Final = """
CREATE TABLE events AS
SELECT *,
    CASE WHEN event_time_ms > received_time_ms + 900000 THEN 'future'
        WHEN received_time_ms - (minute_ms + 60000) >= $lateness_ms THEN 'late'
        ELSE 'window' END AS goes_to
FROM (SELECT *, event_time_ms - event_time_ms % 60000 AS minute_ms FROM read)
QUALIFY row_number() OVER (PARTITION BY session_id, event_id ORDER BY received_time_ms) = 1
"""
"""Every event once, as it was first received."""

WINDOWS: Final = """
SELECT session_id,
    arg_min(content_id, event_time_ms) AS content_id,
    arg_min(viewer_id, event_time_ms) AS viewer_id,
    arg_min(device, event_time_ms) AS device,
    arg_min(country, event_time_ms) AS country,
    minute_ms AS window_start_ms,
    minute_ms + 60000 AS window_end_ms,
    count(*) AS events,
    count_if(event = 'heartbeat') AS heartbeats,
    count_if(event = 'stall_end') AS stalls,
    coalesce(sum(stall_ms) FILTER (event = 'stall_end'), 0)::BIGINT AS stall_ms,
    count_if(event = 'error') AS errors,
    min(startup_ms) AS startup_ms,
    max(bitrate_kbps) AS max_bitrate_kbps,
    avg(bitrate_kbps) AS avg_bitrate_kbps,
    max(position_ms) AS max_position_ms,
    bool_or(event = 'session_end') AS ended,
    $region AS region
FROM events WHERE goes_to = 'window' GROUP BY session_id, minute_ms
"""

LATE: Final = """
SELECT session_id, event_id, event, event_time_ms, goes_to AS reason, $region AS region,
    CASE goes_to WHEN 'late' THEN received_time_ms - minute_ms - 60000 ELSE 0 END AS late_by_ms
FROM events WHERE goes_to <> 'window'
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a raw bucket makes.

    Attributes:
        windows: session minutes by session and start.
        late: late and future events by session and event id.
        sessions: valid events of each session, each once.

    """

    windows: dict[WindowKey, Row]
    late: dict[EventKey, Row]
    sessions: dict[str, set[str]]


def computed(objects: Path, *, lateness_ms: int, region: str) -> Batch:
    """The batch over all gzipped objects of JSON lines under a directory."""
    with duckdb.connect() as database:
        database.execute(
            f"CREATE TABLE read AS SELECT {_columns()} FROM"
            f" (SELECT json AS line FROM read_ndjson_objects('{objects}/**/*.gz'))"
            f" WHERE {_is_valid()}"
        )
        database.execute(EVENTS, {"lateness_ms": lateness_ms})
        windows = _rows(database, WINDOWS, region=region)
        late = _rows(database, LATE, region=region)
        sessions: dict[str, set[str]] = {}
        for row in _rows(database, "SELECT session_id, event_id FROM events"):
            sessions.setdefault(row["session_id"], set()).add(row["event_id"])
    return Batch(
        {(row["session_id"], row["window_start_ms"]): row for row in windows},
        {(row["session_id"], row["event_id"]): row for row in late},
        sessions,
    )


def _rows(database: duckdb.DuckDBPyConnection, query: str, **parameters: Any) -> list[Row]:
    found = database.execute(query, parameters)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _contract() -> Row:
    document: Row = json.loads((CONTRACTS / "event.schema.json").read_text())
    return document


def _columns() -> str:
    """The contract's fields as columns; what is no number of 64 bits is no event's here."""
    return ", ".join(
        f"TRY_CAST(line ->> '$.{name}' AS BIGINT) AS {name}"
        if rule.get("type") == "integer"
        else f"line ->> '$.{name}' AS {name}"
        for name, rule in _contract()["properties"].items()
    )


def _is_valid() -> str:
    """The event contract as a condition on the JSON text `line`."""
    contract = _contract()
    parts = [f"json_type(line, '$.{name}') IS NOT NULL" for name in contract["required"]]
    for name, rule in contract["properties"].items():
        kind, text = f"json_type(line, '$.{name}')", f"(line ->> '$.{name}')"
        if "enum" in rule:
            values = ", ".join(f"'{value}'" for value in rule["enum"])
            held = f"{kind} = 'VARCHAR' AND {text} IN ({values})"
        elif rule["type"] == "integer":
            held = f"{kind} IN ('UBIGINT', 'BIGINT') AND TRY_CAST({text} AS HUGEINT) >= 0"
            assert rule["minimum"] == 0, "the condition above knows no other"
        else:
            least, most = rule.get("minLength", 0), rule["maxLength"]
            held = f"{kind} = 'VARCHAR' AND length({text}) BETWEEN {least} AND {most}"
        parts.append(f"({kind} IS NULL OR ({held}))")
    return " AND ".join(parts)
