"""Policies that stand on a resource: bucket, queue, topic, VPC endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from stacks.policies.document import Statement, document
from videoctl.model.names import HEALTH_FLAG_KEY, bucket_arn

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def health_flag(ops_bucket: str, *, principals: Literal["*"] | None = None) -> list[Statement]:
    """Reading the operator's flag; without the listing a missing flag would look like a refusal.

    Args:
        ops_bucket: where the flag is put.
        principals: `*` in a resource's policy; a role's own policy names nobody.

    """
    who: Mapping[str, str] | Literal["*"] = principals or {}
    return [
        Statement(
            sid="ReadHealthFlag",
            actions=("s3:GetObject",),
            resources=(f"{bucket_arn(ops_bucket)}/{HEALTH_FLAG_KEY}",),
            principals=who,
        ),
        Statement(
            sid="SeeNoHealthFlag",
            actions=("s3:ListBucket",),
            resources=(bucket_arn(ops_bucket),),
            principals=who,
        ),
    ]


def task_s3_endpoint(region: Region, ops_bucket: str) -> str:
    """The S3 gateway endpoint of the private tasks: ECR's image layers and the flag, no more."""
    layers = f"arn:aws:s3:::prod-{region}-starport-layer-bucket/*"
    return document(
        Statement(
            sid="ImageLayersOfEcr",
            actions=("s3:GetObject",),
            resources=(layers,),
            principals="*",
        ),
        *health_flag(ops_bucket, principals="*"),
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
