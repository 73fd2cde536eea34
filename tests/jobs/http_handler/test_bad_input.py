"""Bad bodies over real HTTP: each item's reason, and nothing good lost with the bad."""

from __future__ import annotations

import socket
from collections import Counter
from urllib.parse import urlsplit

import httpx
import pytest

from tests.jobs.bad_bodies import bad_bodies
from tests.jobs.made_events import event

pytestmark = pytest.mark.sandbox


def test_every_bad_body_is_refused_with_its_reasons(make_task):
    """4xx, or 202 with the refused listed; what was accepted is in Kinesis, and nothing else."""
    task = make_task()
    accepted = []
    for name, bad in bad_bodies().items():
        answer = httpx.post(
            f"{task.url}/v1/events", content=bad.body, headers=dict(bad.headers), timeout=60
        )
        document = answer.json()
        found = {item["index"]: item["reason"] for item in document["rejected"]}
        assert (name, answer.status_code, found) == (name, bad.status, dict(bad.reasons))
        assert (name, document["accepted"]) == (name, len(bad.good))
        assert all(item["message"] for item in document["rejected"]), name
        accepted += bad.good
    stored = Counter(record.event["event_id"] for record in task.stored())
    assert stored == Counter(accepted)
    assert task.post(event()).status_code == 202
    assert task.is_healthy()


def test_a_body_that_breaks_off_stores_nothing(make_task):
    """A player that leaves in the middle is no event, and the next one is served."""
    task = make_task()
    where = urlsplit(task.url)
    with socket.create_connection((where.hostname, where.port)) as player:
        player.sendall(b"POST /v1/events HTTP/1.1\r\nHost: door\r\nContent-Length: 900\r\n\r\n[{")
    assert task.post(event()).status_code == 202
    assert len(task.stored()) == 1


def test_a_body_that_never_comes_is_given_up(make_task):
    """408 after the time a client has, and the connection is free."""
    task = make_task(REQUEST_BODY_SECONDS="0.2")
    where = urlsplit(task.url)
    with socket.create_connection((where.hostname, where.port), timeout=30) as player:
        player.sendall(b"POST /v1/events HTTP/1.1\r\nHost: door\r\nContent-Length: 900\r\n\r\n[{")
        assert player.recv(100).startswith(b"HTTP/1.1 408")


def test_a_body_without_declared_length_is_bounded_too(make_task):
    """Chunks are counted as they come."""
    task = make_task(MAX_BODY_BYTES="100000")
    answer = httpx.post(
        f"{task.url}/v1/events", content=(b" " * 10_000 for _ in range(50)), timeout=30
    )
    assert answer.status_code == 413
    assert answer.json()["rejected"][0]["reason"] == "body-too-large"
