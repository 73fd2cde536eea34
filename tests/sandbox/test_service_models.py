"""Every service of the sandbox, held against botocore's model of it.

The answers are read twice: by boto3, as any client reads them, and raw, so that a member boto3
would silently drop is seen. Operations are called as the model describes them, with made-up
parameters or, where there is a script for the service, in an order in which they succeed.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
from botocore.exceptions import ClientError
from botocore.model import OperationModel, Shape

from sandbox.home import Home
from sandbox.protocol import models
from sandbox.protocol.validation import violations
from sandbox.services import registry
from sandbox.services.base import Service
from tests.sandbox.service_scripts import SCRIPTS
from tests.sandbox.services.real import RealSandbox

SERVICES = {service.name: service for service in registry.discover()}
COMMON_ERRORS = {
    "ValidationException", "ValidationError", "AccessDeniedException", "InvalidParameterException",
    "InvalidArgumentException", "InvalidParameterValue",
}  # fmt: skip
"""Codes any operation may answer with, though few models list them."""
NOT_HERE = {"UnknownOperationException", "InternalFailure", "SerializationException"}


def implemented(service: type[Service]) -> dict[str, OperationModel]:
    """Operations of the model that the service has a method for."""
    return {
        name: operation
        for name, operation in models.operations(service.name).items()
        if hasattr(service, models.method_name(name))
    }


OPERATIONS = [(name, one) for name in SERVICES for one in implemented(SERVICES[name])]


@dataclass
class Exchanges:
    """What was asked of a service, and the raw answers.

    Attributes:
        succeeded: raw bodies by operation.
        failed: error codes by operation.

    """

    succeeded: dict[str, list[bytes]] = field(default_factory=dict)
    failed: dict[str, set[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def exchanges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Exchanges]]:
    """Every implemented operation of every service called at least once."""
    sandbox = RealSandbox(Home(tmp_path_factory.mktemp("models")))
    sandbox.start()
    yield {name: _call_all(sandbox, SERVICES[name]) for name in SERVICES}
    sandbox.stop()


def _call_all(sandbox: RealSandbox, service: type[Service]) -> Exchanges:
    client, found = _listening(sandbox, service)
    if service.name in SCRIPTS:
        SCRIPTS[service.name](sandbox, client)
    for name, operation in implemented(service).items():
        if name in found.succeeded or name in found.failed or operation.has_event_stream_output:
            continue
        parameters = made_up(operation.input_shape) if operation.input_shape else {}
        try:
            getattr(client, models.method_name(name))(**parameters)
        except ClientError as error:
            found.failed.setdefault(name, set()).add(error.response["Error"]["Code"])
    return found


def _listening(sandbox: RealSandbox, service: type[Service]) -> tuple[Any, Exchanges]:
    found = Exchanges()
    client = sandbox.client(service.name, service.only_region or "us-east-1")

    def listen(**event: Any) -> None:
        name = event["operation_model"].name
        if event["response_dict"]["status_code"] < 300:
            found.succeeded.setdefault(name, []).append(event["response_dict"]["body"])

    client.meta.events.register("before-parse", listen)
    return client, found


def made_up(shape: Shape) -> Any:
    """A value that satisfies every constraint of the shape, with required members only."""
    match shape.type_name:
        case "structure":
            return {name: made_up(shape.members[name]) for name in shape.required_members}
        case "list":
            return [made_up(shape.member)] * shape.metadata.get("min", 1)
        case "map":
            return {made_up(shape.key): made_up(shape.value)}
        case "boolean":
            return True
        case "timestamp":
            return 0
        case "blob":
            return b"x"
        case "integer" | "long" | "float" | "double":
            return shape.metadata.get("min", 1)
    candidates = [
        *shape.metadata.get("enum", []),
        "made-up", "a" * 64, "12:00", "arn:aws:iam::000000000000:role/made-up",
        "arn:aws:kinesis:us-east-1:000000000000:stream/made-up", "arn:aws:s3:::made-up", "0",
    ]  # fmt: skip
    return next(one for one in candidates if not list(violations(shape, one)))


@pytest.mark.parametrize("name", SERVICES)
def test_every_public_method_is_an_operation(name: str) -> None:
    """A verb and a noun that are no operation of the model: misspelled, and never called."""
    operations = {models.method_name(operation) for operation in models.operations(name)}
    methods = {
        method
        for method, value in inspect.getmembers(SERVICES[name], inspect.isfunction)
        if "_" in method.strip("_")
        and not method.startswith("_")
        and list(inspect.signature(value).parameters) == ["self", "call", "request"]
    }
    assert methods <= operations


@pytest.mark.sandbox
@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_answers_are_the_models(exchanges: dict[str, Exchanges], name: str, operation: str) -> None:
    """Each answer has declared members only and all required ones; each error is declared."""
    model, found = models.operations(name)[operation], exchanges[name]
    if model.has_event_stream_output:
        pytest.skip("an event stream has no single answer")
    assert operation in found.succeeded or operation in found.failed
    for body in found.succeeded.get(operation, []):
        if model.output_shape is not None:
            assert list(faults(model, body)) == []
    declared = {
        shape.metadata.get("error", {}).get("code", shape.name)
        for shape in models.service_model(name).error_shapes
    }
    assert found.failed.get(operation, set()) <= declared | COMMON_ERRORS
    assert not found.failed.get(operation, set()) & NOT_HERE


@pytest.mark.sandbox
@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_succeed(exchanges: dict[str, Exchanges], name: str) -> None:
    """Where there is a script, each operation succeeds but those that need a running job."""
    needs_a_job = {
        "CreateApplicationPresignedUrl", "CreateApplicationSnapshot", "DescribeApplicationSnapshot",
        "DeleteApplicationSnapshot", "RollbackApplication",
    }  # fmt: skip
    missing = implemented(SERVICES[name]).keys() - exchanges[name].succeeded.keys() - needs_a_job
    assert not missing


def faults(model: OperationModel, body: bytes) -> list[str]:
    """What is wrong with a raw answer."""
    shape = model.output_shape
    assert shape is not None
    protocol = model.service_model.resolved_protocol
    if "payload" in shape.serialization or not body:
        return []
    if protocol in {"json", "rest-json"}:
        return list(_json_faults(shape, json.loads(body), model.name))
    if protocol in {"query", "ec2", "rest-xml"}:
        root = fromstring(body)
        wrapper = shape.serialization.get("resultWrapper")
        node = next((one for one in root if _tag(one) == wrapper), root)
        return list(_xml_faults(shape, node, model.name))
    return []


def _json_faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "list":
        for item in value:
            yield from _json_faults(shape.member, item, f"{path}[]")
    elif shape.type_name == "map":
        for item in value.values():
            yield from _json_faults(shape.value, item, f"{path}{{}}")
    elif shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        names = {one.serialization.get("name", name): one for name, one in shape.members.items()}
        for name in shape.required_members:
            if shape.members[name].serialization.get("name", name) not in value:
                yield f"{path}.{name} is missing"
        for name, item in value.items():
            if name not in names:
                yield f"{path}.{name} is not declared"
            else:
                yield from _json_faults(names[name], item, f"{path}.{name}")


def _xml_faults(shape: Shape, node: Element, path: str) -> Iterator[str]:
    if shape.type_name != "structure":
        return
    names = {one.serialization.get("name", name): one for name, one in shape.members.items()}
    for child in node:
        tag = _tag(child)
        if tag in {"ResponseMetadata", "requestId"}:  # EC2 has the latter
            continue
        if tag not in names:
            yield f"{path}.{tag} is not declared"
        elif names[tag].type_name == "list" and not names[tag].serialization.get("flattened"):
            for item in child:
                yield from _xml_faults(names[tag].member, item, f"{path}.{tag}[]")
        else:
            yield from _xml_faults(names[tag], child, f"{path}.{tag}")


def _tag(node: Element) -> str:
    return re.sub(r"\{.*\}", "", node.tag)
