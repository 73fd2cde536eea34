"""MiniStack as a process of its own: the fixtures of tests that need a real S3 and its like."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.fakes.world import ACCOUNT
from videoctl.aws.session import AwsSession, AwsSettings

START_SECONDS = 60.0
VARIABLES = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
HEALTH = "/_ministack/health"


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of a MiniStack that this test session started and stops."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path_factory.mktemp("ministack") / "log").open("wb")
    command = [sys.executable, "-m", "uvicorn", "ministack.app:app", "--port", str(port)]
    # As AWS does: one Date header, the application's own.
    command.append("--no-date-header")
    process = subprocess.Popen(command, stdout=log, stderr=log)
    endpoint = f"http://127.0.0.1:{port}"
    try:
        _wait(endpoint, process)
        yield endpoint
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()


@pytest.fixture
def session(ministack: str) -> AwsSession:
    """A session of the target account."""
    settings = AwsSettings(account_id=ACCOUNT, endpoint_url=ministack, environment=VARIABLES)
    return AwsSession(settings)


def _wait(endpoint: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "MiniStack ended while starting"
        try:
            httpx.get(endpoint + HEALTH, timeout=1)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(endpoint)
