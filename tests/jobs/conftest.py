"""Kinesis, sidecar and handler as real processes on free ports."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import httpx
import pytest
from botocore.config import Config

from tests.jobs.reading import StoredRecord, read_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = Path(__file__).parents[2]
REGION = "us-east-1"
START_SECONDS = 60


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(condition: Callable[[], Any], seconds: float = START_SECONDS) -> Any:
    """The first truthy answer; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if found := condition():
                return found
        except (OSError, httpx.TransportError):
            pass
        time.sleep(0.05)
    pytest.fail(f"not within {seconds} s: {condition}")


def end(process: subprocess.Popen[Any], seconds: float = 60) -> int:
    """Terminate and wait; its exit code."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


@dataclass
class Kinesis:
    """The Kinesis double.

    Attributes:
        url: its endpoint.
        environment: AWS_* variables of a process that shall use it.

    """

    url: str
    environment: dict[str, str]

    def client(self, service: str) -> Any:
        """A boto3 client of this endpoint."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def faults(self, **faults: Any) -> None:
        """From now on these faults, and no others."""
        httpx.post(f"{self.url}/_faults", json=faults).raise_for_status()

    def create_stream(self, shards: int) -> str:
        """A new stream; its name."""
        stream = f"raw-{uuid4().hex[:8]}"
        self.client("kinesis").create_stream(StreamName=stream, ShardCount=shards)
        return stream

    def read(self, stream: str) -> list[StoredRecord]:
        """Every user record of a stream."""
        return read_stream(self.client("kinesis"), stream)


@pytest.fixture(scope="session")
def kinesis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kinesis]:
    """One MiniStack for all tests of this directory."""
    port = free_port()
    home = tmp_path_factory.mktemp("kinesis")
    arguments = ["uvicorn", "--app-dir", str(Path(__file__).parent), "--port", str(port)]
    options = ["--log-level", "warning", "--lifespan", "on", "kinesis_double:app"]
    environment = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_REGION": REGION,
    }
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments, *options],
            env={**os.environ, "GATEWAY_PORT": str(port), "EDGE_PORT": str(port)},
            cwd=home,
            stdout=log,
            stderr=log,
        )
        try:
            kinesis = Kinesis(environment["AWS_ENDPOINT_URL"], environment)
            wait_for(lambda: httpx.post(f"{kinesis.url}/_faults", json={}).is_success)
            yield kinesis
        finally:
            end(process)


@pytest.fixture
def kinesis(kinesis_process: Kinesis) -> Iterator[Kinesis]:
    """The Kinesis double, without faults before and after the test."""
    kinesis_process.faults()
    yield kinesis_process
    kinesis_process.faults()


@dataclass
class Task:
    """An ingest task: handler and sidecar as processes.

    Attributes:
        stream: where it puts events.
        url: of the handler.

    """

    kinesis: Kinesis
    stream: str
    log_directory: Path
    variables: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    url: str = ""

    def start(self, module: str) -> subprocess.Popen[bytes]:
        """Start one of the two containers' processes."""
        inherited = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)}
        with (self.log_directory / f"{module}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module],
                env={**inherited, **self.kinesis.environment, **self.variables},
                cwd=self.log_directory,
                stdout=log,
                stderr=log,
            )
        self.processes[module] = process
        return process

    @property
    def handler(self) -> subprocess.Popen[bytes]:
        """The http-handler process."""
        return self.processes["jobs.http_handler"]

    @property
    def sidecar(self) -> subprocess.Popen[bytes]:
        """The kpl-sidecar process."""
        return self.processes["jobs.http_handler.kpl_sidecar"]

    def is_healthy(self) -> bool:
        """Whether the health check is green."""
        return httpx.get(f"{self.url}/health").is_success

    def post(self, body: Any, **headers: str) -> httpx.Response:
        """Post a body; values are written as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(f"{self.url}/v1/events", content=content, headers=names, timeout=30)

    def stored(self) -> list[StoredRecord]:
        """Every user record of the stream, as consumers see it."""
        return self.kinesis.read(self.stream)

    def log(self, module: str) -> str:
        """What a container has logged."""
        return (self.log_directory / f"{module}.log").read_text()


@pytest.fixture
def make_task(kinesis: Kinesis, tmp_path: Path) -> Iterator[Callable[..., Task]]:
    """Starts tasks: `make_task(shards=2, TICK_SECONDS="0", ...)`."""
    with ExitStack() as stack:

        def make(*, shards: int = 2, stream: str | None = None, **variables: str) -> Task:
            handler_port, sidecar_port = free_port(), free_port()
            task = Task(
                kinesis,
                stream or kinesis.create_stream(shards),
                tmp_path,
                {
                    "HTTP_HANDLER_HOST": "127.0.0.1",
                    "HTTP_HANDLER_PORT": str(handler_port),
                    "KPL_SIDECAR_PORT": str(sidecar_port),
                    "TICK_SECONDS": "0",
                    **variables,
                },
                url=f"http://127.0.0.1:{handler_port}",
            )
            task.variables["RAW_STREAM"] = task.stream
            stack.enter_context(_running(task))
            return task

        yield make


@contextmanager
def _running(task: Task) -> Iterator[None]:
    try:
        for module in ("jobs.http_handler.kpl_sidecar", "jobs.http_handler"):
            task.start(module)
        wait_for(task.is_healthy)
        yield
    finally:
        for process in reversed(task.processes.values()):
            end(process)
