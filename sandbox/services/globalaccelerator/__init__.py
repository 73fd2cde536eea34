"""Global Accelerator: the control plane; `sandbox.front_door` carries the traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.services.globalaccelerator.accelerators import Accelerators
from sandbox.services.globalaccelerator.endpoint_groups import EndpointGroups
from sandbox.services.globalaccelerator.listeners import Listeners

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json


class GlobalAccelerator(Accelerators, Listeners, EndpointGroups):
    """Accelerators, listeners and endpoint groups, in us-west-2 as in AWS."""

    name = "globalaccelerator"
    only_region = "us-west-2"
    validation_code = "InvalidArgumentException"

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
