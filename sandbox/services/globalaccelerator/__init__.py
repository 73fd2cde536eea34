"""Global Accelerator: the control plane; `sandbox.front_door` carries the traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.services.globalaccelerator.accelerators import Accelerators
from sandbox.services.globalaccelerator.endpoint_groups import EndpointGroups
from sandbox.services.globalaccelerator.listeners import Listeners

if TYPE_CHECKING:
    from sandbox.metrics import Scope
    from sandbox.protocol.wire import Json

_NAMESPACE = "AWS/GlobalAccelerator"


class GlobalAccelerator(Accelerators, Listeners, EndpointGroups):
    """Accelerators, listeners and endpoint groups, in us-west-2 as in AWS."""

    name = "globalaccelerator"
    only_region = "us-west-2"
    validation_code = "InvalidArgumentException"

    async def start(self) -> None:
        """Begin to count healthy endpoints."""
        self.host.metrics.sample(self._sample)

    def metric_scopes(self, dns_name: str, region: str) -> list[Scope]:
        """Metrics of an accelerator, of its listener where it has one only, and of its group."""
        for account_id, place, accelerators in self.store.tables("accelerators"):
            for arn, accelerator in accelerators.items():
                if accelerator["DnsName"] == dns_name:
                    return self._scopes(account_id, place, arn, region)
        return []

    def _scopes(self, account_id: str, place: str, arn: str, region: str) -> list[Scope]:
        listeners = [
            one for one in self.store.table(account_id, place, "listeners") if one.startswith(arn)
        ]
        named = {"Accelerator": arn.rpartition("/")[2]}
        every = [named]
        if len(listeners) == 1:
            named = {**named, "Listener": listeners[0].rpartition("/")[2]}
            every += [named, {**named, "EndpointGroup": region}]
        return [
            self.host.metrics.scope(self.only_region, _NAMESPACE, account_id=account_id, **one)
            for one in every
        ]

    def _sample(self) -> None:
        """Healthy and unhealthy endpoints of every enabled accelerator."""
        routes = self.routes()
        for dns_name, accelerator in routes.items():
            every = [
                (group["region"], [one["is_healthy"] for one in group["endpoints"]])
                for group in accelerator["groups"]
            ]
            whole = [is_healthy for _, states in every for is_healthy in states]
            for scope in self.metric_scopes(dns_name, "")[:2]:
                _count_endpoints(scope, whole)
            for region, states in every:
                for scope in self.metric_scopes(dns_name, region)[2:]:
                    _count_endpoints(scope, states)

    def routes(self) -> dict[str, Any]:
        """Endpoint groups of every enabled accelerator by DNS name, for the front door."""
        table: dict[str, Any] = {}
        for account_id, region, accelerators in self.store.tables("accelerators"):
            groups = self.store.table(account_id, region, "endpoint_groups")
            for accelerator in accelerators.values():
                if accelerator["Enabled"]:
                    prefix = f"{accelerator['AcceleratorArn']}/"
                    table[accelerator["DnsName"]] = {
                        "groups": [
                            self._route(account_id, group)
                            for arn, group in groups.items()
                            if arn.startswith(prefix)
                        ]
                    }
        return table

    def _route(self, account_id: str, group: Json) -> dict[str, Any]:
        region = group["EndpointGroupRegion"]
        endpoints = []
        for endpoint in group["Endpoints"]:
            name = self.load_balancing.dns_name(account_id, region, endpoint["EndpointId"])
            if name is not None:
                health = self.health(account_id, region, endpoint["EndpointId"])
                endpoints.append(
                    {
                        "load_balancer": name,
                        "weight": endpoint["Weight"],
                        "is_healthy": health[0] == "HEALTHY",
                    }
                )
        return {
            "region": region,
            "traffic_dial_percentage": group["TrafficDialPercentage"],
            "endpoints": endpoints,
        }


def _count_endpoints(scope: Scope, are_healthy: list[bool]) -> None:
    scope.add("HealthyEndpointCount", sum(are_healthy))
    scope.add("UnhealthyEndpointCount", len(are_healthy) - sum(are_healthy))
