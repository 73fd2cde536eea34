"""A sandbox to talk to, a configured provider, and a world of prerequisites for sample resources."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.provider.provider import Provider
from tests.sandbox.provider.samples import World

REGION = "us-east-1"


@pytest.fixture(scope="session")
def aws_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The AWS_* variables that lead to a running sandbox."""
    start = _sandbox if importlib.util.find_spec("sandbox.__main__") else _ministack
    with start(tmp_path_factory.mktemp("sandbox")) as variables:
        yield {**variables, "AWS_EC2_METADATA_DISABLED": "true"}


@contextlib.contextmanager
def _sandbox(home: Path) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "sandbox"]
    started = subprocess.run(
        [*command, "ensure", "--home", str(home)], capture_output=True, text=True, check=True
    )
    try:
        yield json.loads(started.stdout)["environment"]
    finally:
        subprocess.run([*command, "down", "--home", str(home)], check=True, capture_output=True)


@contextlib.contextmanager
def _ministack(home: Path) -> Iterator[dict[str, str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    arguments = ["ministack.app:app", "--port", str(port), "--log-level", "warning"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", *arguments], stdout=log, stderr=log, cwd=home
        )
    try:
        deadline = time.monotonic() + 60
        while not _answers(f"{url}/_ministack/health"):
            assert process.poll() is None, (home / "log").read_text()
            assert time.monotonic() < deadline, "the sandbox did not answer within a minute"
            time.sleep(0.1)
        yield {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
        }
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except OSError:
        return False


@pytest.fixture(scope="session")
def provider(aws_environment: dict[str, str]) -> Iterator[Provider]:
    """A provider configured for the sandbox, as the engine would do it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in aws_environment.items():
            patch.setenv(name, value)
        configured = Provider()
        configured.configure({"region": REGION})
        yield configured


@pytest.fixture
def world(provider: Provider) -> Iterator[World]:
    """Makes prerequisites, and removes them after the test in reverse order."""
    made = World(provider)
    yield made
    made.end()
