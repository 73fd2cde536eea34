"""SNS topics, their policies and subscriptions."""

from __future__ import annotations

import json
from typing import Any, Final

from sandbox.provider.framework import (
    Context,
    Properties,
    ResourceType,
    key_value_tags,
    resource,
    tag_changes,
    tags_from_pairs,
)
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
)

_FEEDBACK: Final[Table] = tuple(
    Field(
        f"{protocol.lower()}{kind}",
        f"{protocol}{kind}",
        codec=NUMBER_TEXT if kind.endswith("Rate") else None,
    )
    for protocol in ("Application", "Firehose", "HTTP", "Lambda", "SQS")
    for kind in ("FailureFeedbackRoleArn", "SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate")
)
_TOPIC: Final[Table] = (
    *_FEEDBACK,
    Field("archivePolicy", "ArchivePolicy", document=True),
    Field("contentBasedDeduplication", "ContentBasedDeduplication", codec=SWITCH_TEXT),
    Field("deliveryPolicy", "DeliveryPolicy", document=True),
    Field("displayName", "DisplayName"),
    Field("fifoThroughputScope", "FifoThroughputScope", adopted=True),
    Field("fifoTopic", "FifoTopic", codec=SWITCH_TEXT),
    Field("kmsMasterKeyId", "KmsMasterKeyId"),
    Field("policy", "Policy", adopted=True, document=True, codec=DOCUMENT),
    Field("signatureVersion", "SignatureVersion", adopted=True, codec=NUMBER_TEXT),
    Field("tracingConfig", "TracingConfig", adopted=True),
)
_NEW_TOPIC: Final = {
    "beginningArchiveTime": "",
    "fifoThroughputScope": "",
    "maximumMessageSize": 262144,
    "namePrefix": "",
    "signatureVersion": 0,
    "tracingConfig": "",
}
"""What the real provider shows where SNS has no such attribute."""


@resource("aws:sns/topic:Topic", named="name", replace_on=("name", "fifoTopic"), **rules_of(_TOPIC))
class Topic(ResourceType):
    """A topic; its id is its ARN."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Creates with attributes and tags in one call."""
        sns = context.client("sns")
        arn = sns.create_topic(
            Name=inputs["name"],
            Attributes=_attributes(_TOPIC, inputs),
            Tags=key_value_tags(inputs.get("tagsAll") or {}),
        )["TopicArn"]
        context.made(arn, {"arn": arn})
        return arn, _topic(sns, arn)

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """All attributes and tags."""
        sns = context.client("sns")
        outputs = _topic(sns, resource_id)
        tags = sns.list_tags_for_resource(ResourceArn=resource_id)["Tags"]
        outputs["tags"] = tags_from_pairs(tags)
        return {"name": outputs["name"], **declared(_TOPIC, outputs, inputs)}, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """One call an attribute, and tags."""
        sns = context.client("sns")
        for name, value in _differing(_TOPIC, old, new).items():
            sns.set_topic_attributes(TopicArn=resource_id, AttributeName=name, AttributeValue=value)
        added, removed = tag_changes(old, new)
        if added:
            sns.tag_resource(ResourceArn=resource_id, Tags=key_value_tags(added))
        if removed:
            sns.untag_resource(ResourceArn=resource_id, TagKeys=removed)
        return _topic(sns, resource_id)

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Deletes the topic with its subscriptions."""
        del outputs
        context.client("sns").delete_topic(TopicArn=resource_id)


@resource("aws:sns/topicPolicy:TopicPolicy", replace_on=("arn",), documents=("policy",))
class TopicPolicy(ResourceType):
    """The resource policy of a topic; its id is the topic's ARN."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Sets the topic's policy."""
        arn = inputs["arn"]
        _set_policy(context, arn, DOCUMENT.encode(inputs["policy"]))
        return arn, {"owner": _owner(arn)}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The policy the topic has."""
        del inputs
        answer = context.client("sns").get_topic_attributes(TopicArn=resource_id)
        found = {"arn": resource_id, "policy": answer["Attributes"].get("Policy")}
        return found, {**found, "owner": _owner(resource_id)}

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Replaces the policy."""
        del old
        _set_policy(context, resource_id, DOCUMENT.encode(new["policy"]))
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Goes back to the policy that a new topic has: the owner may use it."""
        del outputs
        _set_policy(context, resource_id, _default_policy(resource_id))


_SUBSCRIPTION: Final[Table] = (
    Field("deliveryPolicy", "DeliveryPolicy", document=True),
    Field("filterPolicy", "FilterPolicy", document=True),
    Field("filterPolicyScope", "FilterPolicyScope", adopted=True),
    Field("rawMessageDelivery", "RawMessageDelivery", default=False, codec=SWITCH_TEXT),
    Field("redrivePolicy", "RedrivePolicy", document=True),
    Field("replayPolicy", "ReplayPolicy", document=True),
    Field("subscriptionRoleArn", "SubscriptionRoleArn"),
)
_IDENTITY: Final[Table] = (
    Field("topic", "TopicArn"),
    Field("protocol", "Protocol"),
    Field("endpoint", "Endpoint"),
)
_COMPUTED: Final[Table] = (
    Field("arn", "SubscriptionArn"),
    Field("confirmationWasAuthenticated", "ConfirmationWasAuthenticated", codec=SWITCH_TEXT),
    Field("ownerId", "Owner"),
    Field("pendingConfirmation", "PendingConfirmation", codec=SWITCH_TEXT),
)


@resource(
    "aws:sns/topicSubscription:TopicSubscription",
    replace_on=("topic", "protocol", "endpoint"),
    **rules_of(_SUBSCRIPTION),
)
class TopicSubscription(ResourceType):
    """A subscription; its id is its ARN. E-mail and HTTP ones wait for their owner's consent."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Subscribes; a subscription that waits for consent counts as made."""
        sns = context.client("sns")
        arn = sns.subscribe(
            **to_members(_IDENTITY, inputs),
            Attributes=_attributes(_SUBSCRIPTION, inputs),
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        context.made(arn, {"arn": arn})
        return arn, _subscription(sns, arn)

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """All attributes of the subscription."""
        outputs = _subscription(context.client("sns"), resource_id)
        identity = {field.property: outputs[field.property] for field in _IDENTITY}
        return {**identity, **declared(_SUBSCRIPTION, outputs, inputs)}, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """One call an attribute."""
        sns = context.client("sns")
        for name, value in _differing(_SUBSCRIPTION, old, new).items():
            sns.set_subscription_attributes(
                SubscriptionArn=resource_id, AttributeName=name, AttributeValue=value
            )
        return _subscription(sns, resource_id)

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Unsubscribes."""
        del outputs
        context.client("sns").unsubscribe(SubscriptionArn=resource_id)


def _topic(sns: Any, arn: str) -> Properties:
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    return {
        **_NEW_TOPIC,
        **to_properties(_TOPIC, attributes),
        "arn": arn,
        "name": arn.rpartition(":")[2],
        "owner": attributes["Owner"],
    }


def _subscription(sns: Any, arn: str) -> Properties:
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    return {
        "filterPolicyScope": "",
        **to_properties((*_SUBSCRIPTION, *_IDENTITY, *_COMPUTED), attributes),
    }


def _attributes(table: Table, inputs: Properties) -> dict[str, str]:
    """The attributes to send: SNS refuses some, such as a FIFO switch, when they are off."""
    members = to_members(table, inputs)
    return {name: str(value) for name, value in members.items() if value not in ("", "false")}


def _differing(table: Table, old: Properties, new: Properties) -> dict[str, str]:
    """What to set; an empty text takes an attribute away, and AWS's own choices stay."""
    before, after = to_members(table, old), to_members(table, new)
    owned = {field.member for field in table if not field.adopted}
    gone = {name: "" for name in before.keys() - after.keys() if name in owned}
    return {name: str(value) for name, value in after.items() if before.get(name) != value} | gone


def _set_policy(context: Context, arn: str, policy: str) -> None:
    context.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=policy
    )


def _owner(arn: str) -> str:
    return arn.split(":")[4]


def _default_policy(arn: str) -> str:
    actions = (
        "GetTopicAttributes",
        "SetTopicAttributes",
        "AddPermission",
        "RemovePermission",
        "DeleteTopic",
        "Subscribe",
        "ListSubscriptionsByTopic",
        "Publish",
    )
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in actions],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": _owner(arn)}},
    }
    return json.dumps(
        {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    )
