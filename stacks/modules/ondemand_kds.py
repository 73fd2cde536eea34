"""Kinesis data streams that find their own size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stacks.components.data_stream import DataStream, DataStreamArgs
from videoctl.model.specification import StreamMode

if TYPE_CHECKING:
    import pulumi


@dataclass(frozen=True, kw_only=True)
class OnDemandDataStreamArgs(DataStreamArgs):
    """An on-demand stream: Kinesis decides how many shards it has."""


class OnDemandDataStream(DataStream):
    """Counterpart of the `ondemand-kds` Terraform module.

    Starts at 4 MB/s in and follows the traffic.
    """

    def __init__(
        self, name: str, args: OnDemandDataStreamArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(
            "videoctl:kinesis:OnDemandDataStream",
            name,
            args,
            mode=StreamMode.ON_DEMAND,
            shard_count=None,
            opts=opts,
        )
