"""Global Accelerator: endpoint groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sandbox.provider.framework import ResourceType, resource
from sandbox.provider.mapping import Field, to_members, to_properties
from sandbox.provider.types.globalaccelerator_common import (
    HOME_REGION,
    accelerator_of,
    deployed,
)

if TYPE_CHECKING:
    from sandbox.provider.framework import Context, Properties

_ENDPOINT: Final = (
    Field("endpointId", "EndpointId"),
    Field("weight", "Weight"),
    Field("clientIpPreservationEnabled", "ClientIPPreservationEnabled"),
    Field("attachmentArn", "AttachmentArn"),
)
_OVERRIDE: Final = (Field("listenerPort", "ListenerPort"), Field("endpointPort", "EndpointPort"))
_GROUP: Final = (
    Field("endpointConfigurations", "EndpointConfigurations", fields=_ENDPOINT, many=True),
    Field("healthCheckIntervalSeconds", "HealthCheckIntervalSeconds"),
    Field("healthCheckPath", "HealthCheckPath"),
    Field("healthCheckPort", "HealthCheckPort"),
    Field("healthCheckProtocol", "HealthCheckProtocol"),
    Field("portOverrides", "PortOverrides", fields=_OVERRIDE, many=True),
    Field("thresholdCount", "ThresholdCount"),
    Field("trafficDialPercentage", "TrafficDialPercentage"),
)


@resource(
    "aws:globalaccelerator/endpointGroup:EndpointGroup",
    replace_on=("listenerArn", "endpointGroupRegion"),
    defaults={
        "healthCheckIntervalSeconds": 30,
        "healthCheckProtocol": "TCP",
        "thresholdCount": 3,
        "trafficDialPercentage": 100,
    },
    adopted=(
        "endpointGroupRegion",
        "healthCheckPath",
        "healthCheckPort",
        "endpointConfigurations.clientIpPreservationEnabled",
    ),
    unordered=("endpointConfigurations", "portOverrides"),
    home_region=HOME_REGION,
)
class EndpointGroup(ResourceType):
    """The endpoints of a region with their health check and traffic dial."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the group; without a region it is the provider's."""
        region = inputs.get("endpointGroupRegion") or context.provider_region
        group = context.client("globalaccelerator").create_endpoint_group(
            ListenerArn=inputs["listenerArn"],
            EndpointGroupRegion=region,
            IdempotencyToken=uuid4().hex,
            **to_members(_GROUP, inputs),
        )["EndpointGroup"]
        arn = group["EndpointGroupArn"]
        outputs = self._outputs(group)
        context.made(arn, outputs)
        deployed(context, accelerator_of(arn))
        return arn, outputs

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The group as Global Accelerator describes it."""
        del inputs
        group = context.client("globalaccelerator").describe_endpoint_group(
            EndpointGroupArn=resource_id
        )["EndpointGroup"]
        outputs = self._outputs(group)
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Endpoints, health check, port overrides and dial."""
        del old
        wanted = {"endpointConfigurations": [], "portOverrides": [], **new}
        group = context.client("globalaccelerator").update_endpoint_group(
            EndpointGroupArn=resource_id, **to_members(_GROUP, wanted)
        )["EndpointGroup"]
        deployed(context, accelerator_of(resource_id))
        return self._outputs(group)

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the group."""
        del outputs
        context.client("globalaccelerator").delete_endpoint_group(EndpointGroupArn=resource_id)
        deployed(context, accelerator_of(resource_id))

    def _outputs(self, group: dict[str, Any]) -> Properties:
        described = {"EndpointConfigurations": group.get("EndpointDescriptions", [])}
        return {
            **to_properties(_GROUP, {**group, **described}),
            "arn": group["EndpointGroupArn"],
            "listenerArn": group["EndpointGroupArn"].partition("/endpoint-group/")[0],
            "endpointGroupRegion": group["EndpointGroupRegion"],
        }
