"""Where Lambda finds its code."""

from __future__ import annotations

from typing import ClassVar

from stacks.components.artifact_bucket import ArtifactBucket


class LambdaArtifactBucket(ArtifactBucket):
    """Counterpart of the `s3-lambda` Terraform module.

    Packages under `lambda/`.
    """

    TYPE_NAME: ClassVar[str] = "videoctl:s3:LambdaArtifactBucket"
    PREFIX: ClassVar[str] = "lambda/"
    COMPONENT: ClassVar[str] = "lambda-code"
