"""A job as its REST API tells of it; answers are those of Flink 1.20."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

import httpx
import pytest

from videoctl.aws.flink_dashboard import FlinkDashboard
from videoctl.errors import FailedError, TransientError

JOB = "a" * 32
SOURCE = "b" * 32
METRIC = "0.Source__raw[1].KinesisConsumer.stream.video-dev-raw.shardId.{}.millisBehindLatest"
MOMENT_MS = 1_790_000_000_000
MOMENT = datetime.fromtimestamp(MOMENT_MS / 1000, UTC)
ANSWERS: dict[str, Any] = {
    "/jobs/overview": {
        "jobs": [
            {"jid": JOB, "state": "RUNNING", "start-time": 1},
            {"jid": "c" * 32, "state": "FAILED", "start-time": 2},
        ]
    },
    f"/jobs/{JOB}": {
        "state": "RUNNING",
        "start-time": MOMENT_MS,
        "timestamps": {"RUNNING": MOMENT_MS},
        "plan": {"nodes": [{"id": SOURCE}, {"id": "d", "inputs": [{"id": SOURCE}]}]},
        "vertices": [
            {"id": SOURCE, "metrics": {"write-records": 7, "read-records": 0}},
            {"id": "d", "metrics": {"write-records": 0, "read-records": 7}},
        ],
    },
    f"/jobs/{JOB}/checkpoints": {
        "counts": {"completed": 3},
        "latest": {"completed": {"latest_ack_timestamp": MOMENT_MS}, "failed": None},
    },
    f"/jobs/{JOB}/metrics": [{"id": "fullRestarts", "value": "2"}],
    f"/jobs/{JOB}/vertices/{SOURCE}/subtasks/metrics": [
        {"id": "numRecordsOutPerSecond", "sum": 1.5}
    ],
    f"/jobs/{JOB}/vertices/{SOURCE}/metrics": [
        {"id": METRIC.format("shardId-000000000001"), "value": "250.0"},
        {"id": METRIC.format("shardId-000000000002"), "value": "-1"},
        {"id": METRIC.format("shardId-000000000003"), "value": "NaN"},
        {"id": "0.numRecordsIn", "value": "0"},
    ],
    "/jobmanager/config": [{"key": "heartbeat.timeout", "value": "300000"}],
}


def dashboard(answers: dict[str, Any]) -> FlinkDashboard:
    """A dashboard that answers from a table; a number there is a status without a body."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = answers.get(request.url.path, 404)
        if isinstance(found, int):
            return httpx.Response(found)
        return httpx.Response(200, json=found)

    client = httpx.Client(transport=httpx.MockTransport(answer))
    return FlinkDashboard(client, "http://dashboard")


def test_a_job_is_read_whole() -> None:
    """The job that has not ended, its sources' figures, and the configuration."""
    found = dashboard(ANSWERS).job()
    assert found is not None
    assert (found.job_id, found.state, found.restarts) == (JOB, "RUNNING", 2)
    assert (found.started_at, found.running_since, found.last_checkpoint_at) == (MOMENT,) * 3
    assert (found.completed_checkpoints, found.last_failed_checkpoint_at) == (3, None)
    assert (found.records_read, found.records_per_second) == (7, 1.5)
    assert found.shards == {"shardId-000000000001": 250.0}
    assert found.configuration == {"heartbeat.timeout": "300000"}


def test_no_job_is_none() -> None:
    """A job manager without a job answers an empty list."""
    assert dashboard({"/jobs/overview": {"jobs": []}}).job() is None


def test_a_job_manager_that_is_not_ready_has_no_configuration() -> None:
    """It answers before its dispatcher is there, with something that is no list."""
    answers = {**ANSWERS, "/jobmanager/config": {"errors": ["not yet"]}}
    found = dashboard(answers).job()
    assert found is not None
    assert found.configuration is None


def test_what_a_source_does_not_report_is_unknown() -> None:
    """No lag, no rate, no restarts: None, never zero."""
    answers = {
        **ANSWERS,
        f"/jobs/{JOB}/metrics": [],
        f"/jobs/{JOB}/vertices/{SOURCE}/subtasks/metrics": [],
        f"/jobs/{JOB}/vertices/{SOURCE}/metrics": [],
    }
    found = dashboard(answers).job()
    assert found is not None
    assert (found.shards, found.records_per_second, found.restarts) == (None, None, None)


@pytest.mark.parametrize(("status", "kind"), [(503, TransientError), (403, FailedError)])
def test_refusals_are_told_apart(status: int, kind: type[Exception]) -> None:
    """A job manager that is away may come back; a closed session does not open by itself."""
    with pytest.raises(kind, match=str(status)):
        dashboard({"/jobs/overview": status}).job()


class _Session(BaseHTTPRequestHandler):
    """Opens a session for the token, and answers only with its cookie."""

    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """One request."""
        self.seen.append(self.path)
        is_open = "token=t" in self.path
        has_session = self.headers.get("Cookie") == "session=1"
        self.send_response(200 if is_open or has_session else 403)
        if is_open:
            self.send_header("Set-Cookie", "session=1; HttpOnly")
        self.end_headers()
        self.wfile.write(b'{"jobs": []}')

    def log_message(self, *_: object) -> None:
        """Silent."""


@contextmanager
def served() -> Iterator[str]:
    """An address where such a dashboard is."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Session)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_the_session_is_opened_once_and_carried_by_its_cookie() -> None:
    """REST lies under the presigned address's own path; the token is sent once."""
    with served() as address:
        with FlinkDashboard.opened(f"{address}/flink/dashboard?token=t") as found:
            assert found.job() is None
        assert _Session.seen == ["/flink/dashboard?token=t", "/flink/jobs/overview"]
        with pytest.raises(FailedError, match="403") as raised:
            FlinkDashboard.opened(f"{address}/?token=secret").__enter__()
    assert "secret" not in raised.value.message
