"""Lambda functions driven by a Kinesis data stream."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import lambda_

from stacks.components.queue import SecureQueue
from stacks.components.zip_function import ZipFunction
from stacks.sites import Site
from videoctl.model.specification import SessionFunctionSpecification


@dataclass(frozen=True, kw_only=True)
class KinesisEventSourceArgs:
    """What triggers what, and what happens to batches that fail.

    Attributes:
        site: where it is.
        stream: the stream's name, for tags.
        stream_arn: the stream.
        function: the function.
        dead_letter_queue: learns which records were given up.
        batching: batch size, window, concurrency, retries and age limit.

    """

    site: Site
    stream: str
    stream_arn: pulumi.Input[str]
    function: ZipFunction
    dead_letter_queue: SecureQueue
    batching: SessionFunctionSpecification


class KinesisEventSource(pulumi.ComponentResource):
    """Counterpart of the `lambda-kds-notifier` Terraform module.

    One bad record never blocks its shard for good: batches are halved, retried a limited number of
    times, and then named to the queue.

    Attributes:
        uuid: the event source mapping's id.

    """

    uuid: pulumi.Output[str]

    def __init__(
        self, name: str, args: KinesisEventSourceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:lambda:KinesisEventSource", name, None, opts)
        batching = args.batching
        mapping = lambda_.EventSourceMapping(
            f"{name}-mapping",
            region=args.site.region,
            event_source_arn=args.stream_arn,
            function_name=args.function.arn,
            enabled=True,
            starting_position="TRIM_HORIZON",
            batch_size=batching.batch_size,
            maximum_batching_window_in_seconds=batching.batching_window_seconds,
            parallelization_factor=batching.parallelization_factor,
            maximum_retry_attempts=batching.retry_attempts,
            maximum_record_age_in_seconds=batching.maximum_record_age_seconds,
            bisect_batch_on_function_error=True,
            function_response_types=["ReportBatchItemFailures"],
            destination_config={"on_failure": {"destination_arn": args.dead_letter_queue.arn}},
            tags=args.site.tags("session-function", args.stream),
            opts=pulumi.ResourceOptions(
                parent=self,
                # Run state: `videoctl failover` and `videoctl failback` switch it off and on.
                ignore_changes=["enabled"],
            ),
        )
        self.uuid = mapping.uuid
        self.register_outputs({"uuid": self.uuid})
