"""Samples of buckets, their settings and objects."""

from __future__ import annotations

import json

from sandbox.provider.values import Asset
from tests.sandbox.provider.samples import Made, Properties, Sample, World, unique

BUCKET = "aws:s3/bucket:Bucket"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
KEY_ARN = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"


def bucket(world: World, **inputs: object) -> Made:
    """An empty bucket."""
    return world.make(BUCKET, {"bucket": unique("bucket"), **inputs})


def versioned(world: World) -> Made:
    """A bucket that keeps versions."""
    made = bucket(world)
    inputs = {"bucket": made.id, "versioningConfiguration": {"status": "Enabled"}}
    world.make(VERSIONING, inputs)
    return made


def policy(made: Made, effect: str = "Deny") -> str:
    """A policy that lets nobody in without TLS."""
    statement = {
        "Sid": "TlsOnly",
        "Effect": effect,
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [made["arn"], f"{made['arn']}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


def _policy(world: World) -> Properties:
    made = bucket(world)
    return {"bucket": made.id, "policy": policy(made)}


def _lifecycle(world: World) -> Properties:
    return {"bucket": bucket(world).id, "rules": [_RULE]}


_RULE = {
    "id": "data",
    "status": "Enabled",
    "filter": {"prefix": "raw/"},
    "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}],
    "expiration": {"days": 365},
    "noncurrentVersionExpiration": {"noncurrentDays": 30},
    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
}


def _replication(world: World) -> Properties:
    source, destination = versioned(world), versioned(world)
    rule = {
        "id": "everything",
        "status": "Enabled",
        "priority": 1,
        "filter": {"prefix": ""},
        "deleteMarkerReplication": {"status": "Enabled"},
        "sourceSelectionCriteria": {
            "sseKmsEncryptedObjects": {"status": "Enabled"},
            "replicaModifications": {"status": "Enabled"},
        },
        "destination": {
            "bucket": destination["arn"],
            "encryptionConfiguration": {"replicaKmsKeyId": KEY_ARN},
            "metrics": {"status": "Enabled", "eventThreshold": {"minutes": 15}},
            "replicationTime": {"status": "Enabled", "time": {"minutes": 15}},
        },
    }
    role = "arn:aws:iam::000000000000:role/replication"
    return {"bucket": source.id, "role": role, "rules": [rule]}


def _notification(world: World) -> Properties:
    topic = world.make("aws:sns/topic:Topic", {"name": unique("topic")})
    target = {
        "id": "new-objects",
        "topicArn": topic.id,
        "events": ["s3:ObjectCreated:*"],
        "filterPrefix": "raw/",
    }
    return {"bucket": bucket(world).id, "topics": [target]}


def _object(world: World) -> Properties:
    return {
        "bucket": versioned(world).id,
        "key": "code/app.zip",
        "source": Asset("asset", hash="1", text="code"),
        "contentType": "application/zip",
        "tags": {"Name": "code"},
    }


SAMPLES = [
    Sample(
        BUCKET,
        lambda _: {"bucket": unique("bucket"), "forceDestroy": True, "tags": {"Name": "raw"}},
        changes={"tags": {"Name": "raw", "More": "1"}},
        replacements={"bucket": "another", "objectLockEnabled": True},
        absent=frozenset(
            {"logging", "objectLockConfiguration", "replicationConfiguration", "website"}
        ),
        not_imported=frozenset({"forceDestroy"}),
    ),
    Sample(
        VERSIONING,
        lambda world: {
            "bucket": bucket(world).id,
            "versioningConfiguration": {"status": "Enabled"},
        },
        changes={"versioningConfiguration": {"status": "Suspended"}},
        reverts=True,
        replacements={"bucket": "another"},
        absent=frozenset({"expectedBucketOwner", "mfa"}),
    ),
    Sample(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda world: {
            "bucket": bucket(world).id,
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        changes={"blockPublicAcls": False, "restrictPublicBuckets": None},
        replacements={"bucket": "another"},
        absent=frozenset({"skipDestroy"}),
    ),
    Sample(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        lambda world: {
            "bucket": bucket(world).id,
            "rule": {"objectOwnership": "BucketOwnerPreferred"},
        },
        changes={"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        replacements={"bucket": "another"},
    ),
    Sample(
        "aws:s3/bucketPolicy:BucketPolicy",
        _policy,
        changes={"policy": json.dumps({"Version": "2012-10-17", "Statement": []})},
        replacements={"bucket": "another"},
    ),
    Sample(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        lambda world: {
            "bucket": bucket(world).id,
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": KEY_ARN,
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        changes={"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        reverts=True,
        replacements={"bucket": "another"},
        absent=frozenset({"expectedBucketOwner"}),
    ),
    Sample(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        _lifecycle,
        changes={"rules": [{**_RULE, "expiration": {"days": 30}, "transitions": []}]},
        replacements={"bucket": "another"},
        absent=frozenset({"expectedBucketOwner", "timeouts"}),
    ),
    Sample(
        "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        _replication,
        changes={"role": "arn:aws:iam::000000000000:role/another"},
        replacements={"bucket": "another"},
        absent=frozenset({"token"}),
    ),
    Sample(
        "aws:s3/bucketNotification:BucketNotification",
        _notification,
        changes={"eventbridge": True},
        replacements={"bucket": "another"},
        absent=frozenset({"lambdaFunctions", "queues"}),
    ),
    Sample(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        _object,
        changes={
            "contentType": "application/octet-stream",
            "cacheControl": "no-store",
            "tags": {"Name": "new"},
        },
        replacements={"key": "another", "bucket": "another"},
        absent=frozenset(
            {
                "checksumAlgorithm",
                "content",
                "contentBase64",
                "cacheControl",
                "contentDisposition",
                "contentEncoding",
                "contentLanguage",
                "forceDestroy",
                "metadata",
                "objectLockLegalHoldStatus",
                "objectLockMode",
                "objectLockRetainUntilDate",
                "overrideProvider",
                "sourceHash",
                "websiteRedirect",
            }
        ),
        not_imported=frozenset({"source"}),
    ),
]
