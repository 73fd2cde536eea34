"""Amazon S3: buckets, and what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from videoctl.aws.errors import AwsError, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from videoctl.aws.client import AwsClient

DELETE_BATCH: Final = 1000
"""Most keys one DeleteObjects takes."""


@dataclass(frozen=True, kw_only=True)
class S3Object:
    """One object of a listing."""

    key: str
    size_bytes: int
    last_modified: datetime


class S3Gateway:
    """S3 of one region."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def bucket_exists(self, bucket: str) -> bool:
        """Whether the bucket exists, in whatever account it is ours to see."""
        try:
            self._client.call("HeadBucket", Bucket=bucket)
        except NotFound:
            return False
        return True

    def has_objects(self, bucket: str) -> bool:
        """Whether the bucket holds any version of any object, or a delete marker."""
        answer = self._client.call("ListObjectVersions", Bucket=bucket, MaxKeys=1)
        return bool(answer.get("Versions") or answer.get("DeleteMarkers"))

    def objects(self, bucket: str, prefix: str = "") -> Iterator[S3Object]:
        """Current objects under `prefix`, by key."""
        for item in self._client.items("ListObjectsV2", "Contents", Bucket=bucket, Prefix=prefix):
            yield S3Object(
                key=item["Key"], size_bytes=item["Size"], last_modified=item["LastModified"]
            )

    def count(self, bucket: str, prefix: str = "") -> int:
        """How many current objects are under `prefix`."""
        return sum(
            page.get("KeyCount", 0)
            for page in self._client.pages("ListObjectsV2", Bucket=bucket, Prefix=prefix)
        )

    def head(self, bucket: str, key: str) -> dict[str, Any] | None:
        """The object's metadata, as HeadObject gives it; None when there is no such object."""
        try:
            return self._client.call("HeadObject", Bucket=bucket, Key=key)
        except NotFound:
            return None

    def read(self, bucket: str, key: str) -> bytes | None:
        """The object's bytes; None when there is no such object."""
        try:
            answer = self._client.call("GetObject", Bucket=bucket, Key=key)
        except NotFound:
            return None
        body: bytes = answer["Body"].read()
        return body

    def empty(self, bucket: str, on_deleted: Callable[[int], None]) -> int:
        """Delete every version and delete marker; how many there were.

        Args:
            bucket: the bucket; one that does not exist is empty.
            on_deleted: told the running total after each batch.

        Raises:
            AwsError: some could not be deleted; the message names the first and how many.

        """
        total = 0
        while True:
            # From the start each time: what arrives meanwhile sorts anywhere.
            try:
                page = self._client.call("ListObjectVersions", Bucket=bucket, MaxKeys=DELETE_BATCH)
            except NotFound:
                return total
            versions = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            if not versions:
                return total
            self._delete(bucket, versions)
            total += len(versions)
            on_deleted(total)

    def _delete(self, bucket: str, versions: list[dict[str, Any]]) -> None:
        answer = self._client.call(
            "DeleteObjects",
            Bucket=bucket,
            Delete={
                "Quiet": True,
                "Objects": [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in versions],
            },
        )
        errors = answer.get("Errors", ())
        if errors:
            first = errors[0]
            raise AwsError(
                f"s3:DeleteObjects: {len(errors)} versions in {bucket} were not deleted, the"
                f" first is {first.get('Key')}: {first.get('Message')} ({first.get('Code')})",
                hint="look for object locks or a bucket policy that denies deleting",
            )
