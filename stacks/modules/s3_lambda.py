"""Where Lambda finds its code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulumi

from stacks.components.bucket import SecureBucket
from stacks.components.code_object import CodeObject, CodeObjectArgs
from stacks.sites import Site

LAMBDA_PREFIX: Final = "lambda/"


@dataclass(frozen=True, kw_only=True)
class LambdaArtifactBucketArgs:
    """The Lambda share of a region's artifacts bucket.

    Attributes:
        site: where it is.
        bucket: the artifacts bucket.
        function: the function's name, part of the key.
        package: the function's zip on this machine.

    """

    site: Site
    bucket: SecureBucket
    function: str
    package: Path


class LambdaArtifactBucket(pulumi.ComponentResource):
    """Counterpart of the `s3-lambda` Terraform module.

    The artifacts bucket as Lambda's CI/CD sees it: packages under `lambda/`, one key a content.
    What runs is told by its name, and the same package put back has the same key.

    Attributes:
        bucket: the artifacts bucket.
        code: the function's package.

    """

    bucket: SecureBucket
    code: CodeObject

    def __init__(
        self, name: str, args: LambdaArtifactBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:s3:LambdaArtifactBucket", name, None, opts)
        self.bucket = args.bucket
        self.code = CodeObject(
            f"{name}-code",
            CodeObjectArgs(
                site=args.site,
                bucket=args.bucket,
                prefix=f"{LAMBDA_PREFIX}{args.function}",
                package=args.package,
                component="lambda-code",
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"bucket": self.bucket.bucket, "code_key": self.code.key})
