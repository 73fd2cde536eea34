"""From the session stream into the session store: function, trigger, dead-letter queue."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulumi

from stacks.components.artifact_bucket import ArtifactBucketArgs
from stacks.components.bucket import SecureBucket
from stacks.components.queue import SecureQueue, SecureQueueArgs
from stacks.components.zip_function import ZipFunction, ZipFunctionArgs
from stacks.modules.lambda_kds_notifier import KinesisEventSource, KinesisEventSourceArgs
from stacks.modules.s3_lambda import LambdaArtifactBucket
from stacks.policies import roles
from stacks.sites import Site
from videoctl.model.names import StreamKind, queue_url
from videoctl.model.specification import SessionFunctionSpecification

HANDLER: Final = "handler.handler"


@dataclass(frozen=True, kw_only=True)
class SessionSinkArgs:
    """The sink.

    Attributes:
        site: where it is.
        specification: size of the function and of its batches.
        artifacts_bucket: where its package is put.
        package: the function's zip on this machine.
        stream_arn: the session stream.
        table_arn: the sessions table.
        key_arn: encrypts the stream, the queue, the log group.

    """

    site: Site
    specification: SessionFunctionSpecification
    artifacts_bucket: SecureBucket
    package: Path
    stream_arn: pulumi.Output[str]
    table_arn: pulumi.Output[str]
    key_arn: pulumi.Output[str]


class SessionSink(pulumi.ComponentResource):
    """The function that buffers session windows into Timestream, and what drives it.

    Attributes:
        function_arn: the function.

    """

    function_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: SessionSinkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:lambda:SessionSink", name, None, opts)
        site, options = args.site, pulumi.ResourceOptions(parent=self)
        queue_args = SecureQueueArgs(
            site=site,
            component="session-function",
            queue=site.names.session_dead_letter_queue,
            key_arn=args.key_arn,
        )
        queue = SecureQueue(f"{name}-dead-letters", queue_args, options)
        function = self._function(name, args, queue)
        event_source_args = KinesisEventSourceArgs(
            site=site,
            stream=site.names.stream(StreamKind.SESSION),
            stream_arn=args.stream_arn,
            function=function,
            dead_letter_queue=queue,
            batching=args.specification,
        )
        KinesisEventSource(f"{name}-trigger", event_source_args, options)
        self.function_arn = function.arn
        self.register_outputs({"function_arn": self.function_arn})

    def _function(self, name: str, args: SessionSinkArgs, queue: SecureQueue) -> ZipFunction:
        site, options = args.site, pulumi.ResourceOptions(parent=self)
        artifacts_args = ArtifactBucketArgs(
            site=site,
            bucket=args.artifacts_bucket,
            owner=site.names.session_function,
            package=args.package,
        )
        function_args = ZipFunctionArgs(
            site=site,
            function=site.names.session_function,
            purpose="session-function",
            artifacts=LambdaArtifactBucket(f"{name}-artifacts", artifacts_args, options),
            handler=HANDLER,
            policy=lambda key_arn, log_group_arn: _policy(args, queue, key_arn, log_group_arn),
            environment={
                "FAILURE_QUEUE_URL": queue_url(
                    site.names.session_dead_letter_queue, site.region, site.account_id
                ),
                "TIMESTREAM_DATABASE": site.names.timestream_database,
                "TIMESTREAM_TABLE": site.names.sessions_table,
            },
            key_arn=args.key_arn,
            memory_mb=args.specification.memory_mb,
            timeout_seconds=args.specification.timeout_seconds,
            reserved_concurrency=args.specification.reserved_concurrency,
        )
        return ZipFunction(f"{name}-function", function_args, options)


def _policy(
    args: SessionSinkArgs, queue: SecureQueue, key_arn: str, log_group_arn: str
) -> pulumi.Output[str]:
    return pulumi.Output.all(args.stream_arn, args.table_arn, queue.arn).apply(
        lambda arns: roles.session_function(
            roles.Place(region=args.site.region, key_arn=key_arn),
            stream_arn=arns[0],
            table_arn=arns[1],
            dead_letter_queue_arn=arns[2],
            log_group_arn=log_group_arn,
        )
    )
