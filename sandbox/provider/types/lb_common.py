"""What load balancers, target groups and listeners share: tags, and attributes as key and text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.provider.framework import key_value_tags, tag_changes, tags_from_pairs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.provider.framework import Context, Properties


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: the property's path, the API's key, and what AWS has when nobody sets it."""

    property: str
    key: str
    unset: Any


def attribute_changes(
    attributes: Iterable[Attribute], old: Properties, new: Properties
) -> list[dict[str, str]]:
    """The key and value pairs to send for what differs; `old` empty means AWS's own values."""
    return [
        {"Key": one.key, "Value": _text(_at(new, one))}
        for one in attributes
        if _at(new, one) != _at(old, one)
    ]


def attribute_properties(
    attributes: Iterable[Attribute], pairs: list[dict[str, str]]
) -> dict[str, Any]:
    """The properties that an answer's pairs stand for; AWS's own values where it has none."""
    texts = {pair["Key"]: pair.get("Value", "") for pair in pairs}
    properties: dict[str, Any] = {}
    for one in attributes:
        place, _, name = one.property.rpartition(".")
        members = properties.setdefault(place, {}) if place else properties
        members[name] = _value(texts[one.key], one.unset) if one.key in texts else one.unset
    return properties


def _at(properties: Properties, one: Attribute) -> Any:
    value: Any = properties
    for name in one.property.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return one.unset if value is None else value


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(text: str, unset: Any) -> Any:
    if isinstance(unset, bool):
        return text == "true"
    return int(text) if isinstance(unset, int) and text else text


def first(items: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The first item of an answer's list, None when it is empty."""
    return items[0] if items else None


def tags_of(context: Context, arn: str) -> dict[str, str]:
    """All tags of a load balancer, target group or listener."""
    answer = context.client("elbv2").describe_tags(ResourceArns=[arn])
    described = first(answer["TagDescriptions"])
    return tags_from_pairs(described["Tags"]) if described else {}


def update_tags(context: Context, arn: str, old: Properties, new: Properties) -> None:
    """Sets and removes the tags that differ."""
    changed, removed = tag_changes(old, new)
    elb = context.client("elbv2")
    if removed:
        elb.remove_tags(ResourceArns=[arn], TagKeys=removed)
    if changed:
        elb.add_tags(ResourceArns=[arn], Tags=key_value_tags(changed))
