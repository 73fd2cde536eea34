"""Data Mart: an environment in us-east-1 alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.components.environment_topology import EnvironmentTopology
from stacks.modules.datamart_destination_east_only import DatamartDestinationEastOnly
from videoctl.model.regions import PRIMARY

if TYPE_CHECKING:
    import pulumi

    from stacks.components.region_side import EnvironmentArgs


class DatamartEastOnly(EnvironmentTopology):
    """Counterpart of the `datamart_east_only` Terraform module.

    The topology of every environment, with one side.
    """

    def __init__(
        self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:video:DatamartEastOnly", name, opts)
        self.connect(args, [self.side(DatamartDestinationEastOnly, PRIMARY, args)])
