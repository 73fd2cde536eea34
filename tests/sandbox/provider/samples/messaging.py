"""Samples of queues, topics and subscriptions."""

from __future__ import annotations

import json

from tests.sandbox.provider.samples import Made, Properties, Sample, World, unique

QUEUE = "aws:sqs/queue:Queue"
TOPIC = "aws:sns/topic:Topic"


def queue(world: World) -> Made:
    """A standard queue."""
    return world.make(QUEUE, {"name": unique("queue")})


def topic(world: World) -> Made:
    """A standard topic."""
    return world.make(TOPIC, {"name": unique("topic")})


def _allow(principal: str, action: str, resource: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": action,
        "Resource": resource,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _queue_policy(world: World) -> Properties:
    made = queue(world)
    return {
        "queueUrl": made.id,
        "policy": _allow("sns.amazonaws.com", "sqs:SendMessage", made["arn"]),
    }


def _topic_policy(world: World) -> Properties:
    made = topic(world)
    return {"arn": made.id, "policy": _allow("s3.amazonaws.com", "sns:Publish", made.id)}


def _subscription(world: World) -> Properties:
    return {
        "topic": topic(world).id,
        "protocol": "sqs",
        "endpoint": queue(world)["arn"],
        "filterPolicy": json.dumps({"kind": ["raw"]}),
    }


_EMPTY = json.dumps({"Version": "2012-10-17", "Statement": []})

SAMPLES = [
    Sample(
        QUEUE,
        lambda _: {
            "name": unique("queue"),
            "messageRetentionSeconds": 1209600,
            "kmsMasterKeyId": "alias/aws/sqs",
            "tags": {"Name": "dead letters"},
        },
        changes={
            "messageRetentionSeconds": 86400,
            "visibilityTimeoutSeconds": 60,
            "kmsMasterKeyId": None,
            "tags": {"Name": "changed"},
        },
        replacements={"name": "another", "fifoQueue": True},
        absent=frozenset({"contentBasedDeduplication", "fifoQueue"}),
    ),
    Sample(
        "aws:sqs/queuePolicy:QueuePolicy",
        _queue_policy,
        changes={"policy": _EMPTY},
        replacements={"queueUrl": "https://sqs/another"},
    ),
    Sample(
        TOPIC,
        lambda _: {
            "name": unique("topic"),
            "displayName": "Alarms",
            "kmsMasterKeyId": "alias/aws/sns",
            "tags": {"Name": "alarms"},
        },
        changes={
            "displayName": None,
            "kmsMasterKeyId": "alias/another",
            "tags": {"Name": "changed"},
        },
        replacements={"name": "another", "fifoTopic": True},
        absent=frozenset({"archivePolicy", "contentBasedDeduplication", "deliveryPolicy"})
        | frozenset({"fifoTopic"})
        | frozenset(
            f"{protocol}{kind}"
            for protocol in ("application", "firehose", "http", "lambda", "sqs")
            for kind in (
                "FailureFeedbackRoleArn",
                "SuccessFeedbackRoleArn",
                "SuccessFeedbackSampleRate",
            )
        ),
    ),
    Sample(
        "aws:sns/topicPolicy:TopicPolicy",
        _topic_policy,
        changes={"policy": _EMPTY},
        replacements={"arn": "arn:aws:sns:us-east-1:000000000000:another"},
        reverts=True,
    ),
    Sample(
        "aws:sns/topicSubscription:TopicSubscription",
        _subscription,
        changes={"filterPolicy": json.dumps({"kind": ["late"]}), "rawMessageDelivery": True},
        replacements={"endpoint": "arn:aws:sqs:us-east-1:000000000000:another", "protocol": "sms"},
        absent=frozenset(
            {
                "confirmationTimeoutInMinutes",
                "deliveryPolicy",
                "endpointAutoConfirms",
                "redrivePolicy",
                "replayPolicy",
                "subscriptionRoleArn",
            }
        ),
    ),
]
