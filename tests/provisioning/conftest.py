"""A gateway on a toy target: real engine, toy provider, everything under a temporary directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.command_line import HEARS_CTRL_C, end_all
from videoctl.model.names import ENVIRONMENT_TAG
from videoctl.provisioning.engine import Engine, find_engine
from videoctl.provisioning.gateway import StackGateway
from videoctl.provisioning.run_record import leftovers, read_record
from videoctl.provisioning.workspace import Workspace

TOY = Path(__file__).parent / "toy"


@dataclass
class Cloud:
    """The toy provider's cloud; also a locator by tag."""

    directory: Path
    asked: list[str] = field(default_factory=list)
    owners: dict[str, dict[str, str] | None] = field(default_factory=dict)

    def resources(self) -> dict[str, dict[str, Any]]:
        """Everything there is: id to properties."""
        files = self.directory.glob("*.resource")
        return {file.stem: json.loads(file.read_text()) for file in files}

    def control(self, **told: Any) -> None:
        """Make the provider misbehave; no arguments: behave."""
        (self.directory / "control.json").write_text(json.dumps(told))

    def calls(self, kind: str) -> list[str]:
        """Names of the resources a kind of call was made for, in order."""
        log = self.directory / "calls.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [line.split()[1] for line in lines if line.startswith(kind)]

    def locate(self, type_token: str, inputs: Mapping[str, Any], region: str | None) -> str | None:
        """Find by tag (random ids) or by name."""
        self.asked.append(type_token)
        key = "tag" if "Random" in type_token else "name"
        for identifier, found in self.resources().items():
            if found.get(key) == inputs.get(key):
                return identifier
        return None

    def tags(
        self, type_token: str, identifier: str, outputs: Mapping[str, Any], region: str | None
    ) -> Mapping[str, str] | None:
        """What a test said of its owner; otherwise it is this environment's."""
        return self.owners.get(identifier, {ENVIRONMENT_TAG: "dev"})


@dataclass
class ToyTarget:
    """Everything a test needs to work on stacks of the toy target."""

    workspace: Workspace
    cloud: Cloud
    engine: Engine
    said: list[str] = field(default_factory=list)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def gateway(self, **options: Any) -> StackGateway:
        """A gateway on this target."""
        return StackGateway(
            self.workspace,
            engine=lambda: self.engine,
            locator=self.cloud,
            registry="toy_programs:PROGRAMS",
            say=self.said.append,
            **options,
        )

    def start(self, **told: Any) -> subprocess.Popen[str]:
        """An update in a process of its own, to be interrupted."""
        document = {
            "home": str(self.workspace.home),
            "backend_url": self.workspace.backend_url,
            "environment": dict(self.workspace.environment),
            "plugin_directories": self.workspace.plugin_directories,
            "engine": str(self.engine.executable),
            **told,
        }
        process = subprocess.Popen(
            [*HEARS_CTRL_C, sys.executable, str(TOY / "run.py"), json.dumps(document)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def processes(self) -> list[psutil.Process]:
        """Everything that runs for an operation on this target, and is not yet gone."""
        record = read_record(self.workspace.run_record("dev"))
        return list(leftovers(record.run_id)) if record else []


def wait_for(what: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait until something is true."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if found := what():
            return found
        time.sleep(0.05)
    pytest.fail("waited in vain")


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The engine of this machine, found as videoctl finds it."""
    found = find_engine()
    if not isinstance(found, Engine):
        pytest.fail(f"no engine: {found}; run `videoctl engine install`")
    return found


@pytest.fixture
def toy(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[ToyTarget]:
    """A fresh toy target with the real engine; nothing of it runs on afterwards."""
    target = make_toy(tmp_path, engine, monkeypatch)
    yield target
    end_all(target.started)
    for process in target.processes():
        process.kill()


def make_toy(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> ToyTarget:
    """A toy target under `tmp_path`, with this engine."""
    cloud = tmp_path / "cloud"
    plugins = tmp_path / "plugins"
    modules = tmp_path / "modules"
    monkeypatch.delenv("VIDEOCTL_RUN_ID", raising=False)
    for directory in (cloud, plugins, modules):
        directory.mkdir()
    plugin = plugins / "pulumi-resource-toy"
    plugin.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{TOY / "provider.py"}" "$@"\n')
    plugin.chmod(0o755)
    (modules / "toy_programs.py").write_text((TOY / "programs.py").read_text())
    paths = [str(modules), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    workspace = Workspace(
        home=tmp_path / "home",
        target="toy",
        backend_url=(tmp_path / "state").as_uri(),
        account_id="000000000000",
        environment={"TOY_CLOUD": str(cloud)},
        plugin_directories=(str(plugins),),
    )
    return ToyTarget(workspace, Cloud(cloud), engine)
