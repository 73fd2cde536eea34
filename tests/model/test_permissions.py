"""The IAM action of a call."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.loaders import Loader

from videoctl.model import permissions
from videoctl.model.permissions import CALLS, iam_action, needed_actions

GATEWAYS = Path(permissions.__file__).parents[1] / "aws"
IMPLIED = {"DescribeEndpoints"}
"""botocore calls it by itself, to find Timestream's cell."""


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


def operations(service: str) -> set[str]:
    """Every operation of a service."""
    return set(Loader().load_service_model(service, "service-2")["operations"])


def words_of(tree: ast.AST) -> Iterator[str]:
    """The strings of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_what_videoctl_calls_is_what_its_gateways_name() -> None:
    """No operation is named in a gateway and missing here, or here and named by none."""
    known = set().union(*map(operations, CALLS))
    named = {
        word
        for file in GATEWAYS.glob("*.py")
        for word in words_of(ast.parse(file.read_text()))
        if word in known
    }
    assert named | IMPLIED == {name for names in CALLS.values() for name in names}


@pytest.mark.parametrize("service", sorted(CALLS))
def test_each_call_is_of_its_service(service: str) -> None:
    """Every operation exists under its service: botocore has it."""
    assert CALLS[service] <= operations(service)


def test_a_role_is_told_what_it_needs() -> None:
    """Metrics are read, buckets are asked for by IAM's word for it, and each action comes once."""
    needed = needed_actions()
    assert {"cloudwatch:GetMetricData", "s3:ListBucket", "timestream:ListTables"} <= set(needed)
    assert "s3:HeadBucket" not in needed
    assert list(needed) == sorted(set(needed))


def test_the_page_of_permissions_is_what_is_needed() -> None:
    """The list people copy into a policy is the one that is computed; `make schemas` writes it."""
    page = (GATEWAYS.parents[1] / "docs" / "permissions.md").read_text()
    assert tuple(page.split("```")[1].split()) == needed_actions()
