"""Elastic Load Balancing v2: the load balancer's state and its targets' health."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from videoctl.aws.errors import NotFound

if TYPE_CHECKING:
    from videoctl.aws.client import AwsClient


@dataclass(frozen=True, kw_only=True)
class LoadBalancer:
    """A load balancer; `state` is active, provisioning, active_impaired or failed."""

    arn: str
    dns_name: str
    state: str


@dataclass(frozen=True, kw_only=True)
class TargetHealth:
    """How many targets of a group are healthy, of how many."""

    target_group_arn: str
    healthy_count: int
    total_count: int


class Elbv2Gateway:
    """Elastic Load Balancing of one region."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def load_balancer(self, name: str) -> LoadBalancer | None:
        """The load balancer called `name`."""
        try:
            answer = self._client.call("DescribeLoadBalancers", Names=[name])
        except NotFound:
            return None
        for found in answer["LoadBalancers"]:
            return LoadBalancer(
                arn=found["LoadBalancerArn"],
                dns_name=found["DNSName"],
                state=found["State"]["Code"],
            )
        return None

    def target_health(self, target_group: str) -> TargetHealth | None:
        """Health of the targets of the group called `target_group`."""
        try:
            groups = self._client.call("DescribeTargetGroups", Names=[target_group])
            arn = groups["TargetGroups"][0]["TargetGroupArn"]
            answer = self._client.call("DescribeTargetHealth", TargetGroupArn=arn)
        except (NotFound, IndexError):
            return None
        states = [t["TargetHealth"]["State"] for t in answer["TargetHealthDescriptions"]]
        return TargetHealth(
            target_group_arn=arn,
            healthy_count=states.count("healthy"),
            total_count=len(states),
        )
