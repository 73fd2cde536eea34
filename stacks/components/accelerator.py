"""The Global Accelerator: one address for the players, one endpoint group a region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import globalaccelerator

from stacks.components.load_balancer import HEALTH_CHECK_PATH, listener_port
from stacks.modules.video_detail import VideoDetail
from videoctl.model.names import Names
from videoctl.model.regions import Region

FULL_DIAL: Final = 100
"""Traffic dial: all of the traffic nearest to the region, in per cent."""
FULL_WEIGHT: Final = 128
"""Endpoint weight, 0 to 255."""


@dataclass(frozen=True, kw_only=True)
class FrontDoorArgs:
    """The accelerator.

    Attributes:
        names: names and tags of the environment.
        protected: whether it refuses to be deleted; its two addresses would be lost for good.
        is_tls: whether players speak HTTPS.
        details: what it sends them to, by region.

    """

    names: Names
    protected: bool
    is_tls: bool
    details: Mapping[Region, VideoDetail]


class FrontDoor(pulumi.ComponentResource):
    """An accelerator with one listener.

    Attributes:
        arn: the accelerator's ARN.
        dns_name: what players connect to.
        endpoint_group_arns: one endpoint group a region.

    """

    arn: pulumi.Output[str]
    dns_name: pulumi.Output[str]
    endpoint_group_arns: dict[Region, pulumi.Output[str]]

    def __init__(
        self, name: str, args: FrontDoorArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:globalaccelerator:FrontDoor", name, None, opts)
        accelerator_name = args.names.accelerator
        accelerator = globalaccelerator.Accelerator(
            f"{name}-accelerator",
            name=accelerator_name,
            ip_address_type="IPV4",
            enabled=True,
            tags={**args.names.tags("front-door"), "Name": accelerator_name},
            opts=pulumi.ResourceOptions(parent=self, protect=args.protected),
        )
        port = listener_port(is_tls=args.is_tls)
        listener = globalaccelerator.Listener(
            f"{name}-listener",
            accelerator_arn=accelerator.arn,
            protocol="TCP",
            client_affinity="NONE",
            port_ranges=[{"from_port": port, "to_port": port}],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = accelerator.arn
        self.dns_name = accelerator.dns_name
        self.endpoint_group_arns = {
            region: self._endpoint_group(name, args, region, listener.arn)
            for region in args.details
        }
        self.register_outputs({"arn": self.arn, "dns_name": self.dns_name})

    def _endpoint_group(
        self, name: str, args: FrontDoorArgs, region: Region, listener_arn: pulumi.Output[str]
    ) -> pulumi.Output[str]:
        detail = args.details[region]
        group = globalaccelerator.EndpointGroup(
            f"{name}-{region}",
            listener_arn=listener_arn,
            endpoint_group_region=region,
            traffic_dial_percentage=FULL_DIAL,
            threshold_count=3,
            health_check_interval_seconds=10,
            health_check_protocol="HTTPS" if args.is_tls else "HTTP",
            health_check_port=listener_port(is_tls=args.is_tls),
            health_check_path=HEALTH_CHECK_PATH,
            endpoint_configurations=[
                {
                    "endpoint_id": detail.balancer.arn,
                    "weight": FULL_WEIGHT,
                    "client_ip_preservation_enabled": True,
                }
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                # An internal load balancer is accepted only in a VPC with an internet gateway.
                depends_on=[detail.network.internet_gateway, detail.balancer.listener],
                # Run state: `videoctl failover` and `videoctl failback` turn dial and weight.
                ignore_changes=["traffic_dial_percentage", "endpointConfigurations[*].weight"],
            ),
        )
        arn: pulumi.Output[str] = group.arn
        return arn
