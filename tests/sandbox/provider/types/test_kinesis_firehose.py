"""Delivery streams: failed creations, versions of the destination, replacements."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.provider.failures import ProviderError
from sandbox.provider.framework import Context
from sandbox.provider.types.kinesis_firehose import FirehoseDeliveryStream
from tests.sandbox.provider.samples import Made, World
from tests.sandbox.provider.samples.streams import SAMPLES

TOKEN = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
SAMPLE = next(sample for sample in SAMPLES if sample.token == TOKEN)


def _update(world: World, made: Made, news: dict) -> None:
    news, faults = world.provider.check(made.token, "sample", made.inputs, news, b"")
    assert faults == []
    made.outputs = world.provider.update(
        made.token, "sample", made.id, state=made.outputs, olds=made.inputs, news=news
    )
    made.inputs = news


@pytest.mark.sandbox
def test_each_update_builds_on_the_version_before_it(world: World) -> None:
    """Two updates in a row succeed, and each makes a new version of the delivery stream."""
    made = world.make(TOKEN, SAMPLE.inputs(world))
    versions = [made["versionId"]]
    for seconds in (120, 180):
        news = copy.deepcopy(made.inputs)
        news["extendedS3Configuration"]["bufferingInterval"] = seconds
        _update(world, made, news)
        versions.append(made["versionId"])
    assert len(set(versions)) == 3
    assert made["extendedS3Configuration"]["bufferingInterval"] == 180


@pytest.mark.sandbox
def test_dynamic_partitioning_replaces(world: World) -> None:
    """Firehose can start partitioning only when it creates a delivery stream."""
    made = world.make(TOKEN, SAMPLE.inputs(world))
    news = copy.deepcopy(made.inputs)
    partitioning = {"enabled": True}
    news["extendedS3Configuration"]["dynamicPartitioningConfiguration"] = partitioning
    found = world.provider.diff(TOKEN, made.outputs, made.inputs, news)
    assert found.replaces
    assert found.delete_first


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"destination": "redshift"}, "destination"),
        ({"extendedS3Configuration": None}, "extendedS3Configuration"),
        (
            {"extendedS3Configuration": {"dataFormatConversionConfiguration": {"enabled": True}}},
            "extendedS3Configuration.dataFormatConversionConfiguration",
        ),
    ],
)
def test_what_is_not_supported_is_refused(changes: dict, fault: str) -> None:
    """Nothing is dropped silently: another destination or block is a fault with its path."""
    settings = {"bucketArn": "arn:aws:s3:::raw", "roleArn": "arn:aws:iam::000000000000:role/raw"}
    inputs = {"name": "raw", "destination": "extended_s3", "extendedS3Configuration": settings}
    faults = FirehoseDeliveryStream().validate({**inputs, **changes})
    assert fault in [path for path, _ in faults]


class _FailingFirehose:
    """A Firehose whose first creations end as CREATING_FAILED."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.status: str | None = None
        self.calls: list[str] = []

    def create_delivery_stream(self, **_: Any) -> dict[str, str]:
        self.calls.append("create")
        if self.status is not None:
            raise ClientError({"Error": {"Code": "ResourceInUseException"}}, "CreateDeliveryStream")
        self.status = "CREATING_FAILED" if self.failures else "ACTIVE"
        self.failures -= 1
        return {"DeliveryStreamARN": "arn"}

    def describe_delivery_stream(self, **_: Any) -> dict[str, Any]:
        if self.status is None:
            raise ClientError(
                {"Error": {"Code": "ResourceNotFoundException"}}, "DescribeDeliveryStream"
            )
        destination = {"BucketARN": "arn:aws:s3:::raw", "RoleARN": "arn:role"}
        return {
            "DeliveryStreamDescription": {
                "DeliveryStreamName": "raw",
                "DeliveryStreamARN": "arn",
                "DeliveryStreamStatus": self.status,
                "FailureDescription": {"Type": "KMS_ACCESS_DENIED", "Details": "no grant"},
                "VersionId": "1",
                "Destinations": [
                    {"DestinationId": "1", "ExtendedS3DestinationDescription": destination}
                ],
            }
        }

    def delete_delivery_stream(self, **_: Any) -> None:
        self.calls.append("delete")
        self.status = None


class _Clients:
    default_region = "us-east-1"

    def __init__(self, firehose: _FailingFirehose) -> None:
        self._firehose = firehose

    def get(self, service: str, region: str) -> Any:
        assert (service, region) == ("firehose", "us-east-1")
        return self._firehose

    def account_id(self) -> str:
        return "000000000000"


INPUTS = {
    "name": "raw",
    "destination": "extended_s3",
    "extendedS3Configuration": {"bucketArn": "arn:aws:s3:::raw", "roleArn": "arn:role"},
}


def test_a_failed_creation_is_deleted_and_told() -> None:
    """CREATING_FAILED cannot be repaired: it is removed, and nothing half-made is recorded."""
    firehose = _FailingFirehose(failures=1)
    context = Context(_Clients(firehose), "us-east-1")  # type: ignore[arg-type]
    with pytest.raises(ProviderError, match="KMS_ACCESS_DENIED: no grant"):
        FirehoseDeliveryStream().create(context, INPUTS)
    assert firehose.calls == ["create", "delete"]
    assert context.unfinished is None


def test_what_an_interrupted_creation_left_behind_is_replaced() -> None:
    """A failed stream of the same name, from a run that was killed, does not stand in the way."""
    firehose = _FailingFirehose(failures=0)
    firehose.status = "CREATING_FAILED"
    context = Context(_Clients(firehose), "us-east-1")  # type: ignore[arg-type]
    resource_id, outputs = FirehoseDeliveryStream().create(context, INPUTS)
    assert firehose.calls == ["create", "delete", "create"]
    assert resource_id == "arn:aws:firehose:us-east-1:000000000000:deliverystream/raw"
    assert outputs["versionId"] == "1"


def test_a_stream_of_that_name_that_works_is_not_touched() -> None:
    """ResourceInUseException of an active stream is an error, not a reason to delete it."""
    firehose = _FailingFirehose(failures=0)
    firehose.status = "ACTIVE"
    context = Context(_Clients(firehose), "us-east-1")  # type: ignore[arg-type]
    with pytest.raises(ClientError, match="ResourceInUseException"):
        FirehoseDeliveryStream().create(context, INPUTS)
    assert firehose.calls == ["create"]
