"""Tests of the presigned dashboard."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from sandbox.flink.dashboard import Dashboard
from tests.sandbox.services.doubles import Clock


class JobManager(BaseHTTPRequestHandler):
    """Answers with the path it was asked for."""

    def do_GET(self) -> None:
        """Any path."""
        body = json.dumps({"path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def job_manager() -> Iterator[str]:
    """Address of a JobManager."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), JobManager)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def dashboard(job_manager: str, clock: Clock) -> Iterator[Dashboard]:
    """The dashboard of `agg`, which answers."""
    arn = "arn:aws:kinesisanalytics:us-east-1:000000000000:application/agg"
    made = Dashboard(arn, lambda: job_manager, clock)

    async def answer() -> None:
        await made.serve()
        await made.close()

    thread = Thread(target=lambda: asyncio.run(answer()))
    thread.start()
    yield made
    made._server.should_exit = True
    thread.join()


@pytest.fixture
def clock() -> Clock:
    """A clock at 1000 seconds."""
    return Clock()


@pytest.fixture
def browser(dashboard: Dashboard) -> Iterator[httpx.Client]:
    """Somebody who opens it."""
    address = f"http://127.0.0.1:{dashboard.port}"
    with httpx.Client(base_url=address, trust_env=False) as client:
        yield client


def test_the_presigned_address_begins_a_session(
    dashboard: Dashboard, browser: httpx.Client, clock: Clock
) -> None:
    """The token is good for three minutes, the cookie for the session; the token stays here."""
    assert browser.get("/jobmanager/config").status_code == 403
    url = dashboard.presigned_url(1800)
    assert browser.get(url).json() == {"path": "/"}
    clock.now += 1799
    assert browser.get("/jobs?get=a").json() == {"path": "/jobs?get=a"}
    clock.now += 2
    assert browser.get("/jobs").status_code == 403
    assert browser.get(url).status_code == 403


def test_a_presigned_address_expires(
    dashboard: Dashboard, browser: httpx.Client, clock: Clock
) -> None:
    """After three minutes it opens nothing."""
    url = dashboard.presigned_url(1800)
    clock.now += 181
    assert browser.get(url).status_code == 403


def test_it_is_read_only(dashboard: Dashboard, browser: httpx.Client) -> None:
    """A session cannot cancel a job."""
    browser.get(dashboard.presigned_url(1800))
    assert browser.patch("/jobs/1").status_code == 405


def test_a_lost_job_manager(
    dashboard: Dashboard, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dashboard says that nobody answers behind it."""
    monkeypatch.setattr(dashboard, "_job_manager_url", lambda: "http://127.0.0.1:1")
    assert browser.get(dashboard.presigned_url(1800)).status_code == 503
