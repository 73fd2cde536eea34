"""Finders of what carries and keeps data: Kinesis, Firehose, Flink, S3, SQS, SNS, Timestream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from videoctl.aws.errors import NotFound
from videoctl.aws.locate_lookup import exists, named
from videoctl.model.names import arn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videoctl.aws.locate_lookup import Finder, Inputs
    from videoctl.aws.session import AwsSession
    from videoctl.model.regions import Region


def _topic(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    topic = arn("sns", region, session.account_id, inputs["name"])
    try:
        session.client("sns", region).call("GetTopicAttributes", TopicArn=topic)
    except NotFound:
        return
    yield topic


def _subscription(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    try:
        for found in session.client("sns", region).items(
            "ListSubscriptionsByTopic", "Subscriptions", TopicArn=inputs["topic"]
        ):
            same = (found["Protocol"], found["Endpoint"])
            if same == (inputs["protocol"], inputs["endpoint"]):
                yield found["SubscriptionArn"]
    except NotFound:
        return


def _table(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    """Imported as TABLE:DATABASE."""
    table, database = inputs["tableName"], inputs["databaseName"]
    try:
        session.client("timestream-write", region).call(
            "DescribeTable", DatabaseName=database, TableName=table
        )
    except NotFound:
        return
    yield f"{table}:{database}"


DATA: Final[dict[str, Finder]] = {
    "aws:kinesis/stream:Stream": named("kinesis", "DescribeStreamSummary", "StreamName"),
    "aws:kinesis/streamConsumer:StreamConsumer": exists(
        "kinesis",
        "DescribeStreamConsumer",
        lambda inputs: {"StreamARN": inputs["streamArn"], "ConsumerName": inputs["name"]},
        "ConsumerDescription",
        "ConsumerARN",
    ),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": exists(
        "firehose",
        "DescribeDeliveryStream",
        lambda inputs: {"DeliveryStreamName": inputs["name"]},
        "DeliveryStreamDescription",
        "DeliveryStreamARN",
    ),
    "aws:kinesisanalyticsv2/application:Application": exists(
        "kinesisanalyticsv2",
        "DescribeApplication",
        lambda inputs: {"ApplicationName": inputs["name"]},
        "ApplicationDetail",
        "ApplicationARN",
    ),
    "aws:s3/bucket:Bucket": named("s3", "HeadBucket", "Bucket", key="bucket"),
    "aws:sqs/queue:Queue": exists(
        "sqs", "GetQueueUrl", lambda inputs: {"QueueName": inputs["name"]}, "QueueUrl"
    ),
    "aws:sns/topic:Topic": _topic,
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
    "aws:timestreamwrite/database:Database": named(
        "timestream-write", "DescribeDatabase", "DatabaseName", key="databaseName"
    ),
    "aws:timestreamwrite/table:Table": _table,
}
"""Data types by Pulumi's type token."""
