"""The five buckets of one region, and who hears of their new objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi

from stacks.components.bucket import SecureBucket, SecureBucketArgs
from stacks.components.bucket_notification import BucketNotification, BucketNotificationArgs
from stacks.components.encryption_key import EncryptionKey
from stacks.components.queue import SecureQueue, SecureQueueArgs
from stacks.modules.sns_event import BucketEventTopic, BucketEventTopicArgs
from stacks.sites import Site
from videoctl.model.names import BucketKind
from videoctl.model.specification import (
    BucketSpecification,
    BucketsSpecification,
    FeaturesSpecification,
)

DATA_BUCKETS: Final = (BucketKind.RAW, BucketKind.SESSION, BucketKind.LATE)
"""The buckets Firehose fills; they replicate where there are two regions."""

_ARTIFACTS: Final = BucketSpecification(noncurrent_expire_after_days=90)
_OPS: Final = BucketSpecification(expire_after_days=90)


def bucket_lifecycles(buckets: BucketsSpecification) -> dict[BucketKind, BucketSpecification]:
    """The lifecycle of each bucket; packages stay, what operations leaves goes after 90 days."""
    return {
        BucketKind.RAW: buckets.raw,
        BucketKind.SESSION: buckets.session,
        BucketKind.LATE: buckets.late,
        BucketKind.ARTIFACTS: _ARTIFACTS,
        BucketKind.OPS: _OPS,
    }


@dataclass(frozen=True, kw_only=True)
class RegionBucketsArgs:
    """The buckets of a region.

    Attributes:
        site: where they are.
        buckets: lifecycles of the data buckets.
        features: who hears of new objects.
        key: encrypts them, and what tells of them.

    """

    site: Site
    buckets: BucketsSpecification
    features: FeaturesSpecification
    key: EncryptionKey


class RegionBuckets(pulumi.ComponentResource):
    """Raw, session, late, artifacts and ops buckets.

    Attributes:
        by_kind: each bucket.

    """

    by_kind: dict[BucketKind, SecureBucket]

    def __init__(
        self, name: str, args: RegionBucketsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:s3:RegionBuckets", name, None, opts)
        site = args.site
        self.by_kind = {
            kind: SecureBucket(
                f"{name}-{kind}",
                SecureBucketArgs(
                    site=site,
                    component=f"{kind}-bucket",
                    bucket=site.names.bucket(kind, site.region),
                    key=args.key,
                    lifecycle=lifecycle,
                ),
                pulumi.ResourceOptions(parent=self),
            )
            for kind, lifecycle in bucket_lifecycles(args.buckets).items()
        }
        for kind in DATA_BUCKETS:
            self._listeners(name, args, kind)
        self.register_outputs({kind.value: one.bucket for kind, one in self.by_kind.items()})

    def _listeners(self, name: str, args: RegionBucketsArgs, kind: BucketKind) -> None:
        """The topic and the queue of one bucket, and the one configuration that names both."""
        topics = [self._topic(name, args, kind)] if kind in args.features.snowflake_topics else []
        is_replayed = args.features.load_test_source and kind is BucketKind.RAW
        queues = [self._replay_queue(name, args)] if is_replayed else []
        listeners: list[BucketEventTopic | SecureQueue] = [*topics, *queues]
        if not listeners:
            return
        BucketNotification(
            f"{name}-{kind}-events",
            BucketNotificationArgs(
                site=args.site,
                bucket=self.by_kind[kind],
                topic_arns=tuple(topic.arn for topic in topics),
                queue_arns=tuple(queue.arn for queue in queues),
                # Neither canaries and ticks nor what could not be delivered is for analytics.
                prefix=f"{kind}/",
                permitted_by=tuple(listener.policy for listener in listeners),
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _topic(self, name: str, args: RegionBucketsArgs, kind: BucketKind) -> BucketEventTopic:
        topic_args = BucketEventTopicArgs(
            site=args.site, kind=kind, bucket=self.by_kind[kind], key_arn=args.key.arn
        )
        return BucketEventTopic(
            f"{name}-{kind}-snowflake", topic_args, pulumi.ResourceOptions(parent=self)
        )

    def _replay_queue(self, name: str, args: RegionBucketsArgs) -> SecureQueue:
        """What `videoctl loadtest replay` reads: raw objects as they land."""
        queue_args = SecureQueueArgs(
            site=args.site,
            component="load-test-source",
            queue=args.site.names.replay_queue,
            key_arn=args.key.arn,
            event_buckets=(self.by_kind[BucketKind.RAW].name,),
        )
        return SecureQueue(f"{name}-replay", queue_args, pulumi.ResourceOptions(parent=self))
