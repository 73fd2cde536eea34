"""Policies that stand on a resource: bucket, queue, topic, VPC endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stacks.policies.document import Statement, document
from videoctl.model.names import bucket_arn

if TYPE_CHECKING:
    from videoctl.model.regions import Region

_PLAIN_HTTP: Final = {"Bool": {"aws:SecureTransport": "false"}}
_OLD_TLS: Final = {"NumericLessThan": {"s3:TlsVersion": "1.2"}}


def tls_only_bucket(bucket: str) -> str:
    """Nobody reaches the bucket without TLS 1.2, whatever else allows it."""
    resources = (bucket_arn(bucket), f"{bucket_arn(bucket)}/*")
    return document(
        Statement(
            sid="DenyPlainHttp",
            effect="Deny",
            actions=("s3:*",),
            resources=resources,
            principals="*",
            conditions=_PLAIN_HTTP,
        ),
        Statement(
            sid="DenyOldTls",
            effect="Deny",
            actions=("s3:*",),
            resources=resources,
            principals="*",
            conditions=_OLD_TLS,
        ),
    )


def queue(queue_arn: str, *, event_buckets: tuple[str, ...] = (), account_id: str) -> str:
    """A queue without plain HTTP, into which the named buckets may send their events."""
    deny = Statement(
        sid="DenyPlainHttp",
        effect="Deny",
        actions=("sqs:*",),
        resources=(queue_arn,),
        principals="*",
        conditions=_PLAIN_HTTP,
    )
    senders = (
        _from_bucket(f"EventsOfBucket{index}", "sqs:SendMessage", queue_arn, bucket, account_id)
        for index, bucket in enumerate(event_buckets)
    )
    return document(deny, *senders)


def bucket_event_topic(topic_arn: str, *, bucket: str, account_id: str) -> str:
    """A topic without plain HTTP, on which one bucket may publish its events."""
    return document(
        Statement(
            sid="DenyPlainHttp",
            effect="Deny",
            actions=("sns:Publish",),
            resources=(topic_arn,),
            principals="*",
            conditions=_PLAIN_HTTP,
        ),
        _from_bucket("EventsOfBucket", "sns:Publish", topic_arn, bucket, account_id),
    )


def image_layer_endpoint(region: Region) -> str:
    """The S3 gateway endpoint of the private tasks: ECR's image layers and nothing else."""
    layers = f"arn:aws:s3:::prod-{region}-starport-layer-bucket/*"
    return document(
        Statement(
            sid="ImageLayersOfEcr",
            actions=("s3:GetObject",),
            resources=(layers,),
            principals="*",
        )
    )


def _from_bucket(sid: str, action: str, target_arn: str, bucket: str, account_id: str) -> Statement:
    return Statement(
        sid=sid,
        actions=(action,),
        resources=(target_arn,),
        principals={"Service": "s3.amazonaws.com"},
        conditions={
            "ArnEquals": {"aws:SourceArn": bucket_arn(bucket)},
            "StringEquals": {"aws:SourceAccount": account_id},
        },
    )
