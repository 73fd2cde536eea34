"""Gateways of services no local endpoint has: botocore's Stubber holds requests and answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from videoctl.aws.client import AwsClient
from videoctl.aws.errors import Busy, Throttled
from videoctl.aws.globalaccelerator import GlobalAcceleratorGateway
from videoctl.aws.kinesis import KinesisGateway
from videoctl.aws.kinesisanalyticsv2 import Application, KinesisAnalyticsV2Gateway
from videoctl.aws.s3 import S3Gateway
from videoctl.aws.timestream_write import CLOSED_TEXT, TimestreamWriteGateway
from videoctl.errors import FailedError, NotAllowedError
from videoctl.model.regions import Region

EAST, WEST = Region.US_EAST_1, Region.US_WEST_2
ACCELERATOR = "arn:aws:globalaccelerator::000000000000:accelerator/a"
APPLICATION = "video-dev-agg"


@contextmanager
def stubbed(service: str, region: Region = WEST) -> Iterator[tuple[AwsClient, Stubber]]:
    """A client that answers what it is told, and fails on any other call."""
    client = boto3.client(
        service,
        region_name=region.value,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    with Stubber(client) as stubber:
        yield AwsClient(client, service, region), stubber
        stubber.assert_no_pending_responses()


def accelerator(name: str) -> dict[str, Any]:
    """One accelerator as ListAccelerators tells it."""
    return {
        "AcceleratorArn": ACCELERATOR,
        "Name": name,
        "DnsName": "a.awsglobalaccelerator.com",
        "Status": "IN_PROGRESS",
        "Enabled": True,
    }


def test_an_accelerator_is_found_on_any_page_with_its_groups() -> None:
    """By name among all pages; its groups with dial, weight and health."""
    with stubbed("globalaccelerator") as (client, stubber):
        gateway = GlobalAcceleratorGateway(client)
        first = {"Accelerators": [accelerator("other")], "NextToken": "more"}
        stubber.add_response("list_accelerators", first)
        stubber.add_response("list_accelerators", {"Accelerators": [accelerator("video-dev")]})
        found = gateway.accelerator("video-dev")
        assert found is not None
        assert (found.arn, found.status) == (ACCELERATOR, "IN_PROGRESS")
        stubber.add_response("list_listeners", {"Listeners": [{"ListenerArn": "l"}]})
        groups = [
            {
                "EndpointGroupArn": "g1",
                "EndpointGroupRegion": "us-east-1",
                "TrafficDialPercentage": 0.0,
                "EndpointDescriptions": [
                    {"EndpointId": "e", "Weight": 128, "HealthState": "HEALTHY"}
                ],
            },
            {"EndpointGroupArn": "g2", "EndpointGroupRegion": "us-west-2"},
        ]
        stubber.add_response("list_endpoint_groups", {"EndpointGroups": groups})
        east, west = gateway.endpoint_groups(ACCELERATOR)
        assert (east.region, east.traffic_dial_percentage, east.weight) == (EAST, 0.0, 128)
        assert (west.traffic_dial_percentage, west.weight, west.health_state) == (100.0, None, None)


def test_an_accelerator_that_goes_meanwhile_has_no_groups() -> None:
    """Gone between two calls is absent, not an error."""
    with stubbed("globalaccelerator") as (client, stubber):
        stubber.add_client_error("list_listeners", "AcceleratorNotFoundException")
        assert GlobalAcceleratorGateway(client).endpoint_groups(ACCELERATOR) == ()


def test_an_application_is_described_started_and_stopped() -> None:
    """Status and version; the restore type follows from there being a snapshot."""
    detail = {
        "ApplicationARN": "arn:aws:kinesisanalytics:us-west-2:000000000000:application/a",
        "ApplicationName": APPLICATION,
        "RuntimeEnvironment": "FLINK-1_20",
        "ApplicationStatus": "AUTOSCALING",
        "ApplicationVersionId": 3,
        "ConditionalToken": "t",
    }
    with stubbed("kinesisanalyticsv2") as (client, stubber):
        gateway = KinesisAnalyticsV2Gateway(client)
        stubber.add_response("describe_application", {"ApplicationDetail": detail})
        found = gateway.describe_application(APPLICATION)
        assert found is not None
        assert (found.status, found.version_id) == ("AUTOSCALING", 3)
        for latest, restore in (
            (True, "RESTORE_FROM_LATEST_SNAPSHOT"),
            (False, "SKIP_RESTORE_FROM_SNAPSHOT"),
        ):
            wanted = {
                "ApplicationName": APPLICATION,
                "RunConfiguration": {
                    "ApplicationRestoreConfiguration": {"ApplicationRestoreType": restore}
                },
            }
            stubber.add_response("start_application", {}, wanted)
            gateway.start_application(APPLICATION, from_latest_snapshot=latest)
        wanted = {"ApplicationName": APPLICATION, "Force": True}
        stubber.add_response("stop_application", {}, wanted)
        gateway.stop_application(APPLICATION, force=True)


def test_an_application_tells_its_configuration() -> None:
    """Parallelism, snapshots and the checkpoint interval, as the description has them."""
    flink = {
        "ParallelismConfigurationDescription": {
            "ConfigurationType": "CUSTOM",
            "Parallelism": 4,
            "CurrentParallelism": 8,
            "ParallelismPerKPU": 2,
            "AutoScalingEnabled": True,
        },
        "CheckpointConfigurationDescription": {
            "ConfigurationType": "CUSTOM",
            "CheckpointingEnabled": True,
            "CheckpointInterval": 60000,
        },
    }
    detail = {
        "ApplicationARN": "arn:aws:kinesisanalytics:us-west-2:000000000000:application/a",
        "ApplicationName": APPLICATION,
        "RuntimeEnvironment": "FLINK-1_20",
        "ApplicationStatus": "RUNNING",
        "ApplicationVersionId": 3,
        "ApplicationConfigurationDescription": {
            "FlinkApplicationConfigurationDescription": flink,
            "ApplicationSnapshotConfigurationDescription": {"SnapshotsEnabled": True},
        },
    }
    with stubbed("kinesisanalyticsv2") as (client, stubber):
        gateway = KinesisAnalyticsV2Gateway(client)
        stubber.add_response("describe_application", {"ApplicationDetail": detail})
        found = gateway.describe_application(APPLICATION)
        assert found is not None
        assert (found.parallelism, found.current_parallelism, found.parallelism_per_kpu) == (
            4,
            8,
            2,
        )
        assert (found.autoscaling, found.snapshots_enabled) == (True, True)
        assert found.checkpoint_interval_seconds == 60.0


def test_operations_come_newest_first_with_the_last_failures_reason() -> None:
    """The service says why in a call of its own: it is made for the newest failure alone."""

    def operation(number: int, status: str) -> dict[str, Any]:
        moment = datetime(2026, 11, 21, 9, number, tzinfo=UTC)
        return {
            "Operation": "StartApplication",
            "OperationId": str(number),
            "StartTime": moment,
            "EndTime": moment,
            "OperationStatus": status,
        }

    listed = [operation(1, "FAILED"), operation(3, "SUCCESSFUL"), operation(2, "FAILED")]
    details = {
        "Operation": "StartApplication",
        "StartTime": listed[0]["StartTime"],
        "EndTime": listed[0]["EndTime"],
        "OperationStatus": "FAILED",
        "OperationFailureDetails": {"ErrorInfo": {"ErrorString": "Run python process failed"}},
    }
    with stubbed("kinesisanalyticsv2") as (client, stubber):
        stubber.add_response(
            "list_application_operations", {"ApplicationOperationInfoList": listed}
        )
        stubber.add_response(
            "describe_application_operation",
            {"ApplicationOperationInfoDetails": details},
            {"ApplicationName": APPLICATION, "OperationId": "2"},
        )
        found = KinesisAnalyticsV2Gateway(client).operations(APPLICATION)
    assert [(one.operation_id, one.error) for one in found] == [
        ("3", None),
        ("2", "Run python process failed"),
        ("1", None),
    ]


@pytest.mark.parametrize(
    ("token", "guard"),
    [("t", {"ConditionalToken": "t"}), (None, {"CurrentApplicationVersionId": 3})],
)
def test_an_update_holds_the_application_to_what_was_seen(
    token: str | None, guard: dict[str, Any]
) -> None:
    """Somebody else's change in between is not overwritten: the service says Busy."""
    seen = Application(
        status="READY", runtime_environment="FLINK-1_20", version_id=3, conditional_token=token
    )
    change = {"ConfigurationTypeUpdate": "CUSTOM", "ParallelismUpdate": 4}
    wanted = {
        "ApplicationName": APPLICATION,
        **guard,
        "ApplicationConfigurationUpdate": {
            "FlinkApplicationConfigurationUpdate": {"ParallelismConfigurationUpdate": change}
        },
    }
    with stubbed("kinesisanalyticsv2") as (client, stubber):
        stubber.add_client_error(
            "update_application", "ConcurrentModificationException", expected_params=wanted
        )
        with pytest.raises(Busy):
            KinesisAnalyticsV2Gateway(client).set_parallelism(APPLICATION, 4, found=seen)


def test_a_snapshot_and_a_dashboard_are_asked_for_by_name() -> None:
    """The name is the client's, so that a second call is the first one's."""
    with stubbed("kinesisanalyticsv2") as (client, stubber):
        gateway = KinesisAnalyticsV2Gateway(client)
        wanted = {"ApplicationName": APPLICATION, "SnapshotName": "s"}
        stubber.add_response("create_application_snapshot", {}, wanted)
        gateway.create_snapshot(APPLICATION, "s")
        stubber.add_response(
            "create_application_presigned_url", {"AuthorizedUrl": "https://dashboard/?token=t"}
        )
        assert gateway.dashboard_url(APPLICATION) == "https://dashboard/?token=t"


def test_open_shards_are_those_without_an_end() -> None:
    """By the filter of the service, and by their sequence numbers where that is not honoured."""

    def shard(number: int, **numbers: str) -> dict[str, Any]:
        return {
            "ShardId": f"shardId-{number:012d}",
            "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "1"},
            "SequenceNumberRange": {"StartingSequenceNumber": "1", **numbers},
        }

    with stubbed("kinesis") as (client, stubber):
        gateway = KinesisGateway(client)
        stubber.add_response(
            "list_shards",
            {"Shards": [shard(0, EndingSequenceNumber="2"), shard(1)]},
            {"StreamName": "raw", "ShardFilter": {"Type": "AT_LATEST"}},
        )
        assert gateway.open_shard_ids("raw") == ("shardId-000000000001",)
        wanted = {"StreamName": "raw", "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}
        stubber.add_response("update_shard_count", {}, wanted)
        gateway.update_shard_count("raw", 2)


def test_snapshots_are_counted_over_all_pages() -> None:
    """A listing without a paginator follows its token."""
    snapshot = {
        "SnapshotName": "s",
        "SnapshotStatus": "READY",
        "ApplicationVersionId": 1,
    }
    with stubbed("kinesisanalyticsv2") as (client, stubber):
        page = {"SnapshotSummaries": [snapshot, snapshot], "NextToken": "more"}
        stubber.add_response("list_application_snapshots", page)
        stubber.add_response("list_application_snapshots", {"SnapshotSummaries": [snapshot]})
        assert len(KinesisAnalyticsV2Gateway(client).snapshots(APPLICATION)) == 3


@pytest.mark.parametrize(
    ("message", "access"),
    [
        (f"{CLOSED_TEXT} can access the service.", "closed-to-new-customers"),
        ("User is not authorized to perform: timestream:ListDatabases", "denied"),
    ],
)
def test_the_timestream_gate_is_told_by_its_text(message: str, access: str) -> None:
    """Closed and denied share one code: only AWS's words tell them apart."""
    with stubbed("timestream-write") as (client, stubber):
        stubber.add_client_error("list_databases", "AccessDeniedException", message)
        assert TimestreamWriteGateway(client).access() == access


def test_timestream_is_open_and_lists_its_tables() -> None:
    """An answer means open; tables come sorted, none where there is no database."""
    with stubbed("timestream-write") as (client, stubber):
        gateway = TimestreamWriteGateway(client)
        stubber.add_response("list_databases", {"Databases": []})
        assert gateway.access() == "open"
        tables = [{"TableName": "sessions"}, {"TableName": "late"}]
        stubber.add_response("list_tables", {"Tables": tables})
        assert gateway.table_names("video-dev") == ("late", "sessions")
        stubber.add_client_error("list_tables", "ResourceNotFoundException")
        assert gateway.table_names("video-dev") == ()


def test_a_throttled_gate_is_unknown_not_closed() -> None:
    """Throttling says nothing about access."""
    with stubbed("timestream-write") as (client, stubber):
        stubber.add_client_error("list_databases", "ThrottlingException")
        with pytest.raises(Throttled):
            TimestreamWriteGateway(client).access()


def test_versions_that_cannot_be_deleted_are_named() -> None:
    """DeleteObjects answers 200 with errors inside: they are no success."""
    with stubbed("s3") as (client, stubber):
        version = {"Key": "raw/1", "VersionId": "v", "LastModified": "2026-11-21T09:00:00Z"}
        stubber.add_response("list_object_versions", {"Versions": [version]})
        refused = {"Key": "raw/1", "Code": "AccessDenied", "Message": "locked"}
        stubber.add_response("delete_objects", {"Errors": [refused]})
        with pytest.raises(FailedError, match=r"1 versions in b .* raw/1: locked"):
            S3Gateway(client).empty("b", print)


def test_a_bucket_of_somebody_else_is_not_absent() -> None:
    """403 on HeadBucket is a permission, never "there is none"."""
    with stubbed("s3") as (client, stubber):
        stubber.add_client_error("head_bucket", "403", http_status_code=403)
        with pytest.raises(NotAllowedError):
            S3Gateway(client).bucket_exists("b")
