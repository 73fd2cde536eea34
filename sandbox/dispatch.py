"""From an HTTP request to a service's method and back."""

from __future__ import annotations

import inspect
import logging
import time
from typing import TYPE_CHECKING

from sandbox.protocol import models, requests, responses, validation
from sandbox.protocol.errors import ServiceError, error_response
from sandbox.services import registry

if TYPE_CHECKING:
    from botocore.model import OperationModel

    from sandbox.protocol.models import Protocol
    from sandbox.protocol.wire import Json, Request, Response
    from sandbox.services.base import Call, Service

_LOG = logging.getLogger("sandbox.dispatch")


async def call_method(
    service: Service, operation: OperationModel, call: Call, parameters: Json
) -> Json:
    """Output of the operation; raises `ServiceError`, also for an operation without a method."""
    method = registry.handler(service, operation)
    if method is None:
        raise ServiceError(
            "UnknownOperationException",
            f"The sandbox has no {operation.name} of {service.name}.",
            501,
        )
    validation.check(operation.input_shape, parameters, service.validation_code)
    output = method(call, parameters)
    if inspect.isawaitable(output):
        output = await output
    return output or {}


async def answer(
    service: Service, operation: OperationModel, call: Call, protocol: Protocol, request: Request
) -> Response:
    """HTTP response to `request`, failures in the protocol's own shape."""
    parameters: Json = {}
    began = time.perf_counter()
    try:
        parameters = requests.parse(operation, protocol, request)
        output = await call_method(service, operation, call, parameters)
        service.answered(call, parameters, time.perf_counter() - began, None)
        return responses.serialise(operation, protocol, output, call.request_id)
    except ServiceError as error:
        service.answered(call, parameters, time.perf_counter() - began, error)
        return error_response(protocol, error, call.request_id, service=service.name)
    except Exception as error:  # noqa: BLE001 - AWS answers, whatever happens; the log has it
        _LOG.exception("%s %s failed", service.name, operation.name)
        failure = ServiceError("InternalFailure", f"fault of the sandbox: {error}", 500)
        service.answered(call, parameters, time.perf_counter() - began, failure)
        return error_response(protocol, failure, call.request_id, service=service.name)


def operation_of(service: Service, name: str) -> OperationModel:
    """The model of an operation by name; raises `ServiceError` for a name AWS does not know."""
    found = models.operations(service.name).get(name)
    if found is None:
        raise ServiceError("UnknownOperationException", f"{service.name} has no operation {name}")
    return found
