"""Timestream and the failure queue in memory, and Lambda's events."""

from __future__ import annotations

import base64
import json
from typing import Any

from botocore.exceptions import ClientError

STREAM_ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/video-dev-session"


def window(**changes: Any) -> dict[str, Any]:
    """A valid session window."""
    return {
        "session_id": "s-1",
        "content_id": "title-1",
        "viewer_id": None,
        "device": "tv",
        "country": "",
        "window_start_ms": 1_700_000_040_000,
        "window_end_ms": 1_700_000_100_000,
        "events": 3,
        "heartbeats": 2,
        "stalls": 0,
        "stall_ms": 0,
        "errors": 0,
        "startup_ms": None,
        "max_bitrate_kbps": 3200,
        "avg_bitrate_kbps": 1600.5,
        "max_position_ms": 20_000,
        "ended": False,
        "region": "us-east-1",
        **changes,
    }


def kinesis_record(data: Any, number: int = 1, arrival_ms: int | None = None) -> dict[str, Any]:
    """One record as Lambda gets it; values are written as JSON."""
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    arrival_ms = 1_700_000_200_000 + number if arrival_ms is None else arrival_ms
    return {
        "eventSourceARN": STREAM_ARN,
        "kinesis": {
            "sequenceNumber": str(number),
            "partitionKey": "s-1",
            "approximateArrivalTimestamp": arrival_ms / 1000,
            "data": base64.b64encode(raw).decode(),
        },
    }


def lambda_event(*items: Any) -> dict[str, Any]:
    """A batch, numbered from 1."""
    return {"Records": [kinesis_record(item, at) for at, item in enumerate(items, start=1)]}


def client_error(code: str, **fields: Any) -> ClientError:
    """An error as botocore raises it."""
    return ClientError({"Error": {"Code": code, "Message": f"{code}!"}, **fields}, "WriteRecords")


class FakeTimestream:
    """Upserts by version as the service does.

    Attributes:
        rows: (version, measures) by (session_id, region, time).
        names: measure name by session_id.
        sizes: records of each call.
        rejects: reason by session_id, for rows outside the memory store and the like.
        invalid: session ids that make the whole call invalid.
        failures: raised by the next calls, one each; None lets a call through.

    """

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], tuple[int, dict[str, str]]] = {}
        self.names: dict[str, str] = {}
        self.sizes: list[int] = []
        self.rejects: dict[str, str] = {}
        self.invalid: set[str] = set()
        self.failures: list[Exception | None] = []

    def write_records(self, **call: Any) -> None:
        """WriteRecords."""
        self.sizes.append(len(call["Records"]))
        if self.failures and (failure := self.failures.pop(0)) is not None:
            raise failure
        if any(_key(record)[0] in self.invalid for record in call["Records"]):
            raise client_error("ValidationException")
        rejected = []
        for index, record in enumerate(call["Records"]):
            if refusal := self._refusal(record):
                rejected.append({"RecordIndex": index, **refusal})
            else:
                self.rows[_key(record)] = (record["Version"], _measures(record))
                merged = {**call["CommonAttributes"], **record}
                self.names[_key(record)[0]] = merged["MeasureName"]
        if rejected:
            raise client_error("RejectedRecordsException", RejectedRecords=rejected)

    def _refusal(self, record: dict[str, Any]) -> dict[str, Any] | None:
        session_id = _key(record)[0]
        if session_id in self.rejects:
            return {"Reason": self.rejects[session_id]}
        version, measures = self.rows.get(_key(record), (0, {}))
        is_older = record["Version"] < version
        is_other = record["Version"] == version and _measures(record) != measures
        if is_older or is_other:
            return {"Reason": "a higher version exists", "ExistingVersion": version}
        return None


class FakeQueue:
    """Takes messages, or is down."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.is_down = False

    def send_message(self, **call: Any) -> None:
        """SendMessage."""
        if self.is_down:
            raise client_error("ServiceUnavailable")
        self.messages.append(json.loads(call["MessageBody"]))


def _key(record: dict[str, Any]) -> tuple[str, str, str]:
    dimensions = {item["Name"]: item["Value"] for item in record["Dimensions"]}
    return dimensions["session_id"], dimensions["region"], record["Time"]


def _measures(record: dict[str, Any]) -> dict[str, str]:
    return {item["Name"]: item["Value"] for item in record["MeasureValues"]}
