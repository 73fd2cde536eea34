"""Tests of talking to a JobManager."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.flink import figures
from sandbox.flink.jobs import JobError
from sandbox.flink.rest import FlinkRest
from tests.sandbox.flink.job_manager import JobManager, serving


@pytest.fixture
def manager() -> Iterator[JobManager]:
    """A JobManager."""
    with serving(JobManager()) as one:
        yield one


def asked(manager: JobManager, question: Callable[[FlinkRest], Awaitable[Any]]) -> Any:
    """The answer to one question."""

    async def ask() -> Any:
        rest = FlinkRest(manager.url)
        try:
            return await question(rest)
        finally:
            await rest.close()

    return asyncio.run(ask())


def test_the_latest_job(manager: JobManager) -> None:
    """Of several the one that started last; None where there is none."""
    manager.answers["/jobs/overview"] = [
        {"jobs": []},
        {"jobs": [{"jid": "a", "start-time": 1}, {"jid": "b", "start-time": 2}]},
    ]
    assert asked(manager, lambda rest: rest.job()) is None
    assert asked(manager, lambda rest: rest.job())["jid"] == "b"


@pytest.mark.parametrize("stop", [True, False])
def test_a_savepoint(manager: JobManager, tmp_path: Path, *, stop: bool) -> None:
    """Asked for, then looked for until it is there; a stop does not drain."""
    action = "/jobs/a/stop" if stop else "/jobs/a/savepoints"
    manager.answers[action] = [{"request-id": "r"}]
    manager.answers["/jobs/a/savepoints/r"] = [
        {"status": {"id": "IN_PROGRESS"}},
        {"status": {"id": "COMPLETED"}, "operation": {"location": "file:/s"}},
    ]
    location = asked(manager, lambda rest: rest.savepoint("a", tmp_path, stop=stop))
    assert location == "file:/s"
    body = manager.asked[0][2]
    if stop:
        assert body == {"targetDirectory": tmp_path.as_uri(), "drain": False}
    else:
        assert body == {"target-directory": tmp_path.as_uri(), "cancel-job": False}


def test_a_savepoint_that_fails(manager: JobManager, tmp_path: Path) -> None:
    """The reason is Flink's, in one line."""
    manager.answers["/jobs/a/stop"] = [{"request-id": "r"}]
    cause = {"stack-trace": "java.util.A\n\tat x\nCaused by: b.C: task is not running\n"}
    manager.answers["/jobs/a/savepoints/r"] = [
        {"status": {"id": "COMPLETED"}, "operation": {"failure-cause": cause}}
    ]
    with pytest.raises(JobError, match=r"no savepoint: b\.C: task is not running$"):
        asked(manager, lambda rest: rest.savepoint("a", tmp_path, stop=True))


def test_errors_are_one_line(manager: JobManager) -> None:
    """What Flink refuses, and that nobody listens."""
    with pytest.raises(JobError, match=r"^Not found: /none$"):
        asked(manager, lambda rest: rest.get("/none"))
    manager.url = "http://127.0.0.1:1"
    with pytest.raises(JobError, match="does not answer /none"):
        asked(manager, lambda rest: rest.get("/none"))


def test_many_metrics_are_asked_for_in_turns(manager: JobManager) -> None:
    """No request line gets too long; NaN is no value."""
    manager.metrics["/m"] = {f"n{number}": str(number) for number in range(70)} | {"n7": "NaN"}
    names = [f"n{number}" for number in range(70)]
    found = asked(manager, lambda rest: rest.values("/m", names))
    assert found == {f"n{number}": float(number) for number in range(70) if number != 7}
    assert len(manager.asked) == 3


def test_the_figures_of_a_job(manager: JobManager) -> None:
    """Of the job, of each task with its shards and own metrics, and of the TaskManager."""
    lag = "0.Source.KinesisConsumer.stream.raw.shardId.s-1.millisBehindLatest"
    own = "0.Sort.kinesisanalytics.late"
    manager.answers = {
        "/jobs/overview": [{"jobs": [{"jid": "a", "start-time": 1}]}],
        "/jobs/a": [{"vertices": [{"id": "v", "name": "Source"}]}],
        "/taskmanagers": [{"taskmanagers": [{"id": "t"}]}],
    }
    manager.metrics = {
        "/jobs/a/metrics": {"uptime": "5"},
        "/jobs/a/vertices/v/metrics": {lag: "7", own: "2", "0.other": "1"},
        "/taskmanagers/t/metrics": {"Status.JVM.CPU.Load": "0.5"},
    }
    manager.aggregated["/jobs/a/vertices/v/subtasks/metrics"] = {
        "numRecordsOut": {"min": 1.0, "max": 2.0, "sum": 3.0},
        "busyTimeMsPerSecond": {"min": "NaN", "max": "NaN", "sum": "NaN"},
        "other": {"min": 1.0, "max": 1.0, "sum": 1.0},
    }
    found = asked(manager, figures.read)
    assert found.job == {"uptime": 5.0}
    (task,) = found.tasks
    assert task.values == {"numRecordsOut": 3.0}
    assert [(one.stream, one.shard_id, one.behind_ms) for one in task.lags] == [("raw", "s-1", 7.0)]
    assert [(one.name, one.values) for one in task.custom] == [("late", (2.0,))]
    assert found.task_manager == {"Status.JVM.CPU.Load": 0.5}


def test_no_figures_without_a_job(manager: JobManager) -> None:
    """A cluster whose program submitted nothing."""
    manager.answers["/jobs/overview"] = [{"jobs": []}]
    assert asked(manager, figures.read) is None
