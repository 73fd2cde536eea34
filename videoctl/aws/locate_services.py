"""Finders of task definitions, consumers, Grafana workspaces, keys, mappings, queues, and more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from videoctl.aws.errors import NotFound
from videoctl.aws.locate_lookup import described, name_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videoctl.aws.locate_lookup import Finder, Inputs
    from videoctl.aws.session import AwsSession
    from videoctl.model.regions import Region


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


def _workspace(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    for found in session.client("grafana", region).items("ListWorkspaces", "workspaces"):
        if found.get("name") == inputs["name"] and found["status"] != "DELETING":
            yield found["id"]


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


def _subscription(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    """A topic has one subscription a protocol and endpoint."""
    try:
        for found in session.client("sns", region).items(
            "ListSubscriptionsByTopic", "Subscriptions", TopicArn=inputs["topic"]
        ):
            same = (found["Protocol"], found["Endpoint"])
            if same == (inputs["protocol"], inputs["endpoint"]):
                yield found["SubscriptionArn"]
    except NotFound:
        return


SERVICES: Final[dict[str, Finder]] = {
    "aws:ecs/taskDefinition:TaskDefinition": _task_definition,
    "aws:grafana/workspace:Workspace": _workspace,
    "aws:kinesis/streamConsumer:StreamConsumer": described(
        "kinesis",
        "DescribeStreamConsumer",
        lambda inputs: {"StreamARN": inputs["streamArn"], "ConsumerName": inputs["name"]},
        "ConsumerDescription",
        "ConsumerARN",
    ),
    "aws:kms/key:Key": _key,
    "aws:lambda/eventSourceMapping:EventSourceMapping": _event_source_mapping,
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
    "aws:sqs/queue:Queue": described(
        "sqs", "GetQueueUrl", lambda inputs: {"QueueName": inputs["name"]}, "QueueUrl"
    ),
}
"""Types by Pulumi's type token."""
