"""Lambda functions driven by new objects in a bucket."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import lambda_

from stacks.components.bucket import SecureBucket
from stacks.components.bucket_notification import BucketNotification, BucketNotificationArgs
from stacks.components.zip_function import ZipFunction
from stacks.sites import Site


@dataclass(frozen=True, kw_only=True)
class BucketEventSourceArgs:
    """What triggers what.

    Attributes:
        site: where both are.
        bucket: the bucket; its whole notification configuration is made here.
        function: invoked for each object created.

    """

    site: Site
    bucket: SecureBucket
    function: ZipFunction


class BucketEventSource(pulumi.ComponentResource):
    """Counterpart of the `lambda-s3-notifier` Terraform module.

    Lets one bucket of this account invoke one function, and tells the bucket to do so.
    """

    def __init__(
        self, name: str, args: BucketEventSourceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:lambda:BucketEventSource", name, None, opts)
        permission = lambda_.Permission(
            f"{name}-permission",
            region=args.site.region,
            statement_id="objects-created",
            action="lambda:InvokeFunction",
            function=args.function.name,
            principal="s3.amazonaws.com",
            source_arn=args.bucket.arn,
            # A bucket's ARN names no account: without this, its next owner could invoke too.
            source_account=args.site.account_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        BucketNotification(
            f"{name}-events",
            BucketNotificationArgs(
                site=args.site,
                bucket=args.bucket,
                function_arns=(args.function.arn,),
                permitted_by=(permission,),
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
