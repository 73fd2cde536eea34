"""A sandbox to talk to, a configured provider, and a world of prerequisites for samples."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sandbox.provider.provider import Provider
from tests.sandbox.provider.samples import World

REGION = "us-east-1"


@pytest.fixture(scope="session")
def aws_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The AWS_* variables that lead to a sandbox of this test run's own."""
    home = str(tmp_path_factory.mktemp("sandbox"))
    command = [sys.executable, "-m", "sandbox"]
    started = subprocess.run(
        [*command, "ensure", "--home", home, "-o", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    try:
        yield json.loads(started.stdout)["environment"]
    finally:
        subprocess.run([*command, "down", "--home", home], check=True, capture_output=True)


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
