"""Constraints of the model on what a client sends."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.protocol import models, requests, validation
from sandbox.protocol.errors import ServiceError
from sandbox.protocol.wire import Request

VALID: dict[str, Any] = {
    "ListenerArn": "arn",
    "EndpointGroupRegion": "us-east-1",
    "IdempotencyToken": "token",
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ListenerArn": None}, "Value null at 'listenerArn' failed to satisfy constraint: Member"),
        ({"TrafficDialPercentage": 101.0}, "value less than or equal to 100"),
        ({"TrafficDialPercentage": -1.0}, "value greater than or equal to 0"),
        ({"HealthCheckProtocol": "ICMP"}, "enum value set: [TCP, HTTP, HTTPS]"),
        ({"EndpointConfigurations": [{"Weight": 256}]}, "'endpointConfigurations.1.member.weight'"),
        ({"EndpointConfigurations": [{}] * 11}, "length less than or equal to 10"),
        ({"HealthCheckPath": "no-slash"}, "regular expression pattern"),
        ({"IdempotencyToken": "x" * 256}, "length less than or equal to 255"),
    ],
)
def test_a_broken_constraint_is_named(changes: dict[str, Any], words: str) -> None:
    """The error says which value at which member breaks which constraint, as AWS words it."""
    shape = models.operations("globalaccelerator")["CreateEndpointGroup"].input_shape
    with pytest.raises(ServiceError) as caught:
        validation.check(shape, VALID | changes)
    assert caught.value.code == "ValidationException"
    assert words in caught.value.message


def test_all_faults_of_a_request_are_named_at_once() -> None:
    """Nobody has to repair one value to learn about the next."""
    shape = models.operations("globalaccelerator")["CreateEndpointGroup"].input_shape
    with pytest.raises(ServiceError, match="3 validation errors detected"):
        validation.check(shape, {"TrafficDialPercentage": 101.0, "EndpointGroupRegion": "r"})


def test_a_valid_request_passes() -> None:
    """Nothing is raised for what AWS would take."""
    shape = models.operations("globalaccelerator")["CreateEndpointGroup"].input_shape
    validation.check(shape, VALID | {"TrafficDialPercentage": 0.0})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"AcceleratorArn": "a", "Invented": 1}', "no member Invented"),
        (b'{"AcceleratorArn": 5}', "AcceleratorArn must be a string"),
        (b'{"Enabled": "yes"}', "Enabled must be a boolean"),
        (b"{", "cannot be read"),
        (b"[]", "must be a structure"),
    ],
)
def test_a_body_that_is_no_input_is_refused(body: bytes, words: str) -> None:
    """Members the model lacks and values of the wrong type do not reach a service."""
    operation = models.operations("globalaccelerator")["UpdateAccelerator"]
    with pytest.raises(ServiceError, match=words) as caught:
        requests.parse(operation, "json", Request("POST", "/", "", {}, body))
    assert caught.value.code == "SerializationException"


def test_an_entity_bomb_is_refused() -> None:
    """XML with entities is not expanded."""
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    bomb = entities + b"<CreateJobRequest>&b;</CreateJobRequest>"
    operation = models.operations("s3control")["CreateJob"]
    request = Request("POST", "/v20180820/jobs", "", {"x-amz-account-id": "1"}, bomb)
    with pytest.raises(ServiceError, match="not XML"):
        requests.parse(operation, "rest-xml", request)
