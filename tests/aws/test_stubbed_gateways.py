"""Gateways of services no local endpoint has: botocore's Stubber holds requests and answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from videoctl.aws.client import AwsClient
from videoctl.aws.errors import Throttled
from videoctl.aws.globalaccelerator import GlobalAcceleratorGateway
from videoctl.aws.kinesisanalyticsv2 import KinesisAnalyticsV2Gateway
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
        assert KinesisAnalyticsV2Gateway(client).snapshot_count(APPLICATION) == 3


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
