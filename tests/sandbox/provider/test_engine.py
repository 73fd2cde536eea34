"""The provider under the real engine: what operators see of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.session import get_session

from tests.sandbox.provider.conftest import REGION, Sandbox

pytestmark = [pytest.mark.sandbox, pytest.mark.engine]
Result = dict[str, Any]


class Stack:
    """One stack, whose operations are processes of their own."""

    def __init__(self, sandbox: Sandbox, work: Path, name: str) -> None:
        path = os.pathsep.join([*sandbox.plugins, os.environ["PATH"]])
        self.work = work
        self.name = name
        self._settings = {
            "work": str(work),
            "name": name,
            "environment": {**sandbox.environment, "PATH": path},
        }

    def start(self, verb: str, **settings: Any) -> subprocess.Popen[str]:
        """Begins an operation, in a process group of its own."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.sandbox.provider.stack", verb],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps({**self._settings, **settings}))
        process.stdin.close()
        process.stdin = None
        return process

    def run(self, verb: str, **settings: Any) -> Result:
        """One operation to its end."""
        process = self.start(verb, **settings)
        stdout, stderr = process.communicate(timeout=280)
        assert process.returncode == 0, stderr
        result: Result = json.loads(stdout)
        return result

    def recorded(self) -> list[dict[str, Any]]:
        """The resources in the state file, as a reader after a crash finds them."""
        deployment = self._checkpoint()
        return list(deployment.get("resources") or [])

    def pending(self) -> list[dict[str, Any]]:
        """The operations that the state file says were under way."""
        return list(self._checkpoint().get("pending_operations") or [])

    def _checkpoint(self) -> dict[str, Any]:
        path = self.work / "state" / ".pulumi" / "stacks" / "toy" / "test.json"
        latest: dict[str, Any] = json.loads(path.read_text())["checkpoint"]["latest"]
        return latest


@pytest.fixture
def stack(sandbox: Sandbox, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack of the test's own; whatever is left of it is destroyed."""
    made = Stack(sandbox, tmp_path, request.node.name.replace("_", "-")[:40])
    yield made
    sandbox.heal()
    made.run("destroy")


def client(sandbox: Sandbox, service: str, region: str = REGION) -> Any:
    """A client past the provider, to look at AWS and to change it behind its back."""
    return get_session().create_client(
        service,
        region_name=region,
        endpoint_url=sandbox.environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=sandbox.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=sandbox.environment["AWS_SECRET_ACCESS_KEY"],
    )


def _names(resources: list[dict[str, Any]]) -> list[str]:
    return [resource["urn"].rpartition("::")[2] for resource in resources]


def test_create_change_replace_destroy(sandbox: Sandbox, stack: Stack) -> None:
    """A stack's whole life: each operation does what its preview says and no more."""
    assert stack.run("preview")["summary"] == {"create": 8}
    made = stack.run("up")
    assert made["summary"] == {"create": 8}
    assert made["outputs"]["west_arn"].startswith("arn:aws:ec2:us-west-2:000000000000:vpc/")
    assert made["outputs"]["tags"] == {"Name": stack.name}
    assert stack.run("up")["summary"] == {"same": 8}
    changed = stack.run("up", retention=90, tags={"More": "1"})
    assert changed["summary"] == {"same": 6, "update": 2}
    assert changed["outputs"]["tags"] == {"Name": stack.name, "More": "1"}
    replaced = stack.run("up", retention=90, tags={"More": "1"}, cidr="10.73.0.0/16")
    # A group keeps its name in another VPC, so the old one goes before the new one is made.
    assert replaced["summary"] == {"same": 5, "replace": 3}
    order = [event for event in replaced["events"] if "Group" in event and "same" not in event]
    assert order.index("delete-replaced aws:ec2/securityGroup:SecurityGroup") < order.index(
        "create-replacement aws:ec2/securityGroup:SecurityGroup"
    )
    assert replaced["outputs"]["vpc_id"] != made["outputs"]["vpc_id"]
    assert stack.run("destroy")["summary"] == {"delete": 8}
    for region in (REGION, "us-west-2"):
        filters = [{"Name": "tag:Name", "Values": [stack.name]}]
        assert client(sandbox, "ec2", region).describe_vpcs(Filters=filters)["Vpcs"] == []


def test_secrets_stay_secret(sandbox: Sandbox, stack: Stack) -> None:
    """A secret input is neither in the state's text nor shown, and AWS has it all the same."""
    made = stack.run("up", secret="the-hidden-text")
    assert "the-hidden-text" not in json.dumps(made)
    assert "the-hidden-text" not in json.dumps(stack.recorded())
    description = client(sandbox, "iam").get_role(RoleName=f"{stack.name}-role")["Role"]
    assert description["Description"] == "the-hidden-text"
    role = next(one for one in stack.recorded() if one["type"] == "aws:iam/role:Role")
    assert "ciphertext" in role["outputs"]["description"]


def test_refresh_sees_drift_and_up_repairs_it(sandbox: Sandbox, stack: Stack) -> None:
    """Changes made past Pulumi show in a refresh; the next update undoes them."""
    vpc_id = stack.run("up")["outputs"]["vpc_id"]
    logs, ec2 = client(sandbox, "logs"), client(sandbox, "ec2")
    logs.put_retention_policy(logGroupName=f"/{stack.name}/logs", retentionInDays=1)
    ec2.create_tags(Resources=[vpc_id], Tags=[{"Key": "Stray", "Value": "1"}])
    client(sandbox, "iam").delete_role(RoleName=f"{stack.name}-role")
    assert stack.run("refresh")["summary"] == {"same": 5, "update": 2, "delete": 1}
    assert stack.run("up")["summary"] == {"same": 5, "update": 2, "create": 1}
    group = logs.describe_log_groups(logGroupNamePrefix=f"/{stack.name}/")["logGroups"][0]
    assert group["retentionInDays"] == 30
    assert stack.run("up", refresh=True)["summary"] == {"same": 8}


def test_ignored_changes_survive(sandbox: Sandbox, stack: Stack) -> None:
    """What `ignore_changes` leaves to others is not put back, refreshed or not."""
    group_id = stack.run("up", ignore_tags=True)["outputs"]["group_id"]
    ec2 = client(sandbox, "ec2")
    ec2.create_tags(Resources=[group_id], Tags=[{"Key": "Owner", "Value": "videoctl"}])
    assert stack.run("up", ignore_tags=True, refresh=True)["summary"] == {"same": 8}
    group = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
    assert {"Key": "Owner", "Value": "videoctl"} in group["Tags"]


def test_default_tags_reach_every_resource(stack: Stack) -> None:
    """Default tags are on all resources with tags; taking them away is an update."""
    made = stack.run("up", default_tags={"system": "video"})
    assert made["outputs"]["tags"] == {"Name": stack.name, "system": "video"}
    assert stack.run("up", default_tags={"system": "video"}, refresh=True)["summary"] == {"same": 8}
    changed = stack.run("up", default_tags={"system": "other"})
    assert changed["summary"] == {"same": 1, "update": 7}  # the provider itself is one of them
    assert changed["outputs"]["tags"]["system"] == "other"


def test_another_account_is_refused(stack: Stack) -> None:
    """Nothing is made in an account that the provider was not told of."""
    error = stack.run("up", account_ids=["111111111111"])["error"]
    assert "AWS account ID not allowed: 000000000000" in error
    assert [one for one in stack.recorded() if one["type"].startswith("aws:")] == []


def test_a_half_made_resource_is_recorded_and_completed(sandbox: Sandbox, stack: Stack) -> None:
    """A creation that stops half-way is in the state with its error; the next update ends it."""
    sandbox.fault("deny", service="logs", operation="PutRetentionPolicy")
    error = stack.run("up")["error"]
    assert "operation error CloudWatch Logs: PutRetentionPolicy" in error
    assert "AccessDenied" in error
    half = next(one for one in stack.recorded() if one["urn"].endswith("::logs"))
    assert half["id"] == f"/{stack.name}/logs"
    assert len(half["initErrors"]) == 1
    sandbox.heal()
    completed = stack.run("up")
    assert "create aws:cloudwatch/logGroup:LogGroup" not in completed["events"]
    groups = client(sandbox, "logs").describe_log_groups(logGroupNamePrefix=f"/{stack.name}/")
    assert [one["retentionInDays"] for one in groups["logGroups"]] == [30]
    assert stack.run("up")["summary"] == {"same": 8}


def test_an_existing_resource_is_imported(sandbox: Sandbox, stack: Stack) -> None:
    """A resource made by hand comes under the stack's care as it is."""
    name = f"/{stack.name}/by-hand"
    logs = client(sandbox, "logs")
    logs.create_log_group(logGroupName=name)
    logs.put_retention_policy(logGroupName=name, retentionInDays=30)
    assert stack.run("up", import_group=name)["summary"] == {"create": 7, "import": 1}
    assert stack.run("up")["summary"] == {"same": 7, "replace": 1}


def test_a_killed_engine_leaves_what_recovery_needs(sandbox: Sandbox, stack: Stack) -> None:
    """After kill -9 all that exists is recorded or pending, and the provider ends by itself."""
    sandbox.fault("slow", service="logs", operation="CreateLogGroup", **{"delay-ms": "300"})
    process = stack.start("up", many=40)
    with contextlib.suppress(FileNotFoundError):
        (stack.work / "state" / ".pulumi" / "stacks" / "toy" / "test.json").unlink()
    deadline = time.monotonic() + 120
    logs = client(sandbox, "logs")
    while len(_groups(logs, stack.name)) < 6:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    family = psutil.Process(process.pid).children(recursive=True)
    providers = [one for one in family if "sandbox.provider" in " ".join(one.cmdline())]
    engines = [one for one in family if one.name() == "pulumi"]
    assert providers
    assert engines
    for engine in engines:
        engine.send_signal(signal.SIGKILL)
    process.kill()
    process.communicate(timeout=30)
    _, alive = psutil.wait_procs(providers, timeout=10)
    assert alive == []
    sandbox.heal()
    found = _groups(logs, stack.name)
    assert len(found) < 41
    known = {one["inputs"]["name"] for one in stack.recorded() if "LogGroup" in one["type"]} | {
        one["resource"]["inputs"]["name"]
        for one in stack.pending()
        if "LogGroup" in one["resource"]["type"]
    }
    assert found <= known
    for lock in (stack.work / "state" / ".pulumi" / "locks").rglob("*.json"):
        lock.unlink()
    for orphan in found - {
        one["inputs"]["name"] for one in stack.recorded() if "LogGroup" in one["type"]
    }:
        logs.delete_log_group(logGroupName=orphan)


def _groups(logs: Any, name: str) -> set[str]:
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"/{name}/")
    return {group["logGroupName"] for page in pages for group in page["logGroups"]}
