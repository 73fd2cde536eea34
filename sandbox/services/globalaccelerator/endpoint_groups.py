"""Endpoint groups: one a region and listener, with dial, weights and health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.protocol.errors import ServiceError
from sandbox.services.globalaccelerator.common import AcceleratorTables, identifier

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call

_DEFAULT_WEIGHT = 128
_SETTINGS = (
    "TrafficDialPercentage",
    "HealthCheckPort",
    "HealthCheckProtocol",
    "HealthCheckPath",
    "HealthCheckIntervalSeconds",
    "ThresholdCount",
    "PortOverrides",
)
_DEFAULTS = {
    "TrafficDialPercentage": 100.0,
    "HealthCheckProtocol": "TCP",
    "HealthCheckIntervalSeconds": 30,
    "ThresholdCount": 3,
}
_INTERVALS_SECONDS = (10, 30)


class EndpointGroups(AcceleratorTables):
    """Operations on endpoint groups and their endpoints."""

    def create_endpoint_group(self, call: Call, request: Json) -> Json:
        """A group for a region that has none at this listener yet."""
        arn = self.remembered(call, request, lambda: self._create_group(call, request))
        return {"EndpointGroup": self._describe_group(call, self.endpoint_group(call, arn))}

    def describe_endpoint_group(self, call: Call, request: Json) -> Json:
        """One group with the health of its endpoints."""
        record = self.endpoint_group(call, request["EndpointGroupArn"])
        return {"EndpointGroup": self._describe_group(call, record)}

    def list_endpoint_groups(self, call: Call, request: Json) -> Json:
        """Groups of a listener."""
        arn = request["ListenerArn"]
        self.listener(call, arn)
        records = self.below(call, "endpoint_groups", arn)
        return self.listed(
            request, "EndpointGroups", records, lambda r: self._describe_group(call, r)
        )

    def update_endpoint_group(self, call: Call, request: Json) -> Json:
        """Settings as given; `EndpointConfigurations` replaces the whole list of endpoints."""
        record = self.endpoint_group(call, request["EndpointGroupArn"])
        self._check_interval(request)
        if "EndpointConfigurations" in request:
            region = record["EndpointGroupRegion"]
            record["Endpoints"] = self._endpoints(call, region, request["EndpointConfigurations"])
        record |= {name: request[name] for name in _SETTINGS if name in request}
        self.deploy(call, self.accelerator(call, record["EndpointGroupArn"]))
        return {"EndpointGroup": self._describe_group(call, record)}

    def delete_endpoint_group(self, call: Call, request: Json) -> Json:
        """The group with its endpoints."""
        arn = request["EndpointGroupArn"]
        self.endpoint_group(call, arn)
        del self.table(call, "endpoint_groups")[arn]
        self.deploy(call, self.accelerator(call, arn))
        return {}

    def add_endpoints(self, call: Call, request: Json) -> Json:
        """More endpoints; one that is there already takes the new settings."""
        record = self.endpoint_group(call, request["EndpointGroupArn"])
        accelerator = self.accelerator(call, record["EndpointGroupArn"])
        self.refuse_while_deploying(call, accelerator)
        region = record["EndpointGroupRegion"]
        added = self._endpoints(call, region, request["EndpointConfigurations"])
        by_id = {endpoint["EndpointId"]: endpoint for endpoint in [*record["Endpoints"], *added]}
        record["Endpoints"] = list(by_id.values())
        self.deploy(call, accelerator)
        return {
            "EndpointGroupArn": record["EndpointGroupArn"],
            "EndpointDescriptions": [self._describe_endpoint(call, region, e) for e in added],
        }

    def remove_endpoints(self, call: Call, request: Json) -> Json:
        """Fewer endpoints."""
        record = self.endpoint_group(call, request["EndpointGroupArn"])
        accelerator = self.accelerator(call, record["EndpointGroupArn"])
        self.refuse_while_deploying(call, accelerator)
        gone = {endpoint["EndpointId"] for endpoint in request["EndpointIdentifiers"]}
        missing = gone - {endpoint["EndpointId"] for endpoint in record["Endpoints"]}
        if missing:
            raise ServiceError(
                "InvalidArgumentException", f"No such endpoint: {', '.join(sorted(missing))}"
            )
        record["Endpoints"] = [e for e in record["Endpoints"] if e["EndpointId"] not in gone]
        self.deploy(call, accelerator)
        return {}

    def _create_group(self, call: Call, request: Json) -> str:
        listener_arn, region = request["ListenerArn"], request["EndpointGroupRegion"]
        self.listener(call, listener_arn)
        self._check_interval(request)
        taken = {
            g["EndpointGroupRegion"] for g in self.below(call, "endpoint_groups", listener_arn)
        }
        if region in taken:
            raise ServiceError(
                "EndpointGroupAlreadyExistsException",
                f"The listener has an endpoint group in {region} already",
            )
        arn = f"{listener_arn}/endpoint-group/{identifier(12)}"
        self.table(call, "endpoint_groups")[arn] = {
            "EndpointGroupArn": arn,
            "EndpointGroupRegion": region,
            "Endpoints": self._endpoints(call, region, request.get("EndpointConfigurations", [])),
            **_DEFAULTS,
            "HealthCheckPort": self.listener(call, listener_arn)["PortRanges"][0]["FromPort"],
            "PortOverrides": [],
            **{name: request[name] for name in _SETTINGS if name in request},
        }
        self.deploy(call, self.accelerator(call, arn))
        return arn

    def _endpoints(self, call: Call, region: str, configurations: list[Json]) -> list[Json]:
        endpoints = []
        for configuration in configurations:
            endpoint_id = configuration.get("EndpointId", "")
            if not self.load_balancing.exists(call.account_id, region, endpoint_id):
                raise ServiceError(
                    "InvalidArgumentException",
                    f"{endpoint_id!r} is no load balancer in {region}; the sandbox has no other "
                    "endpoints",
                )
            preserves = configuration.get("ClientIPPreservationEnabled", True)
            endpoints.append(
                {
                    "EndpointId": endpoint_id,
                    "Weight": configuration.get("Weight", _DEFAULT_WEIGHT),
                    "ClientIPPreservationEnabled": preserves,
                }
            )
        return endpoints

    def _describe_group(self, call: Call, record: Json) -> Json:
        region = record["EndpointGroupRegion"]
        answer = {name: value for name, value in record.items() if name != "Endpoints"}
        answer["EndpointDescriptions"] = [
            self._describe_endpoint(call, region, endpoint) for endpoint in record["Endpoints"]
        ]
        return answer

    def _describe_endpoint(self, call: Call, region: str, endpoint: Json) -> Json:
        state, reason = self.health(call.account_id, region, endpoint["EndpointId"])
        return {
            **endpoint,
            "HealthState": state,
            **({"HealthReason": reason} if reason else {}),
        }

    @staticmethod
    def _check_interval(request: Json) -> None:
        interval = request.get("HealthCheckIntervalSeconds", _INTERVALS_SECONDS[0])
        if interval not in _INTERVALS_SECONDS:
            raise ServiceError(
                "InvalidArgumentException", "HealthCheckIntervalSeconds must be 10 or 30"
            )
