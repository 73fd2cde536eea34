"""Tests of Data Firehose in a running sandbox, through boto3."""

from __future__ import annotations

import gzip
import json
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.home import Home
from tests.sandbox.services.doubles import aggregate, configuration, event, partitioned
from tests.sandbox.services.real import RealSandbox, eventually

pytestmark = pytest.mark.sandbox
ROLE = "arn:aws:iam::000000000000:role/delivery"


@dataclass
class Pipe:
    """A data stream of two shards, a bucket, and the delivery stream between them."""

    sandbox: RealSandbox
    name: str

    def put(self, *records: bytes) -> None:
        """Put records with keys that spread over both shards, and see them acknowledged."""
        entries = [{"Data": data, "PartitionKey": uuid.uuid4().hex} for data in records]
        answer = self.sandbox.client("kinesis").put_records(StreamName=self.name, Records=entries)
        assert answer["FailedRecordCount"] == 0

    def object_keys(self) -> list[str]:
        """Keys of all objects."""
        listed = self.sandbox.client("s3").list_objects_v2(Bucket=self.name)
        return [entry["Key"] for entry in listed.get("Contents", [])]

    def found(self) -> Counter[int]:
        """How often each event lies in the bucket."""
        s3 = self.sandbox.client("s3")
        bodies = [
            s3.get_object(Bucket=self.name, Key=key)["Body"].read() for key in self.object_keys()
        ]
        return Counter(
            json.loads(line)["event_id"]
            for body in bodies
            for line in gzip.decompress(body).splitlines()
        )


def status(sandbox: RealSandbox, name: str) -> str:
    """DeliveryStreamStatus."""
    answer = sandbox.client("firehose").describe_delivery_stream(DeliveryStreamName=name)
    return str(answer["DeliveryStreamDescription"]["DeliveryStreamStatus"])


def pipe(sandbox: RealSandbox, given: dict[str, Any] | None = None) -> Pipe:
    """A new pipe, ACTIVE; by default objects are written each second."""
    name = f"events-{uuid.uuid4().hex[:8]}"
    sandbox.client("s3").create_bucket(Bucket=name)
    kinesis = sandbox.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=2)
    hints = {"SizeInMBs": 64, "IntervalInSeconds": 1}
    destination = {**(given or configuration()), "BucketARN": f"arn:aws:s3:::{name}"}
    sandbox.client("firehose").create_delivery_stream(
        DeliveryStreamName=name,
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={
            "KinesisStreamARN": f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}",
            "RoleARN": ROLE,
        },
        ExtendedS3DestinationConfiguration={**destination, "BufferingHints": hints},
        Tags=[{"Key": "videoctl:environment", "Value": "test"}],
    )
    assert status(sandbox, name) == "CREATING"
    eventually(lambda: status(sandbox, name) == "ACTIVE")
    return Pipe(sandbox, name)


def test_found_is_acknowledged_exactly(server: RealSandbox) -> None:
    """Small and aggregated records over two shards: each acknowledged event once in S3."""
    one = pipe(server, partitioned())
    for start in range(0, 5000, 500):
        one.put(*(event(start + offset) for offset in range(400)))
        one.put(aggregate([event(start + 400 + offset) for offset in range(100)]))
    eventually(lambda: sum(one.found().values()) >= 5000)
    assert one.found() == Counter(range(5000))


def test_delivery_begins_at_the_start_timestamp(server: RealSandbox) -> None:
    """Records that arrived before the delivery stream was made are not delivered."""
    one, firehose = pipe(server), server.client("firehose")
    one.put(event(1))
    eventually(lambda: sum(one.found().values()) == 1)
    described = firehose.describe_delivery_stream(DeliveryStreamName=one.name)
    source = described["DeliveryStreamDescription"]["Source"]["KinesisStreamSourceDescription"]
    second = f"second-{one.name}"
    hints = {"SizeInMBs": 1, "IntervalInSeconds": 1}
    firehose.create_delivery_stream(
        DeliveryStreamName=second,
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={
            name: source[name] for name in ("KinesisStreamARN", "RoleARN")
        },
        ExtendedS3DestinationConfiguration=configuration(
            BucketARN=f"arn:aws:s3:::{one.name}", Prefix="second/", BufferingHints=hints
        ),
    )
    eventually(lambda: status(server, second) == "ACTIVE")
    one.put(event(2))
    eventually(lambda: sum(one.found().values()) >= 3)
    assert one.found() == Counter([1, 2, 2])


def test_a_restart_delivers_exactly_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Stopped with records still buffered and started again: nothing lost, nothing twice."""
    sandbox = RealSandbox(Home(tmp_path_factory.mktemp("restart")))
    sandbox.start()
    try:
        one = pipe(sandbox)
        one.put(*(event(number) for number in range(300)))
        sandbox.stop()
        sandbox.start()
        one.put(*(event(number) for number in range(300, 500)))
        eventually(lambda: sum(one.found().values()) >= 500)
        assert one.found() == Counter(range(500))
    finally:
        sandbox.stop()


def test_a_kill_loses_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    """After `kill -9` each acknowledged event is delivered at least once."""
    sandbox = RealSandbox(Home(tmp_path_factory.mktemp("kill")))
    sandbox.start()
    try:
        one = pipe(sandbox)
        one.put(*(event(number) for number in range(300)))
        sandbox.kill()
        sandbox.start()
        one.put(*(event(number) for number in range(300, 500)))
        eventually(lambda: len(one.found()) >= 500)
        assert set(one.found()) == set(range(500))
    finally:
        sandbox.stop()


def test_an_update_needs_the_current_version(server: RealSandbox) -> None:
    """UpdateDestination counts versions and refuses a stale one; later objects carry it."""
    one, firehose = pipe(server), server.client("firehose")
    update = {
        "DeliveryStreamName": one.name,
        "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": "destinationId-000000000001",
        "ExtendedS3DestinationUpdate": {"Prefix": "second/"},
    }
    one.put(event(1))
    firehose.update_destination(**update)
    with pytest.raises(ClientError, match="ConcurrentModificationException"):
        firehose.update_destination(**update)
    one.put(event(2))
    eventually(lambda: sum(one.found().values()) >= 2)
    assert one.found() == Counter([1, 2])
    assert any(key.startswith("second/") and f"{one.name}-2-" in key for key in one.object_keys())
    described = firehose.describe_delivery_stream(DeliveryStreamName=one.name)
    destination = described["DeliveryStreamDescription"]["Destinations"][0]
    extended = destination["ExtendedS3DestinationDescription"]
    assert extended["CompressionFormat"] == "GZIP"
    assert extended["Prefix"] == "second/"


def test_direct_puts_are_delivered(server: RealSandbox) -> None:
    """PutRecord and PutRecordBatch of a DirectPut delivery stream end in its bucket."""
    firehose, name = server.client("firehose"), f"direct-{uuid.uuid4().hex[:8]}"
    server.client("s3").create_bucket(Bucket=name)
    hints = {"SizeInMBs": 1, "IntervalInSeconds": 1}
    firehose.create_delivery_stream(
        DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration=configuration(
            BucketARN=f"arn:aws:s3:::{name}", BufferingHints=hints
        ),
    )
    eventually(lambda: status(server, name) == "ACTIVE")
    firehose.put_record(DeliveryStreamName=name, Record={"Data": event(1)})
    batch = firehose.put_record_batch(
        DeliveryStreamName=name, Records=[{"Data": event(2)}, {"Data": event(3)}]
    )
    assert batch["FailedPutCount"] == 0
    one = Pipe(server, name)
    eventually(lambda: sum(one.found().values()) >= 3)
    assert one.found() == Counter([1, 2, 3])


def test_a_kinesis_source_takes_no_puts(server: RealSandbox) -> None:
    """PutRecord belongs to DirectPut, and so does encryption."""
    one, firehose = pipe(server), server.client("firehose")
    with pytest.raises(ClientError, match="not permitted on KinesisStreamAsSource"):
        firehose.put_record(DeliveryStreamName=one.name, Record={"Data": b"x"})
    with pytest.raises(ClientError, match="only allowed for direct put"):
        firehose.start_delivery_stream_encryption(DeliveryStreamName=one.name)


def test_a_deleted_stream_is_gone(server: RealSandbox) -> None:
    """DELETING for a moment, then not found; the name can be used again."""
    one, firehose = pipe(server), server.client("firehose")
    firehose.delete_delivery_stream(DeliveryStreamName=one.name)
    assert status(server, one.name) == "DELETING"

    def is_gone() -> bool:
        try:
            status(server, one.name)
        except firehose.exceptions.ResourceNotFoundException:
            return True
        return False

    eventually(is_gone)
    assert one.name not in firehose.list_delivery_streams(Limit=100)["DeliveryStreamNames"]


def test_regions_are_apart(server: RealSandbox) -> None:
    """A delivery stream is seen in its region only, and once."""
    one = pipe(server)
    west = server.client("firehose", "us-west-2")
    assert one.name not in west.list_delivery_streams(Limit=100)["DeliveryStreamNames"]
    with pytest.raises(ClientError, match="already exists"):
        server.client("firehose").create_delivery_stream(
            DeliveryStreamName=one.name, ExtendedS3DestinationConfiguration=configuration()
        )
