"""The function: every record becomes a row, a reported failure, or a message with a reason."""

from __future__ import annotations

import base64
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.http_handler.kpl_format import aggregate
from jobs.kds_timestream_buf_sess.session_sink.function import FailureQueue, SessionSink
from jobs.kds_timestream_buf_sess.session_sink.windows import COMMON_ATTRIBUTES, to_record
from jobs.kds_timestream_buf_sess.session_sink.writer import TimestreamWriter
from tests.fakes.examples import examples
from tests.jobs.kds_timestream_buf_sess.fakes import (
    STREAM_ARN,
    FakeQueue,
    FakeTimestream,
    client_error,
    kinesis_record,
    lambda_event,
    window,
)

SOURCE = Path(__file__).parents[3] / "jobs/kds_timestream_buf_sess"
KEY = ("s-1", "us-east-1", "1700000040000")


@pytest.fixture
def table() -> FakeTimestream:
    """The sessions table."""
    return FakeTimestream()


@pytest.fixture
def queue() -> FakeQueue:
    """The failure queue."""
    return FakeQueue()


@pytest.fixture
def sink(table: FakeTimestream, queue: FakeQueue) -> SessionSink:
    """The function with both."""
    return SessionSink(TimestreamWriter(table, "db", "sessions"), FailureQueue(queue, "url"))


def failed(answer):
    """Sequence numbers that Lambda shall deliver again."""
    return [int(item["itemIdentifier"]) for item in answer["batchItemFailures"]]


def sessions(count, **changes):
    """Windows of as many sessions."""
    return [window(session_id=f"s-{number}", **changes) for number in range(count)]


def test_windows_become_rows(sink, table):
    """Keyed by session, region and window start; null and empty text are left out."""
    assert failed(sink.process(lambda_event(window()))) == []
    ((key, (version, measures)),) = table.rows.items()
    assert key == KEY
    assert version == 1_700_000_200_001_000
    assert measures == {
        "content_id": "title-1",
        "device": "tv",
        "window_end_ms": "1700000100000",
        "events": "3",
        "heartbeats": "2",
        "stalls": "0",
        "stall_ms": "0",
        "errors": "0",
        "max_bitrate_kbps": "3200",
        "avg_bitrate_kbps": "1600.5",
        "max_position_ms": "20000",
        "ended": "false",
    }


CANARY = window(
    session_id="canary-1",
    canary=True,
    event_id="canary-1",
    event_time_ms=1_700_000_041_000,
    received_time_ms=1_700_000_041_020,
)


def test_a_canary_has_a_measure_name_of_its_own(sink, table):
    """Its row is found by its event, and by no question about viewers."""
    assert failed(sink.process(lambda_event(CANARY, window()))) == []
    assert table.names == {"canary-1": "canary", "s-1": "session_window"}
    _, measures = table.rows["canary-1", "us-east-1", "1700000040000"]
    assert measures["event_id"] == "canary-1"
    assert measures["received_time_ms"] == "1700000041020"


@pytest.mark.parametrize("mark", [False, "true", 1, None])
def test_only_the_mark_itself_makes_a_canary(sink, table, mark):
    """A player's field of that name hides no viewer, and its other fields are no columns."""
    sink.process(lambda_event(window(canary=mark, event_id="e-1")))
    assert table.names == {"s-1": "session_window"}
    assert "event_id" not in table.rows[KEY][1]


def test_a_canary_is_held_to_the_contract(sink, table, queue):
    """A canary that is no window is poison like any other record."""
    assert failed(sink.process(lambda_event({**CANARY, "event_id": 7}))) == []
    assert table.rows == {}
    assert queue.messages[0]["reason"] == "event_id is not of type VARCHAR"


def test_the_call_is_what_timestream_takes():
    """Botocore's own model accepts the parameters."""
    client = boto3.client(
        "timestream-write",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    call = {
        "DatabaseName": "db",
        "TableName": "sessions",
        "CommonAttributes": COMMON_ATTRIBUTES,
        "Records": [
            to_record(window(), 1_700_000_200_001_000),
            to_record(CANARY, 1_700_000_200_002_000),
        ],
    }
    with Stubber(client) as stub:
        stub.add_response("write_records", {"RecordsIngested": {"Total": 1}}, call)
        sink = SessionSink(TimestreamWriter(client, "db", "sessions"), FailureQueue(None, None))
        assert failed(sink.process(lambda_event(window(), CANARY))) == []
        stub.assert_no_pending_responses()


def test_rows_are_written_a_hundred_at_a_time(sink, table):
    """Timestream's limit."""
    sink.process(lambda_event(*sessions(250)))
    assert table.sizes == [100, 100, 50]
    assert len(table.rows) == 250


def test_the_last_record_of_a_key_stands(sink, table):
    """A correction replaces the row, also within one batch."""
    sink.process(lambda_event(window(events=3), window(events=4)))
    assert table.rows[KEY][1]["events"] == "4"


def test_two_records_of_one_millisecond_keep_their_order(sink, table):
    """The later one gets the next version."""
    for number, events in enumerate((3, 4, 5), start=1):
        record = kinesis_record(window(events=events), number, arrival_ms=1_700_000_200_000)
        assert failed(sink.process({"Records": [record]})) == []
        assert table.rows[KEY][1]["events"] == str(events)


def test_a_replay_changes_nothing(sink, table):
    """Delivered again, whole or in part, the same rows stand."""
    event = lambda_event(*sessions(5), window(session_id="s-0", events=9))
    sink.process(event)
    before = dict(table.rows)
    for start in range(len(event["Records"])):
        assert failed(sink.process({"Records": event["Records"][start:]})) == []
        assert table.rows == before


def test_an_older_version_is_no_failure(sink, table, queue):
    """What a later record has replaced already is neither written nor reported."""
    sink.process({"Records": [kinesis_record(window(events=9), 2)]})
    assert failed(sink.process({"Records": [kinesis_record(window(events=1), 1)]})) == []
    assert table.rows[KEY][1]["events"] == "9"
    assert queue.messages == []


def test_a_rejected_record_goes_to_the_queue_with_its_reason(sink, table, queue):
    """By its index; the others of the call are written."""
    table.rejects["s-1"] = "outside the memory store"
    assert failed(sink.process(lambda_event(*sessions(3)))) == []
    assert {key[0] for key in table.rows} == {"s-0", "s-2"}
    (message,) = queue.messages
    assert (message["reason"], message["sequence_number"]) == ("outside the memory store", "2")
    assert message["stream_arn"] == STREAM_ARN
    assert json.loads(base64.b64decode(message["data_base64"]))["session_id"] == "s-1"


@pytest.mark.parametrize(
    "poison",
    [b"not json", b"\xff", b"[]", {}, window(events=0), window(region="eu-west-1"), b"[" * 100_000],
)
def test_what_is_no_window_goes_to_the_queue(sink, table, queue, poison):
    """It does not hold up the records behind it."""
    assert failed(sink.process(lambda_event(poison, window()))) == []
    assert len(queue.messages) == 1
    assert len(table.rows) == 1


def test_without_a_queue_poison_is_reported(table):
    """Lambda then retries, and hands it to its on-failure destination in the end."""
    sink = SessionSink(TimestreamWriter(table, "db", "sessions"), FailureQueue(None, None))
    assert failed(sink.process(lambda_event(window(), b"poison", window(events=9)))) == [2]


def test_poison_that_the_queue_does_not_take_is_reported(sink, queue):
    """Nothing is lost while the queue is down."""
    queue.is_down = True
    assert failed(sink.process(lambda_event(window(), b"poison"))) == [2]


@pytest.mark.parametrize(
    "failure",
    [
        client_error("ThrottlingException"),
        client_error("InternalServerException"),
        client_error("ResourceNotFoundException"),
        client_error("AccessDeniedException"),
        EndpointConnectionError(endpoint_url="http://timestream"),
    ],
)
def test_a_failed_call_is_reported_from_its_first_record(sink, table, queue, failure):
    """Records before it are done, records behind it are not tried."""
    table.failures = [None, failure]
    answer = failed(sink.process(lambda_event(*sessions(250), b"poison")))
    assert answer[0] == 101
    assert len(table.sizes) == 2
    assert len(table.rows) == 100
    assert queue.messages == []


def test_one_invalid_record_is_found_among_many(sink, table, queue):
    """The call is halved until the culprit is alone; the others are written."""
    table.invalid = {"s-42"}
    assert failed(sink.process(lambda_event(*sessions(100)))) == []
    assert len(table.rows) == 99
    assert [message["sequence_number"] for message in queue.messages] == ["43"]


def test_a_call_that_is_wrong_itself_blames_no_record(sink, table, queue):
    """When nothing is valid the records stay in the stream."""
    table.invalid = {f"s-{number}" for number in range(5)}
    assert failed(sink.process(lambda_event(*sessions(5)))) == [1, 2, 3, 4, 5]
    assert queue.messages == []


def test_windows_that_are_all_too_old_are_given_up_with_their_reasons(sink, table, queue):
    """Timestream judged each of them: delivering them again would only block the shard."""
    table.rejects = {f"s-{number}": "outside the time range" for number in range(5)}
    assert failed(sink.process(lambda_event(*sessions(5)))) == []
    assert {message["reason"] for message in queue.messages} == {"outside the time range"}
    assert len(queue.messages) == 5


def test_poison_too_large_for_a_message_is_named_by_its_place(sink, queue):
    """A megabyte of nonsense does not stop the shard: the stream still holds it."""
    assert failed(sink.process(lambda_event(b"x" * 1_000_000, window()))) == []
    (message,) = queue.messages
    assert message["data_base64"] is None
    assert (message["sequence_number"], message["data_bytes"]) == ("1", 1_000_000)
    assert len(json.dumps(message)) < 262_144


def test_aggregated_records_are_split(sink, table, queue):
    """A failure in an aggregate is reported under the Kinesis record's number."""
    data = aggregate((item["session_id"], json.dumps(item).encode()) for item in sessions(3))
    assert failed(sink.process(lambda_event(data))) == []
    assert len(table.rows) == 3
    table.failures = [client_error("ThrottlingException")]
    assert failed(sink.process(lambda_event(data))) == [1]
    assert queue.messages == []


@settings(max_examples=examples(40))
@given(st.integers(0, 10**6))
def test_every_record_ends_somewhere(seed):
    """Rows, queue and reports together hold every record; retried to the end, the last stand."""
    chance = random.Random(seed)
    table, queue = FakeTimestream(), FakeQueue()
    sink = SessionSink(TimestreamWriter(table, "db", "sessions"), FailureQueue(queue, "url"))
    items = [
        b"poison"
        if chance.random() < 0.1
        else window(session_id=f"s-{chance.randrange(40)}", events=number + 1)
        for number in range(150)
    ]
    table.rejects["s-7"] = "outside the memory store"
    remaining = lambda_event(*items)["Records"]
    for _ in range(50):
        failure = client_error("ThrottlingException")
        table.failures = [failure if chance.random() < 0.5 else None for _ in range(2)]
        reported = failed(sink.process({"Records": remaining}))
        if not reported:
            break
        remaining = [r for r in remaining if int(r["kinesis"]["sequenceNumber"]) >= reported[0]]
    assert not reported
    last = {item["session_id"]: item["events"] for item in items if item != b"poison"}
    rejected = last.pop("s-7", None)
    assert {key[0]: int(row[1]["events"]) for key, row in table.rows.items()} == last
    in_queue = {int(message["sequence_number"]) for message in queue.messages}
    assert {at for at, item in enumerate(items, start=1) if item == b"poison"} <= in_queue
    assert rejected is None or any(items[at - 1] != b"poison" for at in in_queue)


def test_lambda_can_import_the_package(tmp_path):
    """From a directory that holds this one's content and nothing else of the repository."""
    package = tmp_path / "task"
    shutil.copytree(SOURCE, package, ignore=shutil.ignore_patterns("__pycache__"))
    code = "import handler; print(handler.handler.__module__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=package, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "session_sink.entry"
