"""Who a request speaks for and what it asks, read from its headers as AWS would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from sandbox.account import ACCOUNT_ID, DEFAULT_REGION
from sandbox.protocol import models
from sandbox.protocol.models import Protocol

_ACCOUNT_DIGITS = 12
_SCOPE_PARTS = 4
_BOTO3_NAMES = {
    "elasticloadbalancing": "elbv2",
    "elasticmapreduce": "emr",
    "kinesisanalytics": "kinesisanalyticsv2",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
"""boto3's name of a service where it signs with another one."""
_TIMESTREAM_QUERY_OPERATIONS = frozenset(
    {"Query", "CancelQuery", "PrepareQuery", "DescribeAccountSettings", "UpdateAccountSettings"}
)
_EC2_STYLE = frozenset({"ec2", "autoscaling"})


@dataclass(slots=True)
class Identity:
    """What the headers say of one request.

    Attributes:
        signing_name: service of the credential scope; empty when unsigned.
        region: region of the credential scope.
        account_id: 12 digits; an access key of that form names its account.
        target_prefix: first half of `X-Amz-Target`, if any.
        operation: known without the body: from the target or an RPC path; else empty.
        protocol: how errors must be written.
        is_form: whether the operation stands in a form body.

    """

    signing_name: str
    region: str
    account_id: str
    target_prefix: str
    operation: str
    protocol: Protocol
    is_form: bool

    @property
    def service(self) -> str:
        """boto3's name of the service, as good as the headers tell."""
        name = self.signing_name
        if name == "timestream":
            is_query = (
                self.operation in _TIMESTREAM_QUERY_OPERATIONS or "Scheduled" in self.operation
            )
            return "timestream-query" if is_query else "timestream-write"
        return _BOTO3_NAMES.get(name, name)


def identify(scope: dict[str, Any]) -> Identity:
    """Identity of an ASGI request."""
    headers = dict(scope["headers"])
    authorization = headers.get(b"authorization", b"").decode("latin-1")
    credential = _between(authorization, "Credential=")
    if not credential and b"X-Amz-Credential" in scope["query_string"]:
        found = parse_qs(scope["query_string"].decode("latin-1")).get("X-Amz-Credential")
        credential = found[0] if found else ""
    parts = credential.split("/")
    signing_name, region, account_id = "", DEFAULT_REGION, ACCOUNT_ID
    if len(parts) > _SCOPE_PARTS - 1:
        access_key, region, signing_name = parts[0], parts[2], parts[3]
        if len(access_key) == _ACCOUNT_DIGITS and access_key.isdigit():
            account_id = access_key
    prefix, _, operation = headers.get(b"x-amz-target", b"").decode("latin-1").rpartition(".")
    content_type = headers.get(b"content-type", b"")
    is_form = content_type.startswith(b"application/x-www-form-urlencoded")
    if headers.get(b"smithy-protocol") == b"rpc-v2-cbor":
        operation = scope["path"].rpartition("/")[2]
        protocol: Protocol = "rpc-v2-cbor"
    elif prefix:
        protocol = "cbor" if b"cbor" in content_type else "json"
    elif is_form:
        protocol = "ec2" if signing_name in _EC2_STYLE else "query"
    else:
        if b"x-amz-copy-source" in headers:
            operation = "UploadPartCopy" if b"partNumber" in scope["query_string"] else "CopyObject"
        protocol = "rest-xml" if signing_name in {"s3", "route53", ""} else "rest-json"
    return Identity(signing_name, region, account_id, prefix, operation, protocol, is_form)


def _between(text: str, start: str) -> str:
    position = text.find(start)
    if position < 0:
        return ""
    return text[position + len(start) :].split(",", 1)[0].strip()


def rest_operation_name(
    service: str, method: str, path: str, query: str, headers: dict[str, str] | None = None
) -> str:
    """Operation of a REST request by name; empty when the model has none like it."""
    if not models.is_known(service):
        return ""
    parameters = parse_qs(query, keep_blank_values=True)
    found = models.rest_operation(service, method, path, parameters, headers or {})
    return str(found.name) if found else ""
