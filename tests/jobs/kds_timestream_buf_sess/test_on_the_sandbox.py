"""The function against the sandbox's Timestream and SQS, over HTTP, with faults in between."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import boto3
import httpx
import pytest
from botocore.config import Config

from jobs.kds_timestream_buf_sess.session_sink.function import FailureQueue, SessionSink
from jobs.kds_timestream_buf_sess.session_sink.writer import TimestreamWriter
from sandbox.home import Home
from tests.jobs.kds_timestream_buf_sess.fakes import lambda_event, window
from tests.sandbox.services.real import RealSandbox

pytestmark = pytest.mark.sandbox
NAMES = {"DatabaseName": "video-dev", "TableName": "sessions"}
START = int(time.time()) // 60 * 60_000 - 60_000


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSandbox]:
    """A sandbox with the sessions table and the failure queue."""
    started = RealSandbox(Home(tmp_path_factory.mktemp("session-function")))
    started.start()
    write = started.client("timestream-write")
    write.create_database(DatabaseName=NAMES["DatabaseName"])
    write.create_table(**NAMES)
    started.client("sqs").create_queue(QueueName="failures")
    yield started
    started.stop()


@pytest.fixture
def sink(sandbox: RealSandbox) -> SessionSink:
    """The function, trying each call once."""
    once = Config(retries={"total_max_attempts": 1}, read_timeout=10)
    access = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}

    def client(service: str) -> object:
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=sandbox.endpoint_url,
            config=once,
            **access,
        )

    url = sandbox.client("sqs").get_queue_url(QueueName="failures")["QueueUrl"]
    writer = TimestreamWriter(client("timestream-write"), *NAMES.values())
    return SessionSink(writer, FailureQueue(client("sqs"), url))


def rows(sandbox: RealSandbox, where: str = "true") -> dict[str, int]:
    """Events by session."""
    text = f'SELECT session_id, events FROM "video-dev"."sessions" WHERE {where}'
    answer = sandbox.client("timestream-query").query(QueryString=text)
    values = [[one.get("ScalarValue") for one in row["Data"]] for row in answer["Rows"]]
    return {session: int(events) for session, events in values}


def messages(sandbox: RealSandbox) -> list[dict[str, str]]:
    """What the failure queue holds, taken out."""
    sqs = sandbox.client("sqs")
    url = sqs.get_queue_url(QueueName="failures")["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in found]


def test_what_was_throttled_is_written_when_it_comes_again(
    sandbox: RealSandbox, sink: SessionSink
) -> None:
    """Reported from the first record; delivered twice more, each row is there once and last."""
    event = lambda_event(
        *(window(session_id=f"t-{number}", window_start_ms=START) for number in range(150)),
        window(session_id="t-0", window_start_ms=START, events=9),
    )
    with httpx.Client(base_url=f"{sandbox.endpoint_url}/_sandbox") as control:
        limits = {"service": "timestream-write", "operation": "WriteRecords"}
        assert control.post("/faults", json={"kind": "throttle", **limits}).status_code == 200
        answer = sink.process(event)
        control.delete("/faults")
    assert answer["batchItemFailures"][0] == {"itemIdentifier": "1"}
    for _ in range(2):
        assert sink.process(event) == {"batchItemFailures": []}
    found = rows(sandbox, "session_id LIKE 't-%'")
    assert found == {f"t-{number}": 9 if number == 0 else 3 for number in range(150)}


def test_what_timestream_rejects_is_in_the_queue_with_its_words(
    sandbox: RealSandbox, sink: SessionSink
) -> None:
    """A window older than the table's memory store; the one beside it is written."""
    old = window(session_id="old", window_start_ms=START - 7 * 3_600_000)
    event = lambda_event(old, window(session_id="new", window_start_ms=START))
    assert sink.process(event) == {"batchItemFailures": []}
    (message,) = messages(sandbox)
    assert "outside the time range" in message["reason"]
    assert message["sequence_number"] == "1"
    assert rows(sandbox, "session_id IN ('old', 'new')") == {"new": 3}


def test_a_canary_is_beside_the_viewers(sandbox: RealSandbox, sink: SessionSink) -> None:
    """Its row has its own measure name, and its event's id to be found by."""
    canary = window(session_id="canary-1", window_start_ms=START, canary=True, event_id="canary-1")
    assert sink.process(lambda_event(canary)) == {"batchItemFailures": []}
    viewers = "measure_name = 'session_window'"
    assert "canary-1" not in rows(sandbox, viewers)
    assert rows(sandbox, "measure_name = 'canary' AND event_id = 'canary-1'") == {"canary-1": 3}
