"""The output of an operation, written as an HTTP response."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, SubElement, tostring

import cbor2

from sandbox.protocol import cbor
from sandbox.protocol.decoding import timestamp
from sandbox.protocol.wire import Json, Response

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

    from sandbox.protocol.models import Protocol


class ModelMismatchError(Exception):
    """A service answered with something its model does not describe: a fault of the sandbox."""


def serialise(
    operation: OperationModel, protocol: Protocol, output: Json, request_id: str
) -> Response:
    """HTTP response with `output`; raises `ModelMismatchError` where the model says otherwise."""
    shape = operation.output_shape
    headers = {"x-amzn-requestid": request_id}
    match protocol:
        case "json":
            version = operation.metadata.get("jsonVersion", "1.1")
            headers["content-type"] = f"application/x-amz-json-{version}"
            body = json.dumps(_json_output(shape, output)).encode()
        case "cbor":
            body = cbor.dumps(_json_output(shape, output, binary=True))
            headers["content-type"] = cbor.CONTENT_TYPE
        case "rpc-v2-cbor":
            body = cbor2.dumps(_json_output(shape, output, binary=True))
            headers |= {"content-type": "application/cbor", "smithy-protocol": protocol}
        case "query" | "ec2":
            headers["content-type"] = "text/xml"
            body = _query_document(operation, shape, output, request_id)
        case "rest-json" | "rest-xml":
            return _serialise_rest(operation, shape, protocol, output, headers)
    return Response(200, body, headers)


def _json_output(shape: Shape | None, output: Json, *, binary: bool = False) -> Any:
    if shape is None:
        return {}
    return to_json(shape, output, binary=binary)


def to_json(shape: Shape, value: Any, *, binary: bool = False) -> Any:
    """`value` of `shape` as JSON can hold it; with `binary` as CBOR can."""
    match shape.type_name:
        case "structure":
            if getattr(shape, "is_document_type", False):
                return value
            _check_members(shape, value)
            members = shape.members
            return {
                members[name].serialization.get("name", name): to_json(
                    members[name], item, binary=binary
                )
                for name, item in value.items()
                if item is not None
            }
        case "list":
            return [to_json(shape.member, item, binary=binary) for item in value]
        case "map":
            return {key: to_json(shape.value, item, binary=binary) for key, item in value.items()}
        case "blob" if not binary:
            return base64.b64encode(_bytes(value)).decode()
        case "timestamp":
            moment = timestamp(value)
            return moment if binary else _time_text(shape, moment, "unixtimestamp")
    return value


def _check_members(shape: Shape, value: Json) -> None:
    unknown = value.keys() - shape.members.keys()
    missing = [name for name in shape.required_members if value.get(name) is None]
    if unknown or missing:
        raise ModelMismatchError(
            f"{shape.name}: members unknown to the model {sorted(unknown)}, missing {missing}"
        )


def _time_text(shape: Shape, moment: datetime, default: str) -> Any:
    kind = str(shape.serialization.get("timestampFormat", default)).lower()
    if kind == "unixtimestamp":
        return round(moment.timestamp(), 3)
    if kind == "rfc822":
        return format_datetime(moment.astimezone(UTC), usegmt=True)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _text(shape: Shape, value: Any, time_format: str = "iso8601") -> str:
    match shape.type_name:
        case "boolean":
            return "true" if value else "false"
        case "timestamp":
            return str(_time_text(shape, timestamp(value), time_format))
        case "blob":
            return base64.b64encode(_bytes(value)).decode()
    return str(value)


def _fill(parent: Element, tag: str, shape: Shape, value: Any) -> None:
    """Add `value` under `parent` as one element, or one an item for a flattened list."""
    if shape.type_name == "list":
        item_name = shape.member.serialization.get("name", "member")
        if shape.serialization.get("flattened"):
            name = shape.member.serialization.get("name", tag)
            for item in value:
                _fill(parent, name, shape.member, item)
            return
        holder = SubElement(parent, tag)
        for item in value:
            _fill(holder, item_name, shape.member, item)
    elif shape.type_name == "structure":
        _fill_structure(SubElement(parent, tag), shape, value)
    elif shape.type_name == "map":
        holder = SubElement(parent, tag)
        for key, item in value.items():
            entry = SubElement(holder, "entry")
            SubElement(entry, shape.key.serialization.get("name", "key")).text = key
            _fill(entry, shape.value.serialization.get("name", "value"), shape.value, item)
    else:
        SubElement(parent, tag).text = _text(shape, value)


def _fill_structure(node: Element, shape: Shape, value: Json) -> None:
    _check_members(shape, value)
    for name, item in value.items():
        member = shape.members[name]
        if item is not None and "location" not in member.serialization:
            _fill(node, member.serialization.get("name", name), member, item)


def _query_document(
    operation: OperationModel, shape: Shape | None, output: Json, request_id: str
) -> bytes:
    root = Element(f"{operation.name}Response")
    namespace = operation.metadata.get("xmlNamespace")
    if namespace:
        root.set("xmlns", str(namespace))
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper")
        _fill_structure(SubElement(root, wrapper) if wrapper else root, shape, output)
    if operation.service_model.resolved_protocol == "ec2":
        SubElement(root, "requestId").text = request_id
    else:
        SubElement(SubElement(root, "ResponseMetadata"), "RequestId").text = request_id
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _serialise_rest(
    operation: OperationModel,
    shape: Shape | None,
    protocol: Protocol,
    output: Json,
    headers: dict[str, str],
) -> Response:
    status = int(operation.http.get("responseCode", 200))
    if shape is None:
        return Response(status, b"", headers)
    _check_members(shape, output)
    body_members: Json = {}
    for name, value in output.items():
        member = shape.members[name]
        location = member.serialization.get("location")
        wire_name = member.serialization.get("name", name)
        if value is None:
            continue
        if location == "statusCode":
            status = int(value)
        elif location == "header":
            headers[wire_name.lower()] = _text(member, value, "rfc822")
        elif location == "headers":
            headers |= {f"{wire_name}{key}".lower(): text for key, text in value.items()}
        else:
            body_members[name] = value
    body = _rest_body(shape, protocol, body_members)
    headers["content-type"] = "application/json" if protocol == "rest-json" else "application/xml"
    return Response(status, body, headers)


def _rest_body(shape: Shape, protocol: Protocol, members: Json) -> bytes:
    payload = shape.serialization.get("payload")
    if payload:
        member, value = shape.members[payload], members.get(payload)
        if value is None:
            return b""
        if member.type_name in {"blob", "string"}:
            return _bytes(value)
        if protocol == "rest-json":
            return json.dumps(to_json(member, value)).encode()
        return _xml_document(member, payload, value)
    if protocol == "rest-json":
        names = {name: shape.members[name].serialization.get("name", name) for name in members}
        document = {
            names[name]: to_json(shape.members[name], value) for name, value in members.items()
        }
        return json.dumps(document).encode()
    return _xml_document(shape, shape.name, members) if members else b""


def _xml_document(shape: Shape, name: str, value: Json) -> bytes:
    root = Element(shape.serialization.get("name", name))
    namespace = shape.serialization.get("xmlNamespace", {}).get("uri")
    if namespace:
        root.set("xmlns", namespace)
    _fill_structure(root, shape, value)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))
