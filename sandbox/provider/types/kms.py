"""KMS: keys and aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.failures import ProviderError
from sandbox.provider.framework import (
    ResourceType,
    changed,
    key_value_tags,
    resource,
    tag_changes,
    tags_from_pairs,
)

if TYPE_CHECKING:
    from sandbox.provider.framework import Context, Properties

_DEFAULT_POLICY: Final = "default"
_LONGEST_WINDOW_DAYS: Final = 30
_DEFAULT_ROTATION_DAYS: Final = 365
_GOING: Final = ("PendingDeletion", "PendingReplicaDeletion")


@resource(
    "aws:kms/key:Key",
    replace_on=("customerMasterKeySpec", "keyUsage", "multiRegion", "customKeyStoreId", "xksKeyId"),
    defaults={
        "bypassPolicyLockoutSafetyCheck": False,
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "enableKeyRotation": False,
        "isEnabled": True,
        "keyUsage": "ENCRYPT_DECRYPT",
    },
    documents=("policy",),
    adopted=("policy", "description", "multiRegion", "rotationPeriodInDays"),
    supports=(
        "bypassPolicyLockoutSafetyCheck",
        "customerMasterKeySpec",
        "deletionWindowInDays",
        "description",
        "enableKeyRotation",
        "isEnabled",
        "keyUsage",
        "multiRegion",
        "policy",
        "rotationPeriodInDays",
    ),
)
class Key(ResourceType):
    """A key with its policy and rotation. Its deletion is scheduled, as KMS demands."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the key, then turns rotation on and the key off where asked."""
        kms = context.client("kms")
        optional: dict[str, Any] = {
            member: inputs[name]
            for name, member in (
                ("description", "Description"),
                ("policy", "Policy"),
                ("multiRegion", "MultiRegion"),
            )
            if inputs.get(name)
        }
        if inputs.get("tagsAll"):
            optional["Tags"] = key_value_tags(inputs["tagsAll"], "TagKey", "TagValue")
        metadata = context.retry(
            lambda: kms.create_key(
                KeySpec=inputs["customerMasterKeySpec"],
                KeyUsage=inputs["keyUsage"],
                BypassPolicyLockoutSafetyCheck=inputs["bypassPolicyLockoutSafetyCheck"],
                **optional,
            ),
            # A role that the policy names may not be known to KMS yet.
            on=("MalformedPolicyDocumentException",) if inputs.get("policy") else (),
            timeout_seconds=30,
        )["KeyMetadata"]
        key_id, outputs = metadata["KeyId"], _key_outputs(metadata)
        context.made(key_id, outputs)
        if inputs["enableKeyRotation"]:
            self._set_rotation(context, key_id, inputs)
        if not inputs["isEnabled"]:
            kms.disable_key(KeyId=key_id)
        if not inputs.get("policy"):
            outputs["policy"] = self._policy(context, key_id)
        return key_id, outputs | self._rotation(inputs)

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The key; one that waits for its deletion counts as gone."""
        del inputs
        kms = context.client("kms")
        metadata = kms.describe_key(KeyId=resource_id)["KeyMetadata"]
        if metadata["KeyState"] in _GOING:
            return None
        pages = kms.get_paginator("list_resource_tags").paginate(KeyId=resource_id)
        tags = [tag for page in pages for tag in page["Tags"]]
        outputs = {
            **_key_outputs(metadata),
            "isEnabled": metadata["Enabled"],
            "policy": self._policy(context, resource_id),
            "tags": tags_from_pairs(tags, "TagKey", "TagValue"),
        }
        if metadata.get("KeySpec", "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT":
            status = kms.get_key_rotation_status(KeyId=resource_id)
            outputs["enableKeyRotation"] = status["KeyRotationEnabled"]
            outputs["rotationPeriodInDays"] = status.get("RotationPeriodInDays")
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Description, policy, rotation, whether it is enabled, tags."""
        kms = context.client("kms")
        if new["isEnabled"] and changed(old, new, "isEnabled"):
            kms.enable_key(KeyId=resource_id)  # first: a disabled key takes no other change
        if changed(old, new, "description"):
            description = new.get("description", "")
            kms.update_key_description(KeyId=resource_id, Description=description)
        if new.get("policy") and changed(old, new, "policy"):
            kms.put_key_policy(
                KeyId=resource_id,
                PolicyName=_DEFAULT_POLICY,
                Policy=new["policy"],
                BypassPolicyLockoutSafetyCheck=new["bypassPolicyLockoutSafetyCheck"],
            )
        if changed(old, new, "enableKeyRotation", "rotationPeriodInDays"):
            self._set_rotation(context, resource_id, new)
        if not new["isEnabled"] and changed(old, new, "isEnabled"):
            kms.disable_key(KeyId=resource_id)
        set_tags, removed = tag_changes(old, new)
        if removed:
            kms.untag_resource(KeyId=resource_id, TagKeys=removed)
        if set_tags:
            tags = key_value_tags(set_tags, "TagKey", "TagValue")
            kms.tag_resource(KeyId=resource_id, Tags=tags)
        return self._rotation(new)

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Schedules the deletion."""
        window = outputs.get("deletionWindowInDays") or _LONGEST_WINDOW_DAYS
        kms = context.client("kms")
        state = kms.describe_key(KeyId=resource_id)["KeyMetadata"]["KeyState"]
        if state not in _GOING:
            kms.schedule_key_deletion(KeyId=resource_id, PendingWindowInDays=window)

    def _set_rotation(self, context: Context, key_id: str, inputs: Properties) -> None:
        kms = context.client("kms")
        if inputs.get("enableKeyRotation"):
            period = inputs.get("rotationPeriodInDays")
            days = {"RotationPeriodInDays": period} if period else {}
            kms.enable_key_rotation(KeyId=key_id, **days)
        else:
            kms.disable_key_rotation(KeyId=key_id)

    def _rotation(self, inputs: Properties) -> Properties:
        period = inputs.get("rotationPeriodInDays")
        on = inputs.get("enableKeyRotation")
        return {"rotationPeriodInDays": (period or _DEFAULT_ROTATION_DAYS) if on else None}

    def _policy(self, context: Context, key_id: str) -> str:
        answer = context.client("kms").get_key_policy(KeyId=key_id, PolicyName=_DEFAULT_POLICY)
        return str(answer["Policy"])


def _key_outputs(metadata: dict[str, Any]) -> Properties:
    return {
        "arn": metadata["Arn"],
        "keyId": metadata["KeyId"],
        "description": metadata.get("Description", ""),
        "keyUsage": metadata.get("KeyUsage", "ENCRYPT_DECRYPT"),
        "customerMasterKeySpec": metadata.get("KeySpec", "SYMMETRIC_DEFAULT"),
        "multiRegion": metadata.get("MultiRegion", False),
    }


@resource("aws:kms/alias:Alias", replace_on=("name", "namePrefix"), named="name")
class Alias(ResourceType):
    """A name for a key, which may be turned to another key."""

    def validate(self, inputs: Properties) -> list[tuple[str, str]]:
        """Names begin with "alias/", and "alias/aws/" is AWS's own."""
        name = inputs.get("name")
        if isinstance(name, str) and not name.startswith("alias/"):
            return [("name", 'name must begin with "alias/"')]
        return []

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the alias; asks for the key's ARN where the program gives its id."""
        name = inputs["name"]
        context.client("kms").create_alias(AliasName=name, TargetKeyId=inputs["targetKeyId"])
        return name, self._outputs(context, name, _key_id(inputs["targetKeyId"]))

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The alias and the key it stands for."""
        pages = context.client("kms").get_paginator("list_aliases").paginate()
        aliases = (alias for page in pages for alias in page["Aliases"])
        alias = next((one for one in aliases if one["AliasName"] == resource_id), None)
        if alias is None:
            return None
        if "TargetKeyId" not in alias:
            raise ProviderError(f"alias {resource_id} has no key")
        outputs = self._outputs(context, resource_id, alias["TargetKeyId"])
        recorded = str(inputs.get("targetKeyId", ""))
        same = _key_id(recorded) == alias["TargetKeyId"]
        target = recorded if same else alias["TargetKeyId"]
        outputs |= {"name": resource_id, "targetKeyId": target}
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Turns the alias to another key."""
        del old
        target = new["targetKeyId"]
        context.client("kms").update_alias(AliasName=resource_id, TargetKeyId=target)
        return self._outputs(context, resource_id, _key_id(target))

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the alias; the key stays."""
        del outputs
        context.client("kms").delete_alias(AliasName=resource_id)

    def _outputs(self, context: Context, name: str, key_id: str) -> Properties:
        return {
            "arn": context.arn("kms", name),
            "targetKeyArn": context.arn("kms", f"key/{key_id}"),
        }


def _key_id(target: str) -> str:
    return target.rpartition("/")[2]
