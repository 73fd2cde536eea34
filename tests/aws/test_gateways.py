"""Gateways against a real endpoint: what they read is what was made, and absent is None."""

from __future__ import annotations

import io
import uuid
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from videoctl.aws.ecs import EcsGateway
from videoctl.aws.elbv2 import Elbv2Gateway
from videoctl.aws.firehose import FirehoseGateway
from videoctl.aws.kinesis import KinesisGateway
from videoctl.aws.kinesisanalyticsv2 import KinesisAnalyticsV2Gateway
from videoctl.aws.lambda_ import LambdaGateway
from videoctl.aws.s3 import S3Gateway
from videoctl.aws.session import AwsSession
from videoctl.model.names import role_arn, stream_arn
from videoctl.model.regions import Region

pytestmark = pytest.mark.sandbox
WEST = Region.US_WEST_2


def unique(what: str) -> str:
    """A name no other test has."""
    return f"{what}-{uuid.uuid4().hex[:8]}"


def test_a_bucket_is_counted_read_and_emptied_of_all_versions(
    session: AwsSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More versions than one call deletes, and delete markers: afterwards the bucket is empty."""
    monkeypatch.setattr("videoctl.aws.s3.DELETE_BATCH", 20)
    client, bucket = session.client("s3", WEST), unique("gateway")
    s3 = S3Gateway(client)
    assert not s3.bucket_exists(bucket)
    client.call(
        "CreateBucket",
        Bucket=bucket,
        CreateBucketConfiguration={"LocationConstraint": WEST.value},
    )
    client.call("PutBucketVersioning", Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.bucket_exists(bucket)
    assert not s3.has_objects(bucket)
    for number in range(25):
        for body in (b"one", b"two"):
            client.call("PutObject", Bucket=bucket, Key=f"raw/{number:04}", Body=body)
    client.call("DeleteObject", Bucket=bucket, Key="raw/0000")
    assert s3.count(bucket, "raw/") == 24
    assert s3.read(bucket, "raw/0001") == b"two"
    assert s3.read(bucket, "raw/0000") is None
    assert s3.head(bucket, "raw/0000") is None
    assert [found.size_bytes for found in s3.objects(bucket, "raw/0001")] == [3]
    totals: list[int] = []
    assert s3.empty(bucket, totals.append) == 51
    assert len(totals) >= 3
    assert not s3.has_objects(bucket)


def test_emptying_what_is_not_there_is_done(session: AwsSession) -> None:
    """A bucket that is gone is empty."""
    assert S3Gateway(session.client("s3", WEST)).empty("video-nobody-made-this", print) == 0


def test_a_stream_is_summed_up_and_read_from_a_moment(session: AwsSession) -> None:
    """Status, shards, and the records that arrived since."""
    client, stream = session.client("kinesis", WEST), unique("gateway")
    kinesis = KinesisGateway(client)
    assert kinesis.describe_stream_summary(stream) is None
    client.call("CreateStream", StreamName=stream, ShardCount=2)
    since = datetime.now(UTC) - timedelta(seconds=5)
    for key in ("a", "b", "c"):
        client.call("PutRecord", StreamName=stream, Data=f"event-{key}".encode(), PartitionKey=key)
    summary = kinesis.describe_stream_summary(stream)
    assert summary is not None
    assert (summary.status, summary.open_shard_count) == ("ACTIVE", 2)
    assert {r.data for r in kinesis.records_since(stream, since)} == {
        b"event-a",
        b"event-b",
        b"event-c",
    }


def test_a_delivery_stream_has_a_status_or_is_none(session: AwsSession) -> None:
    """Firehose's own words."""
    client, name = session.client("firehose", WEST), unique("gateway")
    firehose = FirehoseGateway(client)
    assert firehose.delivery_stream_status(name) is None
    client.call(
        "CreateDeliveryStream",
        DeliveryStreamName=name,
        DeliveryStreamType="DirectPut",
        ExtendedS3DestinationConfiguration={
            "RoleARN": role_arn("r", session.account_id),
            "BucketARN": "arn:aws:s3:::somewhere",
        },
    )
    assert firehose.delivery_stream_status(name) in {"CREATING", "ACTIVE"}


def test_a_service_has_counts_or_is_none(session: AwsSession) -> None:
    """Neither a missing cluster nor a missing service is an error; counts can be set."""
    client, cluster = session.client("ecs", WEST), unique("gateway")
    ecs = EcsGateway(client)
    assert ecs.describe_service(cluster, "http-handler") is None
    client.call("CreateCluster", clusterName=cluster)
    assert ecs.describe_service(cluster, "http-handler") is None
    client.call(
        "RegisterTaskDefinition",
        family=cluster,
        containerDefinitions=[{"name": "c", "image": "i", "memory": 64}],
    )
    client.call(
        "CreateService",
        cluster=cluster,
        serviceName="http-handler",
        taskDefinition=cluster,
        desiredCount=0,
    )
    ecs.set_desired_count(cluster, "http-handler", 0)
    service = ecs.describe_service(cluster, "http-handler")
    assert service is not None
    assert (service.status, service.desired_count) == ("ACTIVE", 0)


def test_a_load_balancer_and_its_targets_are_found_by_name(session: AwsSession) -> None:
    """Absent by name is None, in both."""
    client, name = session.client("elbv2", WEST), unique("gw")
    elbv2 = Elbv2Gateway(client)
    assert elbv2.load_balancer(name) is None
    assert elbv2.target_health(name) is None
    client.call("CreateLoadBalancer", Name=name, Subnets=["subnet-1", "subnet-2"])
    client.call(
        "CreateTargetGroup", Name=name, Protocol="HTTP", Port=80, VpcId="vpc-1", TargetType="ip"
    )
    balancer = elbv2.load_balancer(name)
    assert balancer is not None
    assert balancer.state in {"active", "provisioning"}
    health = elbv2.target_health(name)
    assert health is not None
    assert health.total_count == 0


def _zip() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("main.py", "def handler(event, context): return {}")
    return body.getvalue()


def test_a_mapping_is_found_by_function_and_stream_and_switched(session: AwsSession) -> None:
    """The session function's mapping: state read, disabled and enabled again."""
    client, name = session.client("lambda", WEST), unique("gateway")
    gateway = LambdaGateway(client)
    source = stream_arn(name, WEST, session.account_id)
    assert gateway.function_state(name) is None
    assert gateway.event_source_mapping(name, source) is None
    session.client("kinesis", WEST).call("CreateStream", StreamName=name, ShardCount=1)
    client.call(
        "CreateFunction",
        FunctionName=name,
        Runtime="python3.11",
        Role=role_arn("r", session.account_id),
        Handler="main.handler",
        Code={"ZipFile": _zip()},
    )
    assert gateway.function_state(name) in {"Pending", "Active"}
    client.call(
        "CreateEventSourceMapping",
        FunctionName=name,
        EventSourceArn=source,
        StartingPosition="LATEST",
    )
    for enabled, state in ((False, "Disabled"), (True, "Enabled")):
        mapping = gateway.event_source_mapping(name, source)
        assert mapping is not None
        gateway.set_event_source_mapping(mapping.uuid, enabled=enabled)
        switched = gateway.event_source_mapping(name, source)
        assert switched is not None
        assert switched.state in {state, f"{state.removesuffix('d')[:-1]}ing"}
    other = stream_arn("another", WEST, session.account_id)
    assert gateway.event_source_mapping(name, other) is None


def test_an_application_that_is_not_there_is_none(session: AwsSession) -> None:
    """No application: no status, no snapshots."""
    client = session.client("kinesisanalyticsv2", WEST)
    gateway = KinesisAnalyticsV2Gateway(client)
    assert gateway.describe_application("video-nobody-made-this") is None
