"""Slow Prod and Load Testing: an environment in us-east-1 alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.components.environment_topology import EnvironmentTopology
from stacks.modules.slow_prod_destination_east_only import SlowProdDestinationEastOnly
from videoctl.model.regions import PRIMARY

if TYPE_CHECKING:
    import pulumi

    from stacks.components.region_side import EnvironmentArgs


class SlowProdEastOnly(EnvironmentTopology):
    """Counterpart of the `slow_prod_east_only` Terraform module.

    The topology of every environment, with one side.
    """

    def __init__(
        self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:video:SlowProdEastOnly", name, opts)
        self.connect(args, [self.side(SlowProdDestinationEastOnly, PRIMARY, args)])
