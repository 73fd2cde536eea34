"""Samples of ECR resources."""

from __future__ import annotations

import json

from tests.sandbox.provider.samples import Properties, Sample, World, unique

REPOSITORY = "aws:ecr/repository:Repository"


def keep(count: int) -> str:
    """A policy that keeps the last images."""
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count}
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
    return json.dumps({"rules": [rule]})


def _policy(world: World) -> Properties:
    repository = world.make(REPOSITORY, {"name": unique("repository")})
    return {"repository": repository["name"], "policy": keep(10)}


SAMPLES = [
    Sample(
        REPOSITORY,
        lambda _: {
            "name": unique("repository"),
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [{"encryptionType": "AES256"}],
            "forceDelete": True,
            "tags": {"Name": "repository"},
        },
        changes={
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration": {"scanOnPush": False},
            "tags": {"Name": "changed"},
        },
        replacements={"name": "another", "encryptionConfigurations": [{"encryptionType": "KMS"}]},
        absent=frozenset({"imageTagMutabilityExclusionFilters"}),
        not_imported=frozenset({"forceDelete"}),
    ),
    Sample(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        _policy,
        changes={"policy": keep(20)},
        replacements={"repository": "another"},
    ),
]
