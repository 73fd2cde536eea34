"""A running slowprod on the sandbox, as benchmarks of its data plane use it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import boto3
import msgspec

from bench.homes import home
from sandbox.account import ACCESS_KEY_ID, ACCOUNT_ID, SECRET_ACCESS_KEY
from sandbox.kpl import deaggregate
from videoctl.model.names import Names, StreamKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.homes import Home

ENVIRONMENT: Final = "slowprod"
REGION: Final = "us-east-1"
NAMES: Final = Names(ENVIRONMENT, ACCOUNT_ID)
POLL_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Arrived:
    """A record of a stream: when Kinesis took it (UTC epoch milliseconds), and its document."""

    at_ms: float
    document: dict[str, Any]


class Slowprod:
    """The environment and its AWS."""

    def __init__(self, place: Home, endpoint_url: str) -> None:
        self.place = place
        self._endpoint_url = endpoint_url
        self.kinesis = self.client("kinesis")

    def client(self, service: str) -> Any:
        """A boto3 client of its region."""
        return boto3.client(
            service,
            endpoint_url=self._endpoint_url,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY_ID,
            aws_secret_access_key=SECRET_ACCESS_KEY,
        )

    def shards(self, kind: StreamKind) -> list[dict[str, Any]]:
        """Shards of one of its streams."""
        found: list[dict[str, Any]] = self.kinesis.list_shards(StreamName=NAMES.stream(kind))[
            "Shards"
        ]
        return found

    def records(self, kind: StreamKind) -> Iterator[Arrived]:
        """Every record of a stream so far, those in aggregates each by itself."""
        for shard in self.shards(kind):
            iterator = self.kinesis.get_shard_iterator(
                StreamName=NAMES.stream(kind),
                ShardId=shard["ShardId"],
                ShardIteratorType="TRIM_HORIZON",
            )["ShardIterator"]
            while iterator:
                answer = self.kinesis.get_records(ShardIterator=iterator)
                for record in answer["Records"]:
                    at_ms = record["ApproximateArrivalTimestamp"].timestamp() * 1000
                    for data in deaggregate(record["Data"]):
                        yield Arrived(at_ms, msgspec.json.decode(data))
                iterator = answer.get("NextShardIterator") if answer["Records"] else None


@contextmanager
def slowprod() -> Iterator[Slowprod]:
    """One in a home of its own, with its Flink job running; removed at the end."""
    with home() as place:
        endpoint_url = place.run("sandbox", "up")["endpoint_url"]
        place.run("env", "create", ENVIRONMENT, "--yes")
        yield Slowprod(place, endpoint_url)


def wait_for(what: Callable[[], bool], seconds: float, every_seconds: float = POLL_SECONDS) -> None:
    """Look until it is so.

    Raises:
        TimeoutError: it was not so in time.

    """
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so after {seconds:g} s")
        time.sleep(every_seconds)
