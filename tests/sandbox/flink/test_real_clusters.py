"""Applications that really run: a counted stream through everything that interrupts a job."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from sandbox.children import OWNER_VARIABLE
from sandbox.home import Home
from tests.sandbox.flink.counting import Counting
from tests.sandbox.services.real import RealSandbox, eventually

pytestmark = [pytest.mark.sandbox, pytest.mark.flink, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSandbox]:
    """One sandbox for the tests that do not kill it."""
    started = RealSandbox(Home(tmp_path_factory.mktemp("sandbox")))
    started.start()
    yield started
    started.stop()


def java_processes(home: Home) -> dict[str, psutil.Process]:
    """Running parts of clusters of a sandbox, by the last word of their main class."""
    found = {}
    for process in psutil.process_iter():
        try:
            if process.environ().get(OWNER_VARIABLE) != str(home.directory):
                continue
            words = process.cmdline()
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        if words and Path(words[0]).name == "java":
            main = next(word for word in words if word.startswith("org.apache.flink."))
            found[main.rpartition(".")[2]] = process
    return found


def answered(url: str, path: str) -> Any:
    """What a presigned dashboard answers, opened as a browser opens it."""
    with httpx.Client(trust_env=False, follow_redirects=True) as browser:
        browser.get(url).raise_for_status()
        answer = browser.get(httpx.URL(url).join(path))
        answer.raise_for_status()
        return answer.json()


def test_a_stream_is_counted_exactly(shared: RealSandbox, tmp_path: Path) -> None:
    """Stopped with a snapshot, started from it, its TaskManager killed: each number once."""
    counting = Counting(shared, tmp_path, "exact")
    counting.create()
    counting.log_to("/aws/kinesis-analytics/exact", "stream")
    assert counting.start()["OperationStatus"] == "SUCCESSFUL"
    counting.grows_beyond(100)

    url = counting.dashboard()
    effective = {one["key"]: one["value"] for one in answered(url, "/jobmanager/config")}
    assert effective["heartbeat.timeout"] == "50000"
    assert effective["pekko.ask.timeout"] == "10 s"
    logged = eventually(lambda: counting.logged("PythonDriver"))
    assert "submitted" in {one["message"] for one in logged}

    assert counting.stop()["OperationStatus"] == "SUCCESSFUL"
    assert not java_processes(shared.home)
    (snapshot,) = counting.snapshots()
    assert snapshot["SnapshotStatus"] == "READY"
    before = len(counting.counted())
    assert counting.start()["OperationStatus"] == "SUCCESSFUL"
    counting.grows_beyond(before)

    task_manager = java_processes(shared.home)["TaskManagerRunner"]
    task_manager.kill()
    counting.grows_beyond(len(counting.counted()) + 400)
    counting.assert_exact()
    assert counting.detail()["ApplicationStatus"] == "RUNNING"
    expected = {"uptime", "fullRestarts", "numRecordsOut", "lastCheckpointDuration"}
    eventually(lambda: expected <= counting.metrics(), 60)
    counting.delete()
    assert not (shared.home.directory / "flink" / "us-east-1" / "exact").exists()


def test_updates(shared: RealSandbox, tmp_path: Path) -> None:
    """An update goes on from its snapshot, a failing one is rolled back, Force ends the job."""
    counting = Counting(shared, tmp_path, "updates")
    counting.create()
    counting.start()
    counting.grows_beyond(100)
    parallelism = {"ConfigurationTypeUpdate": "CUSTOM", "ParallelismUpdate": 2}
    flink = {"ParallelismConfigurationUpdate": parallelism}
    done = counting.update(
        ApplicationConfigurationUpdate={"FlinkApplicationConfigurationUpdate": flink}
    )
    assert done["OperationStatus"] == "SUCCESSFUL"
    before = len(counting.counted())
    counting.grows_beyond(before)

    groups = counting.groups(**{"fail.with": "a wrong turn"})
    failed = counting.update(
        ApplicationConfigurationUpdate={"EnvironmentPropertyUpdates": {"PropertyGroups": groups}}
    )
    details = failed["OperationFailureDetails"]
    assert "ValueError: a wrong turn" in details["ErrorInfo"]["ErrorString"]
    undone = counting.ended(details["RollbackOperationId"])
    assert undone["OperationStatus"] == "SUCCESSFUL"
    counting.grows_beyond(len(counting.counted()) + 100)
    counting.assert_exact(tasks=2)

    taken = len(counting.snapshots())
    assert counting.stop(force=True)["OperationStatus"] == "SUCCESSFUL"
    assert len(counting.snapshots()) == taken
    assert not java_processes(shared.home)
    counting.delete()


def test_kill_9_of_the_sandbox(tmp_path: Path) -> None:
    """No Java process outlives it, and the next server goes on from the last checkpoint."""
    sandbox = RealSandbox(Home(tmp_path / "home"))
    sandbox.start()
    try:
        counting = Counting(sandbox, tmp_path, "killed")
        counting.create()
        counting.start()
        counting.grows_beyond(100)
        left = list(java_processes(sandbox.home).values())
        os.kill(sandbox.pid, signal.SIGKILL)
        gone, alive = psutil.wait_procs(left, timeout=10)
        assert gone
        assert not alive
        before = len(counting.counted())
        sandbox.start()
        assert counting.detail()["ApplicationStatus"] == "RUNNING"
        counting.grows_beyond(before + 100)
        counting.assert_exact()
    finally:
        sandbox.stop()
    assert not java_processes(sandbox.home)
