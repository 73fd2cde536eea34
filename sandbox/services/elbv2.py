"""Elastic Load Balancing: MiniStack's control plane, with targets whose health is real."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import httpx

from sandbox import ministack_runtime
from sandbox.protocol.errors import ServiceError
from sandbox.services import load_balancer_metrics, target_health
from sandbox.services.base import Call, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.metrics import Scope
    from sandbox.protocol.wire import Json
    from sandbox.store import Table

LOCAL_ADDRESS = "127.0.0.1"
"""Where the processes of tasks listen."""
_TICK_SECONDS = 0.2
_DRAIN_SECONDS = 1.0
"""Longest draining: ELB ends it at once when no request is in flight, and here none is for long."""


class LoadBalancing(Service):
    """Targets and their health; everything else is MiniStack's."""

    name = "elbv2"
    passes_on = True
    validation_code = "ValidationError"

    async def start(self) -> None:
        """Begin to check targets, and to count them."""
        self.host.metrics.sample(self._sample)
        self.spawn(self._keep_checking(), "health checks")

    def register_targets(self, call: Call, request: Json) -> Json:
        """Targets by id and port; one that is registered already stays as it is."""
        arn = request["TargetGroupArn"]
        group = self._group(call, arn)
        targets = self._targets(call.account_id, call.region, arn)
        for description in request["Targets"]:
            port = description.get("Port", group["Port"])
            key = f"{description['Id']}:{port}"
            if key not in targets or targets[key]["state"] == "draining":
                targets[key] = target_health.new_target(description["Id"], port)
        return {}

    def deregister_targets(self, call: Call, request: Json) -> Json:
        """Without a port, every port of the target."""
        arn = request["TargetGroupArn"]
        self._group(call, arn)
        delay = min(self._deregistration_delay(call, arn), _DRAIN_SECONDS)
        targets = self._targets(call.account_id, call.region, arn)
        for description in request["Targets"]:
            for target in targets.values():
                if (
                    target["id"] == description["Id"]
                    and description.get("Port", target["port"]) == target["port"]
                ):
                    target_health.begin_draining(target, delay)
        self.host.routes_changed()
        return {}

    def describe_target_health(self, call: Call, request: Json) -> Json:
        """Health as the last check found it."""
        arn = request["TargetGroupArn"]
        group = self._group(call, arn)
        in_use = bool(_load_balancers_of(group))
        wanted = {(t["Id"], t.get("Port")) for t in request.get("Targets", [])}
        found = [
            target_health.describe(target, group, in_use=in_use)
            for target in self._targets(call.account_id, call.region, arn).values()
            if not wanted
            or (target["id"], target["port"]) in wanted
            or (target["id"], None) in wanted
        ]
        return {"TargetHealthDescriptions": found}

    async def delete_target_group(self, call: Call, request: Json) -> Json:
        """Refused while a listener forwards to it."""
        arn = request["TargetGroupArn"]
        if any(arn in _forwarded_to(listener) for listener in self._listeners(call)):
            raise ServiceError(
                "ResourceInUse", f"Target group '{arn}' is currently in use by a listener or a rule"
            )
        self.table(call, "targets").pop(arn, None)
        return await self.host.aws(call.region).pass_on("elbv2", "DeleteTargetGroup", request)

    async def delete_load_balancer(self, call: Call, request: Json) -> Json:
        """Refused while deletion protection is on; its target groups are free afterwards."""
        arn = request["LoadBalancerArn"]
        aws = self.host.aws(call.region)
        if self._attribute(call, "_lb_attrs", arn, "deletion_protection.enabled") == "true":
            raise ServiceError(
                "OperationNotPermitted",
                f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
            )
        answer = await aws.pass_on("elbv2", "DeleteLoadBalancer", request)
        for group in ministack_runtime.regional_records("alb", "_tgs").values():
            if arn in group["LoadBalancerArns"]:
                group["LoadBalancerArns"].remove(arn)
        return answer

    def endpoint_health(self, account_id: str, region: str, arn: str) -> tuple[str, str | None]:
        """Health of a load balancer as Global Accelerator sees it, and the reason if not healthy.

        A load balancer is healthy when each target group it forwards to has a healthy target.
        """
        if self.host.faults.is_region_down(region):
            return "UNHEALTHY", "The Region does not respond"
        states = [
            {target["state"] for target in self._targets(account_id, region, group_arn).values()}
            for group_arn in self._groups_of(account_id, region, arn)
        ]
        if states and all("healthy" in group for group in states):
            return "HEALTHY", None
        if not states or not all(states):
            return "UNHEALTHY", "There are no targets registered"
        if any("initial" in group for group in states):
            return "INITIAL", "Health checks are still in progress"
        return "UNHEALTHY", "Health checks failed"

    def add_target(self, account_id: str, region: str, group_arn: str, port: int) -> None:
        """Register a local process, for ECS."""
        self._targets(account_id, region, group_arn)[f"{LOCAL_ADDRESS}:{port}"] = (
            target_health.new_target(LOCAL_ADDRESS, port)
        )

    def drain_target(self, account_id: str, region: str, group_arn: str, port: int) -> None:
        """Deregister a local process, for ECS."""
        target = self._targets(account_id, region, group_arn).get(f"{LOCAL_ADDRESS}:{port}")
        if target is not None:
            target_health.begin_draining(target, _DRAIN_SECONDS)
            self.host.routes_changed()

    def forget_target(self, account_id: str, region: str, port: int) -> None:
        """Drop a target whose process is known to be gone."""
        for targets in self.store.table(account_id, region, "targets").values():
            targets.pop(f"{LOCAL_ADDRESS}:{port}", None)

    def target_state(self, account_id: str, region: str, group_arn: str, port: int) -> str | None:
        """State of a local process as a target; None when it is not registered."""
        target = self._targets(account_id, region, group_arn).get(f"{LOCAL_ADDRESS}:{port}")
        return target["state"] if target else None

    def exists(self, account_id: str, region: str, arn: str) -> bool:
        """Whether there is such a load balancer."""
        return (account_id, region, arn) in ministack_runtime.regional_records("alb", "_lbs")

    def dns_name(self, account_id: str, region: str, arn: str) -> str | None:
        """DNS name of a load balancer; None when it is gone."""
        found = ministack_runtime.regional_records("alb", "_lbs").get((account_id, region, arn))
        return found["DNSName"] if found else None

    def metric_scopes(self, dns_name: str) -> list[Scope]:
        """Metrics of a load balancer, and of its target group where it has one only."""
        for (account_id, region, arn), record in self._balancers().items():
            if record["DNSName"] == dns_name:
                groups = self._groups_of(account_id, region, arn)
                return load_balancer_metrics.scopes(self.host.metrics, arn, groups)
        return []

    def _sample(self) -> None:
        for account_id, region, arn in self._balancers():
            for group_arn in self._groups_of(account_id, region, arn):
                targets = self._targets(account_id, region, group_arn)
                load_balancer_metrics.count_targets(self.host.metrics, arn, group_arn, targets)

    @staticmethod
    def _balancers() -> dict[tuple[str, str, str], Json]:
        return ministack_runtime.regional_records("alb", "_lbs")

    def routes(self) -> dict[str, Any]:
        """Region and targets of every load balancer by DNS name, for the front door."""
        return {
            record["DNSName"]: {
                "region": region,
                "targets": [
                    {
                        "host": target["id"],
                        "port": target["port"],
                        "is_healthy": target["state"] == "healthy",
                    }
                    for group_arn in self._groups_of(account_id, region, arn)
                    for target in self._targets(account_id, region, group_arn).values()
                    if target["state"] != "draining"
                ],
            }
            for (account_id, region, arn), record in ministack_runtime.regional_records(
                "alb", "_lbs"
            ).items()
        }

    def _group(self, call: Call, arn: str) -> Json:
        found = ministack_runtime.regional_records("alb", "_tgs").get(
            (call.account_id, call.region, arn)
        )
        if found is None:
            raise ServiceError("TargetGroupNotFound", f"One or more target groups not found: {arn}")
        return found

    def _targets(self, account_id: str, region: str, group_arn: str) -> Table:
        table = self.store.table(account_id, region, "targets")
        targets: Table = table.setdefault(group_arn, {})
        return targets

    def _listeners(self, call: Call) -> Iterator[Json]:
        records = ministack_runtime.regional_records("alb", "_listeners")
        for (account_id, region, _), listener in records.items():
            if (account_id, region) == (call.account_id, call.region):
                yield listener

    def _groups_of(self, account_id: str, region: str, load_balancer_arn: str) -> list[str]:
        listeners = ministack_runtime.regional_records("alb", "_listeners")
        found: dict[str, None] = {}
        for (owner, place, _), listener in listeners.items():
            if (owner, place, listener["LoadBalancerArn"]) == (
                account_id,
                region,
                load_balancer_arn,
            ):
                found |= dict.fromkeys(_forwarded_to(listener))
        return list(found)

    def _deregistration_delay(self, call: Call, arn: str) -> float:
        value = self._attribute(call, "_tg_attrs", arn, "deregistration_delay.timeout_seconds")
        return float(value or 0)

    def _attribute(self, call: Call, store: str, arn: str, key: str) -> str | None:
        attributes = getattr(ministack_runtime.service_module("alb"), store).get_scoped(
            call.account_id, call.region, arn, []
        )
        return next((str(a["Value"]) for a in attributes if a["Key"] == key), None)

    async def _keep_checking(self) -> None:
        next_check: dict[tuple[str, str], float] = {}
        async with httpx.AsyncClient(headers={"user-agent": "ELB-HealthChecker/2.0"}) as client:
            while True:
                now = time.time()
                for group, arn, key, target in list(self._alive(now)):
                    if next_check.get((arn, key), 0.0) <= now:
                        interval = float(group["HealthCheckIntervalSeconds"])
                        next_check[arn, key] = now + min(
                            interval, target_health.LONGEST_INTERVAL_SECONDS
                        )
                        self.spawn(self._check(client, group, target), key)
                self.host.routes_changed()
                await asyncio.sleep(_TICK_SECONDS)

    def _alive(self, now: float) -> Iterator[tuple[Json, str, str, Json]]:
        """Group, its ARN, key and record of each target; what is drained or orphaned goes."""
        groups = ministack_runtime.regional_records("alb", "_tgs")
        for account_id, region, table in self.store.tables("targets"):
            for arn, targets in list(table.items()):
                group = groups.get((account_id, region, arn))
                for key, target in list(targets.items()):
                    drained_at = target["drained_at"]
                    if group is None or (drained_at is not None and drained_at <= now):
                        del targets[key]
                    elif drained_at is None:
                        yield group, arn, key, target

    async def _check(self, client: httpx.AsyncClient, group: Json, target: Json) -> None:
        failure = await target_health.check(client, group, target)
        before = target["state"]
        target_health.note(target, group, failure)
        if target["state"] != before:
            self.host.routes_changed()


def _load_balancers_of(group: Json) -> list[str]:
    arns: list[str] = group["LoadBalancerArns"]
    return arns


def _forwarded_to(listener: Json) -> Iterator[str]:
    """ARNs of the target groups a listener's default actions forward to."""
    for action in listener["DefaultActions"]:
        if action.get("TargetGroupArn"):
            yield action["TargetGroupArn"]
        for group in action.get("ForwardConfig", {}).get("TargetGroups", []):
            yield group["TargetGroupArn"]
