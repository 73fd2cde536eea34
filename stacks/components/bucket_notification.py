"""What a bucket announces, and to whom: S3 keeps one such configuration a bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import s3

from stacks.components.bucket import SecureBucket
from stacks.sites import Site

OBJECT_CREATED: Final = ("s3:ObjectCreated:*",)


@dataclass(frozen=True, kw_only=True)
class BucketNotificationArgs:
    """Who hears of new objects.

    Attributes:
        site: where the bucket is.
        bucket: the bucket.
        topic_arns: SNS topics.
        queue_arns: SQS queues.
        function_arns: Lambda functions.
        prefix: objects of other keys are not announced.
        permitted_by: resources that let S3 reach the targets; S3 tests each when it is told.

    """

    site: Site
    bucket: SecureBucket
    topic_arns: tuple[pulumi.Input[str], ...] = ()
    queue_arns: tuple[pulumi.Input[str], ...] = ()
    function_arns: tuple[pulumi.Input[str], ...] = ()
    prefix: str | None = None
    permitted_by: tuple[pulumi.Resource, ...] = ()


class BucketNotification(pulumi.ComponentResource):
    """The whole notification configuration of one bucket: objects that are created."""

    def __init__(
        self, name: str, args: BucketNotificationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:s3:BucketNotification", name, None, opts)
        what = {"events": list(OBJECT_CREATED), "filter_prefix": args.prefix}
        s3.BucketNotification(
            f"{name}-notification",
            region=args.site.region,
            bucket=args.bucket.bucket,
            topics=[
                {"id": f"topic-{index}", "topic_arn": arn, **what}
                for index, arn in enumerate(args.topic_arns)
            ],
            queues=[
                {"id": f"queue-{index}", "queue_arn": arn, **what}
                for index, arn in enumerate(args.queue_arns)
            ],
            lambda_functions=[
                {"id": f"function-{index}", "lambda_function_arn": arn, **what}
                for index, arn in enumerate(args.function_arns)
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.permitted_by)),
        )
        self.register_outputs({})
