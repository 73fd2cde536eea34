"""A Lambda function from a zip package in the artifacts bucket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import lambda_

from stacks.components.log_group import LogGroup, LogGroupArgs
from stacks.components.service_role import ServiceRole, ServiceRoleArgs
from stacks.modules.s3_lambda import LambdaArtifactBucket
from stacks.policies.document import trust
from stacks.sites import Site

RUNTIME: Final = "python3.12"


@dataclass(frozen=True, kw_only=True)
class ZipFunctionArgs:
    """A function.

    Attributes:
        site: where it is.
        function: its name.
        purpose: last part of its role's name, and what its tags call it.
        artifacts: holds its package.
        handler: the Python callable in the package, such as `handler.handle`.
        policy: its role's policy, given the key's and the log group's ARNs.
        environment: variables; encrypted with the key.
        key_arn: the environment's own key.
        memory_mb: 128 to 10240; the CPU share follows it.
        timeout_seconds: 1 to 900.
        reserved_concurrency: invocations at the same time at most; None: the account's pool.

    """

    site: Site
    function: str
    purpose: str
    artifacts: LambdaArtifactBucket
    handler: str
    policy: Callable[[str, str], pulumi.Input[str]]
    environment: Mapping[str, str]
    key_arn: pulumi.Output[str]
    memory_mb: int
    timeout_seconds: int
    reserved_concurrency: int | None = None


class ZipFunction(pulumi.ComponentResource):
    """A Python function with its role and log group.

    Attributes:
        arn: the function's ARN.
        name: the function's name.

    """

    arn: pulumi.Output[str]
    name: pulumi.Output[str]

    def __init__(
        self, name: str, args: ZipFunctionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:lambda:ZipFunction", name, None, opts)
        site = args.site
        logs = LogGroup(
            f"{name}-logs",
            LogGroupArgs(site=site, service="lambda", resource=args.function, key_arn=args.key_arn),
            pulumi.ResourceOptions(parent=self),
        )
        function = lambda_.Function(
            f"{name}-function",
            region=site.region,
            name=args.function,
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=args.handler,
            role=self._role_arn(name, args, logs),
            s3_bucket=args.artifacts.bucket.bucket,
            s3_key=args.artifacts.code.uploaded_key,
            memory_size=args.memory_mb,
            timeout=args.timeout_seconds,
            reserved_concurrent_executions=args.reserved_concurrency,
            environment={"variables": dict(args.environment)},
            kms_key_arn=args.key_arn,
            logging_config={"log_format": "JSON", "log_group": logs.name},
            tags=site.tags(args.purpose, args.function),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = function.arn
        self.name = function.name
        self.register_outputs({"arn": self.arn, "name": self.name})

    def _role_arn(self, name: str, args: ZipFunctionArgs, logs: LogGroup) -> pulumi.Output[str]:
        policy = pulumi.Output.all(args.key_arn, logs.arn).apply(
            lambda arns: args.policy(arns[0], arns[1])
        )
        role_args = ServiceRoleArgs(
            site=args.site,
            purpose=args.purpose,
            trust=trust("lambda.amazonaws.com"),
            policy=policy,
        )
        return ServiceRole(f"{name}-role", role_args, pulumi.ResourceOptions(parent=self)).arn
