"""Samples of KMS resources."""

from __future__ import annotations

import json

from tests.sandbox.provider.samples import Properties, Sample, World, unique

KEY = "aws:kms/key:Key"


def key_policy(sid: str) -> str:
    """A key policy that leaves everything to IAM."""
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _alias(world: World) -> Properties:
    key = world.make(KEY, {"description": "of an alias"})
    return {"name": f"alias/{unique('videoctl')}", "targetKeyId": key["keyId"]}


SAMPLES = [
    Sample(
        KEY,
        lambda _: {
            "description": "raw events",
            "deletionWindowInDays": 7,
            "enableKeyRotation": True,
            "policy": key_policy("first"),
            "tags": {"Name": "key"},
        },
        changes={
            "description": "all events",
            "enableKeyRotation": False,
            "policy": key_policy("second"),
            "tags": {"Name": "changed"},
        },
        replacements={"customerMasterKeySpec": "RSA_2048", "keyUsage": "SIGN_VERIFY"},
        absent=frozenset({"customKeyStoreId", "xksKeyId"}),
        not_imported=frozenset({"deletionWindowInDays", "bypassPolicyLockoutSafetyCheck"}),
    ),
    Sample(
        "aws:kms/alias:Alias",
        _alias,
        replacements={"name": "alias/another"},
        absent=frozenset({"namePrefix"}),
    ),
]
