"""Names, ARNs and tags."""

from __future__ import annotations

import pytest

from videoctl.model.names import BucketKind, Names, StreamKind, control_bucket, role_arn, stream_arn
from videoctl.model.regions import Region

LONGEST = Names("abcdefghijkl", "123456789012")


@pytest.mark.parametrize("kind", BucketKind)
@pytest.mark.parametrize("region", Region)
def test_bucket_names_hold_environment_kind_and_region(kind: BucketKind, region: Region) -> None:
    """Whoever reads a bucket's name knows whose it is, what it holds and where it is."""
    name = LONGEST.bucket(kind, region)
    assert {LONGEST.environment, str(kind)} <= set(name.split("-"))
    assert str(region) in name
    assert len(name) <= 63


def test_the_longest_names_fit_their_services() -> None:
    """Names stay within AWS's limits for the longest environment name that is allowed."""
    assert len(LONGEST.load_balancer) <= 32
    assert len(LONGEST.role("kds-timestream-buf-sess", Region.US_WEST_2)) <= 64
    assert len(LONGEST.session_function) <= 64
    assert len(LONGEST.delivery_stream(StreamKind.SESSION)) <= 64
    assert len(control_bucket("123456789012", Region.US_WEST_2)) <= 63


def test_arns_are_composed_as_aws_writes_them() -> None:
    """An ARN can be known before the thing exists."""
    assert (
        stream_arn("video-dev-raw", Region.US_EAST_1, "123456789012")
        == "arn:aws:kinesis:us-east-1:123456789012:stream/video-dev-raw"
    )
    assert role_arn("r", "123456789012") == "arn:aws:iam::123456789012:role/r"
