"""Faults and the request log against a running server, through boto3."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004

from tests.sandbox.services.real import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.sandbox.services.real import RealSandbox

pytestmark = pytest.mark.sandbox

EAST, WEST = "us-east-1", "us-west-2"
ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=5)


class Faulty:
    """The shared sandbox with its faults, and clients that never try twice."""

    def __init__(self, sandbox: RealSandbox) -> None:
        self.sandbox = sandbox
        self.control = httpx.Client(base_url=f"{sandbox.endpoint_url}/_sandbox")

    def add(self, kind: str, **limits: Any) -> None:
        """Put a fault in force."""
        answer = self.control.post("/faults", json={"kind": kind, **limits})
        assert answer.status_code == 200, answer.text

    def client(self, service: str, region: str = EAST) -> Any:
        """A client of the sandbox."""
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.sandbox.endpoint_url,
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
            config=ONCE,
        )

    def requests(self) -> list[dict[str, Any]]:
        """The request log."""
        found: list[dict[str, Any]] = self.control.get("/requests").json()["requests"]
        return found


@pytest.fixture
def faulty(running: RealSandbox) -> Iterator[Faulty]:
    """A sandbox without faults and without requests in its log, before and after."""
    made = Faulty(running)
    made.control.delete("/requests")
    yield made
    made.control.delete("/faults")
    made.control.close()


CALLS: dict[str, Callable[[Any], Any]] = {
    "kinesis": lambda c: c.list_streams(),
    "s3": lambda c: c.list_buckets(),
    "iam": lambda c: c.list_roles(),
    "ec2": lambda c: c.describe_vpcs(),
    "lambda": lambda c: c.list_functions(),
    "cloudwatch": lambda c: c.list_metrics(),
    "ecs": lambda c: c.list_clusters(),
    "elbv2": lambda c: c.describe_target_health(TargetGroupArn="arn"),
}


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("kinesis", "AccessDeniedException", 400),
        ("s3", "AccessDenied", 403),
        ("iam", "AccessDenied", 403),
        ("ec2", "UnauthorizedOperation", 403),
        ("lambda", "AccessDeniedException", 403),
        ("cloudwatch", "AccessDeniedException", 400),
        ("ecs", "AccessDeniedException", 400),
        ("elbv2", "AccessDenied", 403),
    ],
)
def test_every_protocol_can_be_denied(faulty: Faulty, service: str, code: str, status: int) -> None:
    """boto3 reads the denial as it would read AWS's, MiniStack's services and ours alike."""
    faulty.add("deny", service=service)
    with pytest.raises(ClientError) as caught:
        CALLS[service](faulty.client(service))
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert "is not authorized to perform" in caught.value.response["Error"]["Message"]


def test_a_fault_of_one_operation_leaves_the_others_alone(faulty: Faulty) -> None:
    """Also where the operation stands in the path or in a form."""
    faulty.add("throttle", service="s3", operation="PutObject")
    faulty.add("throttle", service="iam", operation="CreateRole")
    s3, iam = faulty.client("s3"), faulty.client("iam")
    s3.create_bucket(Bucket="fault-operations")
    iam.list_roles()
    with pytest.raises(ClientError, match="SlowDown"):
        s3.put_object(Bucket="fault-operations", Key="k", Body=b"")
    with pytest.raises(ClientError, match="Throttling"):
        iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    assert s3.list_objects_v2(Bucket="fault-operations")["KeyCount"] == 0


def test_a_refused_request_has_no_effect(faulty: Faulty) -> None:
    """A throttled create made nothing."""
    faulty.add("throttle", service="kinesis", operation="CreateStream")
    kinesis = faulty.client("kinesis")
    with pytest.raises(ClientError, match="LimitExceededException"):
        kinesis.create_stream(StreamName="never", ShardCount=1)
    assert "never" not in kinesis.list_streams()["StreamNames"]


def test_a_region_that_is_down_answers_nothing(faulty: Faulty) -> None:
    """Connections break, as they do when a region is lost; the other region goes on."""
    faulty.add("region-down", region=EAST)
    with pytest.raises((ConnectionError, HTTPClientError)):
        faulty.client("kinesis", EAST).list_streams()
    with pytest.raises((ConnectionError, HTTPClientError)):
        faulty.client("ecs", EAST).list_services()
    faulty.client("kinesis", WEST).list_streams()
    faulty.control.delete("/faults")
    faulty.client("kinesis", EAST).list_streams()


def test_a_service_that_is_down_says_so(faulty: Faulty) -> None:
    """503 in one region, and the same service in the other is well."""
    faulty.add("service-down", service="kinesis", region=EAST)
    with pytest.raises(ClientError) as caught:
        faulty.client("kinesis", EAST).list_streams()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    faulty.client("kinesis", WEST).list_streams()


def test_slow_is_slow_and_succeeds(faulty: Faulty) -> None:
    """The delay asked for passes before the answer."""
    faulty.add("slow", service="kinesis", delay_ms=300)
    began = time.monotonic()
    faulty.client("kinesis").list_streams()
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize(
    ("service", "create", "exists"),
    [
        (
            "kinesis",
            lambda c: c.create_stream(StreamName="effect", ShardCount=1),
            lambda c: "effect" in c.list_streams()["StreamNames"],
        ),
        (
            "globalaccelerator",
            lambda c: c.create_accelerator(Name="effect", IdempotencyToken="effect"),
            lambda c: any(
                a["Name"] == "effect" for a in c.list_accelerators(MaxResults=100)["Accelerators"]
            ),
        ),
    ],
)
def test_a_timeout_after_the_effect(
    faulty: Faulty, service: str, create: Callable[[Any], Any], exists: Callable[[Any], bool]
) -> None:
    """The client sees its connection break; what it asked for was done all the same."""
    region = WEST if service == "globalaccelerator" else EAST
    faulty.add("timeout-after-effect", service=service)
    client = faulty.client(service, region)
    with pytest.raises((ConnectionError, HTTPClientError)):
        create(client)
    faulty.control.delete("/faults")
    assert exists(client)


def test_replication_can_be_held_back(faulty: Faulty) -> None:
    """The source is PENDING and the replica missing until the delay has passed."""
    s3 = faulty.client("s3")
    for bucket in ("delay-source", "delay-replica"):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "all",
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": "arn:aws:s3:::delay-replica"},
    }
    configuration = {"Role": "arn:aws:iam::000000000000:role/r", "Rules": [rule]}
    s3.put_bucket_replication(Bucket="delay-source", ReplicationConfiguration=configuration)
    faulty.add("replication-delay", region=EAST, delay_ms=4000)
    s3.put_object(Bucket="delay-source", Key="k", Body=b"late")
    assert s3.head_object(Bucket="delay-source", Key="k")["ReplicationStatus"] == "PENDING"
    assert s3.list_objects_v2(Bucket="delay-replica")["KeyCount"] == 0
    eventually(
        lambda: s3.head_object(Bucket="delay-source", Key="k")["ReplicationStatus"] == "COMPLETED"
    )
    assert s3.get_object(Bucket="delay-replica", Key="k")["Body"].read() == b"late"


def test_a_fault_that_makes_no_sense_is_refused(faulty: Faulty) -> None:
    """With the reason, and nothing is in force."""
    answer = faulty.control.post("/faults", json={"kind": "meteor"})
    assert answer.status_code == 400
    assert "meteor" in answer.json()["message"]
    assert faulty.control.get("/faults").json() == {"faults": []}


def test_the_log_names_every_call(faulty: Faulty) -> None:
    """Service, operation, region and status, whatever the protocol, in the order of arrival."""
    faulty.add("deny", service="sqs")
    faulty.client("kinesis").list_streams()
    faulty.client("s3", WEST).create_bucket(
        Bucket="logged", CreateBucketConfiguration={"LocationConstraint": WEST}
    )
    faulty.client("iam").list_roles()
    faulty.client("cloudwatch").list_metrics()
    faulty.client("globalaccelerator", WEST).list_accelerators()
    with pytest.raises(ClientError):
        faulty.client("sqs").list_queues()
    seen = [
        (entry["service"], entry["operation"], entry["region"], entry["status"])
        for entry in faulty.requests()
    ]
    assert seen == [
        ("kinesis", "ListStreams", EAST, 200),
        ("s3", "CreateBucket", WEST, 200),
        ("iam", "ListRoles", EAST, 200),
        ("cloudwatch", "ListMetrics", EAST, 200),
        ("globalaccelerator", "ListAccelerators", WEST, 200),
        ("sqs", "ListQueues", EAST, 400),
    ]
    assert faulty.requests()[-1]["fault"] == "deny"
    assert faulty.requests()[0]["duration_ms"] > 0
    later = faulty.requests()[-2]["number"]
    rest = faulty.control.get("/requests", params={"after": later}).json()["requests"]
    assert [entry["service"] for entry in rest] == ["sqs"]
