"""Calls of AWS services from within the server: botocore's serialisers without a socket."""

from __future__ import annotations

import asyncio
import uuid
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

from botocore import parsers, serialize

from sandbox import dispatch
from sandbox import faults as fault_rules
from sandbox.protocol import models
from sandbox.protocol.errors import ServiceError
from sandbox.services.base import Call, is_reading

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from botocore.model import OperationModel

    from sandbox.faults import Faults
    from sandbox.protocol.wire import Json
    from sandbox.services.registry import Registry

_FIRST_ERROR_STATUS = 300


@cache
def _serializer(protocol: str) -> Any:
    return serialize.create_serializer(protocol, include_validation=False)


@cache
def _parser(protocol: str) -> Any:
    return parsers.create_parser(protocol)


class Loopback:
    """All services in one region, for the services themselves."""

    def __init__(
        self,
        registry: Registry,
        ministack: Callable[..., Awaitable[None]],
        *,
        account_id: str,
        region: str,
        on_write: Callable[[str, str], None],
        faults: Faults | None = None,
    ) -> None:
        self._registry = registry
        self._ministack = ministack
        self._account_id = account_id
        self._region = region
        self._on_write = on_write
        self._faults = faults

    async def invoke(self, service: str, operation: str, /, **parameters: Any) -> Json:
        """Output of an operation; raises `ServiceError`. A blob body comes back as bytes."""
        model = models.operations(service)[operation]
        self._refuse(service, operation)
        ours = self._registry.get(service)
        if ours is not None and (
            not ours.passes_on or hasattr(ours, models.method_name(operation))
        ):
            request_id = str(uuid.uuid4())
            call = Call(
                service, operation, self._region, self._account_id, request_id, is_internal=True
            )
            return await dispatch.call_method(ours, model, call, parameters)
        return await self._invoke_ministack(model, parameters)

    def _refuse(self, service: str, operation: str) -> None:
        """Raise what a fault in force answers with, for a service that is not spared them."""
        for fault in (
            self._faults.refusing(service, operation, self._region) if self._faults else ()
        ):
            refusal = fault_rules.refusal(fault, service, operation, self._account_id)
            if refusal is not None:
                raise refusal

    async def pass_on(self, service: str, operation: str, parameters: Json) -> Json:
        """MiniStack's own answer, for a method here that builds on it."""
        return await self._invoke_ministack(models.operations(service)[operation], parameters)

    async def _invoke_ministack(self, model: OperationModel, parameters: Json) -> Json:
        protocol = model.service_model.resolved_protocol
        request = _serializer(protocol).serialize_to_request(parameters, model)
        exchange = _Exchange(request, _credential_scope(model, self._account_id, self._region))
        # A task of its own: MiniStack keeps account and region in context variables.
        await asyncio.create_task(
            self._ministack(exchange.scope, exchange.receive, exchange.send)  # type: ignore[arg-type]
        )
        # botocore's parser turns a streamed body into text when it comes as bytes.
        is_streamed = model.has_streaming_output and exchange.status < _FIRST_ERROR_STATUS
        response = {
            "status_code": exchange.status,
            "headers": exchange.headers,
            "body": exchange.body if is_streamed else bytes(exchange.body),
            "context": {},
        }
        parsed: Json = _parser(protocol).parse(response, model.output_shape)
        if exchange.status >= _FIRST_ERROR_STATUS:
            error = parsed.get("Error", {})
            code = str(error.get("Code", exchange.status))
            raise ServiceError(code, str(error.get("Message", "")), exchange.status)
        parsed.pop("ResponseMetadata", None)
        if not is_reading(model.name):
            self._on_write(_signing_name(model), model.name)
        return parsed


def _credential_scope(model: OperationModel, account_id: str, region: str) -> str:
    return (
        f"AWS4-HMAC-SHA256 Credential={account_id}/19700101/{region}/{_signing_name(model)}"
        "/aws4_request, SignedHeaders=host, Signature=0"
    )


def _signing_name(model: OperationModel) -> str:
    metadata = model.service_model.metadata
    return str(metadata.get("signingName") or metadata["endpointPrefix"])


class _Exchange:
    """One ASGI request and the response it gets."""

    def __init__(self, request: Json, authorization: str) -> None:
        path, _, extra_query = request["url_path"].partition("?")
        query = request["query_string"]
        if isinstance(query, dict):
            query = urlencode(query, doseq=True)
        body = request["body"]
        if isinstance(body, dict):
            body = urlencode(body)
        self._body = body.encode() if isinstance(body, str) else bytes(body)
        headers = {name.lower(): str(value) for name, value in request["headers"].items()}
        headers |= {
            "authorization": authorization,
            "host": "127.0.0.1",
            "content-length": str(len(self._body)),
        }
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": request["method"],
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": "&".join(part for part in (extra_query, query) if part).encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 0),
        }
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()

    async def receive(self) -> Json:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: Json) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
