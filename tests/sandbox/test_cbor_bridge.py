"""Kinesis for clients that speak CBOR, as Flink's connector does."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sandbox.protocol import cbor

if TYPE_CHECKING:
    from tests.sandbox.services.real import RealSandbox

pytestmark = pytest.mark.sandbox
SCOPE = "test/20260101/us-east-1/kinesis/aws4_request"


def ask(sandbox: RealSandbox, operation: str, **parameters: Any) -> tuple[int, Any]:
    """Status and document of one call, both in CBOR."""
    answer = httpx.post(
        sandbox.endpoint_url,
        content=cbor.dumps(parameters),
        headers={
            "content-type": cbor.CONTENT_TYPE,
            "x-amz-target": f"Kinesis_20131202.{operation}",
            "authorization": f"AWS4-HMAC-SHA256 Credential={SCOPE}",
        },
    )
    assert answer.headers["content-type"] == cbor.CONTENT_TYPE
    return answer.status_code, cbor.loads(answer.content)


def test_records_come_back_as_bytes_with_their_time(running: RealSandbox) -> None:
    """Data is bytes both ways, and the arrival is a moment near now, not in 1970."""
    name = f"cbor-{time.time_ns()}"
    assert ask(running, "CreateStream", StreamName=name, ShardCount=1)[0] == 200
    data = bytes(range(256))
    records = [{"Data": data, "PartitionKey": "k"}]
    assert ask(running, "PutRecords", StreamName=name, Records=records)[1]["FailedRecordCount"] == 0
    _, shards = ask(running, "ListShards", StreamName=name)
    place = {"StreamName": name, "ShardId": shards["Shards"][0]["ShardId"]}
    start = datetime.fromtimestamp(0, UTC)
    _, found = ask(
        running, "GetShardIterator", **place, ShardIteratorType="AT_TIMESTAMP", Timestamp=start
    )
    _, answer = ask(running, "GetRecords", ShardIterator=found["ShardIterator"])
    (record,) = answer["Records"]
    assert record["Data"] == data
    assert abs(record["ApproximateArrivalTimestamp"].timestamp() - time.time()) < 300


def test_failures_name_their_kind(running: RealSandbox) -> None:
    """A refused call answers in CBOR, too, with the error's name."""
    status, answer = ask(
        running, "GetShardIterator", StreamName="none", ShardId="s", ShardIteratorType="LATEST"
    )
    assert status == 400
    assert "ResourceNotFoundException" in answer["__type"]
