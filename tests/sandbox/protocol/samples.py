"""Sample values for any shape of a service model: every member filled, constraints kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

_DEEPEST = 9
_MOMENT = datetime(2026, 11, 21, 10, 30, 15, tzinfo=UTC)


def sample(shape: Shape, depth: int = 0) -> Any:
    """A value of `shape`; recursion ends in empty lists and maps."""
    match shape.type_name:
        case "structure":
            members = list(shape.members.items())
            if shape.is_tagged_union:
                members = members[:1]
            return {
                name: sample(member, depth + 1)
                for name, member in members
                if depth < _DEEPEST or name in shape.required_members
            }
        case "list":
            return [sample(shape.member, depth + 1), sample(shape.member, depth + 1)]
        case "map":
            return {sample(shape.key, depth + 1): sample(shape.value, depth + 1)}
        case "string" if shape.serialization.get("hostLabel"):
            return "123456789012"
        case "string":
            return shape.metadata["enum"][0] if "enum" in shape.metadata else "a b/c&<ü>"
        case "integer" | "long":
            return 7
        case "float" | "double":
            return 2.5
        case "boolean":
            return True
        case "timestamp":
            return _MOMENT
        case "blob":
            return b"\x00bytes\xff"
    raise AssertionError(shape.type_name)


def is_streaming(operation: OperationModel) -> bool:
    """Whether the operation sends or gets a stream or events instead of a structure."""
    return bool(
        operation.has_event_stream_input
        or operation.has_event_stream_output
        or operation.has_streaming_output
    )
