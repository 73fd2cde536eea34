"""Container image repositories."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi_aws import ecr

from stacks.sites import Site

UNTAGGED_EXPIRE_DAYS: Final = 14
IMAGES_KEPT: Final = 30


@dataclass(frozen=True, kw_only=True)
class ContainerRepositoryArgs:
    """A repository.

    Attributes:
        site: where it is.
        image: what it holds, such as `http-handler`.
        key_arn: the key that encrypts its images.

    """

    site: Site
    image: str
    key_arn: pulumi.Input[str]


class ContainerRepository(pulumi.ComponentResource):
    """Counterpart of the `ecr` Terraform module.

    Scanned on push, encrypted, old images tidied away.

    Attributes:
        repository_url: what an image URI begins with.

    """

    repository_url: pulumi.Output[str]

    def __init__(
        self, name: str, args: ContainerRepositoryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:ecr:ContainerRepository", name, None, opts)
        site = args.site
        repository_name = site.names.repository(args.image)
        options = pulumi.ResourceOptions(parent=self)
        repository = ecr.Repository(
            f"{name}-repository",
            region=site.region,
            name=repository_name,
            # Tasks run `latest` unless the configuration names an image: the tag must move.
            image_tag_mutability="MUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.key_arn}],
            force_delete=not site.refuses_deletion,
            tags=site.tags("ecr", repository_name),
            opts=options,
        )
        ecr.LifecyclePolicy(
            f"{name}-lifecycle",
            region=site.region,
            repository=repository.name,
            policy=lifecycle_policy(),
            opts=options,
        )
        self.repository_url = repository.repository_url
        self.register_outputs({"repository_url": self.repository_url})


def lifecycle_policy() -> str:
    """Untagged images go after two weeks, and the oldest when there are too many."""
    untagged = {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": UNTAGGED_EXPIRE_DAYS,
    }
    too_many = {
        "tagStatus": "any",
        "countType": "imageCountMoreThan",
        "countNumber": IMAGES_KEPT,
    }
    rules: list[dict[str, Any]] = [
        {"rulePriority": 1, "selection": untagged, "action": {"type": "expire"}},
        {"rulePriority": 2, "selection": too_many, "action": {"type": "expire"}},
    ]
    return json.dumps({"rules": rules}, sort_keys=True)
