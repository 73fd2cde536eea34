"""Tests of keeping clusters: what is lost comes back, what is stopped stays stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.flink import runner as runner_module
from sandbox.flink.directories import ApplicationDirectory, path_of
from sandbox.flink.jobs import Job, JobError
from sandbox.flink.runner import LocalClusters
from sandbox.home import Home
from tests.sandbox.flink.jobs import ARN, job


@dataclass
class Rest:
    """A JobManager that takes savepoints, or does not."""

    state: str = "RUNNING"
    refusal: str | None = None

    async def job(self) -> dict[str, Any]:
        """The job."""
        return {"jid": "a", "state": self.state}

    async def savepoint(self, job_id: str, directory: Path, *, stop: bool) -> str:
        """A savepoint with metadata."""
        if self.refusal is not None:
            raise JobError(self.refusal)
        place = directory / f"savepoint-{job_id}-{stop}"
        place.mkdir(parents=True, exist_ok=True)
        (place / "_metadata").touch()
        return place.as_uri()


@dataclass
class Scene:
    """All clusters there ever were, and the next starts that fail."""

    made: list[Any] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Cluster:
    """Processes that live until the test says otherwise."""

    def __init__(self, scene: Scene, files: ApplicationDirectory, one: Job) -> None:
        self.scene, self.files, self.job = scene, files, one
        self.rest = Rest()
        self.losses: asyncio.Queue[str] = asyncio.Queue()
        self.task_managers = 0
        self.has_ended = False
        scene.made.append(self)

    def anew(self, one: Job) -> Cluster:
        """Another."""
        return Cluster(self.scene, self.files, one)

    async def start(self) -> None:
        """Start, or fail."""
        self.files.run(self.job.run_id).prepare()
        if self.scene.failures:
            raise JobError(self.scene.failures.pop(0))
        self.task_managers = 1

    async def start_task_manager(self) -> None:
        """One more."""
        self.task_managers += 1

    async def lost(self) -> str:
        """What the test takes away."""
        return await self.losses.get()

    async def end(self) -> None:
        """End."""
        self.has_ended = True


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Clusters of the test, which come back at once."""
    one = Scene()
    monkeypatch.setattr(runner_module, "_FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(runner_module.distribution, "found", lambda: None)
    monkeypatch.setattr(
        runner_module, "Cluster", lambda _c, _d, _e, files, a_job: Cluster(one, files, a_job)
    )
    return one


def played(tmp_path: Path, act: Callable[[LocalClusters], Awaitable[None]]) -> None:
    """Play an act with a runner of its own."""
    host = SimpleNamespace(home=Home(tmp_path), children=None, environment=lambda _region: {})

    async def play() -> None:
        runner = LocalClusters(host)  # type: ignore[arg-type]
        await act(runner)
        await runner.close()

    asyncio.run(play())


def is_there(location: str) -> bool:
    """Whether a savepoint is on disk."""
    return path_of(location).exists()


async def until(claim: Callable[[], bool]) -> None:
    """Give the watch its turns."""
    async with asyncio.timeout(20):
        while not claim():  # noqa: ASYNC110 - what is claimed tells nobody
            await asyncio.sleep(0.001)


def test_a_lost_task_manager_is_replaced(tmp_path: Path, scene: Scene) -> None:
    """In the same cluster, each time."""

    async def act(runner: LocalClusters) -> None:
        await runner.start(job())
        (cluster,) = scene.made
        for expected in (2, 3):
            cluster.losses.put_nowait("taskmanager")
            await until(lambda expected=expected: cluster.task_managers == expected)

    played(tmp_path, act)
    assert len(scene.made) == 1


def test_a_lost_job_manager_goes_on_from_the_newest_state(tmp_path: Path, scene: Scene) -> None:
    """Another cluster, tried until it starts."""

    async def act(runner: LocalClusters) -> None:
        await runner.start(job(restore_from="file:///first"))
        (cluster,) = scene.made
        checkpoint = cluster.files.run("1000-abc").checkpoints / "a" / "chk-1"
        checkpoint.mkdir(parents=True)
        (checkpoint / "_metadata").touch()
        scene.failures = ["no port", "no port"]
        cluster.losses.put_nowait("jobmanager")
        await until(lambda: len(scene.made) == 4 and scene.made[-1].task_managers == 1)
        assert all(one.has_ended for one in scene.made[:-1])
        assert runner.cluster(ARN) is scene.made[-1]
        assert scene.made[-1].job.restore_from == checkpoint.as_uri()

    played(tmp_path, act)


def test_without_a_checkpoint_the_beginning_stays(tmp_path: Path, scene: Scene) -> None:
    """A job that is lost before its first checkpoint begins where it began."""

    async def act(runner: LocalClusters) -> None:
        await runner.start(job(restore_from="file:///first"))
        scene.made[0].losses.put_nowait("jobmanager")
        await until(lambda: len(scene.made) == 2)
        assert scene.made[1].job.restore_from == "file:///first"

    played(tmp_path, act)


def test_a_suspended_job_is_gone(tmp_path: Path, scene: Scene) -> None:
    """Its snapshot stays, its run does not, and nothing brings it back."""

    async def act(runner: LocalClusters) -> None:
        await runner.start(job())
        location = await runner.suspend(ARN)
        cluster = scene.made[0]
        assert cluster.has_ended
        assert not cluster.files.run("1000-abc").root.exists()
        assert is_there(location)
        cluster.losses.put_nowait("jobmanager")
        await asyncio.sleep(0)
        with pytest.raises(JobError, match="no running job"):
            await runner.snapshot(ARN)
        await runner.discard(location)
        assert not is_there(location)

    played(tmp_path, act)
    assert len(scene.made) == 1


@pytest.mark.parametrize(
    ("rest", "reason"),
    [(Rest(state="FAILED"), "is FAILED.*with Force"), (Rest(refusal="not now"), "not now")],
)
def test_a_stop_without_a_savepoint_changes_nothing(
    tmp_path: Path, scene: Scene, rest: Rest, reason: str
) -> None:
    """The cluster stays, and is watched as before."""

    async def act(runner: LocalClusters) -> None:
        await runner.start(job())
        cluster = scene.made[0]
        cluster.rest = rest
        with pytest.raises(JobError, match=reason):
            await runner.suspend(ARN)
        assert not cluster.has_ended
        cluster.losses.put_nowait("taskmanager")
        await until(lambda: cluster.task_managers == 2)

    played(tmp_path, act)


def test_a_failed_start_leaves_nothing(tmp_path: Path, scene: Scene) -> None:
    """Its processes are ended, and the reason told."""
    scene.failures = ["no such class"]

    async def act(runner: LocalClusters) -> None:
        with pytest.raises(JobError, match="no such class"):
            await runner.start(job())
        with pytest.raises(JobError, match="no running job"):
            runner.cluster(ARN)

    played(tmp_path, act)
    assert scene.made[0].has_ended


def test_another_runtime_is_refused(tmp_path: Path, scene: Scene) -> None:
    """The sandbox has one Flink."""

    async def act(runner: LocalClusters) -> None:
        with pytest.raises(JobError, match="not for FLINK-2_2"):
            await runner.start(job(runtime_environment="FLINK-2_2"))

    played(tmp_path, act)
    assert not scene.made


def test_a_server_that_stops_leaves_a_savepoint(tmp_path: Path, scene: Scene) -> None:
    """The next one resumes from it, though it is no snapshot of the application."""

    async def act(runner: LocalClusters) -> None:
        await runner.start(job())

    played(tmp_path, act)

    async def again(runner: LocalClusters) -> None:
        await runner.resume(job())
        found = scene.made[1].job.restore_from
        assert "/checkpoints/last/savepoint-a-True" in found

    played(tmp_path, again)
    assert not list(scene.made[0].files.snapshots.glob("*"))


def test_a_forgotten_application_leaves_no_file(tmp_path: Path, scene: Scene) -> None:
    """Snapshots and logs go with it."""

    async def act(runner: LocalClusters) -> None:
        await runner.start(job())
        await runner.suspend(ARN)
        await runner.forget(ARN)
        assert not scene.made[0].files.root.exists()

    played(tmp_path, act)
