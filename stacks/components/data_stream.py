"""What both capacity modes of a Kinesis data stream have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pulumi
from pulumi_aws import kinesis

from stacks.sites import Site
from videoctl.model.names import StreamKind

if TYPE_CHECKING:
    from videoctl.model.specification import StreamMode

AWS_KEY_ALIAS = "alias/aws/kinesis"
"""The key Kinesis keeps for the account."""


@dataclass(frozen=True, kw_only=True)
class DataStreamArgs:
    """A stream, whatever its capacity mode.

    Attributes:
        site: where it is.
        kind: which of the streams it is.
        retention_hours: how long records can be read, 24 to 8760.
        encryption: `kms` uses the environment's own key, `aws` the service's.
        key_arn: the environment's own key.

    """

    site: Site
    kind: StreamKind
    retention_hours: int
    encryption: Literal["kms", "aws"]
    key_arn: pulumi.Input[str]


class DataStream(pulumi.ComponentResource):
    """A Kinesis data stream in one capacity mode.

    Attributes:
        name: the stream's name.
        arn: the stream's ARN.

    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self,
        type_token: str,
        name: str,
        args: DataStreamArgs,
        *,
        mode: StreamMode,
        shard_count: int | None,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        super().__init__(type_token, name, None, opts)
        site = args.site
        stream_name = site.names.stream(args.kind)
        stream = kinesis.Stream(
            f"{name}-stream",
            region=site.region,
            name=stream_name,
            stream_mode_details={"stream_mode": mode.value},
            shard_count=shard_count,
            retention_period=args.retention_hours,
            encryption_type="KMS",
            kms_key_id=args.key_arn if args.encryption == "kms" else AWS_KEY_ALIAS,
            # Somebody else's consumer on a protected stream must stop its deletion.
            enforce_consumer_deletion=not site.refuses_deletion,
            tags=site.tags(f"{args.kind}-stream", stream_name),
            opts=pulumi.ResourceOptions(parent=self, protect=site.refuses_deletion),
        )
        self.name = stream.name
        self.arn = stream.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
