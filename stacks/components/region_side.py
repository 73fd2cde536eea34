"""One side of an environment: a region's key and buckets, and everything that fills them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pulumi

from stacks.components.encryption_key import EncryptionKey, EncryptionKeyArgs
from stacks.components.region_buckets import RegionBuckets, RegionBucketsArgs
from stacks.containers import ingest_images
from stacks.modules.video_detail import VideoDetail, VideoDetailArgs
from stacks.sites import Site
from videoctl.model.names import BucketKind, Names
from videoctl.model.regions import Region
from videoctl.model.specification import EnvironmentSpecification

if TYPE_CHECKING:
    from stacks.components.bucket import SecureBucket

EAST_SIDE_TYPES: Final = (
    "videoctl:video:VideoDestination",
    "videoctl:video:DatamartDestinationEastOnly",
    "videoctl:video:SlowProdDestinationEastOnly",
)
"""The types the us-east-1 side has in one environment or another."""


def other_types(types: tuple[str, ...], mine: str) -> list[pulumi.Alias]:
    """What a component may have been before its environment changed its kind or its regions.

    With these aliases such a change keeps every resource instead of replacing it.
    """
    return [pulumi.Alias(type_=other) for other in types if other != mine and mine in types]


@dataclass(frozen=True, kw_only=True)
class EnvironmentArgs:
    """An environment, before it is known which region is meant.

    Attributes:
        specification: what it is like.
        names: its names and tags.
        certificate_arns: ACM certificate by region; empty: HTTP.
        images: image URIs that replace the environment's own repositories.
        artifacts: zips on this machine, by name.
        lifts_protection: on its way out: nothing refuses to be deleted.

    """

    specification: EnvironmentSpecification
    names: Names
    certificate_arns: Mapping[Region, str]
    images: Mapping[str, str]
    artifacts: Mapping[str, Path]
    lifts_protection: bool = False

    @property
    def is_tls(self) -> bool:
        """Whether players speak HTTPS."""
        return bool(self.certificate_arns)

    def site(self, region: Region) -> Site:
        """One region of the environment."""
        return Site(
            names=self.names,
            region=region,
            protected=self.specification.protected,
            lifts_protection=self.lifts_protection,
        )


class RegionSide(pulumi.ComponentResource):
    """Key, buckets and detail of one region.

    Attributes:
        site: where it is.
        key_arn: the region's key.
        buckets: its five buckets, by kind.
        detail: the rest.

    """

    site: Site
    key_arn: pulumi.Output[str]
    buckets: dict[BucketKind, SecureBucket]
    detail: VideoDetail

    def __init__(
        self,
        type_token: str,
        name: str,
        args: EnvironmentArgs,
        *,
        region: Region,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        aliases = pulumi.ResourceOptions(aliases=other_types(EAST_SIDE_TYPES, type_token))
        super().__init__(type_token, name, None, pulumi.ResourceOptions.merge(opts, aliases))
        self.site = args.site(region)
        options = pulumi.ResourceOptions(parent=self)
        key = EncryptionKey(f"{name}-kms", EncryptionKeyArgs(site=self.site), options)
        self.key_arn = key.arn
        buckets_args = RegionBucketsArgs(
            site=self.site,
            buckets=args.specification.buckets,
            features=args.specification.features,
            key=key,
        )
        self.buckets = RegionBuckets(f"{name}-buckets", buckets_args, options).by_kind
        detail_args = VideoDetailArgs(
            site=self.site,
            specification=args.specification,
            key_arn=key.arn,
            buckets=self.buckets,
            certificate_arn=args.certificate_arns.get(region),
            images={**ingest_images(self.site), **args.images},
            artifacts=args.artifacts,
        )
        self.detail = VideoDetail(name, detail_args, options)
        self.register_outputs({"key_arn": self.key_arn})
