"""What all EC2 resources share: tags at creation and after, attributes set one call at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.provider.framework import key_value_tags, tag_changes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.provider.framework import Context, Properties


def tag_specifications(kind: str, inputs: Properties) -> dict[str, Any]:
    """The `TagSpecifications` of a creation, or nothing when there are no tags."""
    tags = inputs.get("tagsAll")
    if not tags:
        return {}
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": key_value_tags(tags)}]}


def update_tags(context: Context, resource_id: str, old: Properties, new: Properties) -> None:
    """Sets and removes the tags that differ."""
    changed, removed = tag_changes(old, new)
    ec2 = context.client("ec2")
    if removed:
        ec2.delete_tags(Resources=[resource_id], Tags=[{"Key": key} for key in removed])
    if changed:
        ec2.create_tags(Resources=[resource_id], Tags=key_value_tags(changed))


def differing(
    old: Properties, new: Properties, members: Mapping[str, str], unset: Mapping[str, Any]
) -> list[tuple[str, Any]]:
    """The attributes to change, as (API member, value).

    `members` maps property to API member; `unset` says what AWS has for a property nobody gave.
    """
    return [
        (member, new.get(name, unset[name]))
        for name, member in members.items()
        if new.get(name, unset[name]) != old.get(name, unset[name])
    ]


def first(items: list[Any]) -> Any | None:
    """The first item of an answer's list, None when it is empty."""
    return items[0] if items else None
