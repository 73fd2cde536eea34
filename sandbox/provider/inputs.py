"""Checking what a program gives a resource: names, shapes, required inputs, defaults."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from sandbox.provider import sdk
from sandbox.provider.values import UNKNOWN, has_unknown

if TYPE_CHECKING:
    from sandbox.provider.framework import Properties, ResourceType
    from sandbox.provider.sdk import Shape

Fault = tuple[str, str]
_SUFFIX_LENGTH: Final = 7


def checked(
    kind: ResourceType, news: Properties, olds: Properties, *, region: str, name: str, seed: bytes
) -> tuple[Properties, list[Fault]]:
    """The inputs with defaults filled in, and their faults as (property, reason).

    `name` and `seed` make up the resource's name where its type has one and the program gives none.
    """
    declared = sdk.declaration(kind.token)
    inputs = {
        key: coerced(value, declared.outputs.get(key, "any"))
        for key, value in _without_nulls(news).items()
    }
    faults = [*_name_faults(kind, inputs, declared), *_shape_faults(inputs, declared)]
    for key, value in kind.rules.defaults.items():
        inputs.setdefault(key, value)
    if "region" in declared.inputs:
        inputs.setdefault("region", region)
    named = kind.rules.named
    if named and named not in inputs:
        inputs[named] = olds.get(named) or _made_up(inputs, name, seed)
    if not faults:
        faults = kind.validate(inputs)
    return inputs, faults


def _name_faults(kind: ResourceType, inputs: Properties, declared: sdk.Declaration) -> list[Fault]:
    rules = kind.rules
    supported = {*rules.supports, "region", "tags"} if rules.supports else declared.inputs
    faults = [
        (key, "an argument of this name is not expected here")
        for key in sorted(inputs.keys() - declared.inputs)
    ]
    faults += [
        (key, "the sandbox's provider does not support this property")
        for key in sorted((inputs.keys() & declared.inputs) - supported)
        if inputs[key] != rules.defaults.get(key)
    ]
    faults += [
        (key, f'Missing required argument. The argument "{key}" is required')
        for key in sorted(declared.required - inputs.keys())
    ]
    return faults


def _shape_faults(inputs: Properties, declared: sdk.Declaration) -> list[Fault]:
    return [
        (key, f"expected {_words(declared.outputs[key])}, got {value!r}")
        for key, value in inputs.items()
        if key in declared.outputs
        and not has_unknown(value)
        and not sdk.fits(value, declared.outputs[key])
    ]


def _words(shape: Shape) -> str:
    return shape if isinstance(shape, str) else next(iter(shape))


def coerced(value: Any, shape: Shape) -> Any:
    """The value as its declared kind: "80" for a number is 80, 256 for a string is "256"."""
    if value is None or value is UNKNOWN:
        return value
    if isinstance(shape, dict):
        return _coerced_within(value, shape)
    if shape == "string" and isinstance(value, int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if shape == "integer" and isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    if shape == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def _coerced_within(value: Any, shape: dict[str, Any]) -> Any:
    if "list" in shape and isinstance(value, list):
        return [coerced(item, shape["list"]) for item in value]
    if "map" in shape and isinstance(value, dict):
        return {key: coerced(item, shape["map"]) for key, item in value.items()}
    if "object" in shape and isinstance(value, dict):
        members = shape["object"]
        return {key: coerced(item, members.get(key, "any")) for key, item in value.items()}
    return value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _made_up(inputs: Properties, name: str, seed: bytes) -> Any:
    prefix = inputs.get("namePrefix")
    if prefix is UNKNOWN:
        return UNKNOWN
    suffix = hashlib.sha256(seed + name.encode()).hexdigest()[:_SUFFIX_LENGTH]
    return f"{prefix}{suffix}" if prefix else f"{name}-{suffix}"
