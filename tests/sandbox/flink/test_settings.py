"""Tests of Flink's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.flink import settings
from sandbox.flink.directories import RunDirectory
from sandbox.flink.jobs import Job
from sandbox.flink.settings import Ports
from tests.sandbox.flink.jobs import job

RUN = RunDirectory(Path("/home/flink/runs/1000-abc"))


def configured(one: Job) -> dict[str, str]:
    """The settings of a job."""
    return settings.flink_settings(one, RUN, Ports(rest=1, rpc=2), Path("/venv/bin/python"))


def test_the_services_defaults() -> None:
    """Timeouts, checkpoints and slots as a new application has them, on this machine only."""
    found = configured(job())
    assert found["heartbeat.timeout"] == "50000"
    assert found["pekko.ask.timeout"] == "10 s"
    assert found["execution.checkpointing.interval"] == "60000 ms"
    assert found["execution.checkpointing.min-pause"] == "5000 ms"
    assert found["taskmanager.numberOfTaskSlots"] == found["parallelism.default"] == "4"
    hosts = {value for key, value in found.items() if key.endswith(("address", "host"))}
    assert hosts == {"127.0.0.1"}


def test_no_checkpoints_where_they_are_off() -> None:
    """CheckpointingEnabled false leaves no interval."""
    assert "execution.checkpointing.interval" not in configured(job(checkpoint_interval_ms=None))


@pytest.mark.parametrize("key", ["akka.ask.timeout", "pekko.ask.timeout"])
def test_what_support_put_into_force(key: str) -> None:
    """A tuned value wins, under either name of the key, and only one name is configured."""
    found = configured(job(tuning={"heartbeat.timeout": "300000", key: "300 s"}))
    assert found["heartbeat.timeout"] == "300000"
    assert found["pekko.ask.timeout"] == "300 s"
    assert "akka.ask.timeout" not in found


@pytest.mark.parametrize("slots", [1, 4, 16, 512])
def test_memory_is_bounded(slots: int) -> None:
    """More slots get more memory, and never more than three gigabytes."""
    heap, direct = (
        int(
            next(one for one in settings.task_manager_memory(slots) if one.startswith(option))[
                len(option) : -1
            ]
        )
        for option in ("-Xmx", "-XX:MaxDirectMemorySize=")
    )
    assert 500 < heap + direct < 3 * 1024


def test_values_are_quoted() -> None:
    """A value that YAML would read as something else stays text."""
    assert settings.as_yaml({"b": "on", "a": '"x"'}) == 'a: "\\"x\\""\nb: "on"\n'
