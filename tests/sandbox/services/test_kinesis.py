"""The control plane of Kinesis that is the sandbox's own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.services.real import RealSandbox

pytestmark = pytest.mark.sandbox
_NAMES = itertools.count(1)


@pytest.fixture
def kinesis(server: RealSandbox) -> Any:
    """A client of us-east-1."""
    return server.client("kinesis")


@pytest.fixture
def name(kinesis: Any) -> Iterator[str]:
    """A provisioned stream of two shards, with a tag."""
    made = f"stream-{next(_NAMES)}"
    kinesis.create_stream(StreamName=made, ShardCount=2, Tags={"Name": "raw"})
    yield made
    kinesis.delete_stream(StreamName=made, EnforceConsumerDeletion=True)


def _summary(kinesis: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = kinesis.describe_stream_summary(StreamName=name)
    return found["StreamDescriptionSummary"]


def test_tags_of_the_creation_are_kept(kinesis: Any, name: str) -> None:
    """Tags given to CreateStream are the stream's, by name and by ARN."""
    arn = _summary(kinesis, name)["StreamARN"]
    expected = [{"Key": "Name", "Value": "raw"}]
    assert kinesis.list_tags_for_stream(StreamName=name)["Tags"] == expected
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == expected


def test_an_on_demand_stream_begins_with_four_shards(kinesis: Any) -> None:
    """Four shards take the 4 MB/s that AWS gives a new on-demand stream."""
    made = f"on-demand-{next(_NAMES)}"
    kinesis.create_stream(StreamName=made, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    found = _summary(kinesis, made)
    kinesis.delete_stream(StreamName=made)
    assert (found["OpenShardCount"], found["MaxRecordSizeInKiB"]) == (4, 1024)
    assert found["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}


def test_settings_show_in_both_descriptions(kinesis: Any, name: str) -> None:
    """Mode, record size and metrics are told as they were last set."""
    arn = _summary(kinesis, name)["StreamARN"]
    kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=2048)
    kinesis.enable_enhanced_monitoring(StreamName=name, ShardLevelMetrics=["IncomingBytes"])
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    kinesis.update_stream_warm_throughput(StreamARN=arn, WarmThroughputMiBps=100)
    summary = _summary(kinesis, name)
    description = kinesis.describe_stream(StreamName=name)["StreamDescription"]
    for found in (summary, description):
        assert found["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
        assert found["EnhancedMonitoring"] == [{"ShardLevelMetrics": ["IncomingBytes"]}]
    assert summary["MaxRecordSizeInKiB"] == 2048
    assert summary["WarmThroughput"] == {"TargetMiBps": 100, "CurrentMiBps": 100}


def test_a_provisioned_stream_cannot_be_warm(kinesis: Any, name: str) -> None:
    """Warm throughput belongs to on-demand streams."""
    with pytest.raises(ClientError, match="not in on-demand mode"):
        kinesis.update_stream_warm_throughput(StreamName=name, WarmThroughputMiBps=100)


def test_consumers_have_tags_of_their_own(kinesis: Any, name: str) -> None:
    """Tags are set at the registration, added, removed, and gone with the consumer."""
    stream_arn = _summary(kinesis, name)["StreamARN"]
    arn = kinesis.register_stream_consumer(
        StreamARN=stream_arn, ConsumerName="agg", Tags={"a": "1"}
    )["Consumer"]["ConsumerARN"]
    kinesis.tag_resource(ResourceARN=arn, Tags={"b": "2"})
    kinesis.untag_resource(ResourceARN=arn, TagKeys=["a"])
    tags = kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert tags == [{"Key": "b", "Value": "2"}]
    kinesis.deregister_stream_consumer(ConsumerARN=arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        kinesis.list_tags_for_resource(ResourceARN=arn)


def test_a_stream_with_consumers_is_deleted_by_force_alone(kinesis: Any) -> None:
    """Without EnforceConsumerDeletion a registered consumer keeps the stream."""
    made = f"consumed-{next(_NAMES)}"
    kinesis.create_stream(StreamName=made, ShardCount=1)
    arn = _summary(kinesis, made)["StreamARN"]
    kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="agg")
    with pytest.raises(ClientError, match="ResourceInUseException"):
        kinesis.delete_stream(StreamName=made)
    kinesis.delete_stream(StreamName=made, EnforceConsumerDeletion=True)
    assert made not in kinesis.list_streams()["StreamNames"]


def test_more_than_double_the_shards_is_refused(kinesis: Any, name: str) -> None:
    """The refusal names the shards there are and those asked for."""
    with pytest.raises(ClientError, match="count: 2 Target shard count: 5"):
        kinesis.update_shard_count(
            StreamName=name, TargetShardCount=5, ScalingType="UNIFORM_SCALING"
        )


def test_what_was_acknowledged_survives_a_kill(kinesis: Any, server: RealSandbox) -> None:
    """A stream made through the sandbox's own CreateStream is on disk before the answer."""
    made = f"durable-{next(_NAMES)}"
    kinesis.create_stream(StreamName=made, ShardCount=1)
    saved = (server.home.state / "kinesis.json").read_text()
    kinesis.delete_stream(StreamName=made)
    assert made in saved
