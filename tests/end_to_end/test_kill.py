"""kill -9 in the middle of `env create`, then the same command again."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections import Counter
from typing import Any

import boto3
import psutil
import pytest

from tests.end_to_end.conftest import Place, is_at_step, is_making, read_until
from tests.sandbox.services.real import eventually

pytestmark = [pytest.mark.sandbox, pytest.mark.engine, pytest.mark.timeout(900)]

NAME = "loadtest"
CREATE = ("env", "create", NAME, "--yes", "--skip-canary")

COUNTED = {
    "aws:ec2/vpc:Vpc": ("ec2", "describe_vpcs", "Vpcs"),
    "aws:ec2/subnet:Subnet": ("ec2", "describe_subnets", "Subnets"),
    "aws:ec2/securityGroup:SecurityGroup": ("ec2", "describe_security_groups", "SecurityGroups"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("ec2", "describe_vpc_endpoints", "VpcEndpoints"),
    "aws:lb/loadBalancer:LoadBalancer": ("elbv2", "describe_load_balancers", "LoadBalancers"),
    "aws:lb/targetGroup:TargetGroup": ("elbv2", "describe_target_groups", "TargetGroups"),
    "aws:iam/role:Role": ("iam", "list_roles", "Roles"),
    "aws:s3/bucket:Bucket": ("s3", "list_buckets", "Buckets"),
    "aws:kinesis/stream:Stream": ("kinesis", "list_streams", "StreamNames"),
    "aws:lambda/function:Function": ("lambda", "list_functions", "Functions"),
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        "lambda",
        "list_event_source_mappings",
        "EventSourceMappings",
    ),
    "aws:sqs/queue:Queue": ("sqs", "list_queues", "QueueUrls"),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", "describe_log_groups", "logGroups"),
    "aws:kms/alias:Alias": ("kms", "list_aliases", "Aliases"),
}
"""Where the resources of a type are counted in AWS."""


def mine(item: Any) -> bool:
    """Whether something listed by AWS belongs to the environment, by its name or Name tag."""
    return f"video-{NAME}" in json.dumps(item, default=str)


def counted_in_aws(endpoint_url: str) -> Counter[str]:
    """Resources of the environment that exist, by type."""
    found: Counter[str] = Counter()
    for token, (service, operation, key) in COUNTED.items():
        client = boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=endpoint_url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        found[token] = sum(map(mine, getattr(client, operation)().get(key, [])))
    return found


def counted_in_state(place: Place) -> Counter[str]:
    """Resources of the stack's state, by type."""
    file = place.home / "stacks" / ".pulumi" / "stacks" / "videoctl" / f"{NAME}.json"
    deployment = json.loads(file.read_text())["checkpoint"]["latest"]
    assert not deployment.get("pending_operations")
    return Counter(
        resource["type"] for resource in deployment["resources"] if resource["type"] in COUNTED
    )


def kill_videoctl(process: subprocess.Popen[str]) -> None:
    """Kill -9 of videoctl alone: its engine is left behind and finishes what it began."""
    process.kill()
    process.communicate()


def kill_everything(process: subprocess.Popen[str]) -> None:
    """Kill -9 of all that runs for it, as when the machine is lost."""
    videoctl = psutil.Process(process.pid)
    for one in (videoctl, *videoctl.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    process.communicate()


def kill_while_the_engine_is_at_it(place: Place) -> None:
    """Kill videoctl while calls are under way that its engine then waits for."""
    with (
        place.slowed("kinesis", "CreateStream", seconds=20),
        place.slowed("ec2", "CreateVpc", seconds=20),
    ):
        process = place.start(*CREATE, "-o", "ndjson")
        read_until(process, is_making("raw-stream"))
        kill_videoctl(process)


def kill_between_made_and_recorded(place: Place) -> None:
    """Kill everything once AWS has made what nobody has been told of."""
    with place.hanging("elbv2", "CreateLoadBalancer"):
        process = place.start(*CREATE, "-o", "ndjson")
        read_until(process, is_making("balancer"))
        endpoint = place("sandbox", "status", "-o", "json").document["endpoint_url"]
        eventually(lambda: counted_in_aws(endpoint)["aws:lb/loadBalancer:LoadBalancer"], 120)
        kill_everything(process)


def kill_after_the_update(place: Place) -> None:
    """Kill everything in the step that starts what the update has built."""
    with place.hanging("ecs", "UpdateService"):
        process = place.start(*CREATE, "-o", "ndjson")
        read_until(process, is_at_step("set-desired-count:us-east-1"))
        kill_everything(process)


def test_killed_anywhere_the_same_command_completes_it(place: Place) -> None:
    """After kill -9 at three moments the same command ends done, nothing twice or orphaned."""
    kill_while_the_engine_is_at_it(place)
    kill_between_made_and_recorded(place)
    kill_after_the_update(place)
    again = place(*CREATE, "-o", "json", timeout=600)
    assert again.code == 0, again.stdout + again.stderr
    endpoint = place("sandbox", "status", "-o", "json").document["endpoint_url"]
    in_state = counted_in_state(place)
    assert in_state == {key: n for key, n in counted_in_aws(endpoint).items() if n}
    assert in_state["aws:s3/bucket:Bucket"] == 5
    last, *killed = place("history", "--env", NAME, "-o", "json").document["runs"]
    assert (last["outcome"], last["completed_by"]) == ("done", None)
    assert len(killed) == 3
    assert {(run["outcome"], run["completed_by"]) for run in killed} == {
        ("interrupted", last["run_id"])
    }
    told = place("history", "--env", NAME).stdout
    for run in killed:
        assert f"{run['run_id']} was completed by {last['run_id']}" in told
