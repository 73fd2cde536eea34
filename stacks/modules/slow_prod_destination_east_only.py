"""The us-east-1 side of Slow Prod and Load Testing, which has no other side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.components.region_side import EnvironmentArgs, RegionSide
from videoctl.model.regions import PRIMARY

if TYPE_CHECKING:
    import pulumi


class SlowProdDestinationEastOnly(RegionSide):
    """Counterpart of the `slow_prod_destination_east_only` Terraform module.

    The same key, buckets and detail as any side; nothing replicates to or from it.
    """

    def __init__(
        self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(
            "videoctl:video:SlowProdDestinationEastOnly", name, args, region=PRIMARY, opts=opts
        )
