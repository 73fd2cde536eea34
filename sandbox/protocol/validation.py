"""Constraints of the service model on an input: what is missing, too long, or not allowed."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from sandbox.protocol.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import Shape

    from sandbox.protocol.wire import Json

_NUMBERS = frozenset({"integer", "long", "float", "double"})
_SHOWN_CHARACTERS = 200


def check(shape: Shape | None, value: Json, code: str = "ValidationException") -> None:
    """Raise one `ServiceError` that names every constraint `value` breaks, as AWS words it."""
    if shape is None:
        return
    found = list(violations(shape, value))
    if found:
        plural = "s" if len(found) > 1 else ""
        raise ServiceError(
            code, f"{len(found)} validation error{plural} detected: " + "; ".join(found)
        )


def violations(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """Every constraint of `shape` that `value` breaks, one sentence each."""
    match shape.type_name:
        case "structure":
            yield from _structure_violations(shape, value, path)
        case "list":
            yield from _bound_violations(shape, len(value), value, path, "length")
            for index, item in enumerate(value, 1):
                yield from violations(shape.member, item, f"{path}.{index}.member")
        case "map":
            yield from _bound_violations(shape, len(value), value, path, "length")
            for key, item in value.items():
                yield from violations(shape.key, key, f"{path}.key")
                yield from violations(shape.value, item, f"{path}.{key}")
        case "string":
            yield from _string_violations(shape, value, path)
        case "blob":
            yield from _bound_violations(shape, len(value), "blob", path, "length")
        case kind if kind in _NUMBERS:
            yield from _bound_violations(shape, value, value, path, "value")


def _structure_violations(shape: Shape, value: Json, path: str) -> Iterator[str]:
    if getattr(shape, "is_document_type", False):
        return
    for name in shape.required_members:
        if value.get(name) is None:
            place = _join(path, name)
            yield _sentence("null", place, "Member must not be null", quoted=False)
    for name, item in value.items():
        if item is not None:
            yield from violations(shape.members[name], item, _join(path, name))


def _string_violations(shape: Shape, value: str, path: str) -> Iterator[str]:
    metadata = shape.metadata
    if "enum" in metadata and value not in metadata["enum"]:
        allowed = ", ".join(metadata["enum"])
        yield _sentence(value, path, f"Member must satisfy enum value set: [{allowed}]")
    yield from _bound_violations(shape, len(value), value, path, "length")
    pattern = metadata.get("pattern")
    if pattern:
        compiled = _compiled(pattern)
        if compiled is not None and not compiled.search(value):
            yield _sentence(
                value, path, f"Member must satisfy regular expression pattern: {pattern}"
            )


def _bound_violations(shape: Shape, size: float, value: Any, path: str, noun: str) -> Iterator[str]:
    minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
    if minimum is not None and size < minimum:
        yield _sentence(value, path, f"Member must have {noun} greater than or equal to {minimum}")
    if maximum is not None and size > maximum:
        yield _sentence(value, path, f"Member must have {noun} less than or equal to {maximum}")


def _sentence(value: Any, path: str, constraint: str, *, quoted: bool = True) -> str:
    shown = str(value)[:_SHOWN_CHARACTERS]
    shown = f"'{shown}'" if quoted else shown
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _join(path: str, name: str) -> str:
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The pattern anchored as AWS does; None for the few Java patterns Python cannot read."""
    try:
        return re.compile(f"^(?:{pattern})$", re.DOTALL)
    except re.error:
        return None
