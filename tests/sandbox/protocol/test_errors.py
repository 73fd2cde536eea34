"""Failures in the shape of each protocol."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import parsers

from sandbox.protocol.errors import ServiceError, error_response


@pytest.mark.parametrize(
    ("protocol", "parser", "service"),
    [
        ("json", "json", "kinesis"),
        ("rest-json", "rest-json", "lambda"),
        ("rpc-v2-cbor", "smithy-rpc-v2-cbor", "cloudwatch"),
        ("query", "query", "sns"),
        ("ec2", "ec2", "ec2"),
        ("rest-xml", "rest-xml", "s3control"),
        ("rest-xml", "rest-xml", "s3"),
    ],
)
def test_a_client_reads_code_message_and_status(protocol: Any, parser: str, service: str) -> None:
    """A client finds the error's code and message where this protocol has them."""
    error = ServiceError("SomeException", "1 < 2 & so on", 409)
    response = error_response(protocol, error, "request-1", service=service)
    parsed = parsers.create_parser(parser).parse(
        {
            "status_code": response.status,
            "headers": response.headers,
            "body": response.body,
            "context": {},
        },
        None,
    )
    assert parsed["Error"]["Code"] == "SomeException"
    assert parsed["Error"]["Message"] == "1 < 2 & so on"
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert parsed["ResponseMetadata"]["RequestId"] == "request-1"
