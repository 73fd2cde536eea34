"""An encrypted SQS queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import sqs

from stacks.policies.resources import queue as queue_policy
from stacks.sites import Site

RETENTION_SECONDS: Final = 14 * 24 * 60 * 60
"""Two weeks, SQS's longest: somebody must find time to look."""


@dataclass(frozen=True, kw_only=True)
class SecureQueueArgs:
    """A queue.

    Attributes:
        site: where it is.
        component: what its tags call it.
        queue: the queue's name.
        key_arn: the key that encrypts its messages.
        event_buckets: names of the buckets that may send their events into it.

    """

    site: Site
    component: str
    queue: str
    key_arn: pulumi.Input[str]
    event_buckets: tuple[str, ...] = ()


class SecureQueue(pulumi.ComponentResource):
    """A queue that keeps its messages for two weeks.

    Attributes:
        arn: the queue's ARN.
        policy: who may send; S3 tests it when a bucket is told of the queue.

    """

    arn: pulumi.Output[str]
    policy: pulumi.Resource

    def __init__(
        self, name: str, args: SecureQueueArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:sqs:SecureQueue", name, None, opts)
        site = args.site
        queue = sqs.Queue(
            f"{name}-queue",
            region=site.region,
            name=args.queue,
            kms_master_key_id=args.key_arn,
            message_retention_seconds=RETENTION_SECONDS,
            tags=site.tags(args.component, args.queue),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.policy = sqs.QueuePolicy(
            f"{name}-policy",
            region=site.region,
            queue_url=queue.url,
            policy=queue_policy(
                site.arn("sqs", args.queue),
                event_buckets=args.event_buckets,
                account_id=site.account_id,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = queue.arn
        self.register_outputs({"arn": self.arn})
