"""Managed Service for Apache Flink applications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi_aws import kinesisanalyticsv2

from stacks.components.log_group import LogGroup, LogGroupArgs
from stacks.modules.s3_kda import FlinkArtifactBucket
from stacks.sites import Site
from videoctl.model.specification import FlinkSpecification

LOG_STREAM: Final = "kinesis-analytics-log-stream"
RUN_OPTIONS_GROUP: Final = "kinesis.analytics.flink.run.options"
RUN_OPTIONS: Final = {
    "python": "main.py",
    "jarfile": "lib/pyflink-dependencies.jar",
    "pyFiles": "pipeline.py,properties.py",
}
"""Where the service finds the entry point, its modules and the one uber jar inside the zip."""


@dataclass(frozen=True, kw_only=True)
class FlinkApplicationArgs:
    """An application.

    Attributes:
        site: where it is.
        application: its name.
        specification: runtime, parallelism, snapshots.
        artifacts: holds its code.
        role_arn: what it runs as.
        logs: a log group with a log stream.
        properties: property groups of the job itself, by group id.

    """

    site: Site
    application: str
    specification: FlinkSpecification
    artifacts: FlinkArtifactBucket
    role_arn: pulumi.Input[str]
    logs: LogGroup
    properties: Mapping[str, Mapping[str, pulumi.Input[str]]]


class FlinkApplication(pulumi.ComponentResource):
    """Counterpart of the `kda` Terraform module.

    The stack says what the application is; whether it runs is videoctl's business.

    Attributes:
        arn: the application's ARN.

    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: FlinkApplicationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:kinesisanalyticsv2:FlinkApplication", name, None, opts)
        site = args.site
        application = kinesisanalyticsv2.Application(
            f"{name}-application",
            region=site.region,
            name=args.application,
            runtime_environment=args.specification.runtime,
            application_mode="STREAMING",
            service_execution_role=args.role_arn,
            application_configuration=_configuration(args),
            cloudwatch_logging_options={"log_stream_arn": args.logs.stream_arn},
            start_application=False,
            tags=site.tags("flink", args.application),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=site.refuses_deletion,
                # Run state: `videoctl env create`, `flink restart` and `failover` start and stop
                # the application, and say from which snapshot.
                ignore_changes=["start_application", "applicationConfiguration.runConfiguration"],
            ),
        )
        self.arn = application.arn
        self.register_outputs({"arn": self.arn})


def log_group_args(site: Site, application: str, key_arn: pulumi.Input[str]) -> LogGroupArgs:
    """The log group of an application; without its stream the service logs nothing, silently."""
    return LogGroupArgs(
        site=site,
        service="kinesis-analytics",
        resource=application,
        key_arn=key_arn,
        stream=LOG_STREAM,
    )


def _configuration(args: FlinkApplicationArgs) -> dict[str, Any]:
    specification = args.specification
    location = {
        "bucket_arn": args.artifacts.bucket.arn,
        "file_key": args.artifacts.code.uploaded_key,
    }
    groups = {**args.properties, RUN_OPTIONS_GROUP: RUN_OPTIONS}
    return {
        "application_code_configuration": {
            "code_content_type": "ZIPFILE",
            "code_content": {"s3_content_location": location},
        },
        "application_snapshot_configuration": {"snapshots_enabled": specification.snapshots},
        "environment_properties": {
            "property_groups": [
                {"property_group_id": group, "property_map": dict(groups[group])}
                for group in sorted(groups)
            ]
        },
        "flink_application_configuration": {
            "checkpoint_configuration": {"configuration_type": "DEFAULT"},
            "monitoring_configuration": {
                "configuration_type": "CUSTOM",
                "log_level": "INFO",
                "metrics_level": "TASK",
            },
            "parallelism_configuration": {
                "configuration_type": "CUSTOM",
                "auto_scaling_enabled": specification.autoscaling,
                "parallelism": specification.parallelism,
                "parallelism_per_kpu": specification.parallelism_per_kpu,
            },
        },
    }
