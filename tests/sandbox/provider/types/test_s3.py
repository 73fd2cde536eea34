"""Buckets and objects: what the common tests of every type do not show."""

from __future__ import annotations

import json

import boto3
import pytest

from sandbox.provider.failures import ProviderError
from sandbox.provider.values import Asset
from tests.sandbox.provider.samples import Made, World, unique
from tests.sandbox.provider.samples.s3 import BUCKET, VERSIONING, bucket, policy, versioned

pytestmark = pytest.mark.sandbox
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"


@pytest.fixture
def s3(world: World):
    """A client of the sandbox's S3."""
    return boto3.client("s3", region_name=world.provider.configuration.region)


def _update(world: World, made: Made, **changes: object) -> None:
    news, faults = world.provider.check(
        made.token, "sample", made.inputs, {**made.inputs, **changes}, b""
    )
    assert faults == []
    made.outputs = world.provider.update(
        made.token, "sample", made.id, state=made.outputs, olds=made.inputs, news=news
    )
    made.inputs = news


def test_a_bucket_with_objects_is_not_deleted(world: World, s3) -> None:
    """Without forceDestroy the deletion fails, says why, and leaves the objects alone."""
    made = bucket(world)
    s3.put_object(Bucket=made.id, Key="event", Body=b"1")
    with pytest.raises(ProviderError, match="BucketNotEmpty"):
        world.provider.delete(made.token, "sample", made.id, made.outputs)
    assert s3.get_object(Bucket=made.id, Key="event")["Body"].read() == b"1"
    s3.delete_object(Bucket=made.id, Key="event")


def test_a_bucket_with_old_versions_alone_is_not_deleted(world: World, s3) -> None:
    """A delete marker hides an object, but its versions still keep the bucket."""
    made = versioned(world)
    s3.put_object(Bucket=made.id, Key="event", Body=b"1")
    s3.delete_object(Bucket=made.id, Key="event")
    with pytest.raises(ProviderError, match="BucketNotEmpty"):
        world.provider.delete(BUCKET, "sample", made.id, made.outputs)
    for entry in ("Versions", "DeleteMarkers"):
        for one in s3.list_object_versions(Bucket=made.id)[entry]:
            s3.delete_object(Bucket=made.id, Key="event", VersionId=one["VersionId"])


def test_force_destroy_empties_the_bucket_first(world: World, s3) -> None:
    """With forceDestroy every version and delete marker goes, then the bucket."""
    made = bucket(world, forceDestroy=True)
    versioning = {"bucket": made.id, "versioningConfiguration": {"status": "Enabled"}}
    world.forget(world.make(VERSIONING, versioning))
    for body in (b"1", b"2"):
        s3.put_object(Bucket=made.id, Key="event", Body=body)
    s3.delete_object(Bucket=made.id, Key="event")
    world.provider.delete(made.token, "sample", made.id, made.outputs)
    world.forget(made)
    assert made.id not in {one["Name"] for one in s3.list_buckets()["Buckets"]}


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2"])
def test_a_bucket_that_exists_is_not_taken_over(world: World, region: str) -> None:
    """A second resource of the same name fails in each region, also where S3 would answer 200."""
    made = bucket(world, region=region)
    assert made["bucketRegion"] == region
    with pytest.raises(ProviderError, match="BucketAlready"):
        world.make(BUCKET, {"bucket": made.id, "region": region})


def test_deprecated_blocks_of_a_bucket_are_refused(world: World) -> None:
    """What has a resource of its own is refused by name, instead of being left out silently."""
    inputs = {"bucket": unique("bucket"), "versioning": {"enabled": True}}
    _, faults = world.provider.check(BUCKET, "sample", {}, inputs, b"")
    assert [name for name, _ in faults] == ["versioning"]


def test_versioning_is_never_disabled_again(world: World) -> None:
    """Enabled versioning can be suspended; asking for Disabled fails as it does in AWS."""
    inputs = {
        "bucket": bucket(world).id,
        "versioningConfiguration": {"status": "Enabled"},
    }
    made = world.make(VERSIONING, inputs)
    with pytest.raises(ProviderError, match="can only suspend"):
        _update(world, made, versioningConfiguration={"status": "Disabled"})


def test_a_policy_written_otherwise_is_no_change(world: World) -> None:
    """Spacing and key order of a policy mean nothing."""
    owner = bucket(world)
    inputs = {"bucket": owner.id, "policy": policy(owner)}
    made = world.make("aws:s3/bucketPolicy:BucketPolicy", inputs)
    compact = json.dumps(json.loads(policy(owner)), sort_keys=True)
    found = world.provider.diff(
        made.token, made.outputs, made.inputs, {**inputs, "policy": compact}
    )
    assert [change.path for change in found.changes if change.path == "policy"] == []


def test_replication_needs_versioning_on_both_sides(world: World) -> None:
    """An unversioned source or destination is refused with S3's words."""
    plain, kept = bucket(world), versioned(world)
    rule = {"id": "all", "status": "Enabled", "priority": 1, "filter": {"prefix": ""}}
    rule |= {"deleteMarkerReplication": {"status": "Disabled"}}
    role = "arn:aws:iam::000000000000:role/replication"
    for source, destination, words in (
        (plain, kept, "Versioning must be 'Enabled' on the bucket"),
        (kept, plain, "Destination bucket must have versioning enabled"),
    ):
        rules = [{**rule, "destination": {"bucket": destination["arn"]}}]
        with pytest.raises(ProviderError, match=words):
            world.make(REPLICATION, {"bucket": source.id, "role": role, "rules": rules})


def test_a_rule_added_by_hand_is_drift(world: World, s3) -> None:
    """A second owner's replication rule shows up in a refresh, and the next update removes it."""
    source, destination = versioned(world), versioned(world)
    rule = {
        "id": "all",
        "status": "Enabled",
        "priority": 1,
        "filter": {"prefix": ""},
        "deleteMarkerReplication": {"status": "Enabled"},
        "destination": {"bucket": destination["arn"]},
    }
    role = "arn:aws:iam::000000000000:role/replication"
    made = world.make(REPLICATION, {"bucket": source.id, "role": role, "rules": [rule]})
    configuration = s3.get_bucket_replication(Bucket=source.id)["ReplicationConfiguration"]
    foreign = {**configuration["Rules"][0], "ID": "by-hand", "Priority": 2}
    configuration["Rules"].append(foreign)
    s3.put_bucket_replication(Bucket=source.id, ReplicationConfiguration=configuration)
    found = world.provider.read(made.token, "sample", made.id, made.outputs, made.inputs)
    assert found is not None
    assert [one["id"] for one in found[2]["rules"]] == ["all", "by-hand"]


def test_notifications_to_a_topic_that_is_not_there_are_refused(world: World) -> None:
    """S3 checks each destination when the configuration is put."""
    target = {
        "topicArn": "arn:aws:sns:us-east-1:000000000000:nowhere",
        "events": ["s3:ObjectCreated:*"],
    }
    with pytest.raises(ProviderError, match="Unable to validate"):
        world.make(NOTIFICATION, {"bucket": bucket(world).id, "topics": [target]})


def test_a_new_source_is_a_new_version(world: World) -> None:
    """Another asset uploads again: version and ETag change, and the preview says so."""
    inputs = {"bucket": versioned(world).id, "key": "code.zip"}
    made = world.make(OBJECT, {**inputs, "source": Asset("asset", hash="1", text="one")})
    before = dict(made.outputs)
    news = {**made.inputs, "source": Asset("asset", hash="2", text="two")}
    preview = world.provider.preview_update(made.token, made.outputs, made.inputs, news)
    assert repr(preview["versionId"]) == "UNKNOWN"
    _update(world, made, source=Asset("asset", hash="2", text="two"))
    assert made["versionId"] != before["versionId"]
    assert made["etag"] != before["etag"]


def test_the_same_content_elsewhere_is_no_change(world: World) -> None:
    """An asset is its content: a package built into another directory changes nothing."""
    inputs = {"bucket": bucket(world).id, "key": "code.zip"}
    made = world.make(OBJECT, {**inputs, "source": Asset("asset", hash="1", text="one")})
    news = {**made.inputs, "source": Asset("asset", hash="1", path="/elsewhere/code.zip")}
    assert world.provider.diff(made.token, made.outputs, made.inputs, news).changes == ()


def test_an_object_goes_with_all_its_versions(world: World, s3) -> None:
    """Deleting the resource leaves no version behind, so that the bucket can go."""
    owner = versioned(world)
    made = world.make(OBJECT, {"bucket": owner.id, "key": "code.zip", "content": "one"})
    _update(world, made, content="two")
    world.provider.delete(made.token, "sample", made.id, made.outputs)
    world.forget(made)
    assert "Versions" not in s3.list_object_versions(Bucket=owner.id)


def test_an_object_is_imported_by_its_url(world: World) -> None:
    """The id of an import may be `bucket/key` or an S3 URL."""
    made = world.make(OBJECT, {"bucket": bucket(world).id, "key": "a/b", "content": "one"})
    for given in (made.id, f"s3://{made.id}"):
        found = world.provider.read(made.token, "sample", given, {}, {})
        assert found is not None
        assert (found[0], found[2]["bucket"], found[2]["key"]) == (made.id, made["bucket"], "a/b")
