"""Where Managed Flink finds its code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulumi

from stacks.components.bucket import SecureBucket
from stacks.components.code_object import CodeObject, CodeObjectArgs
from stacks.sites import Site

FLINK_PREFIX: Final = "flink/"


@dataclass(frozen=True, kw_only=True)
class FlinkArtifactBucketArgs:
    """The Flink share of a region's artifacts bucket.

    Attributes:
        site: where it is.
        bucket: the artifacts bucket.
        application: the application's name, part of the key.
        package: the application's zip on this machine.

    """

    site: Site
    bucket: SecureBucket
    application: str
    package: Path


class FlinkArtifactBucket(pulumi.ComponentResource):
    """Counterpart of the `s3-kda` Terraform module.

    The artifacts bucket as Flink's CI/CD sees it: packages under `flink/`, one key a content. What
    runs is told by its name, and the same package put back has the same key.

    Attributes:
        bucket: the artifacts bucket.
        code: the application's package.

    """

    bucket: SecureBucket
    code: CodeObject

    def __init__(
        self, name: str, args: FlinkArtifactBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:s3:FlinkArtifactBucket", name, None, opts)
        self.bucket = args.bucket
        self.code = CodeObject(
            f"{name}-code",
            CodeObjectArgs(
                site=args.site,
                bucket=args.bucket,
                prefix=f"{FLINK_PREFIX}{args.application}",
                package=args.package,
                component="flink-code",
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"bucket": self.bucket.bucket, "code_key": self.code.key})
