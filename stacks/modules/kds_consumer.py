"""Enhanced fan-out consumers of Kinesis data streams."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import kinesis

from stacks.sites import Site


@dataclass(frozen=True, kw_only=True)
class EnhancedFanOutConsumerArgs:
    """A registered consumer.

    Attributes:
        site: where the stream is.
        consumer: the consumer's name.
        stream_arn: the stream it reads.

    """

    site: Site
    consumer: str
    stream_arn: pulumi.Input[str]


class EnhancedFanOutConsumer(pulumi.ComponentResource):
    """Counterpart of the `kds-consumer` Terraform module.

    Its own 2 MB/s from each shard, whoever else reads the stream.

    Attributes:
        name: the consumer's name.
        arn: its ARN; a consumer that is registered again gets another.

    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: EnhancedFanOutConsumerArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("videoctl:kinesis:EnhancedFanOutConsumer", name, None, opts)
        consumer = kinesis.StreamConsumer(
            f"{name}-consumer",
            region=args.site.region,
            name=args.consumer,
            stream_arn=args.stream_arn,
            tags=args.site.tags("raw-stream", args.consumer),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = consumer.name
        self.arn = consumer.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
