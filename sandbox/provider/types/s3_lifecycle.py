"""A bucket's lifecycle rules."""

from __future__ import annotations

from typing import Any, Final

from sandbox.provider.framework import Properties, resource
from sandbox.provider.mapping import TAGS, TIMESTAMP, Field, Table, rules_of
from sandbox.provider.types.s3_settings import BucketSetting

_MINIMUM_SIZE: Final = "TransitionDefaultMinimumObjectSize"

_AND: Final[Table] = (
    Field("objectSizeGreaterThan", "ObjectSizeGreaterThan", default=0),
    Field("objectSizeLessThan", "ObjectSizeLessThan"),
    Field("prefix", "Prefix", default=""),
    Field("tags", "Tags", codec=TAGS),
)
_FILTER: Final[Table] = (
    Field("and", "And", fields=_AND),
    Field("objectSizeGreaterThan", "ObjectSizeGreaterThan"),
    Field("objectSizeLessThan", "ObjectSizeLessThan"),
    Field("prefix", "Prefix"),
    Field("tag", "Tag", fields=(Field("key", "Key"), Field("value", "Value"))),
)
_RULE: Final[Table] = (
    Field("id", "ID"),
    Field("status", "Status"),
    Field("prefix", "Prefix"),
    Field(
        "abortIncompleteMultipartUpload",
        "AbortIncompleteMultipartUpload",
        fields=(Field("daysAfterInitiation", "DaysAfterInitiation"),),
    ),
    Field(
        "expiration",
        "Expiration",
        fields=(
            Field("date", "Date", codec=TIMESTAMP),
            Field("days", "Days"),
            Field("expiredObjectDeleteMarker", "ExpiredObjectDeleteMarker", default=False),
        ),
    ),
    Field("filter", "Filter", fields=_FILTER, default={"prefix": ""}),
    Field(
        "noncurrentVersionExpiration",
        "NoncurrentVersionExpiration",
        fields=(
            Field("noncurrentDays", "NoncurrentDays"),
            Field("newerNoncurrentVersions", "NewerNoncurrentVersions"),
        ),
    ),
    Field(
        "noncurrentVersionTransitions",
        "NoncurrentVersionTransitions",
        many=True,
        fields=(
            Field("noncurrentDays", "NoncurrentDays"),
            Field("newerNoncurrentVersions", "NewerNoncurrentVersions"),
            Field("storageClass", "StorageClass"),
        ),
    ),
    Field(
        "transitions",
        "Transitions",
        many=True,
        fields=(
            Field("date", "Date", codec=TIMESTAMP),
            Field("days", "Days"),
            Field("storageClass", "StorageClass"),
        ),
    ),
)
_LIFECYCLE: Final[Table] = (
    Field("rules", "Rules", many=True, fields=_RULE),
    Field("transitionDefaultMinimumObjectSize", _MINIMUM_SIZE, default="all_storage_classes_128K"),
)


@resource(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    replace_on=("bucket", "expectedBucketOwner"),
    **rules_of(_LIFECYCLE),
)
class BucketLifecycleConfiguration(BucketSetting):
    """All lifecycle rules of a bucket; there is one configuration a bucket."""

    table = _LIFECYCLE

    def put(self, s3: Any, bucket: str, members: dict[str, Any]) -> None:
        """Replaces the whole configuration."""
        s3.put_bucket_lifecycle_configuration(
            Bucket=bucket,
            LifecycleConfiguration={"Rules": [_sent(rule) for rule in members["Rules"]]},
            TransitionDefaultMinimumObjectSize=members[_MINIMUM_SIZE],
        )

    def get(self, s3: Any, bucket: str) -> dict[str, Any] | None:
        """S3 answers NoSuchLifecycleConfiguration when there is none."""
        answer = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
        return {"Rules": answer["Rules"], _MINIMUM_SIZE: answer.get(_MINIMUM_SIZE)}

    def remove(self, s3: Any, bucket: str, outputs: Properties) -> None:
        """Deletes all rules."""
        del outputs
        s3.delete_bucket_lifecycle(Bucket=bucket)


def _sent(rule: dict[str, Any]) -> dict[str, Any]:
    """The rule as S3 takes it: no filter beside a prefix, no marker switch beside days or date."""
    rule = dict(rule)
    if "Prefix" in rule:
        del rule["Filter"]
    expiration = rule.get("Expiration", {})
    if not expiration.get("ExpiredObjectDeleteMarker"):
        expiration.pop("ExpiredObjectDeleteMarker", None)
    return rule
