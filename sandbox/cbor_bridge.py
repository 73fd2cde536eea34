"""MiniStack's operations for clients that speak CBOR: asked in JSON, answered in CBOR.

MiniStack's own CBOR gives data as base64 text and times as seconds, which the Java SDK takes for
milliseconds: its clients see records of January 1970.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import cbor2

from sandbox.protocol import cbor, decoding, responses
from sandbox.protocol.decoding import MalformedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from botocore.model import OperationModel, Shape

Message = dict[str, Any]


def is_bridged(operation: OperationModel | None) -> bool:
    """Whether the operation answers at once; an event stream has a form of its own."""
    return operation is not None and not operation.has_event_stream_output


def request_in_json(operation: OperationModel, body: bytes) -> bytes:
    """The body of a request as JSON; raises `MalformedError`."""
    try:
        document = cbor.loads(body) if body else {}
    except (cbor2.CBORDecodeError, ValueError) as error:
        raise MalformedError(f"the body cannot be read: {error}") from error
    shape = operation.input_shape
    if shape is not None:
        document = responses.to_json(shape, decoding.from_json(shape, document))
    return json.dumps(document).encode()


def scope_in_json(scope: Message, body: bytes) -> Message:
    """The request's scope with the headers of a JSON body."""
    replaced = {
        b"content-type": b"application/x-amz-json-1.1",
        b"content-length": b"%d" % len(body),
    }
    kept = [pair for pair in scope["headers"] if pair[0].lower() not in replaced]
    return {**scope, "headers": [*kept, *replaced.items()]}


class CborAnswer:
    """A `send` that turns a JSON answer into CBOR and passes it on."""

    def __init__(
        self, operation: OperationModel, send: Callable[[Message], Awaitable[None]]
    ) -> None:
        self._operation = operation
        self._send = send
        self._start: Message = {}
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        """ASGI's `send`."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = self._in_cbor()
        replaced = {
            b"content-type": cbor.CONTENT_TYPE.encode(),
            b"content-length": b"%d" % len(body),
        }
        kept = [pair for pair in self._start["headers"] if pair[0].lower() not in replaced]
        await self._send({**self._start, "headers": [*kept, *replaced.items()]})
        await self._send({"type": "http.response.body", "body": body})

    def _in_cbor(self) -> bytes:
        document = json.loads(bytes(self._body)) if self._body else {}
        if self._start["status"] == 200:  # noqa: PLR2004 - failures are messages, and have no shape
            document = _as_modelled(self._operation.output_shape, document)
        return cbor.dumps(document)


def _as_modelled(shape: Shape | None, value: Any) -> Any:
    """JSON of `shape` as CBOR holds it, without the members that only MiniStack has."""
    if shape is None or value is None:
        return value
    match shape.type_name:
        case "structure":
            members = shape.members
            return {
                name: _as_modelled(members[name], item)
                for name, item in value.items()
                if name in members
            }
        case "list":
            return [_as_modelled(shape.member, item) for item in value]
        case "blob":
            return base64.b64decode(value)
        case "timestamp":
            return decoding.timestamp(value)
    return value
