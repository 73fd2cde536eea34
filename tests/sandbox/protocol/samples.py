"""Sample values for any shape of a service model: every member filled, constraints kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

_DEEPEST = 9
_MOMENT = datetime(2026, 11, 21, 10, 30, 15, tzinfo=UTC)


_SCALARS: dict[str, Any] = {
    "integer": 7,
    "long": 7,
    "float": 2.5,
    "double": 2.5,
    "boolean": True,
    "timestamp": _MOMENT,
    "blob": b"\x00bytes\xff",
}


def sample(shape: Shape, depth: int = 0) -> Any:
    """A value of `shape`; members that are not required end where the nesting is deep."""
    match shape.type_name:
        case "structure":
            members = list(shape.members.items())
            return {
                name: sample(member, depth + 1)
                for name, member in (members[:1] if shape.is_tagged_union else members)
                if depth < _DEEPEST or name in shape.required_members
            }
        case "list":
            return [sample(shape.member, depth + 1), sample(shape.member, depth + 1)]
        case "map":
            return {sample(shape.key, depth + 1): sample(shape.value, depth + 1)}
        case "string":
            return _text(shape)
    return _SCALARS[shape.type_name]


def _text(shape: Shape) -> str:
    if shape.serialization.get("hostLabel"):
        return "123456789012"
    return shape.metadata["enum"][0] if "enum" in shape.metadata else "a b/c&<ü>"


def is_streaming(operation: OperationModel) -> bool:
    """Whether the operation sends or gets a stream or events instead of a structure."""
    return bool(
        operation.has_event_stream_input
        or operation.has_event_stream_output
        or operation.has_streaming_output
    )
