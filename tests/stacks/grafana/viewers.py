"""Made-up session windows, by the session function into the sandbox's Timestream, and as a list."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from zlib import crc32

from botocore.exceptions import ClientError

from jobs.kds_timestream_buf_sess.session_sink.function import FailureQueue, SessionSink
from jobs.kds_timestream_buf_sess.session_sink.writer import TimestreamWriter
from sandbox.home import Home
from sandbox.protocol.errors import ServiceError
from sandbox.services.timestream import TimestreamQuery, TimestreamWrite
from tests.sandbox.services.calling import Caller

MINUTE_MS = 60_000
MINUTES = 30
Window = dict[str, Any]


class RegionStore:
    """The sandbox's Timestream of one region, as boto3's write client and for queries.

    Args:
        home: where its rows are kept.
        region: the region.
        database: made with its table.
        table: the sessions table.

    """

    def __init__(self, home: Home, region: str, database: str, table: str) -> None:
        self._write = Caller(TimestreamWrite, region)
        self._write.host.home = home
        self._write("CreateDatabase", DatabaseName=database)
        self._write(
            "CreateTable",
            DatabaseName=database,
            TableName=table,
            MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True},
        )
        self._query = Caller(TimestreamQuery, region)
        self._query.service.host = SimpleNamespace(
            registry={"timestream-write": self._write.service}, endpoint_url="http://127.0.0.1:1"
        )
        self.sink = SessionSink(
            TimestreamWriter(self, database, table), FailureQueue(None, queue_url=None)
        )

    def write_records(self, **call: Any) -> dict[str, Any]:
        """WriteRecords, its refusals as boto3 raises them."""
        try:
            return self._write("WriteRecords", **call)
        except ServiceError as error:
            response = {"Error": {"Code": error.code, "Message": error.message}, **error.members}
            raise ClientError(response, "WriteRecords") from error

    def select(self, text: str) -> list[dict[str, str | None]]:
        """All rows of a query, by column name."""
        rows: list[dict[str, str | None]] = []
        token: dict[str, str] = {}
        while True:
            page = self._query("Query", QueryString=text, **token)
            names = [column["Name"] for column in page["ColumnInfo"]]
            rows += [
                dict(zip(names, (one.get("ScalarValue") for one in row["Data"]), strict=True))
                for row in page["Rows"]
            ]
            if "NextToken" not in page:
                return rows
            token = {"NextToken": page["NextToken"]}

    def close(self) -> None:
        """Close its files."""
        self._write.close()
        self._query.close()


@dataclass(frozen=True)
class Made:
    """What was written in one region, and what must be seen of it.

    Attributes:
        now_ms: when it was made; the newest window ended less than two minutes before.
        standing: viewers' windows, each as its last record left it.

    """

    now_ms: int
    standing: list[Window]

    def within(self, start_ms: int, end_ms: int) -> list[Window]:
        """Windows that begin in a time range, both ends included."""
        return [one for one in self.standing if start_ms <= one["window_start_ms"] <= end_ms]


def fill(store: RegionStore, region: str, now_ms: int, seed: int) -> Made:
    """Half an hour of windows: corrected, repeated, out of order, with canaries between them."""
    chance = random.Random(seed)
    newest = (now_ms - MINUTE_MS) // MINUTE_MS * MINUTE_MS
    records: list[Window] = []
    standing: dict[tuple[str, int], Window] = {}
    for minute in range(MINUTES):
        start = newest - minute * MINUTE_MS
        for number in chance.sample(range(40), chance.randint(3, 30)):
            one = _window(chance, f"s-{number}", start, region)
            corrected = {**one, "events": one["events"] + 1, "stalls": one["stalls"] + 1}
            last = corrected if chance.random() < 0.2 else one
            records += [one] if last is one else [one, corrected]
            records += [last] * (chance.random() < 0.1)
            standing[one["session_id"], start] = last
        if minute % 3 == 0:
            records.append(_canary(f"canary-{minute}", start, region))
    # Order matters only within a key, which the shard keeps.
    records.sort(key=lambda one: (crc32(one["session_id"].encode()), one["window_start_ms"]))
    for batch in _batches(records, 500):
        answer = store.sink.process(lambda_event(batch, now_ms))
        assert answer == {"batchItemFailures": []}
        now_ms += 1000
    return Made(now_ms, list(standing.values()))


def _window(chance: random.Random, session_id: str, start: int, region: str) -> Window:
    stalls = chance.choice([0, 0, 0, 1, 2])
    bitrate = chance.choice([None, 800.0, 2400.5, 6000.25])
    return {
        "session_id": session_id,
        "content_id": f"title-{chance.randint(1, 25)}",
        "viewer_id": chance.choice([None, "v-1"]),
        "device": "tv",
        "country": "DE",
        "window_start_ms": start,
        "window_end_ms": start + MINUTE_MS,
        "events": chance.randint(1, 12),
        "heartbeats": 1,
        "stalls": stalls,
        "stall_ms": stalls * chance.randint(100, 9000),
        "errors": chance.choice([0, 0, 0, 0, 1]),
        "startup_ms": chance.choice([None, None, chance.randint(200, 9000)]),
        "max_bitrate_kbps": None if bitrate is None else int(bitrate),
        "avg_bitrate_kbps": bitrate,
        "max_position_ms": 1000,
        "ended": False,
        "region": region,
    }


def _canary(canary_id: str, start: int, region: str) -> Window:
    """A canary whose figures would be seen in every panel, were it counted."""
    one = _window(random.Random(1), canary_id, start, region)
    return {
        **one,
        "content_id": "canary",
        "events": 1_000_000,
        "stalls": 1_000_000,
        "stall_ms": 10**9,
        "errors": 1_000_000,
        "startup_ms": 10**9,
        "avg_bitrate_kbps": 10.0**9,
        "canary": True,
        "event_id": canary_id,
    }


def _batches(records: list[Window], size: int) -> Iterable[list[Window]]:
    return (records[at : at + size] for at in range(0, len(records), size))


def lambda_event(batch: list[Window], arrival_ms: int) -> dict[str, Any]:
    """A batch as Lambda hands it over."""
    return {
        "Records": [
            {
                "eventSourceARN": "arn:aws:kinesis:us-east-1:000000000000:stream/video-dev-session",
                "kinesis": {
                    "sequenceNumber": str(arrival_ms * 1000 + number),
                    "approximateArrivalTimestamp": (arrival_ms + number / 10) / 1000,
                    "data": base64.b64encode(json.dumps(one).encode()).decode(),
                },
            }
            for number, one in enumerate(batch)
        ]
    }


def expanded(raw_query: str, start_ms: int, end_ms: int, interval_ms: int, session: str) -> str:
    """A query as the data source sends it, its macros and the variable filled in."""
    quoted = "'" + session.replace("'", "''") + "'"
    return (
        raw_query.replace(
            "$__timeFilter",
            f"time BETWEEN from_milliseconds({start_ms}) AND from_milliseconds({end_ms})",
        )
        .replace("$__interval_ms", f"{interval_ms}ms")
        .replace("${session_id:sqlstring}", quoted)
    )


def queries_of(document: Any) -> list[dict[str, Any]]:
    """Every Timestream query anywhere in a dashboard or in alert rules."""
    return [one for one in every_object(document) if "rawQuery" in one]


def every_object(document: Any, wanted: Callable[[Any], bool] = bool) -> list[dict[str, Any]]:
    """Every JSON object in a document."""
    found: list[dict[str, Any]] = []
    if isinstance(document, dict):
        if wanted(document):
            found.append(document)
        for value in document.values():
            found += every_object(value, wanted)
    elif isinstance(document, list):
        for value in document:
            found += every_object(value, wanted)
    return found
