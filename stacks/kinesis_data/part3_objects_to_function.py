"""kinesis-data-3: what Firehose lands in one bucket, a function copies to another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulumi

from stacks.components.artifact_bucket import ArtifactBucketArgs
from stacks.components.bucket import SecureBucket, SecureBucketArgs
from stacks.components.encryption_key import EncryptionKey, EncryptionKeyArgs
from stacks.components.zip_function import ZipFunction, ZipFunctionArgs
from stacks.modules.firehose import DeliveryStream, DeliveryStreamArgs
from stacks.modules.lambda_s3_notifier import BucketEventSource, BucketEventSourceArgs
from stacks.modules.provisioned_kds import ProvisionedDataStream, ProvisionedDataStreamArgs
from stacks.modules.s3_lambda import LambdaArtifactBucket
from stacks.policies import roles
from stacks.sites import Site
from videoctl.model.names import BucketKind, Names, StreamKind
from videoctl.model.regions import PRIMARY, Region
from videoctl.model.specification import BucketSpecification, DeliverySpecification

SYSTEM: Final = "kinesis-data-3"
HANDLER: Final = "handler.handler"
_LIFECYCLE: Final = BucketSpecification(expire_after_days=14)
_BUFFERING: Final = DeliverySpecification(buffer_mib=1, buffer_seconds=60)
_RETENTION_HOURS: Final = 24
_FUNCTION_MEMORY_MB: Final = 256
_FUNCTION_TIMEOUT_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class PipelineNames(Names):
    """Names of the pipeline: the platform's, and the two it has besides."""

    def copies_bucket(self, region: Region) -> str:
        """Bucket B, which receives the copies."""
        return f"{self.prefix}-copies-{region}-{self.account_id}"

    @property
    def copy_function(self) -> str:
        """The function that copies."""
        return f"{self.prefix}-object-copy"


@dataclass(frozen=True, kw_only=True)
class ObjectsToFunctionArgs:
    """The pipeline.

    Attributes:
        account_id: the AWS account.
        package: the function's zip on this machine.

    """

    account_id: str
    package: Path


class ObjectsToFunction(pulumi.ComponentResource):
    """Stream > Firehose > bucket A; object created in A > Lambda > bucket B."""

    def __init__(
        self, name: str, args: ObjectsToFunctionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:kinesisdata:ObjectsToFunction", name, None, opts)
        self._names = PipelineNames(SYSTEM, args.account_id)
        self._site = Site(names=self._names, region=PRIMARY, protected=False)
        self._options = pulumi.ResourceOptions(parent=self)
        key_args = EncryptionKeyArgs(site=self._site)
        self._key = EncryptionKey(f"{name}-kms", key_args, self._options)
        landing_name = self._names.bucket(BucketKind.RAW, PRIMARY)
        landing = self._bucket(f"{name}-landing", "landing-bucket", landing_name)
        copies_name = self._names.copies_bucket(PRIMARY)
        copies = self._bucket(f"{name}-copies", "copies-bucket", copies_name)
        self._delivery(name, landing)
        function = self._function(name, args, landing, copies)
        event_source_args = BucketEventSourceArgs(
            site=self._site, bucket=landing, function=function
        )
        BucketEventSource(f"{name}-trigger", event_source_args, self._options)
        self.register_outputs({"landing": landing.bucket, "copies": copies.bucket})

    def _bucket(self, name: str, component: str, bucket: str) -> SecureBucket:
        bucket_args = SecureBucketArgs(
            site=self._site,
            component=component,
            bucket=bucket,
            key=self._key,
            lifecycle=_LIFECYCLE,
        )
        return SecureBucket(name, bucket_args, self._options)

    def _delivery(self, name: str, landing: SecureBucket) -> None:
        stream_args = ProvisionedDataStreamArgs(
            site=self._site,
            kind=StreamKind.RAW,
            retention_hours=_RETENTION_HOURS,
            encryption="kms",
            key_arn=self._key.arn,
            shard_count=1,
        )
        stream = ProvisionedDataStream(f"{name}-stream", stream_args, self._options)
        delivery_args = DeliveryStreamArgs(
            site=self._site,
            kind=StreamKind.RAW,
            stream_arn=stream.arn,
            bucket=landing,
            key_arn=self._key.arn,
            buffering=_BUFFERING,
        )
        DeliveryStream(f"{name}-delivery", delivery_args, self._options)

    def _function(
        self,
        name: str,
        args: ObjectsToFunctionArgs,
        landing: SecureBucket,
        copies: SecureBucket,
    ) -> ZipFunction:
        artifacts_name = self._names.bucket(BucketKind.ARTIFACTS, PRIMARY)
        artifacts_args = ArtifactBucketArgs(
            site=self._site,
            bucket=self._bucket(f"{name}-artifacts", "artifacts-bucket", artifacts_name),
            owner=self._names.copy_function,
            package=args.package,
        )
        function_args = ZipFunctionArgs(
            site=self._site,
            function=self._names.copy_function,
            purpose="object-copy",
            artifacts=LambdaArtifactBucket(f"{name}-code", artifacts_args, self._options),
            handler=HANDLER,
            policy=lambda key_arn, log_group_arn: roles.object_copy_function(
                roles.Place(region=PRIMARY, key_arn=key_arn),
                source_bucket=landing.name,
                destination_bucket=copies.name,
                log_group_arn=log_group_arn,
            ),
            environment={"DESTINATION_BUCKET": copies.name},
            key_arn=self._key.arn,
            memory_mb=_FUNCTION_MEMORY_MB,
            timeout_seconds=_FUNCTION_TIMEOUT_SECONDS,
        )
        return ZipFunction(f"{name}-function", function_args, self._options)
