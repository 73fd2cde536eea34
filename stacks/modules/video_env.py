"""An environment of one region or both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from stacks.components.environment_topology import EnvironmentTopology
from stacks.components.replication import ReplicationDirection, ReplicationDirectionArgs
from stacks.modules.video_destination import VideoDestination
from stacks.modules.video_source import VideoSource
from videoctl.model.regions import PRIMARY, SECONDARY

if TYPE_CHECKING:
    from stacks.components.region_side import EnvironmentArgs, RegionSide


class VideoEnvironment(EnvironmentTopology):
    """Counterpart of the `video_env` Terraform module.

    What the regions share: the front door, and replication in both directions.
    """

    def __init__(
        self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:video:VideoEnvironment", name, opts)
        east = self.side(VideoDestination, PRIMARY, args)
        if not args.specification.is_two_region:
            self.connect(args, [east])
            return
        west = self.side(VideoSource, SECONDARY, args)
        self._replicate(east, west)
        self._replicate(west, east)
        self.connect(args, [east, west])

    def _replicate(self, source: RegionSide, destination: RegionSide) -> None:
        ReplicationDirection(
            f"{source.site.region}-to-{destination.site.region}",
            ReplicationDirectionArgs(source=source, destination=destination),
            pulumi.ResourceOptions(parent=self),
        )
