"""What the headers of a request tell."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.identity import identify, rest_operation_name
from sandbox.requestlog import KEPT_REQUESTS, RequestLog


def scope(
    signing_name: str = "kinesis",
    *,
    access_key: str = "AKIA",
    region: str = "us-west-2",
    method: str = "POST",
    path: str = "/",
    query: str = "",
    **headers: str,
) -> dict[str, Any]:
    """An ASGI request signed for a service."""
    credential = f"{access_key}/20261121/{region}/{signing_name}/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
    named = {"authorization": authorization, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return {
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }


def test_region_service_and_operation_come_from_the_signature_and_target() -> None:
    """A JSON request needs no look at its body."""
    who = identify(scope(x_amz_target="Kinesis_20131202.PutRecords"))
    assert (who.service, who.operation, who.region) == ("kinesis", "PutRecords", "us-west-2")
    assert who.protocol == "json"
    assert who.account_id == "000000000000"


def test_an_access_key_of_twelve_digits_names_its_account() -> None:
    """Other accounts can be played."""
    assert identify(scope(access_key="123456789012")).account_id == "123456789012"


@pytest.mark.parametrize(
    ("signing_name", "headers", "service", "protocol"),
    [
        ("kinesis", {"x_amz_target": "K.Op", "content_type": "application/x-amz-cbor-1.1"},
         "kinesis", "cbor"),
        ("monitoring", {"smithy_protocol": "rpc-v2-cbor"}, "cloudwatch", "rpc-v2-cbor"),
        ("elasticloadbalancing", {"content_type": "application/x-www-form-urlencoded"},
         "elbv2", "query"),
        ("ec2", {"content_type": "application/x-www-form-urlencoded; charset=utf-8"},
         "ec2", "ec2"),
        ("lambda", {}, "lambda", "rest-json"),
        ("s3", {}, "s3", "rest-xml"),
        ("timestream", {"x_amz_target": "Timestream_20181101.WriteRecords"},
         "timestream-write", "json"),
        ("timestream", {"x_amz_target": "Timestream_20181101.Query"}, "timestream-query", "json"),
    ],
)  # fmt: skip
def test_each_protocol_is_recognised(
    signing_name: str, headers: dict[str, str], service: str, protocol: str
) -> None:
    """boto3's name of the service, and how errors must be written."""
    who = identify(scope(signing_name, path="/service/X/operation/Op", **headers))
    assert (who.service, who.protocol) == (service, protocol)


def test_a_presigned_request_is_known_by_its_query() -> None:
    """The credential may stand in the URL."""
    asked = scope(query="X-Amz-Credential=AKIA%2F20261121%2Feu-west-1%2Fs3%2Faws4_request")
    asked["headers"] = []
    who = identify(asked)
    assert (who.service, who.region) == ("s3", "eu-west-1")


def test_an_unsigned_request_belongs_to_nobody() -> None:
    """It goes to MiniStack as it is."""
    who = identify({**scope(), "headers": []})
    assert who.signing_name == ""


@pytest.mark.parametrize(
    ("method", "path", "query", "operation"),
    [
        ("PUT", "/bucket", "", "CreateBucket"),
        ("PUT", "/bucket", "versioning", "PutBucketVersioning"),
        ("PUT", "/bucket/a/key", "", "PutObject"),
        ("GET", "/bucket", "list-type=2", "ListObjectsV2"),
        ("GET", "/", "", "ListBuckets"),
        ("DELETE", "/bucket/key", "", "DeleteObject"),
        ("DELETE", "/bucket/key", "uploadId=1", "AbortMultipartUpload"),
        ("PUT", "/bucket/key", "partNumber=1&uploadId=1", "UploadPart"),
    ],
)
def test_s3_operations_are_named_in_the_log(
    method: str, path: str, query: str, operation: str
) -> None:
    """From method, path and query, as the service model has them."""
    assert rest_operation_name("s3", method, path, query) == operation


def test_the_log_keeps_the_last_requests_in_order() -> None:
    """Numbers go on for ever, entries do not."""
    log = RequestLog()
    who = identify(scope(x_amz_target="Kinesis_20131202.PutRecords"))
    for _ in range(KEPT_REQUESTS + 5):
        log.begin(who, scope())
    entries = log.entries(after=KEPT_REQUESTS + 3)
    assert [entry["number"] for entry in entries] == [KEPT_REQUESTS + 4, KEPT_REQUESTS + 5]
    assert len(log.entries()) == KEPT_REQUESTS
    assert entries[0]["service"] == "kinesis"
    assert entries[0]["operation"] == "PutRecords"
    log.clear()
    assert log.entries() == []
    assert log.count == KEPT_REQUESTS + 5
