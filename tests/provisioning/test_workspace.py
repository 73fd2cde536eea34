"""Directories, project file and passphrase of a target."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from videoctl.provisioning.engine_environment import base_environment
from videoctl.provisioning.workspace import Workspace


def workspace(home: Path, backend: str | None = None) -> Workspace:
    """A workspace under this home."""
    return Workspace(
        home=home,
        target="sandbox",
        backend_url=backend or (home / "state").as_uri(),
        account_id="000000000000",
        environment={"AWS_REGION": "us-east-1"},
        plugin_directories=("/plugins",),
    )


def test_a_local_state_gets_a_passphrase_of_its_own(tmp_path: Path) -> None:
    """Generated once, readable by its owner alone, named by a variable and never in one."""
    place = workspace(tmp_path)
    place.prepare()
    made = place.passphrase_file.read_text()
    place.prepare()
    assert place.passphrase_file.read_text() == made
    assert stat.S_IMODE(place.passphrase_file.stat().st_mode) == 0o600
    variables = place.command_environment()
    assert variables["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(place.passphrase_file)
    assert made not in variables.values()


def test_two_at_once_make_one_passphrase(tmp_path: Path) -> None:
    """The second keeps what the first made: a state has one passphrase."""
    place = workspace(tmp_path)
    place.prepare()
    place.passphrase_file.unlink()
    threads = [threading.Thread(target=place.prepare) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [f.name for f in place.passphrase_file.parent.glob("passphrase*")] == ["passphrase"]


def test_a_shared_state_needs_the_operators_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is made up: the next operator could not read the state."""
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", "/run/secrets/passphrase")
    place = workspace(tmp_path, "s3://state?region=us-east-1")
    place.prepare()
    assert not place.passphrase_file.exists()
    assert place.local_state is None
    variables = place.command_environment()
    assert variables["PULUMI_CONFIG_PASSPHRASE_FILE"] == "/run/secrets/passphrase"


def test_variables_of_other_pulumi_work_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A left-over backend would move the state; a left-over setting could undo crash recovery."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://elsewhere")
    monkeypatch.setenv("PULUMI_SKIP_CHECKPOINTS", "true")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    variables = workspace(tmp_path).command_environment()
    assert "PULUMI_BACKEND_URL" not in variables
    assert "PULUMI_SKIP_CHECKPOINTS" not in variables
    assert variables["HTTPS_PROXY"] == "http://proxy"
    assert variables["PULUMI_SKIP_UPDATE_CHECK"] == "true"
    assert variables["PULUMI_HOME"].startswith(str(tmp_path))
    assert variables["PATH"].split(os.pathsep)[0] == "/plugins"
    assert base_environment({"AWS_REGION": "x"})["AWS_REGION"] == "x"


def test_the_project_file_names_the_backend(tmp_path: Path) -> None:
    """And follows it when it changes."""
    workspace(tmp_path).prepare()
    moved = workspace(tmp_path, (tmp_path / "other place").as_uri())
    moved.prepare()
    project = json.loads((moved.directory / "Pulumi.yaml").read_text())
    assert project["backend"]["url"] == f"{moved.backend_url}?metadata=skip"
    assert project["name"] == "videoctl"
    assert moved.local_state == tmp_path / "other place"


def test_logs_of_old_runs_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The latest stay; nothing grows for ever."""
    monkeypatch.setattr("videoctl.provisioning.workspace.KEPT_LOGS", 3)
    place = workspace(tmp_path)
    place.prepare()
    for number in range(6):
        file = place.log_file(f"run-{9 - number}")
        file.write_text("")
        os.utime(file, (number, number))
    place.prepare()
    kept = sorted(file.name for file in place.log_file("x").parent.iterdir())
    assert kept == ["run-4.log", "run-5.log", "run-6.log"]
