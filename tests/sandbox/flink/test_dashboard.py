"""Tests of the presigned dashboard."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from threading import Thread

import httpx
import pytest

from sandbox.flink.dashboard import Dashboard
from tests.sandbox.flink.job_manager import JobManager, serving
from tests.sandbox.services.doubles import Clock


@pytest.fixture
def job_manager() -> Iterator[JobManager]:
    """A JobManager with a first page and a list of jobs."""
    answers = {"/": [{"page": "first"}], "/jobs": [{"jobs": []}]}
    with serving(JobManager(answers=answers)) as one:
        yield one


@pytest.fixture
def dashboard(job_manager: JobManager, clock: Clock) -> Iterator[Dashboard]:
    """The dashboard of `agg`, which answers."""
    arn = "arn:aws:kinesisanalytics:us-east-1:000000000000:application/agg"
    made = Dashboard(arn, lambda: job_manager.url, clock)

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
    dashboard: Dashboard, browser: httpx.Client, clock: Clock, job_manager: JobManager
) -> None:
    """The token is good for three minutes, the cookie for the session; the token stays here."""
    assert browser.get("/jobmanager/config").status_code == 403
    url = dashboard.presigned_url(1800)
    assert browser.get(url).json() == {"page": "first"}
    clock.now += 1799
    assert browser.get("/jobs?get=a").json() == {"jobs": []}
    assert [path for _, path, _ in job_manager.asked] == ["/", "/jobs?get=a"]
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
