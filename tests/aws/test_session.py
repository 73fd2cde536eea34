"""The session: the account guard, control-plane regions, an endpoint that is not there."""

from __future__ import annotations

import socket
from dataclasses import replace

import botocore.session
import pytest

from tests.fakes.ministack import VARIABLES
from tests.fakes.world import ACCOUNT
from videoctl.aws.errors import NotAllowed, Unreachable
from videoctl.aws.session import READING_PREFIXES, AwsSession, AwsSettings
from videoctl.errors import RefusedError
from videoctl.model.regions import Region

EAST, WEST = Region.US_EAST_1, Region.US_WEST_2
OTHER_ACCOUNT = "111111111111"


@pytest.fixture
def unused_endpoint() -> str:
    """An address nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.sandbox
def test_a_write_to_another_account_is_refused_before_it_is_sent(ministack: str) -> None:
    """With credentials of another account nothing is created; reading is still possible."""
    settings = AwsSettings(account_id=OTHER_ACCOUNT, endpoint_url=ministack, environment=VARIABLES)
    session = AwsSession(settings)
    with pytest.raises(RefusedError) as refused:
        session.client("s3", EAST).call("CreateBucket", Bucket="video-guarded")
    assert refused.value.code == "account-mismatch"
    assert ACCOUNT in refused.value.message
    assert OTHER_ACCOUNT in refused.value.message
    assert session.caller_account_id(EAST) == ACCOUNT
    rightful = AwsSession(replace(settings, account_id=ACCOUNT))
    buckets = rightful.client("s3", EAST).call("ListBuckets")["Buckets"]
    assert "video-guarded" not in [bucket["Name"] for bucket in buckets]


@pytest.mark.sandbox
def test_the_account_is_asked_for_once(session: AwsSession) -> None:
    """Many writes ask STS once."""
    asked: list[object] = []
    sts = session.client("sts", EAST)
    sts._client.meta.events.register("before-call", lambda **_: asked.append(1))
    for name in ("once-a", "once-b"):
        session.client("s3", EAST).call("CreateBucket", Bucket=name)
    assert len(asked) == 1


def test_only_reading_operations_pass_unguarded() -> None:
    """No operation of a service in use that changes something begins like a reading one."""
    suspicious = []
    for service in ("s3", "ecs", "lambda", "kinesis", "firehose", "kinesisanalyticsv2", "elbv2"):
        model = botocore.session.get_session().get_service_model(service)
        for name in model.operation_names:
            method = model.operation_model(name).http.get("method")
            if name.startswith(READING_PREFIXES) and method in {"PUT", "DELETE"}:
                suspicious.append(f"{service}:{name}")
    assert suspicious == []


def test_global_services_are_asked_in_their_only_region() -> None:
    """Whatever region is meant, Global Accelerator's API is in us-west-2."""
    session = AwsSession(AwsSettings(account_id=ACCOUNT, environment=VARIABLES))
    assert session.client("globalaccelerator", EAST).region is WEST
    assert session.client("kinesis", WEST).region is WEST
    assert session.client("kinesis", EAST) is session.client("kinesis", EAST)


def test_sts_is_regional() -> None:
    """The global STS endpoint depends on us-east-1."""
    session = AwsSession(AwsSettings(account_id=ACCOUNT, environment=VARIABLES))
    url = session.client("sts", WEST)._client.meta.endpoint_url
    assert url == "https://sts.us-west-2.amazonaws.com"


def test_an_endpoint_that_is_not_there_is_named(unused_endpoint: str) -> None:
    """A refused connection is told as such, with its cure."""
    settings = AwsSettings(account_id=ACCOUNT, endpoint_url=unused_endpoint, environment=VARIABLES)
    with pytest.raises(Unreachable) as refused:
        AwsSession(settings).caller_account_id(EAST)
    assert "sts:GetCallerIdentity in us-east-1" in refused.value.message
    assert refused.value.hint


def test_a_profile_that_is_not_there_is_not_allowed() -> None:
    """A missing profile is a matter of credentials: exit code 6."""
    session = AwsSession(AwsSettings(account_id=ACCOUNT, profile="nobody-has-this"))
    with pytest.raises(NotAllowed, match="nobody-has-this"):
        session.client("s3", EAST)
