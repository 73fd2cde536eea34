"""Topics that tell a warehouse of new objects."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import sns

from stacks.components.bucket import SecureBucket
from stacks.policies.resources import bucket_event_topic
from stacks.sites import Site
from videoctl.model.names import BucketKind


@dataclass(frozen=True, kw_only=True)
class BucketEventTopicArgs:
    """A topic.

    Attributes:
        site: where it is.
        kind: which bucket it speaks of.
        bucket: that bucket.
        key_arn: the key that encrypts its messages.

    """

    site: Site
    kind: BucketKind
    bucket: SecureBucket
    key_arn: pulumi.Input[str]


class BucketEventTopic(pulumi.ComponentResource):
    """Counterpart of the `sns-event` Terraform module.

    Snowflake's auto-ingest subscribes to it. S3 keeps one notification configuration a bucket,
    shared with whoever else listens, so that is made where all listeners are known.

    Attributes:
        arn: the topic's ARN.
        policy: lets the bucket publish; S3 tests it when the bucket is told of the topic.

    """

    arn: pulumi.Output[str]
    policy: pulumi.Resource

    def __init__(
        self, name: str, args: BucketEventTopicArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:sns:BucketEventTopic", name, None, opts)
        site = args.site
        topic_name = site.names.snowflake_topic(args.kind)
        topic = sns.Topic(
            f"{name}-topic",
            region=site.region,
            name=topic_name,
            kms_master_key_id=args.key_arn,
            tags=site.tags("snowflake", topic_name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.policy = sns.TopicPolicy(
            f"{name}-policy",
            region=site.region,
            arn=topic.arn,
            policy=bucket_event_topic(
                site.arn("sns", topic_name), bucket=args.bucket.name, account_id=site.account_id
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})
