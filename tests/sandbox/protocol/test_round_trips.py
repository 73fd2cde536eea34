"""What botocore writes is read here, and what is written here botocore reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from botocore import parsers, serialize
from botocore.awsrequest import HeadersDict

from sandbox.protocol import cbor, models, requests, responses
from sandbox.protocol.responses import ModelMismatchError
from sandbox.protocol.wire import Request
from sandbox.services.ec2 import ComputeCloud
from tests.sandbox.protocol.samples import is_streaming, sample

if TYPE_CHECKING:
    from botocore.model import OperationModel

SERVICES = {
    "globalaccelerator": "json",
    "ecs": "json",
    "support": "json",
    "ec2": "ec2",
    "elbv2": "query",
    "sns": "query",
    "lambda": "rest-json",
    "grafana": "rest-json",
    "s3control": "rest-xml",
}


def written_by_botocore(operation: OperationModel, parameters: dict[str, Any]) -> Request:
    """The HTTP request a client sends."""
    protocol = operation.service_model.resolved_protocol
    serializer = serialize.create_serializer(protocol, include_validation=False)
    request = serializer.serialize_to_request(parameters, operation)
    path, _, query = request["url_path"].partition("?")
    parameters = request["query_string"]
    if parameters:
        query = "&".join(filter(None, [query, urlencode(parameters, doseq=True)]))
    body = request["body"]
    if isinstance(body, dict):
        body = urlencode(body)
    headers = {name.lower(): str(value) for name, value in request["headers"].items()}
    raw = body.encode() if isinstance(body, str) else bytes(body)
    return Request(request["method"], path, query, headers, raw)


def operations_of(services: dict[str, str]) -> list[Any]:
    """All operations that carry structures, as test parameters."""
    return [
        pytest.param(operation, protocol, id=f"{service}.{name}")
        for service, protocol in services.items()
        for name, operation in models.operations(service).items()
        if not is_streaming(operation)
        # EC2 has 700 operations, and all but a few are MiniStack's.
        and (service != "ec2" or hasattr(ComputeCloud, models.method_name(name)))
    ]


def without_empty(value: Any) -> Any:
    """The value without members that a protocol cannot tell from absent ones."""
    if isinstance(value, dict):
        cleaned = {name: without_empty(item) for name, item in value.items()}
        return {name: item for name, item in cleaned.items() if item not in ({}, [], None)}
    if isinstance(value, list):
        return [without_empty(item) for item in value]
    return value


@pytest.mark.parametrize(("operation", "protocol"), operations_of(SERVICES))
def test_every_request_is_read_as_it_was_meant(operation: OperationModel, protocol: Any) -> None:
    """The parameters given to a client arrive at the service, all of them."""
    if operation.input_shape is None:
        pytest.skip("no input")
    parameters = sample(operation.input_shape)
    request = written_by_botocore(operation, parameters)
    assert without_empty(requests.parse(operation, protocol, request)) == without_empty(parameters)


@pytest.mark.parametrize(("operation", "protocol"), operations_of(SERVICES))
def test_every_answer_is_read_as_it_was_meant(operation: OperationModel, protocol: Any) -> None:
    """What a service answers arrives at the client, all of it."""
    shape = operation.output_shape
    output = sample(shape) if shape is not None else {}
    response = responses.serialise(operation, protocol, output, "request-1")
    parsed = parsers.create_parser(protocol).parse(
        {
            "status_code": response.status,
            "headers": HeadersDict(response.headers),
            "body": response.body,
            "context": {},
        },
        shape,
    )
    metadata = parsed.pop("ResponseMetadata")
    assert metadata["RequestId"] == "request-1"
    assert without_empty(parsed) == without_empty(output)


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("s3", "CopyObject"),
        ("s3", "PutObject"),
        ("s3", "GetBucketVersioning"),
        ("s3", "ListObjectsV2"),
        ("s3", "HeadBucket"),
        ("s3", "DeleteObjects"),
        ("lambda", "CreateFunction"),
        ("lambda", "Invoke"),
        ("lambda", "GetFunctionConfiguration"),
    ],
)
def test_the_operation_of_a_rest_request_is_recognised(service: str, operation: str) -> None:
    """Operations that share a path are told apart by method, query and headers."""
    model = models.operations(service)[operation]
    parameters = {
        name: sample(member)
        for name, member in model.input_shape.members.items()
        if name in model.input_shape.required_members
    }
    request = written_by_botocore(model, parameters)
    found = models.rest_operation(
        service, request.method, request.path, request.query_parameters(), request.headers
    )
    assert found is not None
    assert found.name == operation


def test_cbor_carries_bytes_and_times() -> None:
    """A CBOR request and answer hold blobs and timestamps as CBOR has them."""
    import cbor2

    operation = models.operations("kinesis")["PutRecord"]
    body = cbor2.dumps({"StreamName": "s", "Data": b"\x00\x01", "PartitionKey": "k"})
    request = Request("POST", "/", "", {}, body)
    parsed = requests.parse(operation, "cbor", request)
    assert parsed == {"StreamName": "s", "Data": b"\x00\x01", "PartitionKey": "k"}
    answer = responses.serialise(
        models.operations("kinesis")["DescribeStreamSummary"],
        "cbor",
        {"StreamDescriptionSummary": _summary()},
        "r",
    )
    moment = cbor.loads(answer.body)["StreamDescriptionSummary"]["StreamCreationTimestamp"]
    assert moment.timestamp() == 1.5
    assert cbor2.dumps(cbor2.CBORTag(1, 1500)) in answer.body  # milliseconds, as Java reads them


def _summary() -> dict[str, Any]:
    return {
        "StreamName": "s",
        "StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s",
        "StreamStatus": "ACTIVE",
        "RetentionPeriodHours": 24,
        "StreamCreationTimestamp": 1.5,
        "EnhancedMonitoring": [],
        "OpenShardCount": 1,
    }


def test_an_answer_the_model_does_not_know_is_refused() -> None:
    """A service cannot answer with members AWS does not have, nor leave out required ones."""
    operation = models.operations("kinesis")["DescribeStreamSummary"]
    with pytest.raises(ModelMismatchError, match="Invented"):
        responses.serialise(operation, "json", {"Invented": 1}, "r")
    lacking = _summary()
    del lacking["StreamARN"]
    with pytest.raises(ModelMismatchError, match="StreamARN"):
        responses.serialise(operation, "json", {"StreamDescriptionSummary": lacking}, "r")
