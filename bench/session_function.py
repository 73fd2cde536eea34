"""The session function: records a second that one core takes, its AWS SDK included.

What is counted is the processor time of the function's process alone. Timestream is a process
beside it that reads each request and says that all is well, so the figure is that of the code.
"""

from __future__ import annotations

import base64
import json
import multiprocessing
import os
import statistics
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from bench.measure import Figure
from jobs.http_handler.kpl_format import aggregate
from jobs.kds_timestream_buf_sess.session_sink.entry import handler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

RECORDS: Final = 20_000
BATCH: Final = 500
"""Records an invocation, as the environments have it."""
AGGREGATED: Final = 20
"""Windows in one record where a producer aggregates."""
RUNS: Final = 5
FIRST_MS: Final = 1_800_000_000_000


def figures() -> list[Figure]:
    """One window a record, as Flink writes them; and many in one record, as the KPL would."""
    with _timestream() as endpoint_url:
        os.environ.update(
            AWS_ENDPOINT_URL=endpoint_url,
            AWS_REGION="us-east-1",
            AWS_ACCESS_KEY_ID="bench",
            AWS_SECRET_ACCESS_KEY="bench",
            TIMESTREAM_DATABASE="bench",
            TIMESTREAM_TABLE="sessions",
        )
        windows = [_window(number) for number in range(RECORDS)]
        plain = [_record(window, number) for number, window in enumerate(windows)]
        packed = [
            _record(aggregate((str(at), window) for window in windows[at : at + AGGREGATED]), at)
            for at in range(0, RECORDS, AGGREGATED)
        ]
        return [
            _figure(f"one window a record, batches of {BATCH}", _batches(plain, BATCH)),
            _figure(
                f"{AGGREGATED} windows in a record (KPL)", _batches(packed, BATCH // AGGREGATED)
            ),
        ]


def _figure(what: str, batches: list[list[dict[str, Any]]]) -> Figure:
    handler({"Records": batches[0]}, None)  # clients are made and endpoints found once
    rates = []
    for _ in range(RUNS):
        began = time.process_time()
        for batch in batches:
            answer = handler({"Records": batch}, None)
            if answer["batchItemFailures"]:
                raise RuntimeError("the function did not write every record")
        rates.append(RECORDS / (time.process_time() - began))
    spread = f"{min(rates):,.0f} to {max(rates):,.0f} in {RUNS} runs"
    measured = f"{statistics.median(rates):,.0f} windows/s a core ({spread})"
    return Figure(f"session function, {what}", "stated", measured, None)


def _window(number: int) -> bytes:
    start = FIRST_MS + number // 1000 * 60_000
    document = {
        "session_id": f"session-{number % 1000:06d}-7f3a",
        "content_id": f"title-{number % 40}",
        "viewer_id": f"viewer-{number % 700}",
        "device": "tv",
        "country": "DE",
        "window_start_ms": start,
        "window_end_ms": start + 60_000,
        "events": 7,
        "heartbeats": 6,
        "stalls": 1,
        "stall_ms": 420,
        "errors": 0,
        "startup_ms": None,
        "max_bitrate_kbps": 4300,
        "avg_bitrate_kbps": 3911.5,
        "max_position_ms": 1_800_000,
        "ended": False,
        "region": "us-east-1",
    }
    return json.dumps(document).encode()


def _record(data: bytes, number: int) -> dict[str, Any]:
    return {
        "eventSourceARN": "arn:aws:kinesis:us-east-1:000000000000:stream/video-bench-session",
        "kinesis": {
            "sequenceNumber": str(number),
            "approximateArrivalTimestamp": (FIRST_MS + number) / 1000,
            "data": base64.b64encode(data).decode(),
        },
    }


def _batches(records: list[dict[str, Any]], size: int) -> list[list[dict[str, Any]]]:
    return [records[at : at + size] for at in range(0, len(records), size)]


class _Accepting(BaseHTTPRequestHandler):
    """Answers every call of Timestream Write with success."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Read the request; all of its records are taken."""
        self.rfile.read(int(self.headers["Content-Length"]))
        host, port = self.connection.getsockname()
        answers = {
            "DescribeEndpoints": {
                "Endpoints": [{"Address": f"http://{host!s}:{port}", "CachePeriodInMinutes": 1440}]
            },
            "WriteRecords": {"RecordsIngested": {"Total": 100}},
        }
        body = json.dumps(answers[self.headers["X-Amz-Target"].rpartition(".")[2]]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def _serve(told: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Accepting)
    told.send(server.server_address[1])
    server.serve_forever()


@contextmanager
def _timestream() -> Iterator[str]:
    """The endpoint of a Timestream that accepts everything, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(sending,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{receiving.recv()}"
    finally:
        process.terminate()
        process.join()
