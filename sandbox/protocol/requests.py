"""The input of an operation, read from an HTTP request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from xml.etree.ElementTree import ParseError

import cbor2
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from sandbox.protocol import cbor, decoding, models
from sandbox.protocol.decoding import MalformedError

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

    from sandbox.protocol.models import Protocol
    from sandbox.protocol.wire import Json, Request


def parse(operation: OperationModel, protocol: Protocol, request: Request) -> Json:
    """Input of `operation` as member names to values; raises `MalformedError`."""
    shape = operation.input_shape
    if shape is None:
        return {}
    match protocol:
        case "query" | "ec2":
            pairs = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
            return decoding.from_query(shape, pairs, is_ec2=protocol == "ec2") or {}
        case "rest-json" | "rest-xml":
            return _parse_rest(operation, shape, protocol, request)
    return decoding.from_json(shape, _document(protocol, request.body)) or {}


def _document(protocol: Protocol, body: bytes) -> Any:
    if not body:
        return {}
    try:
        if protocol == "cbor":
            return cbor.loads(body)
        if protocol == "rpc-v2-cbor":
            return cbor2.loads(body)
        return json.loads(body)
    except (ValueError, cbor2.CBORDecodeError) as error:
        raise MalformedError(f"the body cannot be read: {error}") from error


def _parse_rest(
    operation: OperationModel, shape: Shape, protocol: Protocol, request: Request
) -> Json:
    path = models.path_parameters(operation, request.path)
    query = request.query_parameters()
    result: Json = {}
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        value: Any = None
        match member.serialization.get("location"):
            case "uri" if wire_name in path:
                value = decoding.scalar(member, path[wire_name])
            case "querystring" if wire_name in query:
                value = _query_value(member, query[wire_name])
            case "header" if wire_name.lower() in request.headers:
                value = decoding.scalar(member, request.headers[wire_name.lower()])
            case "headers":
                value = _prefixed_headers(wire_name.lower(), request.headers)
        if value is not None:
            result[name] = value
    return result | _body_members(operation, shape, protocol, request)


def _query_value(member: Shape, values: list[str]) -> Any:
    if member.type_name == "list":
        return [decoding.scalar(member.member, value) for value in values]
    return decoding.scalar(member, values[0])


def _prefixed_headers(prefix: str, headers: dict[str, str]) -> dict[str, str] | None:
    found = {name[len(prefix) :]: text for name, text in headers.items() if name.startswith(prefix)}
    return found or None


def _body_members(
    operation: OperationModel, shape: Shape, protocol: Protocol, request: Request
) -> Json:
    payload = shape.serialization.get("payload")
    if payload:
        member = shape.members[payload]
        if member.type_name in {"blob", "string"}:
            return {payload: request.body if member.type_name == "blob" else request.body.decode()}
        return {payload: _rest_body(member, protocol, request.body)} if request.body else {}
    if not request.body or operation.http.get("method") in {"GET", "HEAD"}:
        return {}
    body = _rest_body(shape, protocol, request.body)
    return {name: value for name, value in body.items() if value is not None}


def _rest_body(shape: Shape, protocol: Protocol, body: bytes) -> Any:
    if protocol == "rest-json":
        return decoding.from_json(shape, _document("json", body))
    try:
        return decoding.from_xml(shape, fromstring(body))
    except (ParseError, DefusedXmlException) as error:
        raise MalformedError(f"the body is not XML: {error}") from error
