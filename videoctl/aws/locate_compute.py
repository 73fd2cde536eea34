"""Finders of what computes, and of what it runs as: ECS, ECR, Lambda, IAM, KMS, Logs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from videoctl.aws.errors import NotFound
from videoctl.aws.locate_lookup import last_part, name_tag, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videoctl.aws.locate_lookup import Finder, Inputs
    from videoctl.aws.session import AwsSession
    from videoctl.model.regions import Region


def _cluster(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    answer = session.client("ecs", region).call("DescribeClusters", clusters=[inputs["name"]])
    for cluster in answer["clusters"]:
        if cluster["status"] != "INACTIVE":
            yield cluster["clusterName"]


def _service(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    """Imported as CLUSTER/SERVICE."""
    cluster = last_part(inputs["cluster"])
    try:
        answer = session.client("ecs", region).call(
            "DescribeServices", cluster=cluster, services=[inputs["name"]]
        )
    except NotFound:
        return
    for service in answer["services"]:
        if service["status"] != "INACTIVE":
            yield f"{cluster}/{service['serviceName']}"


def _task_definition(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    """The latest revision, if it says what the inputs say: an older one is another resource."""
    client = session.client("ecs", region)
    answer = client.call(
        "ListTaskDefinitions", familyPrefix=inputs["family"], sort="DESC", status="ACTIVE"
    )
    for arn in answer["taskDefinitionArns"][:1]:
        found = client.call("DescribeTaskDefinition", taskDefinition=arn)["taskDefinition"]
        wanted = json.loads(inputs["containerDefinitions"])
        if is_part(wanted, found["containerDefinitions"]) and all(
            str(found.get(key)) == str(inputs[key]) for key in ("cpu", "memory") if key in inputs
        ):
            yield arn


def is_part(wanted: object, actual: object) -> bool:
    """Whether `actual` says all that `wanted` says: AWS adds defaults and keeps no list's order."""
    if isinstance(wanted, dict):
        return isinstance(actual, dict) and all(
            is_part(value, actual.get(key)) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(actual, list) and all(
            any(is_part(item, candidate) for candidate in actual) for item in wanted
        )
    return wanted == actual


def _event_source_mapping(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    try:
        for mapping in session.client("lambda", region).items(
            "ListEventSourceMappings",
            "EventSourceMappings",
            FunctionName=inputs["functionName"],
            EventSourceArn=inputs["eventSourceArn"],
        ):
            if mapping["State"] != "Deleting":
                yield mapping["UUID"]
    except NotFound:
        return


def _permission(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    """Imported as FUNCTION/STATEMENT."""
    function = inputs["function"].rpartition(":")[2]
    try:
        answer = session.client("lambda", region).call("GetPolicy", FunctionName=function)
    except NotFound:
        return
    for statement in json.loads(answer["Policy"])["Statement"]:
        if statement["Sid"] == inputs["statementId"]:
            yield f"{function}/{statement['Sid']}"


def _key(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    client = session.client("kms", region)
    for key in client.items("ListKeys", "Keys"):
        key_id = key["KeyId"]
        metadata = client.call("DescribeKey", KeyId=key_id)["KeyMetadata"]
        if metadata["KeyManager"] != "CUSTOMER" or metadata["KeyState"] == "PendingDeletion":
            continue
        tags: list[dict[str, Any]] = client.call("ListResourceTags", KeyId=key_id)["Tags"]
        if any(t["TagKey"] == "Name" and t["TagValue"] == name_tag(inputs) for t in tags):
            yield key_id


def _alias(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    for alias in session.client("kms", region).items("ListAliases", "Aliases"):
        if alias["AliasName"] == inputs["name"]:
            yield alias["AliasName"]


def _log_group(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    name = inputs["name"]
    for group in session.client("logs", region).items(
        "DescribeLogGroups", "logGroups", logGroupNamePrefix=name
    ):
        if group["logGroupName"] == name:
            yield name


def _log_stream(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    """Imported as GROUP:STREAM."""
    group, name = inputs["logGroupName"], inputs["name"]
    try:
        for stream in session.client("logs", region).items(
            "DescribeLogStreams", "logStreams", logGroupName=group, logStreamNamePrefix=name
        ):
            if stream["logStreamName"] == name:
                yield f"{group}:{name}"
    except NotFound:
        return


COMPUTE: Final[dict[str, Finder]] = {
    "aws:ecs/cluster:Cluster": _cluster,
    "aws:ecs/service:Service": _service,
    "aws:ecs/taskDefinition:TaskDefinition": _task_definition,
    "aws:ecr/repository:Repository": named(
        "ecr", "DescribeRepositories", "repositoryNames", as_list=True
    ),
    "aws:lambda/function:Function": named("lambda", "GetFunction", "FunctionName"),
    "aws:lambda/eventSourceMapping:EventSourceMapping": _event_source_mapping,
    "aws:lambda/permission:Permission": _permission,
    "aws:iam/role:Role": named("iam", "GetRole", "RoleName"),
    "aws:kms/key:Key": _key,
    "aws:kms/alias:Alias": _alias,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudwatch/logStream:LogStream": _log_stream,
}
"""Compute types by Pulumi's type token."""
