"""Where load balancers' metrics belong, and the count of their targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sandbox.metrics import Metrics, Scope
    from sandbox.store import Table

_NAMESPACE: Final = "AWS/ApplicationELB"


def scopes(metrics: Metrics, arn: str, group_arns: list[str]) -> list[Scope]:
    """Metrics of a load balancer, and of its target group where it has one only."""
    found = [_scope(metrics, arn)]
    if len(group_arns) == 1:
        found.append(_scope(metrics, arn, TargetGroup=group_arns[0].rpartition(":")[2]))
    return found


def count_targets(metrics: Metrics, arn: str, group_arn: str, targets: Table) -> None:
    """Healthy and unhealthy targets of a group, if it has any that are not on their way out."""
    states = [one["state"] for one in targets.values() if one["state"] != "draining"]
    if not states:
        return
    scope = _scope(metrics, arn, TargetGroup=group_arn.rpartition(":")[2])
    healthy = states.count("healthy")
    scope.add("HealthyHostCount", healthy)
    scope.add("UnHealthyHostCount", len(states) - healthy)


def _scope(metrics: Metrics, arn: str, **more: str) -> Scope:
    parts = arn.split(":")
    name = arn.partition(":loadbalancer/")[2]
    return metrics.scope(parts[3], _NAMESPACE, account_id=parts[4], LoadBalancer=name, **more)
