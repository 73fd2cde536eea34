"""AWS Global Accelerator: served from us-west-2 only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from videoctl.aws.errors import NotFound
from videoctl.model.regions import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videoctl.aws.client import AwsClient


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """An accelerator; `status` is DEPLOYED or IN_PROGRESS."""

    arn: str
    name: str
    dns_name: str
    status: str
    enabled: bool


@dataclass(frozen=True, kw_only=True)
class EndpointGroup:
    """One region's group; weight and health are of its first endpoint, None without one."""

    arn: str
    region: Region
    traffic_dial_percentage: float
    weight: int | None
    health_state: str | None


class GlobalAcceleratorGateway:
    """The Global Accelerator API."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def accelerator(self, name: str) -> Accelerator | None:
        """The accelerator called `name`; names are unique by our naming, not by AWS's."""
        for found in self._client.items("ListAccelerators", "Accelerators"):
            if found["Name"] == name:
                return Accelerator(
                    arn=found["AcceleratorArn"],
                    name=name,
                    dns_name=found["DnsName"],
                    status=found["Status"],
                    enabled=found["Enabled"],
                )
        return None

    def endpoint_groups(self, accelerator_arn: str) -> tuple[EndpointGroup, ...]:
        """Every endpoint group of every listener."""
        try:
            return tuple(self._endpoint_groups(accelerator_arn))
        except NotFound:
            return ()

    def _endpoint_groups(self, accelerator_arn: str) -> Iterator[EndpointGroup]:
        listeners = self._client.items("ListListeners", "Listeners", AcceleratorArn=accelerator_arn)
        for listener in listeners:
            groups = self._client.items(
                "ListEndpointGroups", "EndpointGroups", ListenerArn=listener["ListenerArn"]
            )
            for group in groups:
                first: dict[str, Any] = next(iter(group.get("EndpointDescriptions", ())), {})
                yield EndpointGroup(
                    arn=group["EndpointGroupArn"],
                    region=Region(group["EndpointGroupRegion"]),
                    traffic_dial_percentage=group.get("TrafficDialPercentage", 100.0),
                    weight=first.get("Weight"),
                    health_state=first.get("HealthState"),
                )
