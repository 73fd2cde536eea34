"""What arrived at each end of the pipeline: streams, buckets, the sessions table."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import boto3

from sandbox.account import ACCOUNT_ID
from tests.end_to_end.conftest import Place
from tests.end_to_end.conservation.batch import EventKey, Row, WindowKey

ENVIRONMENT: Final = "conserve"
REGION: Final = "us-east-1"
PREFIX: Final = f"video-{ENVIRONMENT}"


@dataclass(slots=True)
class Written:
    """What the job wrote.

    Attributes:
        windows: the last record of each session minute, in the stream's order.
        earlier: the records of a key before its last one.
        late: the records of each late event.

    """

    windows: dict[WindowKey, Row] = field(default_factory=dict)
    earlier: dict[WindowKey, list[Row]] = field(default_factory=dict)
    late: dict[EventKey, list[Row]] = field(default_factory=dict)

    @property
    def events(self) -> int:
        """Events counted in windows, and late events."""
        return sum(int(row["events"]) for row in self.windows.values()) + len(self.late)


@dataclass
class Ends:
    """Looks at the ends of the pipeline.

    Args:
        place: where its sandbox is.
        directory: where copies of the raw bucket's objects are kept.

    """

    place: Place
    directory: Path
    _objects: dict[str, list[bytes]] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client of the sandbox."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                region_name=REGION,
                endpoint_url=self.endpoint_url,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return self._clients[service]

    @cached_property
    def endpoint_url(self) -> str:
        """Where the sandbox listens."""
        return str(self.place("sandbox", "status", "-o", "json").document["endpoint_url"])

    def close(self) -> None:
        """End the connections."""
        for one in self._clients.values():
            one.close()

    def written(self) -> Written:
        """The session and late streams, canaries left out."""
        found = Written()
        for row in map(json.loads, self.stream("session")):
            if not row.get("canary"):
                key = row["session_id"], row["window_start_ms"]
                if key in found.windows:
                    found.earlier.setdefault(key, []).append(found.windows[key])
                found.windows[key] = row
        for row in map(json.loads, self.stream("late")):
            found.late.setdefault((row["session_id"], row["event_id"]), []).append(row)
        return found

    def stream(self, kind: str) -> list[bytes]:
        """Data of all records of a stream that is not aggregated, shard by shard."""
        kinesis, name = self.client("kinesis"), f"{PREFIX}-{kind}"
        found: list[bytes] = []
        for shard in kinesis.list_shards(StreamName=name)["Shards"]:
            iterator = kinesis.get_shard_iterator(
                StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            ).get("ShardIterator")
            while iterator:
                answer = kinesis.get_records(ShardIterator=iterator)
                found += [record["Data"] for record in answer["Records"]]
                iterator = answer.get("NextShardIterator") if answer["Records"] else None
        return found

    def bucket(self, kind: str) -> Counter[bytes]:
        """The lines of a bucket's data objects; each object is read once."""
        self._read(kind)
        return Counter(
            line
            for key, lines in self._objects.items()
            if key.startswith(f"{kind}/")
            for line in lines
        )

    def _read(self, kind: str) -> None:
        s3, bucket = self.client("s3"), f"{PREFIX}-{kind}-{REGION}-{ACCOUNT_ID}"
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{kind}/"):
            for key in (item["Key"] for item in page.get("Contents", ())):
                if key not in self._objects:
                    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
                    copy = self.directory / f"{key}.gz"
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_bytes(body)
                    self._objects[key] = gzip.decompress(body).splitlines()

    def raw_objects(self) -> Path:
        """A directory with the raw bucket's data objects so far."""
        self._read("raw")
        return self.directory / "raw"

    def table(self) -> dict[WindowKey, Row]:
        """The sessions table's rows of viewers, by session and start."""
        return {(row["session_id"], row["window_start_ms"]): row for row in self._rows()}

    def _rows(self) -> Iterator[Row]:
        query = (
            "SELECT *, to_milliseconds(time) AS window_start_ms"
            f' FROM "{PREFIX}"."sessions" WHERE measure_name = \'session_window\''
        )
        pages = self.client("timestream-query").get_paginator("query")
        for page in pages.paginate(QueryString=query):
            names = [column["Name"] for column in page["ColumnInfo"]]
            kinds = [column["Type"]["ScalarType"] for column in page["ColumnInfo"]]
            for row in page["Rows"]:
                yield {
                    name: _value(kind, datum)
                    for name, kind, datum in zip(names, kinds, row["Data"], strict=True)
                }


def _value(kind: str, datum: Row) -> Any:
    text = datum.get("ScalarValue")
    if text is None:
        return None
    if kind == "BOOLEAN":
        return text == "true"
    return {"BIGINT": int, "DOUBLE": float}.get(kind, str)(text)
