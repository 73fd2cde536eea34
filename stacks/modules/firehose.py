"""Data Firehose delivery streams from a Kinesis data stream to S3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi_aws import kinesis

from stacks.components.bucket import SecureBucket
from stacks.components.log_group import LogGroup, LogGroupArgs
from stacks.components.service_role import ServiceRole, ServiceRoleArgs
from stacks.policies import roles
from stacks.policies.document import trust
from stacks.sites import Site
from videoctl.model.names import CANARY_PREFIX, TICK_PREFIX, StreamKind
from videoctl.model.specification import DeliverySpecification

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_STREAM: Final = "DestinationDelivery"
_ARRIVAL_HOUR: Final = (
    "year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
)


_CANARY: Final = f'if .canary == true then "{CANARY_PREFIX.rstrip("/")}"'

SORTING_QUERIES: Final[Mapping[StreamKind, str]] = {
    StreamKind.RAW: (
        f"{{kind: ({_CANARY}"
        f' elif .tick == true and (has("event_id") | not) then "{TICK_PREFIX.rstrip("/")}"'
        f' else "{StreamKind.RAW}" end)}}'
    ),
    StreamKind.SESSION: f'{{kind: ({_CANARY} else "{StreamKind.SESSION}" end)}}',
}
"""Sorts a stream's records, in jq, where it holds more than what its name says: canaries, and the
producer's ticks in the raw stream.

A tick has no `event_id`; an event always has one, so that no player's field called `tick` can take
an event out of the raw objects. No canary is ever late.
"""


def object_prefix(kind: StreamKind, sorting_query: str | None) -> str:
    """Where objects land: by what they hold, then by the UTC hour of arrival."""
    holds = kind if sorting_query is None else "!{partitionKeyFromQuery:kind}"
    return f"{holds}/{_ARRIVAL_HOUR}"


def error_prefix(kind: StreamKind) -> str:
    """Where records land that could not be delivered, by reason and hour."""
    return f"errors/{kind}/!{{firehose:error-output-type}}/{_ARRIVAL_HOUR}"


@dataclass(frozen=True, kw_only=True)
class DeliveryStreamArgs:
    """A delivery stream.

    Attributes:
        site: where it is.
        kind: the data stream it reads, and the bucket it fills.
        stream_arn: that stream.
        bucket: that bucket.
        key_arn: encrypts both, and the log group.
        buffering: how much, or how long, is gathered into one object.
        sorting_query: of `SORTING_QUERIES`, where the stream holds more than its name says: what it
            keeps apart is kept so by dynamic partitioning, which wants 64 MiB or more.

    """

    site: Site
    kind: StreamKind
    stream_arn: pulumi.Output[str]
    bucket: SecureBucket
    key_arn: pulumi.Output[str]
    buffering: DeliverySpecification
    sorting_query: str | None = None


class DeliveryStream(pulumi.ComponentResource):
    """Counterpart of the `firehose` Terraform module.

    Buffers a data stream into GZIP objects of one JSON document a line.

    Attributes:
        name: the delivery stream's name.
        arn: its ARN.

    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: DeliveryStreamArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:firehose:DeliveryStream", name, None, opts)
        site = args.site
        delivery_stream = site.names.delivery_stream(args.kind)
        logs = LogGroup(
            f"{name}-logs",
            LogGroupArgs(
                site=site,
                service="kinesisfirehose",
                resource=delivery_stream,
                key_arn=args.key_arn,
                stream=LOG_STREAM,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        role_arn = self._role(name, args, logs)
        stream = kinesis.FirehoseDeliveryStream(
            f"{name}-delivery",
            region=site.region,
            name=delivery_stream,
            destination="extended_s3",
            kinesis_source_configuration={
                "kinesis_stream_arn": args.stream_arn,
                "role_arn": role_arn,
            },
            extended_s3_configuration=_destination(args, role_arn, logs),
            tags=site.tags(f"{args.kind}-delivery", delivery_stream),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = stream.name
        self.arn = stream.arn
        self.register_outputs({"name": self.name, "arn": self.arn})

    def _role(self, name: str, args: DeliveryStreamArgs, logs: LogGroup) -> pulumi.Output[str]:
        site = args.site
        policy = pulumi.Output.all(args.stream_arn, args.key_arn, logs.arn).apply(
            lambda arns: roles.delivery(
                roles.Place(region=site.region, key_arn=arns[1]),
                stream_arn=arns[0],
                bucket=args.bucket.name,
                log_group_arn=arns[2],
            )
        )
        role_args = ServiceRoleArgs(
            site=site,
            purpose=f"{args.kind}-delivery",
            trust=trust("firehose.amazonaws.com", account_id=site.account_id),
            policy=policy,
        )
        return ServiceRole(f"{name}-role", role_args, pulumi.ResourceOptions(parent=self)).arn


def _destination(
    args: DeliveryStreamArgs, role_arn: pulumi.Output[str], logs: LogGroup
) -> dict[str, Any]:
    return {
        "role_arn": role_arn,
        "bucket_arn": args.bucket.arn,
        "prefix": object_prefix(args.kind, args.sorting_query),
        "error_output_prefix": error_prefix(args.kind),
        "custom_time_zone": "UTC",
        "file_extension": ".json.gz",
        "compression_format": "GZIP",
        "buffering_size": args.buffering.buffer_mib,
        "buffering_interval": args.buffering.buffer_seconds,
        "s3_backup_mode": "Disabled",
        **_processing(args.sorting_query),
        "cloudwatch_logging_options": {
            "enabled": True,
            "log_group_name": logs.name,
            "log_stream_name": logs.stream,
        },
    }


def _processing(query: str | None) -> dict[str, Any]:
    """Records carry no line end of their own; readers want one document a line."""
    delimiter = {"type": "AppendDelimiterToRecord"}
    if query is None:
        return {"processing_configuration": {"enabled": True, "processors": [delimiter]}}
    extraction = {
        "type": "MetadataExtraction",
        "parameters": [
            {"parameter_name": "MetadataExtractionQuery", "parameter_value": query},
            {"parameter_name": "JsonParsingEngine", "parameter_value": "JQ-1.6"},
        ],
    }
    return {
        "dynamic_partitioning_configuration": {"enabled": True, "retry_duration": 300},
        "processing_configuration": {"enabled": True, "processors": [extraction, delimiter]},
    }
