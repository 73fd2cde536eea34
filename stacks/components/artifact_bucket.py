"""One service's share of a region's artifacts bucket."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pulumi

from stacks.components.bucket import SecureBucket
from stacks.components.code_object import CodeObject, CodeObjectArgs
from stacks.sites import Site


@dataclass(frozen=True, kw_only=True)
class ArtifactBucketArgs:
    """A share of the artifacts bucket.

    Attributes:
        site: where it is.
        bucket: the artifacts bucket.
        owner: the name of what runs the package, part of the key.
        package: the zip on this machine.

    """

    site: Site
    bucket: SecureBucket
    owner: str
    package: Path


class ArtifactBucket(pulumi.ComponentResource):
    """The artifacts bucket as a service's CI/CD sees it: one prefix, one key a content.

    What runs is told by its name, and the same package put back has the same key.

    Attributes:
        TYPE_NAME: the component's type.
        PREFIX: what its keys begin with, such as `flink/`.
        COMPONENT: what its tags call the package.
        bucket: the artifacts bucket.
        code: the package.

    """

    TYPE_NAME: ClassVar[str]
    PREFIX: ClassVar[str]
    COMPONENT: ClassVar[str]

    bucket: SecureBucket
    code: CodeObject

    def __init__(
        self, name: str, args: ArtifactBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.TYPE_NAME, name, None, opts)
        self.bucket = args.bucket
        code_args = CodeObjectArgs(
            site=args.site,
            bucket=args.bucket,
            prefix=f"{self.PREFIX}{args.owner}",
            package=args.package,
            component=self.COMPONENT,
        )
        self.code = CodeObject(f"{name}-code", code_args, pulumi.ResourceOptions(parent=self))
        self.register_outputs({"bucket": self.bucket.bucket, "code_key": self.code.key})
