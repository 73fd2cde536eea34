"""Calls of the engine's provider refused and throttled, and what the command makes of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.conftest import Ran
from tests.end_to_end.conftest import Place
from tests.end_to_end.in_process import NAME, write_specification

pytestmark = [pytest.mark.sandbox, pytest.mark.engine, pytest.mark.timeout(900)]

CREATE = ("env", "create", NAME, "--yes", "--skip-canary")
DESTROY = ("env", "destroy", NAME, "--confirm", NAME, "--delete-data")
THROTTLED = (
    ("kinesis", "CreateStream"),
    ("firehose", "CreateDeliveryStream"),
    ("lambda", "CreateEventSourceMapping"),
)
"""What cannot have been made while streams could not."""
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


def resources(place: Place) -> dict[str, Any]:
    """What would be there twice, or still, had a retry not known what was made before."""
    endpoint = place("sandbox", "status", "-o", "json").document["endpoint_url"]

    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    ec2 = client("ec2")
    tagged = Counter(
        tag["Value"]
        for group in (ec2.describe_vpcs()["Vpcs"], ec2.describe_subnets()["Subnets"])
        for item in group
        for tag in item.get("Tags", ())
        if tag["Key"] == "Name"
    )
    return {
        "named": tagged,
        "streams": client("kinesis").list_streams()["StreamNames"],
        "mappings": len(client("lambda").list_event_source_mappings()["EventSourceMappings"]),
    }


def test_a_refused_and_a_throttled_create_end_in_one_environment(
    place: Place, specifications: str
) -> None:
    """Refused is 6 and can be repeated; a few throttled calls are retried and not even told."""
    variables = {"VIDEOCTL_ENVIRONMENTS": specifications}
    assert place("sandbox", "up", "-o", "json").code == 0
    fault(place, "deny", *REFUSED["create"])
    assert_refused(place(*CREATE, "-o", "json", **variables), *REFUSED["create"])
    heal(place)
    for service, operation in THROTTLED:
        fault(place, "throttle", service, operation, "--times", "2")
    created = place(*CREATE, "-o", "json", **variables)
    assert created.code == 0, created.stdout + created.stderr
    assert place("sandbox", "status", "-o", "json").document["faults"] == []
    found = resources(place)
    assert max(found["named"].values()) == 1
    assert len(found["streams"]) == 3
    assert found["mappings"] == 1
    assert place("env", "drift", NAME, "-o", "json", **variables).code == 0


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
