"""ECR: repositories and their lifecycle policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.framework import (
    ResourceType,
    changed,
    key_value_tags,
    resource,
    tag_changes,
    tags_from_pairs,
)
from sandbox.provider.mapping import Field, to_members, to_properties

if TYPE_CHECKING:
    from sandbox.provider.framework import Context, Properties

_ENCRYPTION: Final = (Field("encryptionType", "encryptionType"), Field("kmsKey", "kmsKey"))
_SCANNING: Final = (Field("scanOnPush", "scanOnPush"),)


@resource(
    "aws:ecr/repository:Repository",
    replace_on=("name", "encryptionConfigurations"),
    named="name",
    defaults={"imageTagMutability": "MUTABLE"},
    supports=(
        "name",
        "encryptionConfigurations",
        "forceDelete",
        "imageScanningConfiguration",
        "imageTagMutability",
    ),
)
class Repository(ResourceType):
    """An image repository. Deleted with its images only where `forceDelete` is set."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the repository with all it has."""
        optional: dict[str, Any] = {}
        if inputs.get("encryptionConfigurations"):
            encryption = to_members(_ENCRYPTION, inputs["encryptionConfigurations"][0])
            optional["encryptionConfiguration"] = encryption
        if inputs.get("imageScanningConfiguration"):
            scanning = to_members(_SCANNING, inputs["imageScanningConfiguration"])
            optional["imageScanningConfiguration"] = scanning
        if inputs.get("tagsAll"):
            optional["tags"] = key_value_tags(inputs["tagsAll"])
        repository = context.client("ecr").create_repository(
            repositoryName=inputs["name"],
            imageTagMutability=inputs["imageTagMutability"],
            **optional,
        )["repository"]
        return inputs["name"], self._outputs(repository)

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The repository and its tags."""
        del inputs
        ecr = context.client("ecr")
        found = ecr.describe_repositories(repositoryNames=[resource_id])["repositories"]
        if not found:
            return None
        outputs = self._outputs(found[0])
        tags = ecr.list_tags_for_resource(resourceArn=outputs["arn"])["tags"]
        outputs["tags"] = tags_from_pairs(tags)
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Mutability, scanning and tags."""
        ecr = context.client("ecr")
        if changed(old, new, "imageTagMutability"):
            ecr.put_image_tag_mutability(
                repositoryName=resource_id, imageTagMutability=new["imageTagMutability"]
            )
        if changed(old, new, "imageScanningConfiguration"):
            scanning = new.get("imageScanningConfiguration") or {"scanOnPush": False}
            ecr.put_image_scanning_configuration(
                repositoryName=resource_id,
                imageScanningConfiguration=to_members(_SCANNING, scanning),
            )
        arn = context.arn("ecr", f"repository/{resource_id}")
        set_tags, removed = tag_changes(old, new)
        if removed:
            ecr.untag_resource(resourceArn=arn, tagKeys=removed)
        if set_tags:
            ecr.tag_resource(resourceArn=arn, tags=key_value_tags(set_tags))
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the repository; ECR refuses one with images unless forced."""
        context.client("ecr").delete_repository(
            repositoryName=resource_id, force=bool(outputs.get("forceDelete"))
        )

    def _outputs(self, repository: dict[str, Any]) -> Properties:
        encryption = repository.get("encryptionConfiguration") or {"encryptionType": "AES256"}
        return {
            "arn": repository["repositoryArn"],
            "name": repository["repositoryName"],
            "registryId": repository["registryId"],
            "repositoryUrl": repository["repositoryUri"],
            "imageTagMutability": repository.get("imageTagMutability", "MUTABLE"),
            "imageScanningConfiguration": to_properties(
                _SCANNING, repository.get("imageScanningConfiguration") or {"scanOnPush": False}
            ),
            "encryptionConfigurations": [to_properties(_ENCRYPTION, encryption)],
        }


@resource(
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    replace_on=("repository",),
    documents=("policy",),
    delete_first=True,
)
class LifecyclePolicy(ResourceType):
    """Which images a repository forgets. One a repository."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Puts the policy."""
        answer = context.client("ecr").put_lifecycle_policy(
            repositoryName=inputs["repository"], lifecyclePolicyText=inputs["policy"]
        )
        return inputs["repository"], {"registryId": answer["registryId"]}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The policy's text."""
        del inputs
        answer = context.client("ecr").get_lifecycle_policy(repositoryName=resource_id)
        outputs = {
            "repository": answer["repositoryName"],
            "policy": answer["lifecyclePolicyText"],
            "registryId": answer["registryId"],
        }
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Puts the new policy."""
        del old
        context.client("ecr").put_lifecycle_policy(
            repositoryName=resource_id, lifecyclePolicyText=new["policy"]
        )
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the policy."""
        del outputs
        context.client("ecr").delete_lifecycle_policy(repositoryName=resource_id)
