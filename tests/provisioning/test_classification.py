"""What the engine and the provider say, and the error that comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoctl.errors import ExitCode, VideoctlError
from videoctl.provisioning.classification import Failure, classify, lock_owners
from videoctl.provisioning.failure_signs import SIGNS

AWS = "operation error {}, https response error StatusCode: 400, RequestID: 1f, api error {}"
LOCK = (
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to"
    " end or delete the lock file with `pulumi cancel`.\n"
    "  file:///state/.pulumi/locks/organization/videoctl/dev/7c.json: created by"
    " ann@laptop (pid 4711) at 2026-11-21T10:00:00Z"
)

SAID = [
    ("stack-locked", ExitCode.LOCKED, LOCK),
    ("stack-locked", ExitCode.LOCKED, "[409] Conflict: Another update is currently in progress."),
    (
        "passphrase-missing",
        ExitCode.NOT_ALLOWED,
        (
            "error: getting secrets manager: passphrase must be set with"
            " PULUMI_CONFIG_PASSPHRASE or"
            " PULUMI_CONFIG_PASSPHRASE_FILE environment variables"
        ),
    ),
    ("passphrase-wrong", ExitCode.NOT_ALLOWED, "error: incorrect passphrase"),
    (
        "timestream-gated",
        ExitCode.REFUSED,
        AWS.format(
            "Timestream Write: CreateDatabase",
            "AccessDeniedException: Only existing Timestream for LiveAnalytics customers can access"
            " the service.",
        ),
    ),
    ("account-mismatch", ExitCode.NOT_ALLOWED, "AWS account ID not allowed: 123456789012"),
    (
        "credentials-expired",
        ExitCode.NOT_ALLOWED,
        AWS.format(
            "STS: GetCallerIdentity",
            "ExpiredToken: The security token included in the request is expired",
        ),
    ),
    ("credentials-expired", ExitCode.NOT_ALLOWED, "the SSO session has expired or is invalid"),
    (
        "credentials-missing",
        ExitCode.NOT_ALLOWED,
        "error configuring provider: No valid credential sources found.",
    ),
    (
        "credentials-missing",
        ExitCode.NOT_ALLOWED,
        AWS.format("STS: GetCallerIdentity", "InvalidClientTokenId: The security token is invalid"),
    ),
    (
        "access-denied",
        ExitCode.NOT_ALLOWED,
        AWS.format(
            "Kinesis: CreateStream",
            "AccessDeniedException: User: arn:aws:iam::1:user/x is"
            " not authorized to perform: kinesis:CreateStream on resource: y",
        ),
    ),
    (
        "access-denied",
        ExitCode.NOT_ALLOWED,
        AWS.format("EC2: CreateVpc", "UnauthorizedOperation: You are not authorized"),
    ),
    (
        "throttled",
        ExitCode.INCOMPLETE,
        AWS.format("S3: PutBucketPolicy", "SlowDown: Please reduce your request rate."),
    ),
    (
        "throttled",
        ExitCode.INCOMPLETE,
        AWS.format("IAM: CreateRole", "Throttling: Rate exceeded"),
    ),
    (
        "throttled",
        ExitCode.INCOMPLETE,
        AWS.format("Lambda: CreateFunction", "TooManyRequestsException: slow down"),
    ),
    (
        "quota-exceeded",
        ExitCode.FAILED,
        AWS.format(
            "EC2: CreateVpc", "VpcLimitExceeded: The maximum number of VPCs has been reached."
        ),
    ),
    (
        "quota-exceeded",
        ExitCode.FAILED,
        AWS.format(
            "Kinesis: CreateStream",
            "LimitExceededException: This request would exceed the shard limit",
        ),
    ),
    (
        "quota-exceeded",
        ExitCode.FAILED,
        AWS.format("ELB: CreateLoadBalancer", "TooManyLoadBalancersException: quota"),
    ),
    (
        "plugin-missing",
        ExitCode.FAILED,
        (
            "error: Could not automatically download and install resource plugin"
            " 'pulumi-resource-aws'"
            " at version v7.51.1: error downloading provider aws to file"
        ),
    ),
    (
        "plugin-missing",
        ExitCode.FAILED,
        "error: no resource plugin 'pulumi-resource-aws' found in the workspace",
    ),
    (
        "pending-operations",
        ExitCode.INCOMPLETE,
        (
            "warning: Attempting to deploy or update resources with 1 pending"
            " operations from previous"
            " deployment."
        ),
    ),
    (
        "plan-stale",
        ExitCode.REFUSED,
        (
            "resource urn:pulumi:dev::videoctl::toy:index:Thing::a violates plan:"
            " properties changed:"
            " ++size[{2}!={3}]"
        ),
    ),
    (
        "resource-protected",
        ExitCode.REFUSED,
        'error: resource "urn:x" cannot be deleted because it is protected',
    ),
    (
        "already-exists",
        ExitCode.FAILED,
        (
            "sdk-v2/provider2.go: sdk.helper_schema: creating Kinesis Stream (video-dev-raw):"
            " operation error Kinesis: CreateStream, https response error StatusCode: 400,"
            " RequestID: 1, ResourceInUseException: Stream video-dev-raw under account"
            " 123456789012 already exists.: provider=aws@7.51.1"
        ),
    ),
    (
        "program-failed",
        ExitCode.FAILED,
        (
            "python inline source runtime error: no key 'flink_code'\nTraceback (most"
            " recent call last)"
        ),
    ),
    (
        "endpoint-unreachable",
        ExitCode.INCOMPLETE,
        (
            "operation error STS: GetCallerIdentity, request send failed, Post"
            ' "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused'
        ),
    ),
]


def failure(*texts: str) -> Failure:
    """A failed update that said these texts."""
    return Failure(stack="dev", operation="update", texts=texts, log_file=Path("/logs/run.log"))


@pytest.mark.parametrize(("code", "exit_code", "text"), SAID)
def test_each_text_has_its_error(code: str, exit_code: ExitCode, text: str) -> None:
    """Code, exit code and a cure, whatever stands around the text."""
    error = classify(failure(f"error: update failed\n  * {text}\n\n"))
    assert (error.code, error.exit_code) == (code, exit_code)
    assert error.hint
    assert "\n" not in error.message
    assert len(error.message) < 600


def test_every_code_is_tried() -> None:
    """No sign is without an example above."""
    assert {code for code, _, _ in SAID} == set(SIGNS)


def test_a_lock_names_owner_host_process_and_time() -> None:
    """Exit 5 says who: the person then knows whom to ask."""
    error = classify(failure(LOCK))
    assert "ann@laptop (pid 4711) since 2026-11-21T10:00:00Z" in error.message
    assert lock_owners(LOCK) == (("ann", "laptop", 4711, "2026-11-21T10:00:00Z"),)


def test_access_denied_names_the_call() -> None:
    """The permission that is lacking is in the first line."""
    texts = {code: text for code, _, text in SAID if code == "access-denied"}
    assert "AWS refused EC2: CreateVpc" in classify(failure(texts["access-denied"])).message
    denied = "api error AccessDenied: not authorized to perform: s3:PutBucketPolicy on resource: x"
    assert "AWS refused s3:PutBucketPolicy" in classify(failure(denied)).message


def test_what_nobody_knows_is_told_in_its_first_line_and_where_the_rest_is() -> None:
    """No raw dump: the first `error:` line, and the log file for the rest."""
    error = classify(failure("warning: x\nerror: something new\n  at length\n  and more"))
    assert error.message == "update of stack dev failed: something new"
    assert error.hint == "the engine's own words are in /logs/run.log"
    assert error.code == "engine-failed"


def test_nothing_said_is_told_as_such() -> None:
    """An engine that ends without a word still gives an error."""
    assert "failed: nothing" in classify(failure("", "  \n")).message


@given(st.lists(st.text(), max_size=3))
def test_any_text_gives_one_line(texts: list[str]) -> None:
    """Whatever is said: an error of one line, never an exception."""
    error = classify(failure(*texts))
    assert isinstance(error, VideoctlError)
    assert "\n" not in error.message
