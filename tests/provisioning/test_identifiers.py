"""Ids computed from inputs, and that every type is either computed or looked up."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.catalog import RESOURCE_TYPES
from videoctl.aws.locate import FINDERS
from videoctl.provisioning.identifiers import COMPUTED, NotComputableError, computed_id

ACCOUNT = "123456789012"
CLUSTER = f"arn:aws:ecs:us-west-2:{ACCOUNT}:cluster/video-dev"


def test_every_type_of_the_stacks_can_be_recovered_in_exactly_one_way() -> None:
    """A type in neither table would stop a recovery; one in both would be ambiguous."""
    assert set(RESOURCE_TYPES) <= set(COMPUTED) | set(FINDERS)
    assert not set(COMPUTED) & set(FINDERS)


@pytest.mark.parametrize(
    ("type_token", "inputs", "expected"),
    [
        ("aws:s3/bucket:Bucket", {"bucket": "b"}, "b"),
        ("aws:s3/bucketObjectv2:BucketObjectv2", {"bucket": "b", "key": "k/x.zip"}, "b/k/x.zip"),
        ("aws:iam/rolePolicy:RolePolicy", {"role": "r", "name": "p"}, "r:p"),
        (
            "aws:ecs/service:Service",
            {"cluster": CLUSTER, "name": "s"},
            f"arn:aws:ecs:us-west-2:{ACCOUNT}:service/video-dev/s",
        ),
        (
            "aws:timestreamwrite/table:Table",
            {"tableName": "sessions", "databaseName": "video-dev"},
            "sessions:video-dev",
        ),
        (
            "aws:kinesisanalyticsv2/application:Application",
            {"name": "agg"},
            f"arn:aws:kinesisanalytics:us-west-2:{ACCOUNT}:application/agg",
        ),
        ("aws:ec2/vpc:Vpc", {"tags": {"Name": "v"}}, None),
    ],
)
def test_ids_are_those_the_provider_records(
    type_token: str, inputs: dict[str, Any], expected: str | None
) -> None:
    """As the AWS provider words its import ids, without the region."""
    assert computed_id(type_token, inputs, "us-west-2", ACCOUNT) == expected


@pytest.mark.parametrize("value", [None, "", {"4dabf18193072939515e22adb298388d": "secret"}])
def test_an_unknown_input_gives_no_id(value: object) -> None:
    """Half an id would adopt the wrong thing."""
    with pytest.raises(NotComputableError):
        computed_id("aws:s3/bucket:Bucket", {"bucket": value}, "us-west-2", ACCOUNT)
