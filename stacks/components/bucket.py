"""An S3 bucket as every bucket of the platform is: private, encrypted, versioned, tidied up."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from stacks.components.encryption_key import EncryptionKey
from stacks.lifecycle import lifecycle_rules
from stacks.policies.resources import tls_only_bucket
from stacks.sites import Site
from videoctl.model.specification import BucketSpecification


@dataclass(frozen=True, kw_only=True)
class SecureBucketArgs:
    """A bucket.

    Attributes:
        site: where it is.
        component: what its tags call it, such as `raw`.
        bucket: the bucket's name.
        key: encrypts its objects.
        lifecycle: how long objects and their old versions are kept.

    """

    site: Site
    component: str
    bucket: str
    key: EncryptionKey
    lifecycle: BucketSpecification


class SecureBucket(pulumi.ComponentResource):
    """A bucket that is never emptied by the stack: `videoctl env destroy --delete-data` does that.

    Attributes:
        bucket: the bucket's name.
        name: the same, as known before anything exists.
        arn: the bucket's ARN.
        versioning: replication depends on it.

    """

    bucket: pulumi.Output[str]
    name: str
    arn: pulumi.Output[str]
    versioning: pulumi.Resource

    def __init__(
        self, name: str, args: SecureBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:s3:SecureBucket", name, None, opts)
        site = args.site
        bucket = s3.Bucket(
            f"{name}-bucket",
            region=site.region,
            bucket=args.bucket,
            force_destroy=False,
            tags=site.tags(args.component, args.bucket),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=site.refuses_deletion,
                # A destroy that stops at a bucket with objects must not have taken their key.
                depends_on=[args.key],
            ),
        )
        self.name = args.bucket
        self.bucket = bucket.bucket
        self.arn = bucket.arn
        self._close(name, args)
        self._encrypt(name, args)
        self._keep(name, args)
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})

    def _close(self, name: str, args: SecureBucketArgs) -> None:
        """No public access, no ACLs, no plain HTTP."""
        region = args.site.region
        options = pulumi.ResourceOptions(parent=self)
        block = s3.BucketPublicAccessBlock(
            f"{name}-public-access-block",
            region=region,
            bucket=self.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=options,
        )
        s3.BucketOwnershipControls(
            f"{name}-ownership",
            region=region,
            bucket=self.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=options,
        )
        s3.BucketPolicy(
            f"{name}-policy",
            region=region,
            bucket=self.bucket,
            policy=tls_only_bucket(args.bucket),
            # S3 refuses two changes of a bucket's access at the same time (OperationAborted).
            opts=pulumi.ResourceOptions(parent=self, depends_on=[block]),
        )

    def _encrypt(self, name: str, args: SecureBucketArgs) -> None:
        by_key = {"sse_algorithm": "aws:kms", "kms_master_key_id": args.key.arn}
        s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            region=args.site.region,
            bucket=self.bucket,
            rules=[{"apply_server_side_encryption_by_default": by_key, "bucket_key_enabled": True}],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _keep(self, name: str, args: SecureBucketArgs) -> None:
        versioning = s3.BucketVersioning(
            f"{name}-versioning",
            region=args.site.region,
            bucket=self.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=pulumi.ResourceOptions(parent=self),
        )
        s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            region=args.site.region,
            bucket=self.bucket,
            rules=lifecycle_rules(args.lifecycle),
            # Rules about noncurrent versions mean nothing before there are versions.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        self.versioning = versioning
