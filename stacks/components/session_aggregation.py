"""The Flink application `agg` and its way into and out of the streams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulumi

from stacks.components.artifact_bucket import ArtifactBucketArgs
from stacks.components.bucket import SecureBucket
from stacks.components.data_stream import DataStream
from stacks.components.log_group import LogGroup
from stacks.components.service_role import ServiceRole, ServiceRoleArgs
from stacks.modules.kda import FlinkApplication, FlinkApplicationArgs, log_group_args
from stacks.modules.kds_consumer import EnhancedFanOutConsumer, EnhancedFanOutConsumerArgs
from stacks.modules.s3_kda import FlinkArtifactBucket
from stacks.policies import roles
from stacks.policies.document import trust
from stacks.sites import Site
from videoctl.model.names import StreamKind
from videoctl.model.specification import FlinkSpecification

PROPERTY_GROUP: Final = "agg"
"""The property group the job reads."""


@dataclass(frozen=True, kw_only=True)
class SessionAggregationArgs:
    """The application and its surroundings.

    Attributes:
        site: where it is.
        specification: runtime, parallelism, allowed lateness.
        artifacts_bucket: where its package is put.
        package: the application's zip on this machine.
        streams: raw is read, session and late are written.
        key_arn: encrypts the streams, the package, the log group.

    """

    site: Site
    specification: FlinkSpecification
    artifacts_bucket: SecureBucket
    package: Path
    streams: Mapping[StreamKind, DataStream]
    key_arn: pulumi.Output[str]


class SessionAggregation(pulumi.ComponentResource):
    """Raw events in, session windows and late events out.

    Attributes:
        application_arn: the Flink application.

    """

    application_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: SessionAggregationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:kinesisanalyticsv2:SessionAggregation", name, None, opts)
        site, options = args.site, pulumi.ResourceOptions(parent=self)
        application = site.names.flink_application
        artifacts_args = ArtifactBucketArgs(
            site=site,
            bucket=args.artifacts_bucket,
            owner=application,
            package=args.package,
        )
        artifacts = FlinkArtifactBucket(f"{name}-artifacts", artifacts_args, options)
        consumer_args = EnhancedFanOutConsumerArgs(
            site=site,
            consumer=site.names.flink_consumer,
            stream_arn=args.streams[StreamKind.RAW].arn,
        )
        consumer = EnhancedFanOutConsumer(f"{name}-consumer", consumer_args, options)
        logs_args = log_group_args(site, application, args.key_arn)
        logs = LogGroup(f"{name}-logs", logs_args, options)
        flink_args = FlinkApplicationArgs(
            site=site,
            application=application,
            specification=args.specification,
            artifacts=artifacts,
            role_arn=self._role(name, args, artifacts, logs),
            logs=logs,
            properties={PROPERTY_GROUP: _properties(args, consumer)},
        )
        self.application_arn = FlinkApplication(f"{name}-flink", flink_args, options).arn
        self.register_outputs({"application_arn": self.application_arn})

    def _role(
        self,
        name: str,
        args: SessionAggregationArgs,
        artifacts: FlinkArtifactBucket,
        logs: LogGroup,
    ) -> pulumi.Output[str]:
        site, streams = args.site, args.streams
        arns = [streams[kind].arn for kind in StreamKind]
        policy = pulumi.Output.all(args.key_arn, logs.arn, *arns).apply(
            lambda known: roles.flink(
                roles.Place(region=site.region, key_arn=known[0]),
                raw_stream_arn=known[2],
                consumer_name=site.names.flink_consumer,
                result_stream_arns=(known[3], known[4]),
                code_object_arn=artifacts.code.arn,
                log_group_arn=known[1],
            )
        )
        role_args = ServiceRoleArgs(
            site=site,
            purpose="flink",
            trust=trust("kinesisanalytics.amazonaws.com", account_id=site.account_id),
            policy=policy,
        )
        return ServiceRole(f"{name}-role", role_args, pulumi.ResourceOptions(parent=self)).arn


def _properties(
    args: SessionAggregationArgs, consumer: EnhancedFanOutConsumer
) -> dict[str, pulumi.Input[str]]:
    streams = args.streams
    return {
        "aws.region": str(args.site.region),
        "raw.stream.arn": streams[StreamKind.RAW].arn,
        "raw.stream.consumer.name": consumer.name,
        "raw.stream.consumer.arn": consumer.arn,
        "session.stream.arn": streams[StreamKind.SESSION].arn,
        "late.stream.arn": streams[StreamKind.LATE].arn,
        "allowed.lateness.seconds": str(args.specification.allowed_lateness_seconds),
        "watermark.delay.seconds": str(args.specification.watermark_delay_seconds),
    }
