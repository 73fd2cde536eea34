"""Canaries in the sandbox: looked for in each stream, bucket and table of an environment."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.platform.conftest import Place, Sandbox, apply, make_bucket, place_in
from videoctl.errors import TimedOutError
from videoctl.model.names import (
    CANARY_MEASURE,
    CANARY_PREFIX,
    BucketKind,
    Names,
    StreamKind,
    arrival_hour,
)
from videoctl.model.regions import Region
from videoctl.planning import changes
from videoctl.planning.observation import StackFacts

pytestmark = pytest.mark.sandbox
EAST, WEST = Region.US_EAST_1, Region.US_WEST_2
HOPS = [
    ("front-door", None),
    ("raw-stream", WEST),
    ("raw-bucket", WEST),
    ("raw-replica", EAST),
    ("flink", WEST),
    ("session-stream", WEST),
    ("session-bucket", WEST),
    ("session-replica", EAST),
    ("session-store", WEST),
]


@dataclass
class Door:
    """A front door in the west that does what is behind it, too, but for what it `loses`."""

    loses: frozenset[str] = frozenset()
    place: Place = field(init=False)

    @property
    def names(self) -> Names:
        """Of its environment."""
        return Names(self.place.spec.name, self.place.session.account_id)

    def take(self, body: bytes) -> None:
        """Bring one event to every hop."""
        canary = json.loads(body)["session_id"]
        window = json.dumps({"canary": True, "session_id": canary}).encode()
        # Inside an aggregate the payload is readable between the other bytes.
        self._record(StreamKind.RAW, b"\xf3\x89\x9a\xc2" + body)
        self._objects(BucketKind.RAW, body)
        if "flink" not in self.loses:
            self._record(StreamKind.SESSION, window)
            self._objects(BucketKind.SESSION, window)
        if not self.loses & {"flink", "session-store"}:
            self._row(canary)

    def _record(self, kind: StreamKind, data: bytes) -> None:
        self.place.session.client("kinesis", WEST).call(
            "PutRecord", StreamName=self.names.stream(kind), Data=data, PartitionKey="k"
        )

    def _objects(self, kind: BucketKind, line: bytes) -> None:
        for what, region in (("bucket", WEST), ("replica", EAST)):
            if f"{kind}-{what}" not in self.loses:
                self.place.session.client("s3", region).call(
                    "PutObject",
                    Bucket=self.names.bucket(kind, region),
                    Key=f"{CANARY_PREFIX}{arrival_hour(datetime.now(UTC))}1.json.gz",
                    Body=gzip.compress(line + b"\n"),
                )

    def _row(self, canary: str) -> None:
        self.place.session.client("timestream-write", WEST).call(
            "WriteRecords",
            DatabaseName=self.names.timestream_database,
            TableName=self.names.sessions_table,
            Records=[
                {
                    "Dimensions": [{"Name": "session_id", "Value": canary}],
                    "MeasureName": CANARY_MEASURE,
                    "MeasureValueType": "BIGINT",
                    "MeasureValue": "1",
                    "Time": str(int(datetime.now(UTC).timestamp() * 1000)),
                }
            ],
        )


@contextmanager
def served(door: Door) -> Iterator[str]:
    """The door's URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            door.take(body)
            self.send_response(202)
            self.end_headers()
            self.wfile.write(json.dumps({"accepted": 1, "rejected": []}).encode())

        def log_message(self, *_: object) -> None:
            """Tests print nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{{dns_name}}/v1/events"
        server.shutdown()
        thread.join()


@contextmanager
def with_door(sandbox: Sandbox, door: Door, flink: str = "RUNNING") -> Iterator[Place]:
    """An environment with all that a canary passes in both regions, and that front door."""
    with served(door) as url:
        place = place_in(sandbox, url, flink)
        door.place = place
        for region in (EAST, WEST):
            _make_region(place, door.names, region)
        place.session.client("globalaccelerator", WEST).call(
            "CreateAccelerator", Name=door.names.accelerator, IdempotencyToken=place.spec.name
        )
        place.stack.seen = StackFacts(exists=True, fingerprint="f", resource_count=1)
        yield place


def _make_region(place: Place, names: Names, region: Region) -> None:
    for kind in (StreamKind.RAW, StreamKind.SESSION):
        make_bucket(place, BucketKind(kind), region)
        place.session.client("kinesis", region).call(
            "CreateStream", StreamName=names.stream(kind), ShardCount=1
        )
    store = place.session.client("timestream-write", region)
    store.call("CreateDatabase", DatabaseName=names.timestream_database)
    store.call(
        "CreateTable", DatabaseName=names.timestream_database, TableName=names.sessions_table
    )


def seen(result: Any) -> list[tuple[str, Region | None]]:
    """The hops that saw the canary, each with its region."""
    return [(hop.hop, hop.region) for hop in result.hops if hop.seen]


def test_a_canary_is_followed_through_both_regions_and_its_proof_recorded(sandbox: Sandbox) -> None:
    """Streams, buckets and table where it came out, replicas beyond; kept with the build."""
    with with_door(sandbox, Door()) as place:
        before = datetime.now(UTC) - timedelta(seconds=1)
        apply(place, changes.SendCanary())
        record = place.records.read(place.spec.name)
    assert record is not None
    assert record.canary is not None
    assert record.canary.fingerprint == "f"
    result = record.canary.result
    assert result.complete
    assert result.sent_at >= before
    assert seen(result) == HOPS


def test_without_flink_it_ends_at_the_raw_buckets(sandbox: Sandbox) -> None:
    """Where the specification leaves the application READY, nothing behind it is looked at."""
    with with_door(sandbox, Door(frozenset({"flink"})), flink="READY") as place:
        result = place.platform.fly_canary("token", lambda *_, **__: None)
    assert result.complete
    assert seen(result) == HOPS[:4]


@pytest.mark.parametrize("hop", ["raw-bucket", "session-replica", "session-store", "flink"])
def test_a_canary_that_is_lost_times_out_at_its_hop(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, hop: str
) -> None:
    """It did not get to that hop: told so, with what to type, and no proof is recorded."""
    for margin in ("MARGIN_SECONDS", "FLINK_SECONDS", "REPLICATION_SECONDS"):
        monkeypatch.setattr(f"videoctl.planning.canary.{margin}", 2.0)
    lost_too = {"raw-bucket": "raw-replica"}.get(hop, hop)
    with with_door(sandbox, Door(frozenset({hop, lost_too}))) as place:
        with pytest.raises(TimedOutError, match=f"did not get to {hop} in") as lost:
            apply(place, changes.SendCanary())
        assert place.records.read(place.spec.name) is None
    assert lost.value.code == "canary-lost"
    assert place.spec.name in (lost.value.hint or "")
