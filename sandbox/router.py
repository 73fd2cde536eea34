"""The ASGI application in front of everything: control paths, faults, our services, MiniStack."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import time
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qs

from sandbox import cbor_bridge, dispatch, identity
from sandbox import faults as fault_rules
from sandbox.protocol import models, requests
from sandbox.protocol.errors import ServiceError, error_response
from sandbox.protocol.wire import Request, Response
from sandbox.services.base import Call, is_reading

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from botocore.model import OperationModel

    from sandbox.durability import Durability
    from sandbox.faults import Fault, Faults
    from sandbox.identity import Identity
    from sandbox.requestlog import Entry, RequestLog
    from sandbox.services.base import Service
    from sandbox.services.registry import Registry

Scope: TypeAlias = dict[str, Any]
Receive: TypeAlias = "Callable[[], Awaitable[dict[str, Any]]]"
Send: TypeAlias = "Callable[[dict[str, Any]], Awaitable[None]]"
Application: TypeAlias = "Callable[[Any, Any, Any], Awaitable[None]]"

CONTROL_PREFIX = "/_sandbox/"
CONNECTION_EXTENSION = "sandbox.connection"
_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")


class ConnectionDroppedError(Exception):
    """The client shall see its connection close without an answer."""


class Router:
    """Answers what MiniStack lacks or does otherwise, hands on the rest, and plays faults."""

    def __init__(
        self,
        *,
        registry: Registry,
        ministack: Application,
        control: Application,
        faults: Faults,
        log: RequestLog,
        durability: Durability,
    ) -> None:
        self._registry = registry
        self._ministack = ministack
        self._control = control
        self._faults = faults
        self._log = log
        self._durability = durability

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._ministack(scope, receive, send)
        elif scope["path"].startswith(CONTROL_PREFIX):
            await self._control(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = identity.identify(scope)
        entry = self._log.begin(who, scope)
        began = time.perf_counter()
        body: bytes | None = None
        if who.is_form:
            body, receive = await _read_ahead(receive)
            who.operation = _action(body)
        service, operation = self._ours(who, scope)
        watched = _Watched(send, entry)
        try:
            late: Fault | None = None
            if self._faults:
                late = await self._play_faults(who, scope, entry)
            if service is not None and operation is not None:
                if body is None:
                    body, receive = await _read_ahead(receive)
                await self._answer_ours(service, operation, who, scope, body, watched, late)
            else:
                await self._answer_ministack(who, scope, receive, watched, late)
        except ServiceError as error:
            if body is None:
                # Unread, it would be taken for the connection's next request.
                with contextlib.suppress(ConnectionDroppedError):
                    body, receive = await _read_ahead(receive)
            self._count_refusal(who, scope, body, error)
            request_id = os.urandom(16).hex()
            failure = fault_rules.in_protocol(error, who.protocol)
            service_name = who.signing_name
            response = error_response(who.protocol, failure, request_id, service=service_name)
            await _send_response(watched, response, scope["method"])
        except ConnectionDroppedError:
            await _drop_connection(scope)
        finally:
            entry.seconds = time.perf_counter() - began

    def _ours(self, who: Identity, scope: Scope) -> tuple[Service | None, OperationModel | None]:
        """The service and operation here that the request means, if any."""
        if who.target_prefix:
            service = self._registry.by_target(who.target_prefix, who.operation)
            candidates = [service] if service else []
        else:
            candidates = self._registry.by_signing_name(who.signing_name)
        for service in candidates:
            operation = _operation(service, who, scope)
            if operation is None and service.passes_on:
                continue
            if (
                operation is not None
                and service.passes_on
                and not hasattr(service, models.method_name(operation.name))
            ):
                continue
            return service, operation or dispatch.operation_of(service, who.operation)
        return None, None

    async def _play_faults(self, who: Identity, scope: Scope, entry: Entry) -> Fault | None:
        """Refuse or delay the request; gives the fault that must drop the answer, if any."""
        operation = who.operation or identity.rest_operation_name(
            who.service, scope["method"], entry.path, entry.query, _text_headers(scope)
        )
        late: Fault | None = None
        for fault in self._faults.hitting(who.service, operation, who.region):
            entry.fault = fault.kind
            if fault.kind == "region-down":
                raise ConnectionDroppedError
            if fault.kind == "slow":
                await asyncio.sleep(fault.delay_ms / 1000)
            elif fault.kind == "timeout-after-effect":
                late = fault
            refusal = fault_rules.refusal(fault, who.service, operation, who.account_id)
            if refusal is not None:
                raise refusal
        return late

    def _count_refusal(
        self, who: Identity, scope: Scope, body: bytes | None, error: ServiceError
    ) -> None:
        """A fault refused the request: a service that counts is told what was asked of it."""
        service = self._registry.get(who.service)
        if service is None or not service.counts_requests:
            return
        operation = models.operations(service.name).get(who.operation)
        if operation is None or body is None:
            return
        try:
            parameters = requests.parse(operation, who.protocol, _request(scope, body))
        except ServiceError:
            return
        service.answered(_call(service, operation, who), parameters, 0.0, error)

    async def _answer_ours(
        self,
        service: Service,
        operation: OperationModel,
        who: Identity,
        scope: Scope,
        body: bytes,
        send: _Watched,
        late: Fault | None,
    ) -> None:
        if service.only_region not in {None, who.region}:
            raise ConnectionDroppedError
        call, request = _call(service, operation, who), _request(scope, body)
        response = await dispatch.answer(service, operation, call, who.protocol, request)
        if not is_reading(operation.name) and operation.name not in service.data_operations:
            self._durability.save_after(service)
            if service.passes_on:  # the method may have built on MiniStack's state
                self._durability.after_ministack(who, scope)
        await _hold_back(late)
        await _send_response(send, response, scope["method"])

    async def _answer_ministack(
        self, who: Identity, scope: Scope, receive: Receive, send: _Watched, late: Fault | None
    ) -> None:
        async def send_when_saved(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._durability.after_ministack(who, scope)
                await _hold_back(late)
            await send(message)

        operation = _known_operation(who) if who.protocol == "cbor" else None
        if operation is None or not cbor_bridge.is_bridged(operation):
            await self._ministack(scope, receive, send_when_saved)
            return
        body = cbor_bridge.request_in_json(operation, (await _read_ahead(receive))[0])
        answer = cbor_bridge.CborAnswer(operation, send_when_saved)
        await self._ministack(
            cbor_bridge.scope_in_json(scope, body), _giving(body, receive), answer
        )


class _Watched:
    """A `send` that notes the status of the answer."""

    __slots__ = ("_entry", "_send")

    def __init__(self, send: Send, entry: Entry) -> None:
        self._send = send
        self._entry = entry

    async def __call__(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._entry.status = message["status"]
        await self._send(message)


def _known_operation(who: Identity) -> OperationModel | None:
    """The operation that a target names, if AWS knows it."""
    if not models.is_known(who.service):
        return None
    return models.operations(who.service).get(who.operation)


def _operation(service: Service, who: Identity, scope: Scope) -> OperationModel | None:
    known = models.operations(service.name)
    if who.operation:
        return known.get(who.operation)
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    return models.rest_operation(service.name, scope["method"], path, query, _text_headers(scope))


def _call(service: Service, operation: OperationModel, who: Identity) -> Call:
    return Call(service.name, operation.name, who.region, who.account_id, os.urandom(16).hex())


def _request(scope: Scope, body: bytes) -> Request:
    return Request(
        scope["method"],
        (scope.get("raw_path") or scope["path"].encode()).decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        _text_headers(scope),
        body,
    )


def _text_headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _action(body: bytes) -> str:
    found = _ACTION.search(body)
    return found[1].decode() if found else ""


async def _read_ahead(receive: Receive) -> tuple[bytes, Receive]:
    """The whole body, and a `receive` that gives it again."""
    chunks = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionDroppedError
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"".join(chunks)
    return body, _giving(body, receive)


def _giving(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a whole body, and then what `receive` has."""
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> dict[str, Any]:
        return pending.pop() if pending else await receive()

    return receive_again


async def _hold_back(fault: Fault | None) -> None:
    """Wait and drop the answer, for a fault that lets the effect happen."""
    if fault is not None:
        await asyncio.sleep(fault.delay_ms / 1000)
        raise ConnectionDroppedError


async def _send_response(send: _Watched, response: Response, method: str) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in response.headers.items()]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    body = b"" if method == "HEAD" else response.body
    await send({"type": "http.response.body", "body": body})


async def _drop_connection(scope: Scope) -> None:
    """Close the connection at once; uvicorn must notice before it asks why there is no answer."""
    connection = scope.get("extensions", {}).get(CONNECTION_EXTENSION)
    if connection is not None:
        connection.abort()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
