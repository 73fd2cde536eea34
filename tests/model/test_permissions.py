"""The IAM action of a call."""

from __future__ import annotations

import pytest
from botocore.loaders import Loader

from videoctl.model import permissions
from videoctl.model.permissions import iam_action


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("kinesis", "CreateStream", "kinesis:CreateStream"),
        ("kinesisanalyticsv2", "DescribeApplication", "kinesisanalytics:DescribeApplication"),
        ("s3", "ListObjectVersions", "s3:ListBucketVersions"),
        ("s3", "PutBucketEncryption", "s3:PutEncryptionConfiguration"),
        ("s3", "PutObject", "s3:PutObject"),
        ("lambda", "Invoke", "lambda:InvokeFunction"),
    ],
)
def test_the_action_is_iams(service: str, operation: str, action: str) -> None:
    """The call's own name, but where IAM has another."""
    assert iam_action(service, operation) == action


def test_exceptions_are_calls_that_exist() -> None:
    """A misspelt exception would silently never apply."""
    loader = Loader()
    for service, operation in permissions._ACTIONS:
        assert operation in loader.load_service_model(service, "service-2")["operations"]
    for service in permissions._PREFIXES:
        assert service in loader.list_available_services("service-2")
