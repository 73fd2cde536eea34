"""IAM: roles and their inline policies. IAM has no regions."""

from __future__ import annotations

import json
import urllib.parse
from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.framework import (
    ResourceType,
    changed,
    key_value_tags,
    resource,
    tag_changes,
    tags_from_pairs,
)
from sandbox.provider.mapping import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.provider.framework import Context, Properties

_SHORTEST_SESSION_SECONDS: Final = 3600
# Other principals in a trust policy may not be known everywhere yet.
_NOT_KNOWN_YET: Final = ("MalformedPolicyDocument",)


def _document(value: str | dict[str, Any]) -> str:
    """A policy of an answer: IAM sends it URL-encoded, and botocore may have decoded it."""
    return urllib.parse.unquote(value) if isinstance(value, str) else json.dumps(value)


@resource(
    "aws:iam/role:Role",
    replace_on=("name", "namePrefix", "path"),
    named="name",
    defaults={
        "forceDetachPolicies": False,
        "maxSessionDuration": _SHORTEST_SESSION_SECONDS,
        "path": "/",
    },
    documents=("assumeRolePolicy",),
    unordered=("managedPolicyArns", "inlinePolicies"),
    adopted=("managedPolicyArns", "inlinePolicies"),
    supports=(
        "assumeRolePolicy",
        "description",
        "forceDetachPolicies",
        "managedPolicyArns",
        "maxSessionDuration",
        "name",
        "namePrefix",
        "path",
        "permissionsBoundary",
    ),
)
class Role(ResourceType):
    """A role with its trust policy and, where given, exactly these managed policies."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the role and attaches its managed policies."""
        iam, name = context.client("iam"), inputs["name"]
        optional: dict[str, Any] = {
            member: inputs[key]
            for key, member in (
                ("description", "Description"),
                ("permissionsBoundary", "PermissionsBoundary"),
            )
            if inputs.get(key)
        }
        if inputs.get("tagsAll"):
            optional["Tags"] = key_value_tags(inputs["tagsAll"])
        role = context.retry(
            lambda: iam.create_role(
                RoleName=name,
                Path=inputs["path"],
                AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
                MaxSessionDuration=inputs["maxSessionDuration"],
                **optional,
            ),
            on=_NOT_KNOWN_YET,
            timeout_seconds=30,
        )["Role"]
        outputs = {**_fixed(role), "inlinePolicies": [], "managedPolicyArns": []}
        context.made(name, outputs)
        arns = inputs.get("managedPolicyArns") or []
        self._attach(context, name, arns)
        return name, outputs | {"managedPolicyArns": arns}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The role with all policies that hang on it."""
        role = context.client("iam").get_role(RoleName=resource_id)["Role"]
        outputs = {
            **_fixed(role),
            "assumeRolePolicy": _document(role["AssumeRolePolicyDocument"]),
            "description": role.get("Description", ""),
            "maxSessionDuration": role.get("MaxSessionDuration", _SHORTEST_SESSION_SECONDS),
            "permissionsBoundary": role.get("PermissionsBoundary", {}).get(
                "PermissionsBoundaryArn"
            ),
            "managedPolicyArns": self._attached(context, resource_id),
            "tags": tags_from_pairs(role.get("Tags", [])),
        }
        settable = dict(outputs)
        if "managedPolicyArns" not in inputs:
            settable.pop("managedPolicyArns")
        return settable, {**outputs, "inlinePolicies": self._inline(context, resource_id)}

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Trust policy, description, session length, boundary, managed policies, tags."""
        iam = context.client("iam")
        if changed(old, new, "assumeRolePolicy"):
            context.retry(
                lambda: iam.update_assume_role_policy(
                    RoleName=resource_id, PolicyDocument=new["assumeRolePolicy"]
                ),
                on=_NOT_KNOWN_YET,
                timeout_seconds=30,
            )
        if changed(old, new, "description", "maxSessionDuration"):
            iam.update_role(
                RoleName=resource_id,
                Description=new.get("description", ""),
                MaxSessionDuration=new["maxSessionDuration"],
            )
        self._set_boundary(context, resource_id, old, new)
        if new.get("managedPolicyArns") is not None:
            present = set(self._attached(context, resource_id))
            wanted = set(new["managedPolicyArns"])
            self._attach(context, resource_id, wanted - present)
            self._detach(context, resource_id, present - wanted)
        set_tags, removed = tag_changes(old, new)
        if removed:
            iam.untag_role(RoleName=resource_id, TagKeys=removed)
        if set_tags:
            iam.tag_role(RoleName=resource_id, Tags=key_value_tags(set_tags))
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the role, first its managed policies and, when forced, all others."""
        iam = context.client("iam")
        self._detach(context, resource_id, self._attached(context, resource_id))
        if outputs.get("forceDetachPolicies"):
            for policy in self._inline(context, resource_id):
                iam.delete_role_policy(RoleName=resource_id, PolicyName=policy["name"])
        context.retry(
            lambda: iam.delete_role(RoleName=resource_id),
            on=("DeleteConflict",),
            timeout_seconds=30,
        )

    def _set_boundary(self, context: Context, name: str, old: Properties, new: Properties) -> None:
        iam, boundary = context.client("iam"), new.get("permissionsBoundary")
        if not changed(old, new, "permissionsBoundary"):
            return
        if boundary:
            iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
        else:
            iam.delete_role_permissions_boundary(RoleName=name)

    def _attach(self, context: Context, name: str, arns: Iterable[str]) -> None:
        for arn in sorted(arns):
            context.client("iam").attach_role_policy(RoleName=name, PolicyArn=arn)

    def _detach(self, context: Context, name: str, arns: Iterable[str]) -> None:
        for arn in sorted(arns):
            context.client("iam").detach_role_policy(RoleName=name, PolicyArn=arn)

    def _attached(self, context: Context, name: str) -> list[str]:
        pager = context.client("iam").get_paginator("list_attached_role_policies")
        pages = pager.paginate(RoleName=name)
        return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]

    def _inline(self, context: Context, name: str) -> list[Properties]:
        iam = context.client("iam")
        pages = iam.get_paginator("list_role_policies").paginate(RoleName=name)
        names = [policy for page in pages for policy in page["PolicyNames"]]
        return [
            {"name": policy, "policy": _document(answer["PolicyDocument"])}
            for policy in names
            for answer in [iam.get_role_policy(RoleName=name, PolicyName=policy)]
        ]


def _fixed(role: dict[str, Any]) -> Properties:
    return {
        "arn": role["Arn"],
        "name": role["RoleName"],
        "path": role["Path"],
        "uniqueId": role["RoleId"],
        "createDate": rfc3339(role["CreateDate"]),
    }


@resource(
    "aws:iam/rolePolicy:RolePolicy",
    replace_on=("name", "namePrefix", "role"),
    named="name",
    documents=("policy",),
)
class RolePolicy(ResourceType):
    """An inline policy of a role. Its id is ROLE:NAME."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Puts the policy."""
        self._put(context, inputs)
        return f"{inputs['role']}:{inputs['name']}", {}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The policy's text."""
        role, _, name = resource_id.partition(":")
        del inputs
        answer = context.client("iam").get_role_policy(RoleName=role, PolicyName=name)
        outputs = {
            "role": answer["RoleName"],
            "name": answer["PolicyName"],
            "policy": _document(answer["PolicyDocument"]),
        }
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Puts the new text."""
        del resource_id, old
        self._put(context, new)
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the policy."""
        del outputs
        role, _, name = resource_id.partition(":")
        context.client("iam").delete_role_policy(RoleName=role, PolicyName=name)

    def _put(self, context: Context, inputs: Properties) -> None:
        context.client("iam").put_role_policy(
            RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
        )
