"""The bucket itself; everything said about a bucket is a resource of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from sandbox.provider.framework import Context, Properties, ResourceType, changed, resource
from sandbox.provider.mapping import TAGS

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOME_REGION: Final = "us-east-1"
_HOSTED_ZONE_IDS: Final = {"us-east-1": "Z3AQBSTGFJSTF", "us-west-2": "Z3BJ6K6RIION7M"}
_DEFAULT_ENCRYPTION: Final = {
    "rule": {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"},
        "bucketKeyEnabled": False,
    }
}


@resource(
    "aws:s3/bucket:Bucket",
    replace_on=("bucket", "bucketPrefix", "objectLockEnabled"),
    named="bucket",
    defaults={"forceDestroy": False, "objectLockEnabled": False},
    # The blocks of the bucket's settings are deprecated: each has a resource of its own.
    supports=("bucket", "forceDestroy", "objectLockEnabled"),
)
class Bucket(ResourceType):
    """A general purpose bucket. Emptied before its deletion only where `forceDestroy` is set."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Creates with tags in one call."""
        s3, bucket = context.client("s3"), inputs["bucket"]
        if context.region == _HOME_REGION:
            _refuse_existing(s3, bucket)  # there alone S3 answers 200 for a bucket of one's own
        s3.create_bucket(
            Bucket=bucket,
            ObjectLockEnabledForBucket=bool(inputs.get("objectLockEnabled")),
            **_configuration(context.region, inputs.get("tagsAll") or {}),
        )
        return bucket, _outputs(bucket, context.region, {}, _DEFAULT_ENCRYPTION)

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """Region, tags, versioning and encryption as they are now."""
        s3 = context.client("s3")
        region = s3.head_bucket(Bucket=resource_id)["BucketRegion"]
        versioning = s3.get_bucket_versioning(Bucket=resource_id)
        outputs = _outputs(resource_id, region, versioning, _encryption(s3, resource_id))
        lock = bool(inputs.get("objectLockEnabled"))
        if not inputs:
            lock = _has_object_lock(s3, resource_id)
        outputs["objectLockEnabled"] = lock
        outputs["forceDestroy"] = inputs.get("forceDestroy")
        outputs["tags"] = _tags(s3, resource_id)
        return {"bucket": resource_id, "objectLockEnabled": lock}, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Tags; `forceDestroy` lives in the state alone."""
        if changed(old, new, "tagsAll"):
            s3, tags = context.client("s3"), new.get("tagsAll") or {}
            if tags:
                s3.put_bucket_tagging(Bucket=resource_id, Tagging={"TagSet": TAGS.encode(tags)})
            else:
                s3.delete_bucket_tagging(Bucket=resource_id)
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Deletes the bucket; S3 refuses one that still holds objects, versions or markers."""
        s3 = context.client("s3")
        if outputs.get("forceDestroy"):
            for entries in _version_pages(s3, resource_id):
                answer = s3.delete_objects(
                    Bucket=resource_id, Delete={"Objects": entries, "Quiet": True}
                )
                if answer.get("Errors"):
                    raise ClientError({"Error": answer["Errors"][0]}, "DeleteObjects")
        s3.delete_bucket(Bucket=resource_id)


def _refuse_existing(s3: Any, bucket: str) -> None:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] == "404":  # a HEAD has no body to name the error
            return
        raise
    raise ClientError(
        {
            "Error": {
                "Code": "BucketAlreadyExists",
                "Message": "The requested bucket name is not available.",
            },
            "ResponseMetadata": {"HTTPStatusCode": 409},
        },
        "CreateBucket",
    )


def _configuration(region: str, tags: dict[str, str]) -> dict[str, Any]:
    configuration: dict[str, Any] = {"Tags": TAGS.encode(tags)} if tags else {}
    if region != _HOME_REGION:
        configuration["LocationConstraint"] = region
    return {"CreateBucketConfiguration": configuration} if configuration else {}


def _outputs(
    bucket: str, region: str, versioning: Properties, encryption: Properties
) -> Properties:
    return {
        "bucket": bucket,
        "arn": f"arn:aws:s3:::{bucket}",
        "accelerationStatus": "",
        "acl": "private",
        "bucketDomainName": f"{bucket}.s3.amazonaws.com",
        "bucketNamespace": "global",
        "bucketPrefix": "",
        "bucketRegion": region,
        "bucketRegionalDomainName": f"{bucket}.s3.{region}.amazonaws.com",
        "corsRules": [],
        "grants": [],  # a new bucket has its ACLs disabled (BucketOwnerEnforced)
        "hostedZoneId": _HOSTED_ZONE_IDS.get(region, ""),
        "lifecycleRules": [],
        "policy": "",
        "requestPayer": "BucketOwner",
        "serverSideEncryptionConfiguration": encryption,
        "versioning": {
            "enabled": versioning.get("Status") == "Enabled",
            "mfaDelete": versioning.get("MFADelete") == "Enabled",
        },
        "websiteDomain": "",
        "websiteEndpoint": "",
    }


def _encryption(s3: Any, bucket: str) -> Properties:
    answer = s3.get_bucket_encryption(Bucket=bucket)
    rule = answer["ServerSideEncryptionConfiguration"]["Rules"][0]
    default = rule["ApplyServerSideEncryptionByDefault"]
    by_default = {"sseAlgorithm": default["SSEAlgorithm"]}
    if "KMSMasterKeyID" in default:
        by_default["kmsMasterKeyId"] = default["KMSMasterKeyID"]
    return {
        "rule": {
            "applyServerSideEncryptionByDefault": by_default,
            "bucketKeyEnabled": rule.get("BucketKeyEnabled", False),
        }
    }


def _tags(s3: Any, bucket: str) -> dict[str, str]:
    try:
        return dict(TAGS.decode(s3.get_bucket_tagging(Bucket=bucket)["TagSet"]))
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchTagSet":
            return {}
        raise


def _has_object_lock(s3: Any, bucket: str) -> bool:
    try:
        s3.get_object_lock_configuration(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ObjectLockConfigurationNotFoundError":
            return False
        raise
    return True


def _version_pages(s3: Any, bucket: str) -> Iterator[list[dict[str, str]]]:
    """Every version and delete marker, in lists that one DeleteObjects takes."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        if entries:
            yield [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
