"""Values of a service model read from JSON, CBOR, XML and query strings."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from sandbox.protocol.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    from botocore.model import Shape

_INTEGERS = frozenset({"integer", "long"})
_FLOATS = frozenset({"float", "double"})


class MalformedError(ServiceError):
    """The body cannot be read as the operation's input."""

    def __init__(self, message: str) -> None:
        super().__init__("SerializationException", message)


def timestamp(value: Any) -> datetime:
    """Time from epoch seconds, ISO 8601, RFC 822 or a CBOR time; always with UTC."""
    try:
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        text = str(value)
        if text.replace(".", "", 1).isdigit():
            return datetime.fromtimestamp(float(text), UTC)
        found = datetime.fromisoformat(text) if text[:4].isdigit() else parsedate_to_datetime(text)
    except (ValueError, OverflowError, OSError) as error:
        raise MalformedError(f"not a timestamp: {value!r}") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def scalar(shape: Shape, text: str) -> Any:
    """Value of a simple shape written as text: in a header, path, query string or XML."""
    kind = shape.type_name
    try:
        if kind == "boolean":
            return text.strip().lower() == "true"
        if kind in _INTEGERS:
            return int(text)
        if kind in _FLOATS:
            return float(text)
        if kind == "blob":
            return base64.b64decode(text)
    except (ValueError, binascii.Error) as error:
        raise MalformedError(f"not a {kind}: {text!r}") from error
    return timestamp(text) if kind == "timestamp" else text


def from_json(shape: Shape, value: Any, path: str = "") -> Any:
    """Value of `shape` from parsed JSON or CBOR; members the model lacks are refused."""
    match shape.type_name:
        case "structure":
            return _structure_from_json(shape, value, path)
        case "list":
            _expect(value, list, shape, path)
            return [from_json(shape.member, item, f"{path}[]") for item in value]
        case "map":
            _expect(value, dict, shape, path)
            return {
                key: from_json(shape.value, item, f"{path}.{key}")
                for key, item in value.items()
                if item is not None
            }
        case "blob" if not isinstance(value, bytes):
            return scalar(shape, _expect(value, str, shape, path))
        case "timestamp":
            return timestamp(value)
        case "string":
            return _expect(value, str, shape, path)
        case "boolean":
            return _expect(value, bool, shape, path)
        case "integer" | "long" if isinstance(value, bool) or not isinstance(value, int):
            return _whole(value, path)
        case "float" | "double":
            return float(value) if isinstance(value, int | float) else scalar(shape, str(value))
    return value


def _structure_from_json(shape: Shape, value: Any, path: str) -> Any:
    if getattr(shape, "is_document_type", False):
        return value
    _expect(value, dict, shape, path)
    names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
    result = {}
    for wire_name, item in value.items():
        name = names.get(wire_name)
        if name is None:
            if wire_name == "__type":
                continue
            raise MalformedError(f"{shape.name} has no member {path}{wire_name}")
        if item is not None:
            result[name] = from_json(shape.members[name], item, f"{path}{name}.")
    return result


def _expect(value: Any, kind: type, shape: Shape, path: str) -> Any:
    if not isinstance(value, kind):
        raise MalformedError(f"{path.rstrip('.')} must be a {shape.type_name}")
    return value


def _whole(value: Any, path: str) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise MalformedError(f"{path.rstrip('.')} must be an integer")


def local_name(node: Element) -> str:
    """Tag of an XML node without its namespace."""
    return node.tag.rpartition("}")[2]


def from_xml(shape: Shape, node: Element) -> Any:
    """Value of `shape` from an XML element."""
    match shape.type_name:
        case "structure":
            return _structure_from_xml(shape, node)
        case "list":
            return [from_xml(shape.member, child) for child in node]
        case "map":
            key_name = shape.key.serialization.get("name", "key")
            value_name = shape.value.serialization.get("name", "value")
            pairs = {}
            for entry in node:
                parts = {local_name(child): child for child in entry}
                pairs[parts[key_name].text or ""] = from_xml(shape.value, parts[value_name])
            return pairs
    return scalar(shape, node.text or "")


def _structure_from_xml(shape: Shape, node: Element) -> dict[str, Any]:
    children: dict[str, list[Element]] = {}
    for child in node:
        children.setdefault(local_name(child), []).append(child)
    result: dict[str, Any] = {}
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        flattened = member.type_name == "list" and member.serialization.get("flattened")
        if flattened:
            wire_name = member.member.serialization.get("name", wire_name)
        found = children.get(wire_name)
        if found:
            result[name] = (
                [from_xml(member.member, child) for child in found]
                if flattened
                else from_xml(member, found[0])
            )
    return result


def from_query(
    shape: Shape, parameters: Mapping[str, str], prefix: str = "", *, is_ec2: bool = False
) -> Any:
    """Value of `shape` from the `A.member.1.B=...` pairs under `prefix`; None when absent.

    EC2 has rules of its own: capitalised names, and every list flattened.
    """
    match shape.type_name:
        case "structure":
            return _structure_from_query(shape, parameters, prefix, is_ec2=is_ec2)
        case "list":
            return _list_from_query(shape, parameters, prefix, is_ec2=is_ec2)
        case "map":
            return _map_from_query(shape, parameters, prefix)
    text = parameters.get(prefix)
    return None if text is None else scalar(shape, text)


def _structure_from_query(
    shape: Shape, parameters: Mapping[str, str], prefix: str, *, is_ec2: bool
) -> Any:
    result = {}
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        if is_ec2:
            capitalised = wire_name[0].upper() + wire_name[1:]
            wire_name = member.serialization.get("queryName", capitalised)
        place = f"{prefix}.{wire_name}" if prefix else wire_name
        value = from_query(member, parameters, place, is_ec2=is_ec2)
        if value is not None:
            result[name] = value
    return result if result or not prefix else None


def _list_from_query(
    shape: Shape, parameters: Mapping[str, str], prefix: str, *, is_ec2: bool
) -> Any:
    stem = prefix
    if not is_ec2:
        stem = _list_stem(shape, prefix)
    items: list[Any] = []
    while True:
        place = f"{stem}.{len(items) + 1}"
        item = from_query(shape.member, parameters, place, is_ec2=is_ec2)
        if item is None:
            return items if items or prefix in parameters else None
        items.append(item)


def _list_stem(shape: Shape, prefix: str) -> str:
    item_name = shape.member.serialization.get("name")
    if not shape.serialization.get("flattened"):
        return f"{prefix}.{item_name or 'member'}"
    return ".".join([*prefix.split(".")[:-1], item_name]) if item_name else prefix


def _map_from_query(shape: Shape, parameters: Mapping[str, str], prefix: str) -> Any:
    stem = prefix if shape.serialization.get("flattened") else f"{prefix}.entry"
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    pairs: dict[str, Any] = {}
    index = 1
    while (key := parameters.get(f"{stem}.{index}.{key_name}")) is not None:
        pairs[key] = from_query(shape.value, parameters, f"{stem}.{index}.{value_name}")
        index += 1
    return pairs or None
