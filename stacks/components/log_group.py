"""A CloudWatch Logs group with retention, encryption and the streams that must exist early."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch

from stacks.sites import Site


@dataclass(frozen=True, kw_only=True)
class LogGroupArgs:
    """A log group.

    Attributes:
        site: where it is.
        service: middle part of its name, such as `lambda`.
        resource: last part of its name: who writes into it.
        key_arn: the key that encrypts it.
        stream: a log stream for services that write only into one that exists.

    """

    site: Site
    service: str
    resource: str
    key_arn: pulumi.Input[str]
    stream: str | None = None


class LogGroup(pulumi.ComponentResource):
    """A log group.

    Attributes:
        name: the group's name.
        arn: the group's ARN, without a trailing `:*`.
        stream: the log stream's name, where one was asked for.
        stream_arn: its ARN.

    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    stream: pulumi.Output[str] | None = None
    stream_arn: pulumi.Output[str] | None = None

    def __init__(
        self, name: str, args: LogGroupArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:cloudwatch:LogGroup", name, None, opts)
        site = args.site
        group_name = site.names.log_group(args.service, args.resource)
        options = pulumi.ResourceOptions(parent=self)
        group = cloudwatch.LogGroup(
            f"{name}-group",
            region=site.region,
            name=group_name,
            retention_in_days=site.log_retention_days,
            kms_key_id=args.key_arn,
            tags=site.tags("logs", group_name),
            opts=options,
        )
        self.name = group.name
        self.arn = group.arn
        if args.stream is not None:
            stream = cloudwatch.LogStream(
                f"{name}-stream",
                region=site.region,
                name=args.stream,
                log_group_name=group.name,
                opts=options,
            )
            self.stream = stream.name
            self.stream_arn = stream.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
