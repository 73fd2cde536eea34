"""Settings of a bucket that S3 keeps and hands out whole: put, got and removed in one call each."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Final

from sandbox.provider.failures import ProviderError
from sandbox.provider.framework import Context, Properties, ResourceType, resource
from sandbox.provider.mapping import (
    DOCUMENT,
    Codec,
    Field,
    Table,
    declared,
    rules_of,
    to_members,
    to_properties,
    with_defaults,
)

_REPLACE_ON: Final = ("bucket", "expectedBucketOwner")


class BucketSetting(ResourceType):
    """One setting, identified by its bucket (`bucket` or `bucket,account-id` on import)."""

    table: ClassVar[Table]

    @abstractmethod
    def put(self, s3: Any, bucket: str, members: dict[str, Any]) -> None:
        """Writes the setting."""

    @abstractmethod
    def get(self, s3: Any, bucket: str) -> dict[str, Any] | None:
        """The setting as S3 has it; None when there is none."""

    @abstractmethod
    def remove(self, s3: Any, bucket: str, outputs: Properties) -> None:
        """Takes the setting back."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Puts the setting; the id is the bucket's name."""
        self._apply(context, inputs)
        filled = with_defaults(self.table, inputs)
        return inputs["bucket"], {f.property: filled.get(f.property) for f in self.table}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The setting as it is now."""
        bucket = resource_id.split(",", maxsplit=1)[0]
        members = self.get(context.client("s3"), bucket)
        if members is None:
            return None
        current = with_defaults(self.table, to_properties(self.table, members))
        seen = {"bucket": bucket, **declared(self.table, current, inputs)}
        return seen, {**inputs, "bucket": bucket, **current}

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Puts the whole setting again."""
        del resource_id, old
        self._apply(context, new)
        filled = with_defaults(self.table, new)
        return {field.property: filled.get(field.property) for field in self.table}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the setting; the bucket stays."""
        s3, bucket = context.client("s3"), resource_id.split(",", maxsplit=1)[0]
        self.remove(s3, bucket, outputs)

    def _apply(self, context: Context, inputs: Properties) -> None:
        members = to_members(self.table, with_defaults(self.table, inputs))
        self.put(context.client("s3"), inputs["bucket"], members)


@resource("aws:s3/bucketVersioning:BucketVersioning", replace_on=_REPLACE_ON)
class BucketVersioning(BucketSetting):
    """Versioning; once enabled it can be suspended, never disabled."""

    table = (
        Field(
            "versioningConfiguration",
            "Configuration",
            fields=(
                Field("status", "Status"),
                Field("mfaDelete", "MFADelete", adopted=True),
            ),
        ),
    )

    def put(self, s3: Any, bucket: str, members: dict[str, Any]) -> None:
        """Disabled is the state of a bucket that was never versioned: nothing to send."""
        configuration = members["Configuration"]
        if configuration["Status"] == "Disabled":
            if s3.get_bucket_versioning(Bucket=bucket).get("Status"):
                raise ProviderError(
                    f"versioning_configuration.status of bucket {bucket} cannot be updated to "
                    "'Disabled': S3 can only suspend versioning once it was enabled"
                )
            return
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=configuration)

    def get(self, s3: Any, bucket: str) -> dict[str, Any] | None:
        """Every bucket has a versioning state."""
        answer = s3.get_bucket_versioning(Bucket=bucket)
        configuration = {"Status": answer.get("Status", "Disabled")}
        if "MFADelete" in answer:
            configuration["MFADelete"] = answer["MFADelete"]
        return {"Configuration": configuration}

    def remove(self, s3: Any, bucket: str, outputs: Properties) -> None:
        """Suspends versioning; a bucket that was never versioned is left alone."""
        if outputs["versioningConfiguration"]["status"] != "Disabled":
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


_PUBLIC_ACCESS_BLOCK: Final = (
    Field("blockPublicAcls", "BlockPublicAcls", default=False),
    Field("blockPublicPolicy", "BlockPublicPolicy", default=False),
    Field("ignorePublicAcls", "IgnorePublicAcls", default=False),
    Field("restrictPublicBuckets", "RestrictPublicBuckets", default=False),
)


@resource(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    replace_on=("bucket",),
    **rules_of(_PUBLIC_ACCESS_BLOCK),
)
class BucketPublicAccessBlock(BucketSetting):
    """The four switches against public access."""

    table = _PUBLIC_ACCESS_BLOCK

    def put(self, s3: Any, bucket: str, members: dict[str, Any]) -> None:
        """All four switches at once."""
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=members)

    def get(self, s3: Any, bucket: str) -> dict[str, Any] | None:
        """S3 answers NoSuchPublicAccessBlockConfiguration when there is none."""
        answer = s3.get_public_access_block(Bucket=bucket)
        return dict(answer["PublicAccessBlockConfiguration"])

    def remove(self, s3: Any, bucket: str, outputs: Properties) -> None:
        """Deletes the block, unless `skipDestroy` says to leave it."""
        if not outputs.get("skipDestroy"):
            s3.delete_public_access_block(Bucket=bucket)


@resource("aws:s3/bucketOwnershipControls:BucketOwnershipControls", replace_on=("bucket",))
class BucketOwnershipControls(BucketSetting):
    """Who owns uploaded objects."""

    table = (Field("rule", "Rule", fields=(Field("objectOwnership", "ObjectOwnership"),)),)

    def put(self, s3: Any, bucket: str, members: dict[str, Any]) -> None:
        """S3 takes exactly one rule."""
        s3.put_bucket_ownership_controls(
            Bucket=bucket, OwnershipControls={"Rules": [members["Rule"]]}
        )

    def get(self, s3: Any, bucket: str) -> dict[str, Any] | None:
        """S3 answers OwnershipControlsNotFoundError when there are none."""
        rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
        return {"Rule": rules[0]} if rules else None

    def remove(self, s3: Any, bucket: str, outputs: Properties) -> None:
        """Deletes the controls."""
        del outputs
        s3.delete_bucket_ownership_controls(Bucket=bucket)


_POLICY: Final = (Field("policy", "Policy", document=True, codec=DOCUMENT),)


@resource("aws:s3/bucketPolicy:BucketPolicy", replace_on=("bucket",), **rules_of(_POLICY))
class BucketPolicy(BucketSetting):
    """The bucket's resource policy."""

    table = _POLICY

    def put(self, s3: Any, bucket: str, members: dict[str, Any]) -> None:
        """Replaces the whole policy."""
        s3.put_bucket_policy(Bucket=bucket, Policy=members["Policy"])

    def get(self, s3: Any, bucket: str) -> dict[str, Any] | None:
        """S3 answers NoSuchBucketPolicy when there is none."""
        return {"Policy": s3.get_bucket_policy(Bucket=bucket)["Policy"]}

    def remove(self, s3: Any, bucket: str, outputs: Properties) -> None:
        """Deletes the policy."""
        del outputs
        s3.delete_bucket_policy(Bucket=bucket)


@resource(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    replace_on=_REPLACE_ON,
)
class BucketServerSideEncryptionConfiguration(BucketSetting):
    """Default encryption; without one S3 encrypts with its own keys (AES256)."""

    table = (
        Field(
            "rules",
            "Rules",
            many=True,
            fields=(
                Field(
                    "applyServerSideEncryptionByDefault",
                    "ApplyServerSideEncryptionByDefault",
                    fields=(
                        Field("sseAlgorithm", "SSEAlgorithm"),
                        Field("kmsMasterKeyId", "KMSMasterKeyID"),
                    ),
                ),
                Field("bucketKeyEnabled", "BucketKeyEnabled", default=False),
                Field(
                    "blockedEncryptionTypes",
                    "BlockedEncryptionTypes",
                    adopted=True,
                    codec=Codec(
                        lambda types: {"EncryptionType": types},
                        lambda blocked: blocked.get("EncryptionType", []),
                    ),
                ),
            ),
        ),
    )

    def put(self, s3: Any, bucket: str, members: dict[str, Any]) -> None:
        """Replaces the whole configuration."""
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=members)

    def get(self, s3: Any, bucket: str) -> dict[str, Any] | None:
        """Every bucket has a default encryption."""
        answer = s3.get_bucket_encryption(Bucket=bucket)
        return dict(answer["ServerSideEncryptionConfiguration"])

    def remove(self, s3: Any, bucket: str, outputs: Properties) -> None:
        """Goes back to S3's own encryption."""
        del outputs
        s3.delete_bucket_encryption(Bucket=bucket)
