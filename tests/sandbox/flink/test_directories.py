"""Tests of where state is found again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox.flink.directories import ApplicationDirectory, new_run_id, path_of


@pytest.fixture
def files(tmp_path: Path) -> ApplicationDirectory:
    """An application's directories, empty."""
    return ApplicationDirectory(root=tmp_path / "agg", logs=tmp_path / "logs")


def written(directory: Path, seconds: float) -> Path:
    """A whole checkpoint or savepoint, written at that time."""
    directory.mkdir(parents=True)
    (directory / "_metadata").touch()
    os.utime(directory / "_metadata", (seconds, seconds))
    return directory


def test_the_newest_whole_state_of_the_run(files: ApplicationDirectory) -> None:
    """A checkpoint without metadata, one of another run and an older savepoint do not count."""
    run = files.run("1000000-a")
    assert files.newest_state("1000000-a") is None
    written(files.snapshots / "savepoint-1", 900.0)
    assert files.newest_state("1000000-a") is None
    written(run.checkpoints / "job" / "chk-1", 1001.0)
    newest = written(run.checkpoints / "job" / "chk-2", 1002.0)
    (run.checkpoints / "job" / "chk-3").mkdir()
    written(files.run("1000001-b").checkpoints / "job" / "chk-9", 1009.0)
    found = files.newest_state("1000000-a")
    assert found is not None
    assert path_of(found) == newest
    snapshot = written(files.snapshots / "savepoint-2", 1003.0)
    assert files.newest_state("1000000-a") == snapshot.as_uri()


def test_old_runs_go_and_snapshots_stay(files: ApplicationDirectory) -> None:
    """Only the run that is kept is left."""
    snapshot = written(files.snapshots / "savepoint-1", 900.0)
    for run_id in ("1-a", "2-b"):
        files.run(run_id).prepare()
    files.remove_runs(but="2-b")
    assert not files.run("1-a").root.exists()
    assert files.run("2-b").root.exists()
    files.remove_runs()
    assert not files.run("2-b").root.exists()
    assert snapshot.exists()


def test_a_run_keeps_the_newest_checkpoints(files: ApplicationDirectory) -> None:
    """Of lost clusters the last three; those that wrote none push nothing out."""
    run = files.run("1000-a")
    for number in range(5):
        written(run.checkpoints / f"job-{number}" / "chk-1", 2000.0 - number)
    for number in range(5):
        (run.checkpoints / f"failed-{number}" / "shared").mkdir(parents=True)
    (run.temporary / "left").mkdir(parents=True)
    run.prepare()
    assert sorted(path.name for path in run.checkpoints.iterdir()) == ["job-0", "job-1", "job-2"]
    assert not list(run.temporary.iterdir())


def test_a_cluster_begins_logs_of_its_own(files: ApplicationDirectory) -> None:
    """The log of the cluster before is kept under another name."""
    files.begin_logs(["client"])
    files.log_file("client").write_text("old")
    files.begin_logs(["client"])
    assert not files.log_file("client").exists()
    assert (files.logs / "client.log.1").read_text() == "old"


def test_run_ids_are_their_own() -> None:
    """Two starts in one millisecond differ."""
    assert new_run_id() != new_run_id()
