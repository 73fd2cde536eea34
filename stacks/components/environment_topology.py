"""What all environments are: sides under one front door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi

from stacks.components.accelerator import FrontDoor, FrontDoorArgs
from stacks.components.grafana_workspace import GrafanaWorkspace, GrafanaWorkspaceArgs
from stacks.components.region_side import EnvironmentArgs, RegionSide, other_types

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from videoctl.model.regions import Region

ENVIRONMENT_TYPES: Final = (
    "videoctl:video:VideoEnvironment",
    "videoctl:video:DatamartEastOnly",
    "videoctl:video:SlowProdEastOnly",
)
"""The types an environment has, by kind and regions."""


class EnvironmentTopology(pulumi.ComponentResource):
    """One or two sides under one accelerator.

    Attributes:
        sides: each region's side.
        front_door: the accelerator over them.
        grafana: its Grafana workspace; None: it has none.

    """

    sides: Sequence[RegionSide]
    front_door: FrontDoor
    grafana: GrafanaWorkspace | None = None

    def __init__(
        self,
        type_token: str,
        name: str,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        aliases = pulumi.ResourceOptions(aliases=other_types(ENVIRONMENT_TYPES, type_token))
        super().__init__(type_token, name, None, pulumi.ResourceOptions.merge(opts, aliases))

    def side(
        self, kind: Callable[..., RegionSide], region: Region, args: EnvironmentArgs
    ) -> RegionSide:
        """One region's side; its resources are named after the region."""
        return kind(str(region), args, pulumi.ResourceOptions(parent=self))

    def connect(self, args: EnvironmentArgs, sides: Sequence[RegionSide]) -> None:
        """Put the front door over the sides and say what the stack gives out."""
        self.sides = sides
        front_door_args = FrontDoorArgs(
            names=args.names,
            protected=args.specification.protected and not args.lifts_protection,
            is_tls=args.is_tls,
            details={side.site.region: side.detail for side in sides},
        )
        self.front_door = FrontDoor(
            "front-door", front_door_args, pulumi.ResourceOptions(parent=self)
        )
        if args.specification.grafana.workspace:
            grafana_args = GrafanaWorkspaceArgs(
                site=args.site(args.specification.primary),
                authentication=args.specification.grafana.authentication,
                table_arns={side.site.region: side.detail.sessions_table_arn for side in sides},
            )
            self.grafana = GrafanaWorkspace(
                "grafana", grafana_args, pulumi.ResourceOptions(parent=self)
            )
        self.register_outputs(self.outputs())

    def outputs(self) -> dict[str, pulumi.Input[object]]:
        """What the service chose and names cannot tell; the stack's outputs."""
        balancers = {side.site.region: side.detail.balancer for side in self.sides}
        grafana = {"grafana_endpoint": self.grafana.endpoint} if self.grafana else {}
        return {
            **grafana,
            "accelerator_arn": self.front_door.arn,
            "accelerator_dns_name": self.front_door.dns_name,
            "endpoint_groups": {
                str(region): arn for region, arn in self.front_door.endpoint_group_arns.items()
            },
            "load_balancers": {
                str(region): {"arn": balancer.arn, "dns_name": balancer.dns_name}
                for region, balancer in balancers.items()
            },
        }
