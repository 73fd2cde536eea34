"""Samples of IAM resources."""

from __future__ import annotations

import json

from tests.sandbox.provider.samples import Properties, Sample, World, unique

ROLE = "aws:iam/role:Role"


def trust(service: str) -> str:
    """A trust policy for a service."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def may(action: str) -> str:
    """A policy that allows one action."""
    statement = {"Effect": "Allow", "Action": [action], "Resource": "arn:aws:kinesis:*:*:*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _policy(world: World) -> Properties:
    role = world.make(ROLE, {"name": unique("role"), "assumeRolePolicy": trust("firehose")})
    return {"role": role["name"], "name": "stream", "policy": may("kinesis:GetRecords")}


SAMPLES = [
    Sample(
        ROLE,
        lambda _: {
            "name": unique("role"),
            "assumeRolePolicy": trust("ecs-tasks"),
            "description": "ingest",
            "tags": {"Name": "role"},
        },
        changes={
            "assumeRolePolicy": trust("lambda"),
            "description": "session",
            "maxSessionDuration": 7200,
            "tags": {"Name": "changed"},
        },
        replacements={"name": "another", "path": "/another/"},
        absent=frozenset({"namePrefix", "permissionsBoundary"}),
        not_imported=frozenset({"forceDetachPolicies"}),
    ),
    Sample(
        "aws:iam/rolePolicy:RolePolicy",
        _policy,
        changes={"policy": may("kinesis:PutRecords")},
        replacements={"name": "another", "role": "another"},
        absent=frozenset({"namePrefix"}),
    ),
]
