"""Fixtures of tests of the sandbox's services."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from sandbox.home import Home
from sandbox.services.kinesisanalyticsv2 import KinesisAnalyticsV2, lifecycle
from sandbox.services.timestream import TimestreamQuery, TimestreamWrite
from tests.sandbox.services.calling import Caller
from tests.sandbox.services.doubles import Clock, InMemoryAws
from tests.sandbox.services.flink_doubles import OPTIONS, RecordingRunner, archive
from tests.sandbox.services.real import RealSandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def clock() -> Clock:
    """A clock at 1000 seconds."""
    return Clock()


@pytest.fixture
def aws() -> InMemoryAws:
    """Two empty shards and an empty bucket."""
    return InMemoryAws()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSandbox]:
    """A running sandbox, shared by the tests that need a real one."""
    started = RealSandbox(Home(tmp_path_factory.mktemp("sandbox")))
    started.start()
    yield started
    started.stop()


@pytest.fixture
def flink() -> Iterator[Caller]:
    """The service with a complete code object in S3, and time that passes when told to."""
    caller = Caller(KinesisAnalyticsV2)
    caller.host.services.objects = {"agg.zip": archive(*OPTIONS.values())}

    caller.service.lifecycle.clock = lifecycle.Clock(sleep=caller.sleep)
    yield caller
    caller.close()


@pytest.fixture
def runner(flink: Caller) -> RecordingRunner:
    """Something that runs jobs, plugged in."""
    one = RecordingRunner()
    flink.service.lifecycle.runner = one
    return one


@pytest.fixture
def timestream(tmp_path: Path) -> Iterator[Caller]:
    """An account with the database `video` and its table `sessions`."""
    caller = Caller(TimestreamWrite)
    caller.host.home = Home(tmp_path)
    caller.host.home.prepare()
    caller("CreateDatabase", DatabaseName="video", Tags=[{"Key": "a", "Value": "b"}])
    caller("CreateTable", DatabaseName="video", TableName="sessions")
    yield caller
    caller.close()


@pytest.fixture
def queries(timestream: Caller) -> Iterator[Caller]:
    """The query service over the same account."""
    caller = Caller(TimestreamQuery)
    caller.service.host = SimpleNamespace(
        registry={"timestream-write": timestream.service}, endpoint_url="http://127.0.0.1:4566"
    )
    yield caller
    caller.close()
