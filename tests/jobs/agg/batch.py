"""What the job should write, computed from the whole stream at once by DuckDB."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterable

_TEXTS = {
    "event_id": (1, 64),
    "session_id": (1, 64),
    "content_id": (1, 128),
    "viewer_id": (0, 64),
    "device": (0, 32),
    "country": (0, 2),
    "app_version": (0, 32),
}
_NUMBERS = (
    "event_time_ms",
    "received_time_ms",
    "position_ms",
    "bitrate_kbps",
    "stall_ms",
    "startup_ms",
)
_REQUIRED = ("event_id", "session_id", "content_id", "event", "event_time_ms")
_EVENTS = (
    "session_start play pause seek heartbeat stall_start stall_end bitrate_change error session_end"
)


def _is_valid() -> str:
    """The event contract as one SQL condition on the JSON text `line`."""
    parts = [f"json_type(line, '$.{name}') IS NOT NULL" for name in _REQUIRED]
    parts += [
        f"(json_type(line, '$.{name}') IS NULL OR json_type(line, '$.{name}') = 'VARCHAR'"
        f" AND length(line ->> '$.{name}') BETWEEN {least} AND {most})"
        for name, (least, most) in _TEXTS.items()
    ]
    parts += [
        f"(json_type(line, '$.{name}') IS NULL OR json_type(line, '$.{name}') = 'UBIGINT'"
        f" AND TRY_CAST(line ->> '$.{name}' AS UBIGINT) < 9223372036854775808)"
        for name in _NUMBERS
    ]
    names = ", ".join(f"'{name}'" for name in _EVENTS.split())
    parts.append(f"json_type(line, '$.event') = 'VARCHAR' AND line ->> '$.event' IN ({names})")
    return " AND ".join(parts)


def _fields() -> str:
    numbers = [f"TRY_CAST(line ->> '$.{name}' AS BIGINT) AS {name}" for name in _NUMBERS]
    texts = [f"line ->> '$.{name}' AS {name}" for name in (*_TEXTS, "event")]
    return ", ".join([*texts, *numbers])


TAGGED = f"""
CREATE TABLE read AS
SELECT seq, line,
    CASE WHEN line IS NULL THEN 'bad'
        WHEN json_extract(line, '$.tick') = 'true' AND json_type(line, '$.event_id') IS NULL
        THEN 'tick'
        WHEN NOT ({_is_valid()}) THEN 'bad'
        WHEN json_extract(line, '$.canary') = 'true' THEN 'canary'
        ELSE 'event' END AS kind
FROM put;
CREATE TABLE events AS
SELECT *, CASE WHEN event_time_ms - received > 900000 THEN 'future'
    WHEN received - minute - 60000 >= $lateness THEN 'late' ELSE 'ok' END AS tag
FROM (SELECT *, coalesce(received_time_ms, event_time_ms) AS received,
        event_time_ms // 60000 * 60000 AS minute
      FROM (SELECT seq, {_fields()} FROM read WHERE kind = 'event'))
QUALIFY row_number() OVER (PARTITION BY session_id, minute, event_id ORDER BY seq) = 1;
"""

WINDOWS = """
SELECT session_id,
    first(content_id ORDER BY event_time_ms, event_id) AS content_id,
    first(viewer_id ORDER BY event_time_ms, event_id) FILTER (viewer_id IS NOT NULL) AS viewer_id,
    first(device ORDER BY event_time_ms, event_id) FILTER (device IS NOT NULL) AS device,
    first(country ORDER BY event_time_ms, event_id) FILTER (country IS NOT NULL) AS country,
    minute AS window_start_ms, minute + 60000 AS window_end_ms, count(*) AS events,
    count(*) FILTER (event = 'heartbeat') AS heartbeats,
    count(*) FILTER (event = 'stall_end') AS stalls,
    coalesce(sum(stall_ms) FILTER (event = 'stall_end'), 0)::BIGINT AS stall_ms,
    count(*) FILTER (event = 'error') AS errors, min(startup_ms) AS startup_ms,
    max(bitrate_kbps) AS max_bitrate_kbps, avg(bitrate_kbps) AS avg_bitrate_kbps,
    max(position_ms) AS max_position_ms, bool_or(event = 'session_end') AS ended,
    $region AS region
FROM events WHERE tag = 'ok' GROUP BY session_id, minute
"""

LATE = """
SELECT event_id, session_id, event_time_ms, tag AS reason,
    CASE tag WHEN 'future' THEN 0 ELSE received - minute - 60000 END AS late_by_ms
FROM events WHERE tag IN ('late', 'future')
"""


class Batch:
    """The expected outputs of one stream.

    Args:
        lines: user records in the order they were put.
        lateness_ms: the allowed lateness.
        region: where the job runs.

    """

    def __init__(self, lines: Iterable[bytes], lateness_ms: int, region: str) -> None:
        self._database = duckdb.connect()
        self._database.execute("CREATE TABLE put (seq BIGINT, line VARCHAR)")
        texts = [_as_json(line) for line in lines]
        self._database.execute(
            "INSERT INTO put SELECT unnest(?), unnest(?)", [list(range(len(texts))), texts]
        )
        create, derive = TAGGED.split(";\n", 1)
        self._database.execute(create)
        self._database.execute(derive, {"lateness": lateness_ms})
        self.windows = self._rows(WINDOWS, {"region": region})
        self.late = self._rows(LATE, {})
        counted = self._database.execute("SELECT kind, count(*) FROM read GROUP BY kind")
        self.kinds: dict[str, int] = dict(counted.fetchall())

    def _rows(self, query: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        found = self._database.execute(query, parameters)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _as_json(line: bytes) -> str | None:
    """The text, when it is one JSON object; DuckDB is told of nothing else."""
    try:
        return line.decode() if isinstance(json.loads(line), dict) else None
    except ValueError:
        return None
