"""The permissions of each service role of an environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stacks.policies import streams
from stacks.policies.document import Statement, document
from stacks.policies.keys import use_key
from stacks.policies.resources import health_flag
from videoctl.model.names import bucket_arn
from videoctl.model.regions import Region

_ANY: Final = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What every function here needs to know of the surroundings.

    Attributes:
        region: where the role works.
        key_arn: the environment's key in that region; it encrypts buckets, queues, and streams
            that ask for it.

    """

    region: Region
    key_arn: str


def delivery(place: Place, *, stream_arn: str, bucket: str, log_group_arn: str) -> str:
    """Data Firehose: read one stream, write one bucket, report to one log group."""
    objects = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")
    listing = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
    return document(
        streams.read((stream_arn,)),
        streams.read_encrypted(place.key_arn, place.region),
        Statement(sid="ListBucket", actions=listing, resources=(bucket_arn(bucket),)),
        Statement(sid="WriteObjects", actions=objects, resources=(f"{bucket_arn(bucket)}/*",)),
        _bucket_key(place),
        _write_logs(log_group_arn, create_streams=False),
    )


def flink(
    place: Place,
    *,
    raw_stream_arn: str,
    consumer_name: str,
    result_stream_arns: tuple[str, ...],
    code_object_arn: str,
    log_group_arn: str,
) -> str:
    """Managed Flink: code from its bucket, raw in, session and late out, logs.

    DescribeLogGroups knows no narrower resource than the region's log groups.
    """
    region_log_groups = f"{log_group_arn.partition(':log-group:')[0]}:log-group:*"
    return document(
        streams.read((raw_stream_arn,)),
        streams.subscribe(raw_stream_arn, consumer_name),
        streams.write(result_stream_arns),
        streams.read_encrypted(place.key_arn, place.region),
        streams.write_encrypted(place.key_arn, place.region),
        _read_code(code_object_arn),
        _bucket_key(place),
        Statement(
            sid="FindLogGroups", actions=("logs:DescribeLogGroups",), resources=(region_log_groups,)
        ),
        Statement(
            sid="FindLogStreams",
            actions=("logs:DescribeLogStreams",),
            resources=(f"{log_group_arn}:*",),
        ),
        _write_logs(log_group_arn, create_streams=False),
    )


def session_function(
    place: Place, *, stream_arn: str, table_arn: str, dead_letter_queue_arn: str, log_group_arn: str
) -> str:
    """The session function: read session windows, write Timestream, give up into the queue."""
    return document(
        streams.read((stream_arn,)),
        streams.read_encrypted(place.key_arn, place.region),
        Statement(
            sid="WriteSessions", actions=("timestream:WriteRecords",), resources=(table_arn,)
        ),
        # Endpoint discovery belongs to no table: AWS accepts only "*" here.
        Statement(sid="FindEndpoints", actions=("timestream:DescribeEndpoints",), resources=_ANY),
        Statement(
            sid="GiveUpIntoQueue", actions=("sqs:SendMessage",), resources=(dead_letter_queue_arn,)
        ),
        use_key(
            "EncryptQueue",
            place.key_arn,
            via="sqs",
            region=place.region,
            actions=("kms:Decrypt", "kms:GenerateDataKey"),
        ),
        _write_logs(log_group_arn),
    )


def grafana() -> str:
    """A Grafana workspace in any region: CloudWatch's metrics, and queries to be run and ended.

    AWS knows no narrower resource for any of these actions.
    """
    querying = (
        "timestream:CancelQuery",
        "timestream:DescribeEndpoints",
        "timestream:ListDatabases",
        "timestream:SelectValues",
    )
    metrics = ("cloudwatch:GetMetricData", "cloudwatch:ListMetrics")
    return document(
        Statement(sid="Query", actions=querying, resources=_ANY),
        Statement(sid="ReadMetrics", actions=metrics, resources=_ANY),
    )


def grafana_sessions(table_arn: str) -> str:
    """A Grafana workspace in one region: read the sessions table, and find it."""
    reading = ("timestream:DescribeTable", "timestream:ListMeasures", "timestream:Select")
    database = table_arn.partition("/table/")[0]
    return document(
        Statement(sid="ReadSessions", actions=reading, resources=(table_arn,)),
        Statement(sid="ListTables", actions=("timestream:ListTables",), resources=(database,)),
    )


def object_copy_function(
    place: Place, *, source_bucket: str, destination_bucket: str, log_group_arn: str
) -> str:
    """A function that copies new objects of one bucket to another."""
    source = f"{bucket_arn(source_bucket)}/*"
    destination = f"{bucket_arn(destination_bucket)}/*"
    return document(
        Statement(sid="ReadNewObjects", actions=("s3:GetObject",), resources=(source,)),
        Statement(sid="WriteCopies", actions=("s3:PutObject",), resources=(destination,)),
        _bucket_key(place),
        _write_logs(log_group_arn),
    )


def ingest_task(place: Place, *, raw_stream_arn: str, ops_bucket: str) -> str:
    """The ingest task itself: puts into the raw stream, looks for the operator's flag."""
    return document(
        streams.write((raw_stream_arn,)),
        streams.write_encrypted(place.key_arn, place.region),
        *health_flag(ops_bucket),
        use_key(
            "DecryptFlag",
            place.key_arn,
            via="s3",
            region=place.region,
            actions=("kms:Decrypt",),
        ),
    )


def ingest_execution(*, repository_arns: tuple[str, ...], log_group_arn: str) -> str:
    """ECS before the task's first line: pull the images, open the log streams."""
    pull = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    statements = [_write_logs(log_group_arn)]
    if repository_arns:
        statements += [
            Statement(sid="PullImages", actions=pull, resources=repository_arns),
            # The registry's token belongs to no repository: AWS accepts only "*" here.
            Statement(sid="RegistryToken", actions=("ecr:GetAuthorizationToken",), resources=_ANY),
        ]
    return document(*statements)


def _read_code(code_object_arn: str) -> Statement:
    actions = ("s3:GetObject", "s3:GetObjectVersion")
    return Statement(sid="ReadCode", actions=actions, resources=(code_object_arn,))


def _bucket_key(place: Place) -> Statement:
    actions = ("kms:Decrypt", "kms:GenerateDataKey")
    return use_key("BucketKey", place.key_arn, via="s3", region=place.region, actions=actions)


def _write_logs(log_group_arn: str, *, create_streams: bool = True) -> Statement:
    create = ("logs:CreateLogStream",) if create_streams else ()
    return Statement(
        sid="WriteLogs", actions=(*create, "logs:PutLogEvents"), resources=(f"{log_group_arn}:*",)
    )
