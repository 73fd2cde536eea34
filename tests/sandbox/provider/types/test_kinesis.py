"""Data streams and consumers: what the common tests of every type do not show."""

from __future__ import annotations

import boto3
import pytest

from sandbox.provider.failures import ProviderError, UnfinishedError
from tests.sandbox.provider.samples import Made, World, unique
from tests.sandbox.provider.samples.streams import STREAM, stream

pytestmark = pytest.mark.sandbox
CONSUMER = "aws:kinesis/streamConsumer:StreamConsumer"


@pytest.fixture
def kinesis(world: World):
    """A client of the sandbox's Kinesis."""
    return boto3.client("kinesis", region_name=world.provider.configuration.region)


def _update(world: World, made: Made, news: dict) -> None:
    news, faults = world.provider.check(made.token, "sample", made.inputs, news, b"")
    assert faults == []
    made.outputs = world.provider.update(
        made.token, "sample", made.id, state=made.outputs, olds=made.inputs, news=news
    )
    made.inputs = news


@pytest.mark.parametrize(
    ("mode", "shards"), [("ON_DEMAND", 2), ("PROVISIONED", None)], ids=["on demand", "provisioned"]
)
def test_shards_belong_to_provisioned_streams_alone(world: World, mode: str, shards) -> None:
    """Shards of an on-demand stream, and a provisioned one without any, are faults of the input."""
    inputs = {"name": unique("stream"), "streamModeDetails": {"streamMode": mode}}
    if shards:
        inputs["shardCount"] = shards
    _, faults = world.provider.check(STREAM, "sample", {}, inputs, b"")
    assert [name for name, _ in faults] == ["shardCount"]


def test_an_on_demand_stream_has_no_shard_count(world: World) -> None:
    """How many shards it has is Kinesis's own business: neither an output nor drift."""
    inputs = {"name": unique("stream"), "streamModeDetails": {"streamMode": "ON_DEMAND"}}
    made = world.make(STREAM, inputs)
    assert made.outputs["shardCount"] is None
    found = world.provider.read(made.token, "sample", made.id, made.outputs, made.inputs)
    assert found is not None
    assert found[2] == made.inputs


def test_a_stream_changes_its_mode_in_place(world: World, kinesis) -> None:
    """From provisioned to on demand the stream keeps its ARN; back, it takes its shards again."""
    made = stream(world)
    name = made["name"]
    on_demand = {"name": name, "streamModeDetails": {"streamMode": "ON_DEMAND"}}
    assert not world.provider.diff(made.token, made.outputs, made.inputs, on_demand).replaces
    _update(world, made, on_demand)
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    _update(world, made, {"name": name, "shardCount": 1})
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert summary["StreamARN"] == made.id


def test_more_than_double_the_shards_at_once_is_refused(world: World) -> None:
    """Kinesis doubles at most; the error says what there is and what was asked for."""
    made = stream(world)
    with pytest.raises(ProviderError, match="Current open shard count: 1 Target shard count: 4"):
        _update(world, made, {**made.inputs, "shardCount": 4})


def test_a_creation_that_stopped_half_way_is_completed(world: World, kinesis) -> None:
    """A stream whose encryption failed stays in the state; the next update encrypts it."""
    name = unique("stream")
    inputs, _ = world.provider.check(
        STREAM, "sample", {}, {"name": name, "shardCount": 1, "retentionPeriod": 9000}, b""
    )
    with pytest.raises(UnfinishedError, match="IncreaseStreamRetentionPeriod") as failure:
        world.provider.create(STREAM, "sample", inputs)
    made = Made(STREAM, failure.value.resource_id, inputs, failure.value.outputs)
    world.made.append(made)
    news = {**inputs, "retentionPeriod": 48}
    assert world.provider.diff(STREAM, made.outputs, made.inputs, inputs).changes != ()
    _update(world, made, news)
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["RetentionPeriodHours"] == 48
    assert world.provider.diff(STREAM, made.outputs, made.inputs, news).changes == ()


def test_a_stream_with_consumers_is_kept(world: World) -> None:
    """Kinesis refuses the deletion unless enforceConsumerDeletion was set."""
    made = stream(world)
    world.make(CONSUMER, {"name": unique("consumer"), "streamArn": made.id})
    with pytest.raises(ProviderError, match="registered consumers"):
        world.provider.delete(made.token, "sample", made.id, made.outputs)


def test_enforced_deletion_takes_the_consumers_along(world: World) -> None:
    """With enforceConsumerDeletion the stream goes, whoever reads it."""
    inputs = {"name": unique("stream"), "shardCount": 1, "enforceConsumerDeletion": True}
    made = world.make(STREAM, inputs)
    consumer = world.make(CONSUMER, {"name": unique("consumer"), "streamArn": made.id})
    world.provider.delete(made.token, "sample", made.id, made.outputs)
    assert world.provider.read(CONSUMER, "sample", consumer.id, consumer.outputs, {}) is None


def test_regions_are_apart(world: World) -> None:
    """The same name in the other region is another stream, imported with `@region`."""
    name = unique("stream")
    east = world.make(STREAM, {"name": name, "shardCount": 1})
    west = world.make(STREAM, {"name": name, "shardCount": 2, "region": "us-west-2"})
    assert (east.id, west.id) == (
        f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}",
        f"arn:aws:kinesis:us-west-2:000000000000:stream/{name}",
    )
    found = world.provider.read(STREAM, "sample", f"{name}@us-west-2", {}, {})
    assert found is not None
    assert (found[2]["shardCount"], found[2]["region"]) == (2, "us-west-2")
