"""S3 lifecycle rules from a bucket's specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from videoctl.model.specification import BucketSpecification

ABORT_MULTIPART_AFTER_DAYS: Final = 7


def lifecycle_rules(specification: BucketSpecification) -> list[dict[str, Any]]:
    """The rules of one bucket: storage class, expiry, old versions, unfinished uploads.

    Each rule applies to the whole bucket (empty prefix).
    """
    everything = {"status": "Enabled", "filter": {"prefix": ""}}
    rules: list[dict[str, Any]] = [
        {
            "id": "abort-incomplete-multipart-uploads",
            **everything,
            "abort_incomplete_multipart_upload": {
                "days_after_initiation": ABORT_MULTIPART_AFTER_DAYS
            },
        },
        {
            "id": "expire-noncurrent-versions",
            **everything,
            "noncurrent_version_expiration": {
                "noncurrent_days": specification.noncurrent_expire_after_days
            },
        },
    ]
    if specification.infrequent_access_after_days is not None:
        transition = {
            "days": specification.infrequent_access_after_days,
            "storage_class": "STANDARD_IA",
        }
        rules.append({"id": "infrequent-access", **everything, "transitions": [transition]})
    if specification.expire_after_days is not None:
        expiration = {"days": specification.expire_after_days}
        rules.append({"id": "expire", **everything, "expiration": expiration})
    return rules
