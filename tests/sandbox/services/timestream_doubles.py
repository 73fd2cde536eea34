"""What tests of Timestream share: a table, records, and queries that fetch every page."""

from __future__ import annotations

import time
from typing import Any

from tests.sandbox.services.calling import Caller

TABLE = {"DatabaseName": "video", "TableName": "sessions"}
MULTI = {"MeasureName": "session", "MeasureValueType": "MULTI", "MeasureValue": None}


def now_ms() -> str:
    """The time as records carry it."""
    return str(int(time.time() * 1000))


def record(session: str = "1", value: str = "1.5", **changes: Any) -> dict[str, Any]:
    """A record of one measure, now."""
    one = {
        "Dimensions": [{"Name": "session", "Value": session}],
        "MeasureName": "plays",
        "MeasureValue": value,
        "MeasureValueType": "DOUBLE",
        "Time": now_ms(),
        **changes,
    }
    return {name: value for name, value in one.items() if value is not None}


def write(timestream: Caller, *records: dict[str, Any], **parameters: Any) -> dict[str, int]:
    """Write records and give the RecordsIngested."""
    answer = timestream("WriteRecords", **TABLE, Records=list(records), **parameters)
    counts: dict[str, int] = answer["RecordsIngested"]
    return counts


def select(queries: Caller, text: str, **parameters: Any) -> list[list[str | None]]:
    """All rows of a query as text, from every page."""
    rows: list[list[str | None]] = []
    token: dict[str, str] = {}
    while True:
        answer = queries("Query", QueryString=text, **parameters, **token)
        rows += [[datum.get("ScalarValue") for datum in row["Data"]] for row in answer["Rows"]]
        if "NextToken" not in answer:
            return rows
        token = {"NextToken": answer["NextToken"]}


def sessions(timestream: Caller) -> int:
    """Three sessions, a minute apart, the last one just now; gives the last one's time in ms."""
    last = int(time.time() * 1000) // 60_000 * 60_000
    records = [
        record(
            session=f"s{number}",
            **MULTI,
            Time=str(last - (2 - number) * 60_000),
            MeasureValues=[
                {"Name": "plays", "Value": str(number + 1), "Type": "BIGINT"},
                {"Name": "seconds", "Value": str(10.5 * number), "Type": "DOUBLE"},
                {"Name": "live", "Value": "true", "Type": "BOOLEAN"},
            ],
        )
        for number in range(3)
    ]
    write(timestream, *records)
    return last
