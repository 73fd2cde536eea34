"""Load balancers whose targets' health is real."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.services.real import eventually

if TYPE_CHECKING:
    from tests.sandbox.services.real import RealSandbox

pytestmark = pytest.mark.sandbox


class Group:
    """A target group behind a load balancer; the sandbox's own health path is its target."""

    def __init__(self, sandbox: RealSandbox) -> None:
        self.elb = sandbox.client("elbv2")
        self.port = int(sandbox.endpoint_url.rpartition(":")[2])
        name = f"t{uuid.uuid4().hex[:12]}"
        self.balancer = self.elb.create_load_balancer(Name=name)["LoadBalancers"][0][
            "LoadBalancerArn"
        ]
        self.arn = self.elb.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=self.port,
            TargetType="ip",
            HealthCheckPath="/_sandbox/health",
        )["TargetGroups"][0]["TargetGroupArn"]

    def listen(self) -> str:
        """ARN of a listener that forwards to the group."""
        action = {"Type": "forward", "TargetGroupArn": self.arn}
        answer = self.elb.create_listener(
            LoadBalancerArn=self.balancer, Port=80, DefaultActions=[action]
        )
        return str(answer["Listeners"][0]["ListenerArn"])

    def health(self) -> list[dict[str, Any]]:
        """Descriptions of the targets' health."""
        found: list[dict[str, Any]] = self.elb.describe_target_health(TargetGroupArn=self.arn)[
            "TargetHealthDescriptions"
        ]
        return found

    def states(self) -> list[str]:
        """States of the targets."""
        return [target["TargetHealth"]["State"] for target in self.health()]


@pytest.fixture
def group(running: RealSandbox) -> Group:
    """A target group of the test's own."""
    return Group(running)


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> str:
    """Error code of a failed call."""
    return str(caught.value.response["Error"]["Code"])


def test_a_target_is_unused_then_healthy_then_draining_then_gone(group: Group) -> None:
    """The life of a target that answers its checks; without a port it gets the group's."""
    group.elb.register_targets(TargetGroupArn=group.arn, Targets=[{"Id": "127.0.0.1"}])
    assert group.states() == ["unused"]
    group.listen()
    eventually(lambda: group.states() == ["healthy"])
    assert group.health()[0]["Target"] == {"Id": "127.0.0.1", "Port": group.port}
    group.elb.deregister_targets(TargetGroupArn=group.arn, Targets=[{"Id": "127.0.0.1"}])
    assert group.states() == ["draining"]
    eventually(lambda: group.states() == [])


def test_a_target_that_does_not_answer_is_unhealthy(group: Group) -> None:
    """With the reason AWS gives; it is one of two on the same address."""
    group.listen()
    targets = [{"Id": "127.0.0.1", "Port": port} for port in (group.port, 1)]
    group.elb.register_targets(TargetGroupArn=group.arn, Targets=targets)
    eventually(lambda: sorted(group.states()) == ["healthy", "unhealthy"])
    sick = group.elb.describe_target_health(TargetGroupArn=group.arn, Targets=[targets[1]])[
        "TargetHealthDescriptions"
    ]
    assert [target["TargetHealth"]["Reason"] for target in sick] == ["Target.FailedHealthChecks"]


def test_a_target_group_in_use_stays(group: Group) -> None:
    """It can be deleted once no listener forwards to it."""
    listener = group.listen()
    with pytest.raises(ClientError) as caught:
        group.elb.delete_target_group(TargetGroupArn=group.arn)
    assert code_of(caught) == "ResourceInUse"
    group.elb.delete_listener(ListenerArn=listener)
    group.elb.delete_target_group(TargetGroupArn=group.arn)
    with pytest.raises(ClientError) as caught:
        group.health()
    assert code_of(caught) == "TargetGroupNotFound"


def test_a_protected_load_balancer_stays(group: Group) -> None:
    """Deletion protection is honoured, and deletion frees the target group."""
    group.listen()

    def protect(value: str) -> None:
        attribute = {"Key": "deletion_protection.enabled", "Value": value}
        group.elb.modify_load_balancer_attributes(
            LoadBalancerArn=group.balancer, Attributes=[attribute]
        )

    protect("true")
    with pytest.raises(ClientError) as caught:
        group.elb.delete_load_balancer(LoadBalancerArn=group.balancer)
    assert code_of(caught) == "OperationNotPermitted"
    protect("false")
    group.elb.delete_load_balancer(LoadBalancerArn=group.balancer)
    found = group.elb.describe_target_groups(TargetGroupArns=[group.arn])["TargetGroups"][0]
    assert found["LoadBalancerArns"] == []
