"""The job on a real local Flink, between streams of a real sandbox."""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest

from jobs.http_handler.kpl_format import aggregate
from sandbox.home import Home
from tests.jobs.agg.batch import Batch
from tests.jobs.agg.made_stream import ALLOWED_LATENESS_MS, Made, Put
from tests.jobs.agg.outputs import Outputs
from tests.sandbox.services.real import RealSandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv-flink" / "bin" / "python"
JAR = ROOT / "jobs" / "agg" / "lib" / "pyflink-dependencies.jar"
REGION = "us-east-1"
OUTPUTS = ("session", "late", "bad")
PUT_RECORDS = 400
WAIT_SECONDS = 400


@dataclass
class Streams:
    """The streams around one run of the job, and what should come out of them.

    Attributes:
        made: what the raw stream is to hold.
        names: of the streams, by kind.
        file: the run's properties.

    """

    kinesis: Any
    made: Made
    directory: Path
    names: dict[str, str] = field(default_factory=dict)
    file: Path = Path()

    def create(self, **properties: str) -> None:
        """Make the streams and write the property file."""
        for kind in ("raw", *OUTPUTS):
            self.names[kind] = f"{kind}-{uuid4().hex[:10]}"
            shards = self.made.shards if kind == "raw" else 2
            self.kinesis.create_stream(StreamName=self.names[kind], ShardCount=shards)
        self.write_properties(**properties)

    def write_properties(self, **changes: str) -> None:
        """The property file, with changes by key (`_` for `.`)."""
        arns = {
            f"{kind}.stream.arn": self.kinesis.describe_stream_summary(StreamName=name)[
                "StreamDescriptionSummary"
            ]["StreamARN"]
            for kind, name in self.names.items()
        }
        changed = {key.replace("_", "."): value for key, value in changes.items()}
        group = {"aws.region": REGION, **arns, **changed}
        group = {key: value for key, value in group.items() if value}
        self.file = self.directory / f"{uuid4().hex}.json"
        self.file.write_text(json.dumps([{"PropertyGroupId": "agg", "PropertyMap": group}]))

    def put(self, start: float = 0, end: float = 1, *, aggregated: int = 1) -> None:
        """Put a part of the stream, shard by shard; so many user records to a Kinesis record."""
        shards = self.kinesis.list_shards(StreamName=self.names["raw"])["Shards"]
        for index, shard in enumerate(shards):
            puts = self.made.of_shard(index)
            part = puts[int(len(puts) * start) : int(len(puts) * end)]
            low = shard["HashKeyRange"]["StartingHashKey"]
            entries = [
                {
                    "Data": _data(part[at : at + aggregated]),
                    "PartitionKey": "a",
                    "ExplicitHashKey": low,
                }
                for at in range(0, len(part), aggregated)
            ]
            for at in range(0, len(entries), PUT_RECORDS):
                answer = self.kinesis.put_records(
                    StreamName=self.names["raw"], Records=entries[at : at + PUT_RECORDS]
                )
                assert answer["FailedRecordCount"] == 0

    def batch(self) -> Batch:
        """What should come out."""
        lines = [put.data for shard in range(self.made.shards) for put in self.made.of_shard(shard)]
        return Batch(lines, ALLOWED_LATENESS_MS, REGION)

    def outputs(self) -> Outputs:
        """What has come out so far."""
        found = Outputs()
        for kind in OUTPUTS:
            found.add(kind, self._read(self.names[kind]))
        return found

    def _read(self, name: str) -> list[tuple[str, bytes]]:
        records: list[tuple[str, bytes]] = []
        for shard in self.kinesis.list_shards(StreamName=name)["Shards"]:
            iterator = self.kinesis.get_shard_iterator(
                StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while answer := self.kinesis.get_records(ShardIterator=iterator):
                records += [(found["PartitionKey"], found["Data"]) for found in answer["Records"]]
                iterator = answer["NextShardIterator"]
                if not answer["Records"]:
                    break
        return records

    def wait_for(self, expected: dict[str, int]) -> Outputs:
        """The outputs once they count at least so much, or when the time is over."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            found = self.outputs()
            counts = found.counts()
            is_there = all(counts[name] >= count for name, count in expected.items())
            if is_there or time.monotonic() > deadline:
                return found
            time.sleep(1)


def _data(puts: list[Put]) -> bytes:
    if len(puts) == 1:
        return puts[0].data
    return aggregate((put.key, put.data) for put in puts)


def expected_counts(batch: Batch) -> dict[str, int]:
    """How much a batch says there will be."""
    return {
        "events": sum(row["events"] for row in batch.windows),
        "late": len(batch.late),
        "canary": batch.kinds.get("canary", 0),
        "bad": batch.kinds.get("bad", 0),
    }


@dataclass
class Flink:
    """A process with local Flinks in it.

    Attributes:
        jobs: what each run said when it was started.

    """

    process: subprocess.Popen[str]
    jobs: list[dict[str, Any]]

    def stop(self, number: int, directory: Path) -> str:
        """Stop a run with a savepoint; where that is."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"stop": number, "directory": str(directory)}) + "\n")
        self.process.stdin.flush()
        savepoint: str = self._line()["savepoint"]
        return savepoint

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def read_jobs(self, count: int) -> None:
        """Wait until so many runs are started."""
        self.jobs = [self._line() for _ in range(count)]


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSandbox]:
    """A sandbox for the tests of this directory."""
    started = RealSandbox(Home(tmp_path_factory.mktemp("sandbox")))
    started.start()
    yield started
    started.stop()


@dataclass
class World:
    """Makes streams and runs the job between them."""

    aws: RealSandbox
    directory: Path
    stack: ExitStack

    def streams(self, made: Made, **properties: str) -> Streams:
        """Streams for one run."""
        kinesis = boto3.client(
            "kinesis",
            endpoint_url=self.aws.endpoint_url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        streams = Streams(kinesis, made, self.directory)
        streams.create(**properties)
        return streams

    def flink(self, *streams: Streams, savepoint: str | None = None) -> Flink:
        """Runs of the job, each between its own streams, until the test ends."""
        return self.stack.enter_context(self._running(streams, savepoint))

    @contextmanager
    def _running(self, streams: tuple[Streams, ...], savepoint: str | None) -> Iterator[Flink]:
        words = ["--from", savepoint] if savepoint else []
        log = self.directory / f"flink-{uuid4().hex[:6]}"
        log.mkdir()
        with (log / "stderr").open("w") as errors:
            process = subprocess.Popen(
                [PYTHON, Path(__file__).with_name("run_agg.py"), *words]
                + [run.file for run in streams],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={
                    **os.environ,
                    "AWS_ENDPOINT_URL": self.aws.endpoint_url,
                    "AWS_ACCESS_KEY_ID": "test",
                    "AWS_SECRET_ACCESS_KEY": "test",
                    "AWS_REGION": REGION,
                    "FLINK_LOG_DIR": str(log),
                },
            )
        flink = Flink(process, [])
        try:
            flink.read_jobs(len(streams))
            yield flink
        finally:
            with process:  # closes the pipes, which ends it, and waits
                assert process.stdin is not None
                process.stdin.close()


@pytest.fixture
def world(aws: RealSandbox, tmp_path: Path) -> Iterator[World]:
    """What a test needs to run the job; everything ends with the test."""
    assert JAR.is_file(), "run: make jobs"
    with ExitStack() as stack:
        yield World(aws, tmp_path, stack)
