"""Where Managed Flink finds its code."""

from __future__ import annotations

from typing import ClassVar

from stacks.components.artifact_bucket import ArtifactBucket


class FlinkArtifactBucket(ArtifactBucket):
    """Counterpart of the `s3-kda` Terraform module.

    Packages under `flink/`.
    """

    TYPE_NAME: ClassVar[str] = "videoctl:s3:FlinkArtifactBucket"
    PREFIX: ClassVar[str] = "flink/"
    COMPONENT: ClassVar[str] = "flink-code"
