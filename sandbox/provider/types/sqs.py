"""SQS queues and their policies."""

from __future__ import annotations

from typing import Any, Final

from sandbox.provider.framework import Context, Properties, ResourceType, resource, tag_changes
from sandbox.provider.mapping import (
    DOCUMENT,
    NUMBER_TEXT,
    SWITCH_TEXT,
    Field,
    Table,
    declared,
    rules_of,
    to_members,
    to_properties,
    with_defaults,
)
from sandbox.provider.waits import await_absence

_QUEUE: Final[Table] = (
    Field("contentBasedDeduplication", "ContentBasedDeduplication", codec=SWITCH_TEXT),
    Field("deduplicationScope", "DeduplicationScope", adopted=True),
    Field("delaySeconds", "DelaySeconds", default=0, codec=NUMBER_TEXT),
    Field("fifoQueue", "FifoQueue", codec=SWITCH_TEXT),
    Field("fifoThroughputLimit", "FifoThroughputLimit", adopted=True),
    Field(
        "kmsDataKeyReusePeriodSeconds",
        "KmsDataKeyReusePeriodSeconds",
        adopted=True,
        codec=NUMBER_TEXT,
    ),
    Field("kmsMasterKeyId", "KmsMasterKeyId"),
    Field("maxMessageSize", "MaximumMessageSize", default=262144, codec=NUMBER_TEXT),
    Field("messageRetentionSeconds", "MessageRetentionPeriod", default=345600, codec=NUMBER_TEXT),
    Field("policy", "Policy", adopted=True, document=True, codec=DOCUMENT),
    Field("receiveWaitTimeSeconds", "ReceiveMessageWaitTimeSeconds", default=0, codec=NUMBER_TEXT),
    Field("redriveAllowPolicy", "RedriveAllowPolicy", adopted=True, document=True),
    Field("redrivePolicy", "RedrivePolicy", adopted=True, document=True),
    Field("sqsManagedSseEnabled", "SqsManagedSseEnabled", adopted=True, codec=SWITCH_TEXT),
    Field("visibilityTimeoutSeconds", "VisibilityTimeout", default=30, codec=NUMBER_TEXT),
)
_FIFO_ONLY: Final = ("FifoQueue", "ContentBasedDeduplication")
"""Attributes that SQS refuses on a standard queue, whatever their value."""


@resource("aws:sqs/queue:Queue", named="name", replace_on=("name", "fifoQueue"), **rules_of(_QUEUE))
class Queue(ResourceType):
    """A queue; its id is its URL."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Creates with attributes and tags in one call."""
        url = context.client("sqs").create_queue(
            QueueName=inputs["name"], Attributes=_attributes(inputs), tags=inputs["tagsAll"] or {}
        )["QueueUrl"]
        arn = context.arn("sqs", inputs["name"])
        given = {f.property: inputs[f.property] for f in _QUEUE if inputs.get(f.property)}
        return url, {**_untold(inputs), **given, "url": url, "arn": arn}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """All attributes and tags."""
        sqs = context.client("sqs")
        answer = sqs.get_queue_attributes(QueueUrl=resource_id, AttributeNames=["All"])
        attributes = answer["Attributes"]
        name = attributes["QueueArn"].rpartition(":")[2]
        told = to_properties(_QUEUE, attributes)
        outputs = {
            **_untold(told),
            **told,
            "name": name,
            "url": resource_id,
            "arn": attributes["QueueArn"],
            "tags": sqs.list_queue_tags(QueueUrl=resource_id).get("Tags", {}),
        }
        return {"name": name, **declared(_QUEUE, outputs, inputs)}, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """The attributes that differ, in one call, and tags."""
        sqs = context.client("sqs")
        before, after = _attributes(old), _attributes(new)
        differing = {name: value for name, value in after.items() if before.get(name) != value}
        if "KmsMasterKeyId" in before and "KmsMasterKeyId" not in after:
            differing["KmsMasterKeyId"] = ""
        if differing:
            sqs.set_queue_attributes(QueueUrl=resource_id, Attributes=differing)
        added, removed = tag_changes(old, new)
        if added:
            sqs.tag_queue(QueueUrl=resource_id, Tags=added)
        if removed:
            sqs.untag_queue(QueueUrl=resource_id, TagKeys=removed)
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Deletes the queue with its messages."""
        del outputs
        sqs = context.client("sqs")
        sqs.delete_queue(QueueUrl=resource_id)
        await_absence(
            context,
            f"queue {resource_id}",
            lambda: sqs.get_queue_attributes(QueueUrl=resource_id, AttributeNames=["QueueArn"]),
        )


@resource("aws:sqs/queuePolicy:QueuePolicy", replace_on=("queueUrl",), documents=("policy",))
class QueuePolicy(ResourceType):
    """The resource policy of a queue; its id is the queue's URL."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Sets the queue's policy."""
        _set_policy(context, inputs["queueUrl"], DOCUMENT.encode(inputs["policy"]))
        return inputs["queueUrl"], {}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The policy; a queue without one has no such resource."""
        del inputs
        answer = context.client("sqs").get_queue_attributes(
            QueueUrl=resource_id, AttributeNames=["Policy"]
        )
        policy = answer.get("Attributes", {}).get("Policy")
        found = {"queueUrl": resource_id, "policy": policy}
        return (found, dict(found)) if policy else None

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Replaces the policy."""
        del old
        _set_policy(context, resource_id, DOCUMENT.encode(new["policy"]))
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Takes the policy away."""
        del outputs
        _set_policy(context, resource_id, "")


def _set_policy(context: Context, url: str, policy: str) -> None:
    context.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def _untold(properties: Properties) -> Properties:
    """Outputs where SQS has no attribute, or tells none because it has its default."""
    return {
        "deduplicationScope": "",
        "fifoThroughputLimit": "",
        "kmsDataKeyReusePeriodSeconds": 300,
        "namePrefix": "",
        "policy": "",
        "redriveAllowPolicy": "",
        "redrivePolicy": "",
        # SQS encrypts every queue: with its own keys where no KMS key is given.
        "sqsManagedSseEnabled": not properties.get("kmsMasterKeyId"),
    }


def _attributes(inputs: Properties) -> dict[str, Any]:
    members = to_members(_QUEUE, with_defaults(_QUEUE, inputs)) if inputs else {}
    if inputs.get("fifoQueue"):
        return members
    return {name: value for name, value in members.items() if name not in _FIFO_ONLY}
