"""The us-west-2 side of an environment that spans both regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.components.region_side import EnvironmentArgs, RegionSide
from videoctl.model.regions import SECONDARY

if TYPE_CHECKING:
    import pulumi


class VideoSource(RegionSide):
    """Counterpart of the `video_source` Terraform module.

    Where the predecessor's one-way replication began; replication now runs both ways, so the name
    only says which region.
    """

    def __init__(
        self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:video:VideoSource", name, args, region=SECONDARY, opts=opts)
