"""Failures as AWS words them, in every protocol."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import cbor2

from sandbox.protocol.wire import Json, Response

if TYPE_CHECKING:
    from sandbox.protocol.models import Protocol

_SERVER_FAULT = 500


class ServiceError(Exception):
    """An operation failed, as AWS would answer it.

    Args:
        code: error code of the service model, such as `ResourceNotFoundException`.
        message: what AWS would say.
        status: HTTP status; 400 unless the service says otherwise.
        members: more members of a modelled error, such as `Reason`.

    """

    def __init__(
        self, code: str, message: str, status: int = 400, members: Json | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members or {}


def error_response(
    protocol: Protocol, error: ServiceError, request_id: str, *, service: str = ""
) -> Response:
    """HTTP response with `error` in the shape of `protocol`; S3 has a shape of its own."""
    if protocol in {"json", "rest-json"}:
        return _json_error(error, request_id, rest=protocol == "rest-json")
    if protocol in {"cbor", "rpc-v2-cbor"}:
        return _cbor_error(error, request_id, rpc=protocol == "rpc-v2-cbor")
    headers = {"content-type": "text/xml", "x-amzn-requestid": request_id}
    code, message = escape(error.code), escape(error.message)
    inner = f"<Code>{code}</Code><Message>{message}</Message>"
    if service == "s3":
        body = f"<Error>{inner}<RequestId>{request_id}</RequestId></Error>"
        headers = {"content-type": "application/xml", "x-amz-request-id": request_id}
    elif protocol == "ec2":
        body = (
            f"<Response><Errors><Error>{inner}</Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    else:
        fault = "Receiver" if error.status >= _SERVER_FAULT else "Sender"
        body = (
            f"<ErrorResponse><Error><Type>{fault}</Type>{inner}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode()
    return Response(error.status, document, headers)


def _json_error(error: ServiceError, request_id: str, *, rest: bool) -> Response:
    payload = {"__type": error.code, "message": error.message, **error.members}
    kind = "application/json" if rest else "application/x-amz-json-1.1"
    headers = {
        "content-type": kind,
        "x-amzn-requestid": request_id,
        "x-amzn-errortype": error.code,
    }
    return Response(error.status, json.dumps(payload).encode(), headers)


def _cbor_error(error: ServiceError, request_id: str, *, rpc: bool) -> Response:
    payload = {"__type": error.code, "message": error.message, **error.members}
    headers = {
        "content-type": "application/cbor" if rpc else "application/x-amz-cbor-1.1",
        "x-amzn-requestid": request_id,
    }
    if rpc:
        headers["smithy-protocol"] = "rpc-v2-cbor"
    return Response(error.status, cbor2.dumps(payload), headers)
