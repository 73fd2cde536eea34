"""Tests of what CloudWatch is told of running jobs."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.flink import figures
from sandbox.flink.figures import Figures
from sandbox.flink.jobs import JobError
from sandbox.protocol.errors import ServiceError
from sandbox.services.base import Call
from sandbox.services.cloudwatch import data
from sandbox.services.kinesisanalyticsv2.observation import Observation
from tests.sandbox.services.doubles import Clock

ARN = "arn:aws:kinesisanalytics:us-east-1:000000000000:application/agg"
STREAM = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/flink/agg:log-stream:events"
LINE = {
    "timestamp": 5, "logger": "a.PythonDriver", "message": "m", "throwableInformation": "",
    "messageType": "INFO",
}  # fmt: skip


@dataclass
class Watched:
    """CloudWatch, a host and the clusters in one: what was called, and files to follow."""

    directory: Path
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    scaled: list[int] = field(default_factory=list)
    is_broken: bool = False
    figures: Figures | None = None

    def aws(self, region: str) -> Watched:
        """Every region is this one."""
        assert region == "us-east-1"
        return self

    async def invoke(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Note the call."""
        if self.is_broken:
            raise ServiceError("ResourceNotFoundException", "The specified log group is not there.")
        self.calls.append((f"{service}.{operation}", parameters))
        return {}

    def log_files(self, arn: str) -> list[Path]:
        """One file."""
        assert arn == ARN
        return [self.directory / "client.log"]

    def cluster(self, arn: str) -> Watched:
        """A cluster, if there are figures."""
        if self.figures is None:
            raise JobError("The application has no running job.")
        return self

    @property
    def rest(self) -> Watched:
        """What figures are read from."""
        return self


@dataclass
class Scene:
    """An application that runs, and who looks at it."""

    watched: Watched
    record: dict[str, Any]
    observation: Observation

    def write(self, *lines: str) -> None:
        """The client logs."""
        with (self.watched.directory / "client.log").open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    def ship(self) -> None:
        """Look at the logs once."""
        asyncio.run(self.observation._ship("us-east-1", self.record))

    def publish(self) -> None:
        """Look at the figures once."""
        asyncio.run(self.observation._publish("us-east-1", self.record))


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Iterator[Scene]:
    """Parallelism 2 on two KPUs, a log stream attached."""
    watched = Watched(tmp_path)

    async def read(_rest: Any) -> Figures | None:
        return watched.figures

    monkeypatch.setattr(figures, "read", read)
    parallelism = {"ConfigurationType": "CUSTOM", "Parallelism": 2}
    record = {
        "name": "agg", "arn": ARN, "version": 3, "status": "RUNNING",
        "logging": [{"LogStreamARN": STREAM}],
        "configuration": {
            "FlinkApplicationConfiguration": {"ParallelismConfiguration": parallelism}
        },
    }  # fmt: skip
    watcher = Observation(
        watched,  # type: ignore[arg-type]
        watched,  # type: ignore[arg-type]
        lambda: [("us-east-1", record)],
        lambda _region, _record, wanted: watched.scaled.append(wanted),
        clock,
    )
    yield Scene(watched, record, watcher)
    for followers in watcher._followers.values():
        for follower in followers:
            follower.close()


def running(cpu_load: float) -> Figures:
    """Figures of a job, with the load of its JVM (1.0 is the whole machine)."""
    return Figures(job={"uptime": 1.0}, tasks=[], task_manager={"Status.JVM.CPU.Load": cpu_load})


def test_log_lines_become_events(scene: Scene) -> None:
    """With the application's ARN and version and the line's own time; no JSON is a message."""
    scene.ship()
    scene.write(json.dumps(LINE), "no JSON")
    scene.ship()
    ((name, sent),) = scene.watched.calls
    assert name == "logs.PutLogEvents"
    assert (sent["logGroupName"], sent["logStreamName"]) == ("/aws/flink/agg", "events")
    first, second = sent["logEvents"]
    assert first["timestamp"] == 5
    assert json.loads(first["message"]) == {
        "logger": "a.PythonDriver", "message": "m", "messageType": "INFO",
        "applicationARN": ARN, "applicationVersionId": "3",
    }  # fmt: skip
    assert second["message"] == "no JSON"


def test_logs_without_a_stream_vanish(scene: Scene) -> None:
    """As in the service: neither a missing log stream nor none at all is an error."""
    scene.watched.is_broken = True
    scene.write("one")
    scene.ship()
    scene.record["logging"] = []
    scene.write("two")
    scene.ship()
    assert not scene.watched.calls


def test_figures_become_metrics(scene: Scene) -> None:
    """In the service's namespace; KPUs once an hour, with the one for orchestration."""
    scene.publish()
    assert not scene.watched.calls
    scene.watched.figures = running(0.1)
    scene.publish()
    scene.publish()
    (_, first), (_, second) = scene.watched.calls
    assert first["Namespace"] == "AWS/KinesisAnalytics"
    values = {one["MetricName"]: one["Value"] for one in first["MetricData"]}
    assert values["uptime"] == 1.0
    assert values["KPUs"] == 3
    assert "KPUs" not in {one["MetricName"] for one in second["MetricData"]}


def test_cloudwatch_takes_the_metrics(scene: Scene, clock: Clock) -> None:
    """Every datum becomes a point of the second in which its figure was read."""
    clock.now = time.time()
    scene.watched.figures = running(0.1)
    scene.publish()
    ((_, sent),) = scene.watched.calls
    call = Call("cloudwatch", "PutMetricData", "us-east-1", "000000000000", "", is_internal=True)
    taken = data.entries(call, sent)
    assert {entry.timestamp for entry in taken} == {int(clock.now)}
    (uptime,) = (entry for entry in taken if entry.metric.name == "uptime")
    assert uptime.metric.dimensions == (("Application", "agg"),)
    assert uptime.point.total == 1.0


def test_a_quarter_of_an_hour_of_load_scales(
    scene: Scene, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where autoscaling is on, which is the service's default."""
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    scene.watched.figures = running(0.9)
    scene.publish()
    clock.now += 899
    scene.publish()
    assert scene.watched.scaled == []
    clock.now += 1
    scene.publish()
    assert scene.watched.scaled == [4]


def test_no_scaling_where_it_is_off(scene: Scene, clock: Clock) -> None:
    """AutoScalingEnabled false."""
    flink = scene.record["configuration"]["FlinkApplicationConfiguration"]
    flink["ParallelismConfiguration"]["AutoScalingEnabled"] = False
    scene.watched.figures = running(1.0)
    for _ in range(3):
        scene.publish()
        clock.now += 900
    assert scene.watched.scaled == []
