"""Every error of botocore becomes one of videoctl's, with the call it came from."""

from __future__ import annotations

import inspect

import pytest
from botocore import exceptions as botocore_errors
from botocore.exceptions import BotoCoreError, ClientError

from videoctl.aws import errors
from videoctl.errors import ExitCode, TransientError

CALL = errors.Call(service="kinesis", operation="PutRecords", region="us-west-2")
CASES = [
    *((code, errors.Throttled) for code in errors.THROTTLED_CODES),
    *((code, errors.NotAllowed) for code in errors.NOT_ALLOWED_CODES),
    *((code, errors.NotFound) for code in errors.NOT_FOUND_CODES),
    *((code, errors.Busy) for code in errors.BUSY_CODES),
    *((code, errors.Unavailable) for code in errors.UNAVAILABLE_CODES),
    ("InvalidVpcID.NotFound", errors.NotFound),
    ("ValidationException", errors.AwsError),
]


def client_error(code: str, status: int = 400) -> ClientError:
    """An answer with that code."""
    answer = {
        "Error": {"Code": code, "Message": "said AWS"},
        "ResponseMetadata": {"RequestId": "r-1", "HTTPStatusCode": status},
    }
    return ClientError(answer, "PutRecords")


@pytest.mark.parametrize(("code", "kind"), sorted(CASES, key=lambda case: case[0]))
def test_each_code_has_its_kind(code: str, kind: type[errors.AwsError]) -> None:
    """The map is walked: code, kind, call, request id and AWS's words are kept."""
    error = errors.translate(client_error(code), CALL)
    assert type(error) is kind
    assert isinstance(error, kind)
    assert (error.call.aws_code, error.call.request_id) == (code, "r-1")
    assert error.call.service == "kinesis"
    for part in ("kinesis:PutRecords", "us-west-2", "said AWS", code, "r-1"):
        assert part in error.message


def test_no_code_is_in_two_lists() -> None:
    """The lists are disjoint: the order they are asked in does not matter."""
    lists = (
        errors.THROTTLED_CODES,
        errors.NOT_ALLOWED_CODES,
        errors.NOT_FOUND_CODES,
        errors.BUSY_CODES,
        errors.UNAVAILABLE_CODES,
    )
    assert sum(map(len, lists)) == len(frozenset().union(*lists))


def test_a_server_error_of_any_code_may_have_taken_effect() -> None:
    """A 5xx nobody listed is worth a look and another try."""
    error = errors.translate(client_error("Whatever", status=503), CALL)
    assert type(error) is errors.Unavailable
    assert isinstance(error, TransientError)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (botocore_errors.NoCredentialsError(), errors.NotAllowed),
        (botocore_errors.ProfileNotFound(profile="p"), errors.NotAllowed),
        (botocore_errors.EndpointConnectionError(endpoint_url="u"), errors.Unreachable),
        (botocore_errors.ConnectTimeoutError(endpoint_url="u"), errors.Unreachable),
        (botocore_errors.ReadTimeoutError(endpoint_url="u"), errors.Unavailable),
        (botocore_errors.ConnectionClosedError(endpoint_url="u"), errors.Unavailable),
        (botocore_errors.ParamValidationError(report="wrong"), errors.AwsError),
    ],
)
def test_errors_without_an_answer(error: BotoCoreError, kind: type[errors.AwsError]) -> None:
    """Credentials, connections, lost answers and wrong calls are told apart."""
    assert type(errors.translate(error, CALL)) is kind


def test_every_kind_of_botocore_error_is_translated() -> None:
    """No class of botocore's errors escapes the translation, whatever its arguments."""
    found = [
        value
        for _, value in inspect.getmembers(botocore_errors, inspect.isclass)
        if issubclass(value, BotoCoreError)
    ]
    assert len(found) > 50
    for kind in found:
        error = kind.__new__(kind)
        Exception.__init__(error, "made up")
        assert errors.translate(error, CALL).message


def test_permissions_end_with_their_own_exit_code() -> None:
    """A denied call is exit code 6 all the way up."""
    assert errors.translate(client_error("AccessDenied"), CALL).exit_code is ExitCode.NOT_ALLOWED


@pytest.mark.parametrize(
    ("service", "operation", "said", "action"),
    [
        ("kinesis", "PutRecords", "not authorized to perform: kinesis:PutRecords", "kinesis:"),
        ("s3", "HeadBucket", "Forbidden", "s3:ListBucket"),
        ("elbv2", "DescribeTargetHealth", "no", "elasticloadbalancing:DescribeTargetHealth"),
        ("timestream-write", "ListTables", "no", "timestream:ListTables"),
    ],
)
def test_a_denied_call_names_the_action_a_policy_must_allow(
    service: str, operation: str, said: str, action: str
) -> None:
    """In the message once, whether or not AWS says it, and in the hint."""
    answer = {"Error": {"Code": "403", "Message": said}, "ResponseMetadata": {}}
    call = errors.Call(service=service, operation=operation, region="us-east-1")
    error = errors.translate(ClientError(answer, operation), call)
    assert action in (error.hint or "")
    assert f"{call}" in error.message
    assert error.message.count(action) == (2 if service == "kinesis" else 1)


def test_expired_credentials_are_not_a_matter_of_policy() -> None:
    """No action would help: the hint is to renew them."""
    error = errors.translate(client_error("ExpiredToken"), CALL)
    assert "renew" in (error.hint or "")
    assert "allow" not in (error.hint or "")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Rate exceeded for stream raw under account 1.", errors.Throttled),
        ("This request would exceed the shard limit", errors.AwsError),
    ],
)
def test_a_rate_is_told_from_a_quota(said: str, kind: type[errors.AwsError]) -> None:
    """Kinesis has one code for both, and only the first is worth another try."""
    answer = {"Error": {"Code": "LimitExceededException", "Message": said}, "ResponseMetadata": {}}
    assert type(errors.translate(ClientError(answer, "DescribeStreamSummary"), CALL)) is kind
