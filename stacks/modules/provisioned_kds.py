"""Kinesis data streams with a chosen number of shards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stacks.components.data_stream import DataStream, DataStreamArgs
from videoctl.model.specification import StreamMode

if TYPE_CHECKING:
    import pulumi


@dataclass(frozen=True, kw_only=True)
class ProvisionedDataStreamArgs(DataStreamArgs):
    """A provisioned stream.

    Attributes:
        shard_count: open shards; each takes 1 MB/s or 1000 records a second in, 2 MB/s out.

    """

    shard_count: int


class ProvisionedDataStream(DataStream):
    """Counterpart of the `provisioned-kds` Terraform module.

    Its capacity, and its bill, stay what they are.
    """

    def __init__(
        self,
        name: str,
        args: ProvisionedDataStreamArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            "videoctl:kinesis:ProvisionedDataStream",
            name,
            args,
            mode=StreamMode.PROVISIONED,
            shard_count=args.shard_count,
            opts=opts,
        )
