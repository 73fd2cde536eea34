"""Code packages in the artifacts bucket, named by what is in them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulumi
from pulumi_aws import s3

from stacks.components.bucket import SecureBucket
from stacks.sites import Site

_HASH_CHARACTERS: Final = 16


def content_key(prefix: str, package: Path) -> str:
    """The key of a package, such as `flink/agg-0123456789abcdef.zip`.

    Other content gives another key, so that what runs changes exactly when the code does.
    """
    digest = hashlib.sha256(package.read_bytes()).hexdigest()[:_HASH_CHARACTERS]
    return f"{prefix}-{digest}{package.suffix}"


@dataclass(frozen=True, kw_only=True)
class CodeObjectArgs:
    """A code package.

    Attributes:
        site: where the bucket is.
        bucket: the artifacts bucket.
        prefix: what the key begins with, such as `flink/agg`.
        package: the zip file on this machine.
        component: what its tags call it.

    """

    site: Site
    bucket: SecureBucket
    prefix: str
    package: Path
    component: str


class CodeObject(pulumi.ComponentResource):
    """One uploaded package.

    Attributes:
        key: the object's key, known before it is uploaded.
        uploaded_key: the same, known once the object is there.
        arn: the object's ARN, as policies name it.

    """

    key: str
    uploaded_key: pulumi.Output[str]
    arn: str

    def __init__(
        self, name: str, args: CodeObjectArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:s3:CodeObject", name, None, opts)
        self.key = content_key(args.prefix, args.package)
        self.arn = f"arn:aws:s3:::{args.bucket.name}/{self.key}"
        uploaded = s3.BucketObjectv2(
            f"{name}-package",
            region=args.site.region,
            bucket=args.bucket.bucket,
            key=self.key,
            source=pulumi.FileAsset(str(args.package)),
            content_type="application/zip",
            tags=args.site.tags(args.component, self.key),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.bucket]),
        )
        self.uploaded_key = uploaded.key
        self.register_outputs({"key": self.key})
