"""Tests of a delivery stream at work, with Kinesis and S3 in memory and time by hand."""

from __future__ import annotations

import asyncio
import gzip
import json
import math
import time
from collections import Counter
from typing import Any

import pytest

from sandbox.metrics import Metrics
from sandbox.services.firehose import configuration as configurations
from sandbox.services.firehose.counting import NAMESPACE, DeliveryCounter
from sandbox.services.firehose.delivery import Delivery, Identity
from sandbox.services.firehose.processing import Processor
from sandbox.services.firehose.sources import DirectSource, KinesisSource
from tests.sandbox.services.doubles import (
    STREAM_ARN,
    Clock,
    InMemoryAws,
    aggregate,
    configuration,
    event,
    partitioned,
)

HOUR = 3600.0
FIRST_HOUR = 1_767_322_800.0  # 2026-01-02 03:00:00 UTC


def delivery(
    aws: InMemoryAws,
    clock: Clock,
    given: dict[str, Any],
    checkpoints: dict[str, str] | None = None,
    metrics: Metrics | None = None,
) -> Delivery:
    """A delivery stream that reads the double's shards."""
    table: dict[str, str] = {} if checkpoints is None else checkpoints
    source = KinesisSource(aws, STREAM_ARN, 0.0, table, clock)  # type: ignore[arg-type]
    destination = configurations.parse(configurations.described(given))
    identity = Identity(name="raw-to-s3", arn="arn", version=3)
    return Delivery(identity, destination, source, aws, counter(metrics), clock)  # type: ignore[arg-type]


def counter(metrics: Metrics | None = None) -> DeliveryCounter:
    """What counts for the delivery stream."""
    scope = (metrics or Metrics()).scope("us-east-1", NAMESPACE, DeliveryStreamName="raw-to-s3")
    return DeliveryCounter(scope, is_partitioned=True)


def sums(metrics: Metrics) -> dict[str, float]:
    """Sum of each metric so far."""
    metrics.publish(math.inf)
    return {entry.metric.name: entry.point.total for entry in metrics.store.entries()}


def steps(one: Delivery, count: int = 30) -> None:
    """Let the delivery stream go round a few times."""

    async def run() -> None:
        for _ in range(count):
            await one.step()

    asyncio.run(run())


def ids(aws: InMemoryAws) -> Counter[int]:
    """How often each event lies in the bucket."""
    return Counter(json.loads(line)["event_id"] for line in aws.lines())


def test_a_service_that_is_down_keeps_everything_for_later(aws: InMemoryAws, clock: Clock) -> None:
    """It neither reads nor delivers; afterwards each event lies in the bucket once."""
    is_down = True
    source = KinesisSource(aws, STREAM_ARN, 0.0, {}, clock)  # type: ignore[arg-type]
    destination = configurations.parse(configurations.described(configuration()))
    identity = Identity(name="raw-to-s3", arn="arn", version=3)
    one = Delivery(
        identity, destination, source, aws, counter(), clock, is_down=lambda: is_down  # type: ignore[arg-type]
    )  # fmt: skip
    for number in range(20):
        aws.put(event(number))
    steps(one)
    clock.now += HOUR
    steps(one)
    assert ids(aws) == {}
    is_down = False
    steps(one)
    clock.now += HOUR
    steps(one)
    assert ids(aws) == dict.fromkeys(range(20), 1)


def test_every_event_is_delivered_once(aws: InMemoryAws, clock: Clock) -> None:
    """Small and aggregated records of two shards lie in the bucket, each event exactly once."""
    numbers = iter(range(5000))
    for round_number in range(100):
        aws.put(event(next(numbers)), shard=round_number % 2)
        aws.put(aggregate([event(next(numbers)) for _ in range(49)]), shard=(round_number + 1) % 2)
    one = delivery(aws, clock, configuration())
    steps(one, 60)
    clock.now += 60
    steps(one, 1)
    assert ids(aws) == Counter(range(5000))


def test_nothing_is_written_before_it_is_due(aws: InMemoryAws, clock: Clock) -> None:
    """A small buffer waits for its interval, and not a second less."""
    aws.put(event(1))
    one = delivery(aws, clock, configuration())
    steps(one)
    clock.now += 59.9
    steps(one)
    assert not aws.objects
    clock.now += 0.1
    steps(one)
    assert ids(aws) == Counter([1])


def test_a_full_buffer_does_not_wait(aws: InMemoryAws, clock: Clock) -> None:
    """Size is met first: objects of one MiB are written at once, the rest waits."""
    for number in range(300):
        aws.put(event(number, padding="x" * 10_000))
    one = delivery(aws, clock, configuration())
    steps(one, 60)
    assert aws.objects is not None
    sizes = [len(gzip.decompress(body)) for body in aws.objects.values()]
    assert len(sizes) == 2
    assert all(1024 * 1024 <= size < 1024 * 1024 + 11_000 for size in sizes)
    clock.now += 60
    steps(one)
    assert ids(aws) == Counter(range(300))


def test_object_names_are_the_services(aws: InMemoryAws, clock: Clock) -> None:
    """Prefix by arrival hour, then stream, version, arrival time, UUID and extension."""
    aws.put(event(1), arrived_at=FIRST_HOUR + 61)
    one = delivery(aws, clock, configuration(Prefix="raw/", FileExtension=".json.gz"))
    steps(one)
    clock.now += 60
    steps(one)
    (key,) = aws.objects or {}
    head = "raw/2026/01/02/03/raw-to-s3-3-2026-01-02-03-01-01-"
    assert key.startswith(head)
    assert key.endswith(".json.gz")
    assert len(key.removeprefix(head).removesuffix(".json.gz")) == 36


def test_partitions_are_by_arrival_hour_and_kind(aws: InMemoryAws, clock: Clock) -> None:
    """With dynamic partitioning each hour and each kind has an object of its own."""
    for hour in (0, 1):
        for canary in (False, True):
            aws.put(event(hour * 2 + canary, canary=canary), arrived_at=FIRST_HOUR + hour * HOUR)
    one = delivery(aws, clock, partitioned())
    steps(one)
    clock.now += 60
    steps(one)
    places = {key.rpartition("/")[0] for key in aws.objects or {}}
    assert places == {
        "events/2026/01/02/03", "canary/2026/01/02/03",
        "events/2026/01/02/04", "canary/2026/01/02/04",
    }  # fmt: skip


def test_invalid_records_lie_under_the_error_prefix(aws: InMemoryAws, clock: Clock) -> None:
    """What cannot be processed is kept apart, and the rest is delivered."""
    aws.put(aggregate([event(1), b"not json", event(2)]))
    one = delivery(aws, clock, partitioned())
    steps(one)
    clock.now += 60
    steps(one)
    errors = [key for key in aws.objects or {} if key.startswith("errors/processing-failed/2026/")]
    assert len(errors) == 1
    assert len(aws.objects or {}) == 2


def test_a_missing_bucket_loses_nothing(aws: InMemoryAws, clock: Clock) -> None:
    """Delivery is tried again until the bucket is there; the failure is in CloudWatch Logs."""
    logging = {"Enabled": True, "LogGroupName": "group", "LogStreamName": "stream"}
    aws.put(event(1))
    aws.objects = None
    checkpoints: dict[str, str] = {}
    one = delivery(aws, clock, configuration(CloudWatchLoggingOptions=logging), checkpoints)
    steps(one)
    clock.now += 60
    steps(one)
    assert aws.log_events[0]["errorCode"] == "S3.NoSuchBucket"
    assert not checkpoints
    aws.objects = {}
    clock.now += 30
    steps(one)
    assert ids(aws) == Counter([1])
    assert checkpoints


def test_a_stop_delivers_what_was_read(aws: InMemoryAws, clock: Clock) -> None:
    """Stopped and started again, each event is delivered exactly once."""
    checkpoints: dict[str, str] = {}
    for number in range(100):
        aws.put(event(number), shard=number % 2)
    one = delivery(aws, clock, configuration(), checkpoints)
    steps(one, 1)
    asyncio.run(one.stop())
    assert 0 < sum(ids(aws).values()) < 100
    again = delivery(aws, clock, configuration(), checkpoints)
    steps(again, 30)
    asyncio.run(again.stop())
    assert ids(aws) == Counter(range(100))


def test_a_crash_delivers_again_and_loses_nothing(aws: InMemoryAws, clock: Clock) -> None:
    """What was read and not yet delivered when the process died is read again."""
    checkpoints: dict[str, str] = {}
    for number in range(40):
        aws.put(event(number, padding="x" * 60_000), shard=number % 2)
    steps(delivery(aws, clock, configuration(), checkpoints))
    delivered = ids(aws)
    assert 0 < len(delivered) < 40
    again = delivery(aws, clock, configuration(), dict(checkpoints))
    steps(again)
    asyncio.run(again.stop())
    assert set(ids(aws)) == set(range(40))


def test_a_checkpoint_waits_for_the_slowest_partition(aws: InMemoryAws, clock: Clock) -> None:
    """Records of one read that wait in another buffer hold the checkpoint back."""
    aws.put(event(1, canary=True))
    checkpoints: dict[str, str] = {}
    one = delivery(aws, clock, partitioned(), checkpoints)
    steps(one, 1)
    clock.now += 30
    for number in range(2, 5):
        aws.put(event(number))
    steps(one, 3)
    clock.now += 30
    steps(one, 1)
    assert len(aws.objects or {}) == 1
    assert checkpoints == {"shardId-000000000000": f"{1:030d}"}


def test_a_broken_shard_does_not_lose_what_others_gave(aws: InMemoryAws, clock: Clock) -> None:
    """When one shard cannot be read, records of the other are kept, and read only once."""
    aws.put(event(1), shard=0)
    aws.put(event(2), shard=1)
    aws.broken_shards.add("shardId-000000000001")
    one = delivery(aws, clock, configuration())
    steps(one, 3)
    aws.broken_shards.clear()
    steps(one, 3)
    asyncio.run(one.stop())
    assert ids(aws) == Counter([1, 2])


def test_an_unexpected_failure_starts_over(
    aws: InMemoryAws, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in processing costs a repeat, never a record."""
    original, failures = Processor.pieces, iter([RuntimeError("fault")])
    processed = asyncio.Event()

    def failing(self: Processor, data: bytes, arrived_at: float) -> Any:
        for failure in failures:
            raise failure
        processed.set()
        return original(self, data, arrived_at)

    monkeypatch.setattr(Processor, "pieces", failing)
    aws.put(event(1))
    one = delivery(aws, clock, configuration())

    async def run() -> None:
        one.start()
        await asyncio.wait_for(processed.wait(), 60)
        await one.stop()

    asyncio.run(run())
    assert ids(aws) == Counter([1])


def test_the_key_encrypts_objects(aws: InMemoryAws, clock: Clock) -> None:
    """With a KMS key objects are put with it."""
    key = "arn:aws:kms:us-east-1:000000000000:key/1"
    encryption = {"KMSEncryptionConfig": {"AWSKMSKeyARN": key}}
    aws.put(event(1))
    one = delivery(aws, clock, configuration(EncryptionConfiguration=encryption))
    steps(one)
    asyncio.run(one.stop())
    assert aws.puts[0]["ServerSideEncryption"] == "aws:kms"
    assert aws.puts[0]["SSEKMSKeyId"] == key


def test_records_put_directly_are_kept_until_delivered(aws: InMemoryAws, clock: Clock) -> None:
    """A DirectPut delivery stream forgets a record only when it lies in the bucket."""
    waiting = {f"{n:020d}": {"data": event(n), "arrived_at": FIRST_HOUR} for n in range(1500)}
    destination = configurations.parse(configurations.described(configuration()))
    identity = Identity(name="direct", arn="arn", version=1)
    source = DirectSource(waiting)
    one = Delivery(identity, destination, source, aws, counter(), clock)  # type: ignore[arg-type]
    steps(one, 5)
    assert len(waiting) == 1500
    asyncio.run(one.stop())
    assert not waiting
    assert ids(aws) == Counter(range(1500))


def test_too_many_partitions_overflow_to_the_error_prefix(aws: InMemoryAws, clock: Clock) -> None:
    """Beyond 500 active partitions records go where the service puts them."""
    given = partitioned()
    extraction = given["ProcessingConfiguration"]["Processors"][0]["Parameters"][0]
    extraction["ParameterValue"] = "{canary: .event_id}"
    aws.put(aggregate([event(number + 1) for number in range(502)]))
    one = delivery(aws, clock, given)
    steps(one, 2)
    asyncio.run(one.stop())
    overflow = [
        key for key in aws.objects or {} if key.startswith("errors/activePartitionExceeded")
    ]
    assert len(overflow) == 1
    assert ids(aws) == Counter(range(1, 503))


def test_what_is_delivered_is_counted(aws: InMemoryAws, clock: Clock) -> None:
    """Metrics hold the records read, the pieces delivered and the bytes in the bucket, exactly."""
    aws.put(aggregate([event(number) for number in range(300)]))
    aws.put(event(300), shard=1)
    metrics = Metrics()
    one = delivery(aws, clock, configuration(), metrics=metrics)
    steps(one, 3)
    assert "DeliveryToS3.Records" not in sums(metrics)
    asyncio.run(one.stop())
    found = sums(metrics)
    assert aws.objects is not None
    assert found["DataReadFromKinesisStream.Records"] == 2
    assert found["DeliveryToS3.Records"] == len(aws.lines()) == 301
    assert found["DeliveryToS3.Bytes"] == sum(map(len, aws.objects.values()))
    assert found["DeliveryToS3.ObjectCount"] == found["DeliveryToS3.Success"] == len(aws.objects)


def test_a_delivery_that_fails_is_counted_as_such(aws: InMemoryAws, clock: Clock) -> None:
    """Success is 0 while S3 refuses, nothing counts as delivered, and what waits grows old."""
    aws.objects = None
    aws.put(event(0), arrived_at=time.time() - 100)
    metrics = Metrics()
    one = delivery(aws, clock, configuration(), metrics=metrics)
    steps(one, 2)
    clock.now += 61
    steps(one, 1)
    one.sample()
    found = sums(metrics)
    assert found["DeliveryToS3.Success"] == 0
    assert "DeliveryToS3.Records" not in found
    assert found["DeliveryToS3.DataFreshness"] >= 100


def test_an_idle_delivery_stream_says_only_that_it_is_at_the_tip(
    aws: InMemoryAws, clock: Clock
) -> None:
    """Nothing read, nothing delivered: the lag is 0 and every other metric is absent."""
    metrics = Metrics()
    one = delivery(aws, clock, configuration(), metrics=metrics)
    steps(one, 2)
    one.sample()
    assert sums(metrics) == {"KinesisMillisBehindLatest": 0}


def test_a_reshard_loses_nothing_and_keeps_order(aws: InMemoryAws, clock: Clock) -> None:
    """Children are read after their parent's end, each event exactly once, a restart included."""
    checkpoints: dict[str, str] = {}
    for number in range(2000):
        aws.put(event(number))
    aws.split()
    for number in range(2000, 2500):
        aws.put(event(number), shard=2 + number % 2)
    steps(delivery(aws, clock, configuration(), checkpoints), 2)
    again = delivery(aws, clock, configuration(), checkpoints)
    steps(again, 40)
    clock.now += 61
    steps(again, 40)
    assert ids(aws) == Counter(range(2500))
    order = [json.loads(line)["event_id"] for line in aws.lines()]
    assert max(map(order.index, range(2000))) < min(map(order.index, range(2000, 2500)))
