"""Calls of the engine's provider refused and throttled, and what the command makes of it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox.account import ACCOUNT_ID
from tests.conftest import Ran
from tests.end_to_end.conftest import Place
from tests.end_to_end.in_process import NAME, write_specification
from tests.sandbox.services.real import eventually
from videoctl.aws.locate import Locator
from videoctl.aws.locate_tags import TAGS
from videoctl.aws.session import AwsSession, AwsSettings
from videoctl.model.names import ENVIRONMENT_TAG

pytestmark = [pytest.mark.sandbox, pytest.mark.engine, pytest.mark.timeout(900)]

CREATE = ("env", "create", NAME, "--yes", "--skip-canary")
DESTROY = ("env", "destroy", NAME, "--confirm", NAME, "--delete-data")
THROTTLED = (
    ("kinesis", "CreateStream"),
    ("firehose", "CreateDeliveryStream"),
    ("lambda", "CreateEventSourceMapping"),
)
"""What cannot have been made while streams could not."""
FOREIGN = f"video-{NAME}-late"
"""A stream of this name is there already, and is somebody else's."""
NEVER_REFUSED = {
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:grafana/workspace:Workspace",
    "aws:kms/key:Key",
    "aws:s3/bucketObjectv2:BucketObjectv2",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
}
"""AWS refuses none of them because of a name; a rule belongs to whom its group belongs."""
REFUSED = {"create": ("kinesis", "CreateStream"), "destroy": ("ec2", "DeleteVpc")}


@pytest.fixture(scope="module")
def specifications(place: Place) -> str:
    """A directory with one small environment."""
    directory: Path = place.home.parent / "environments"
    write_specification(directory)
    return str(directory)


def fault(place: Place, kind: str, service: str, operation: str, *more: str) -> None:
    """Make one call fail, as the command line does it."""
    words = ("--service", service, "--operation", operation, *more)
    assert place("sandbox", "fault", "add", kind, *words, "-o", "json").code == 0


def heal(place: Place) -> None:
    """No faults any more."""
    assert place("sandbox", "fault", "clear", "-o", "json").code == 0


def assert_refused(ran: Ran, service: str, operation: str) -> None:
    """Exit 6, with the action, the hint and what to type next; the engine's own words are not."""
    assert ran.code == 6, ran.stdout + ran.stderr
    document = ran.document
    assert document["outcome"] == "failed"
    assert document["error"]["code"] == "access-denied"
    assert f"{service}:{operation}" in document["error"]["message"]
    assert "permission" in document["error"]["hint"]
    assert any(f"env {document['action']} {NAME}" in line for line in document["next"])
    assert "Traceback" not in ran.stdout + ran.stderr


def client(place: Place, service: str) -> Any:
    """A boto3 client of the place's sandbox."""
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=place("sandbox", "status", "-o", "json").document["endpoint_url"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def resources(place: Place) -> dict[str, Any]:
    """What would be there twice, or still, had a retry not known what was made before."""
    ec2 = client(place, "ec2")
    tagged = Counter(
        tag["Value"]
        for group in (ec2.describe_vpcs()["Vpcs"], ec2.describe_subnets()["Subnets"])
        for item in group
        for tag in item.get("Tags", ())
        if tag["Key"] == "Name"
    )
    return {
        "named": tagged,
        "streams": client(place, "kinesis").list_streams()["StreamNames"],
        "mappings": len(
            client(place, "lambda").list_event_source_mappings()["EventSourceMappings"]
        ),
    }


def assert_not_ours(ran: Ran) -> None:
    """Exit 1, naming the resource that is in the way, whose it is, and what to do."""
    assert ran.code == 1, ran.stdout + ran.stderr
    error = ran.document["error"]
    assert error["code"] == "resource-not-ours"
    assert FOREIGN in error["message"]
    assert "environment other's (videoctl:environment=other)" in error["message"]
    assert f"videoctl:environment={NAME}" in error["hint"]
    assert "Traceback" not in ran.stdout + ran.stderr


def test_refused_lost_and_throttled_creates_end_in_one_environment(
    place: Place, specifications: str
) -> None:
    """Refused is 6; what was made with its answer lost is taken over, but nobody else's stream.

    A few throttled calls are retried and not even told.
    """
    variables = {"VIDEOCTL_ENVIRONMENTS": specifications}
    assert place("sandbox", "up", "-o", "json").code == 0
    fault(place, "deny", *REFUSED["create"])
    assert_refused(place(*CREATE, "-o", "json", **variables), *REFUSED["create"])
    heal(place)
    kinesis = client(place, "kinesis")
    kinesis.create_stream(StreamName=FOREIGN, ShardCount=1, Tags={ENVIRONMENT_TAG: "other"})
    fault(place, "timeout-after-effect", "kinesis", "CreateStream", "--times", "3")
    lost = place(*CREATE, "-o", "json", **variables)
    assert_not_ours(lost)
    heal(place)
    assert kinesis.list_tags_for_stream(StreamName=FOREIGN)["Tags"][0]["Value"] == "other"
    kinesis.delete_stream(StreamName=FOREIGN)
    eventually(lambda: FOREIGN not in kinesis.list_streams()["StreamNames"], 120)
    for service, operation in THROTTLED:
        fault(place, "throttle", service, operation, "--times", "2")
    created = place(*CREATE, "-o", "json", **variables)
    assert created.code == 0, created.stdout + created.stderr
    assert f"is there already and is {NAME}'s: it is taken over" in lost.stderr + created.stderr
    assert place("sandbox", "status", "-o", "json").document["faults"] == []
    found = resources(place)
    assert max(found["named"].values()) == 1
    assert len(found["streams"]) == 3
    assert found["mappings"] == 1
    assert place("env", "drift", NAME, "-o", "json", **variables).code == 0


def test_whose_a_resource_is_can_be_told_of_each(place: Place, specifications: str) -> None:
    """Each type with tags is asked for them, or is never refused as being there."""
    session = AwsSession(
        AwsSettings(
            account_id=ACCOUNT_ID,
            endpoint_url=place("sandbox", "status", "-o", "json").document["endpoint_url"],
            environment={"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"},
        )
    )
    file = place.home / "stacks" / ".pulumi" / "stacks" / "videoctl" / f"{NAME}.json"
    deployment = json.loads(file.read_text())["checkpoint"]["latest"]
    wrong = {}
    for item in deployment["resources"]:
        if not item["type"].startswith("aws:") or item["type"] in NEVER_REFUSED:
            continue
        inputs = item["inputs"]
        region = inputs.get("region", "us-east-1")
        told = Locator(session).tags(item["type"], item["id"], inputs, region)
        expected = NAME if inputs.get("tags") or item["type"] in TAGS else None
        if (told or {}).get(ENVIRONMENT_TAG) != expected:
            wrong[item["urn"]] = told
    assert wrong == {}


def test_a_refused_destroy_can_be_repeated(place: Place, specifications: str) -> None:
    """6 with what to type next; the same command again leaves nothing."""
    variables = {"VIDEOCTL_ENVIRONMENTS": specifications}
    fault(place, "deny", *REFUSED["destroy"])
    assert_refused(place(*DESTROY, "-o", "json", **variables), *REFUSED["destroy"])
    heal(place)
    gone = place(*DESTROY, "-o", "json", **variables)
    assert gone.code == 0, gone.stdout + gone.stderr
    found = resources(place)
    assert [name for name in found["named"] if NAME in name] == []
    assert (found["streams"], found["mappings"]) == ([], 0)
