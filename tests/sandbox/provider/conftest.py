"""A sandbox to talk to, a configured provider, and a world of prerequisites for samples."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sandbox.provider.provider import Provider
from tests.sandbox.provider.samples import World

REGION = "us-east-1"


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox: its directory, how to reach it, where its provider is."""

    home: str
    environment: dict[str, str]
    plugins: list[str]

    def fault(self, kind: str, **where: str) -> None:
        """From now on the calls described fail."""
        options = [word for name, value in where.items() for word in (f"--{name}", value)]
        self._run("fault", "add", kind, *options)

    def heal(self) -> None:
        """No faults any more."""
        self._run("fault", "clear")

    def _run(self, *words: str) -> None:
        command = [sys.executable, "-m", "sandbox", *words, "--home", self.home]
        subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of this test run's own."""
    home = str(tmp_path_factory.mktemp("sandbox"))
    command = [sys.executable, "-m", "sandbox"]
    started = subprocess.run(
        [*command, "ensure", "--home", home, "-o", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    target = json.loads(started.stdout)
    try:
        yield Sandbox(home, target["environment"], target["plugin_directories"])
    finally:
        subprocess.run([*command, "down", "--home", home], check=True, capture_output=True)


def _set_variables(patch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    """The AWS_* variables a provider of the sandbox's target is started with, and no others."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        patch.delenv(name)
    for name, value in sandbox.environment.items():
        patch.setenv(name, value)


@pytest.fixture(scope="session")
def configured(sandbox: Sandbox) -> Provider:
    """The one provider of all tests here, which keeps the clients it makes."""
    made = Provider()
    with pytest.MonkeyPatch.context() as patch:
        _set_variables(patch, sandbox)
        made.configure({"region": REGION})
    return made


@pytest.fixture
def provider(configured: Provider, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """A provider configured for the sandbox, as the engine would do it."""
    _set_variables(monkeypatch, sandbox)
    return configured


@pytest.fixture
def world(provider: Provider) -> Iterator[World]:
    """Makes prerequisites, and removes them after the test in reverse order."""
    made = World(provider)
    yield made
    made.end()
