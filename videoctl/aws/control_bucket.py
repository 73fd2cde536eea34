"""The account's control bucket: locks, mirrored journals, environment records.

It outlives every environment and belongs to no stack, so videoctl makes it itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from videoctl.aws.client import answered_at
from videoctl.aws.errors import AwsError, Busy, NotFound
from videoctl.model.names import bucket_arn
from videoctl.model.regions import PRIMARY

if TYPE_CHECKING:
    from videoctl.aws.client import AwsClient

NONCURRENT_DAYS: Final = 30
"""Days a replaced lock, record or journal copy is kept."""

JOURNAL_DAYS: Final = 400
"""Days a mirrored journal is kept: a year and a month, for audits."""

_PRECONDITION_FAILED: Final = "PreconditionFailed"
_OWNED_ALREADY: Final = frozenset({"BucketAlreadyOwnedByYou"})


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """One object as it was read.

    Attributes:
        body: its bytes.
        etag: changes with each write.
        age_seconds: since it was written, both times by S3's clock.

    """

    body: bytes
    etag: str
    age_seconds: float


class ControlBucket:
    """Small objects in the control bucket of one region, written on conditions.

    Args:
        client: S3 in the bucket's region.
        bucket: `videoctl.model.names.control_bucket`.

    """

    def __init__(self, client: AwsClient, bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def ensure(self) -> bool:
        """Make the bucket with its protections if it is not there; True when it was made.

        Every setting is put again when the last of them is missing, so that a run killed half way
        is mended by the next.
        """
        if self._is_complete():
            return False
        location: dict[str, Any] = {}
        if self._client.region is not PRIMARY:  # us-east-1 refuses a LocationConstraint
            constraint = {"LocationConstraint": self._client.region.value}
            location = {"CreateBucketConfiguration": constraint}
        try:
            self._client.call("CreateBucket", Bucket=self.bucket, **location)
        except AwsError as error:
            if error.call.aws_code not in _OWNED_ALREADY:
                raise
        self._protect()
        return True

    def _is_complete(self) -> bool:
        try:
            rules = self._client.call("GetBucketLifecycleConfiguration", Bucket=self.bucket)
        except NotFound:
            return False
        except AwsError as error:
            if error.call.aws_code == "NoSuchLifecycleConfiguration":
                return False
            raise
        return bool(rules.get("Rules"))

    def _protect(self) -> None:
        """Versioning, encryption, no public access, TLS only; the lifecycle is put last."""
        call, bucket = self._client.call, self.bucket
        call(
            "PutPublicAccessBlock",
            Bucket=bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
        call(
            "PutBucketVersioning",
            Bucket=bucket,
            VersioningConfiguration={"Status": "Enabled"},
        )
        call(
            "PutBucketEncryption",
            Bucket=bucket,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        )
        call("PutBucketPolicy", Bucket=bucket, Policy=json.dumps(_tls_only(bucket)))
        call(
            "PutBucketLifecycleConfiguration",
            Bucket=bucket,
            LifecycleConfiguration={"Rules": _lifecycle_rules()},
        )

    def get(self, key: str) -> StoredObject | None:
        """The object, or None; also None where there is no bucket."""
        try:
            answer = self._client.call("GetObject", Bucket=self.bucket, Key=key)
        except NotFound:
            return None
        return StoredObject(
            body=answer["Body"].read(), etag=answer["ETag"], age_seconds=_age_seconds(answer)
        )

    def put(self, key: str, body: bytes) -> str:
        """Write whatever is there; the new etag."""
        return self._put(key, body)

    def put_new(self, key: str, body: bytes) -> str | None:
        """Write if there is no such object; None when there is."""
        return self._put_if(key, body, IfNoneMatch="*")

    def replace(self, key: str, body: bytes, *, etag: str) -> str | None:
        """Write if the object is still the one with `etag`; None when it is not."""
        try:
            return self._put_if(key, body, IfMatch=etag)
        except NotFound:
            return None

    def delete(self, key: str, *, etag: str | None = None) -> bool:
        """Delete, with `etag` only if it is still that one; False when it is not."""
        condition = {"IfMatch": etag} if etag else {}
        try:
            self._client.call("DeleteObject", Bucket=self.bucket, Key=key, **condition)
        except NotFound:
            return False
        except AwsError as error:
            if error.call.aws_code == _PRECONDITION_FAILED:
                return False
            raise
        return True

    def keys(self, prefix: str) -> tuple[str, ...]:
        """All keys under `prefix`, sorted; none where there is no bucket."""
        try:
            listed = self._client.items(
                "ListObjectsV2", "Contents", Bucket=self.bucket, Prefix=prefix
            )
            return tuple(sorted(item["Key"] for item in listed))
        except NotFound:
            return ()

    def _put_if(self, key: str, body: bytes, **condition: str) -> str | None:
        """A conditional write; one that raced another one for the same key counts as refused."""
        try:
            return self._put(key, body, **condition)
        except Busy as error:
            if error.call.aws_code != "ConditionalRequestConflict":
                raise
        except AwsError as error:
            if error.call.aws_code != _PRECONDITION_FAILED:
                raise
        return None

    def _put(self, key: str, body: bytes, **condition: str) -> str:
        answer = self._client.call(
            "PutObject",
            Bucket=self.bucket,
            Key=key,
            Body=body,
            ContentType="application/json",
            **condition,
        )
        etag: str = answer["ETag"]
        return etag


def _age_seconds(answer: dict[str, Any]) -> float:
    """By the store's clock alone; 0 where it does not say, so that nothing seems abandoned."""
    moment = answered_at(answer)
    if moment is None:
        return 0.0
    age = moment - answer["LastModified"]
    return max(0.0, float(age.total_seconds()))


def _tls_only(bucket: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                # A denial of everything: "*" is the narrowest that covers future actions too.
                "Action": "s3:*",
                "Resource": [bucket_arn(bucket), f"{bucket_arn(bucket)}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def _lifecycle_rules() -> list[dict[str, Any]]:
    return [
        {
            "ID": "replaced-versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": NONCURRENT_DAYS},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        },
        {
            "ID": "journals",
            "Status": "Enabled",
            "Filter": {"Prefix": "journal/"},
            "Expiration": {"Days": JOURNAL_DAYS},
        },
    ]
