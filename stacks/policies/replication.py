"""Permissions of S3 replication: live rules, and Batch Replication of what is older."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.policies.document import Statement, document
from stacks.policies.keys import use_key
from videoctl.model.names import bucket_arn

if TYPE_CHECKING:
    from stacks.policies.roles import Place

BATCH_PREFIX = "batch-replication"
"""Where in the ops bucket Batch Operations keeps manifests and reports."""


def replication(
    source: Place, destination: Place, *, bucket_pairs: tuple[tuple[str, str], ...]
) -> str:
    """S3 on behalf of one direction: read versions here, write replicas there.

    Args:
        source: the region replicated from.
        destination: the region replicated to.
        bucket_pairs: (source bucket, destination bucket) of each rule.

    """
    sources = tuple(bucket_arn(bucket) for bucket, _ in bucket_pairs)
    replicas = tuple(f"{bucket_arn(bucket)}/*" for _, bucket in bucket_pairs)
    return document(
        Statement(
            sid="ReadRules",
            actions=("s3:GetReplicationConfiguration", "s3:ListBucket"),
            resources=sources,
        ),
        Statement(
            sid="ReadVersions",
            actions=(
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionTagging",
            ),
            resources=tuple(f"{source_arn}/*" for source_arn in sources),
        ),
        Statement(
            sid="WriteReplicas",
            actions=("s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"),
            resources=replicas,
        ),
        use_key(
            "DecryptSource",
            source.key_arn,
            via="s3",
            region=source.region,
            actions=("kms:Decrypt",),
        ),
        use_key(
            "EncryptReplicas",
            destination.key_arn,
            via="s3",
            region=destination.region,
            actions=("kms:Encrypt",),
        ),
    )


def batch_replication(place: Place, *, source_buckets: tuple[str, ...], ops_bucket: str) -> str:
    """S3 Batch Operations: replicate what is older than the rules, report into the ops bucket."""
    sources = tuple(bucket_arn(bucket) for bucket in source_buckets)
    reports = f"{bucket_arn(ops_bucket)}/{BATCH_PREFIX}/*"
    return document(
        Statement(
            sid="StartReplication",
            actions=("s3:InitiateReplication",),
            resources=tuple(f"{source_arn}/*" for source_arn in sources),
        ),
        Statement(
            sid="GenerateManifest",
            actions=("s3:GetReplicationConfiguration", "s3:PutInventoryConfiguration"),
            resources=sources,
        ),
        Statement(
            sid="ManifestsAndReports",
            actions=("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
            resources=(reports,),
        ),
        use_key(
            "OpsBucketKey",
            place.key_arn,
            via="s3",
            region=place.region,
            actions=("kms:Decrypt", "kms:GenerateDataKey"),
        ),
    )
