"""The ingest service: Fargate tasks of http_handler, each with its KPL sidecar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import ecs

from stacks.components.load_balancer import IngestLoadBalancer
from stacks.components.log_group import LogGroup, LogGroupArgs
from stacks.components.network import Network
from stacks.components.security_group import Peer, SecurityGroup, SecurityGroupArgs
from stacks.components.service_role import ServiceRole, ServiceRoleArgs
from stacks.containers import (
    HANDLER_CONTAINER,
    HANDLER_PORT,
    TaskSurroundings,
    ingest_containers,
    repository_arn,
    to_json,
)
from stacks.policies import roles
from stacks.policies.document import trust
from stacks.sites import Site
from videoctl.model.names import BucketKind, StreamKind
from videoctl.model.specification import FargateSpecification

HEALTH_CHECK_GRACE_SECONDS: Final = 60


@dataclass(frozen=True, kw_only=True)
class IngestServiceArgs:
    """The service.

    Attributes:
        site: where it is.
        specification: size and number of tasks.
        network: where the tasks run.
        balancer: who sends them requests.
        key_arn: encrypts the log group and, where the specification says so, the raw stream.
        images: image URIs of `http_handler` and `kpl_sidecar`.
        with_ticks: a Flink job reads the raw stream.

    """

    site: Site
    specification: FargateSpecification
    network: Network
    balancer: IngestLoadBalancer
    key_arn: pulumi.Output[str]
    images: Mapping[str, str]
    with_ticks: bool


class IngestService(pulumi.ComponentResource):
    """A cluster with one service.

    Attributes:
        cluster_arn: the cluster.
        service_arn: the service.

    """

    cluster_arn: pulumi.Output[str]
    service_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: IngestServiceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:ecs:IngestService", name, None, opts)
        site = args.site
        cluster = ecs.Cluster(
            f"{name}-cluster",
            region=site.region,
            name=site.names.cluster,
            settings=[{"name": "containerInsights", "value": "enabled"}],
            tags=site.tags("ingest", site.names.cluster),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.cluster_arn = cluster.arn
        task_definition_arn = self._task_definition(name, args)
        service = self._service(name, args, task_definition_arn)
        self.service_arn = service.arn
        self.register_outputs({"cluster_arn": self.cluster_arn, "service_arn": self.service_arn})

    def _task_definition(self, name: str, args: IngestServiceArgs) -> pulumi.Output[str]:
        site = args.site
        service = site.names.ingest_service
        log_group_args = LogGroupArgs(
            site=site, service="ecs", resource=service, key_arn=args.key_arn
        )
        logs = LogGroup(f"{name}-logs", log_group_args, pulumi.ResourceOptions(parent=self))
        containers = ingest_containers(
            images=args.images,
            surroundings=TaskSurroundings(
                region=site.region,
                raw_stream=site.names.stream(StreamKind.RAW),
                log_group=site.names.log_group("ecs", service),
                ops_bucket=site.names.bucket(BucketKind.OPS, site.region),
                task_count=args.specification.desired_count,
                with_ticks=args.with_ticks,
            ),
        )
        definition = ecs.TaskDefinition(
            f"{name}-task",
            region=site.region,
            family=service,
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            cpu=str(args.specification.cpu_units),
            memory=str(args.specification.memory_mib),
            runtime_platform={"cpu_architecture": "X86_64", "operating_system_family": "LINUX"},
            execution_role_arn=self._execution_role(name, args, logs),
            task_role_arn=self._task_role(name, args),
            container_definitions=to_json(containers),
            tags=site.tags("ingest", service),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs]),
        )
        arn: pulumi.Output[str] = definition.arn
        return arn

    def _execution_role(
        self, name: str, args: IngestServiceArgs, logs: LogGroup
    ) -> pulumi.Output[str]:
        repositories = {repository_arn(image) for image in args.images.values()}
        arns = tuple(sorted(arn for arn in repositories if arn is not None))
        return self._role(
            name,
            args.site,
            "ingest-execution",
            logs.arn.apply(
                lambda arn: roles.ingest_execution(repository_arns=arns, log_group_arn=arn)
            ),
        )

    def _task_role(self, name: str, args: IngestServiceArgs) -> pulumi.Output[str]:
        site = args.site
        raw_stream_arn = site.arn("kinesis", f"stream/{site.names.stream(StreamKind.RAW)}")
        return self._role(
            name,
            site,
            "ingest-task",
            args.key_arn.apply(
                lambda key_arn: roles.ingest_task(
                    roles.Place(region=site.region, key_arn=key_arn),
                    raw_stream_arn=raw_stream_arn,
                    ops_bucket=site.names.bucket(BucketKind.OPS, site.region),
                )
            ),
        )

    def _role(
        self, name: str, site: Site, purpose: str, policy: pulumi.Output[str]
    ) -> pulumi.Output[str]:
        trusted = trust("ecs-tasks.amazonaws.com", account_id=site.account_id)
        role_args = ServiceRoleArgs(site=site, purpose=purpose, trust=trusted, policy=policy)
        return ServiceRole(f"{name}-{purpose}", role_args, pulumi.ResourceOptions(parent=self)).arn

    def _task_group(self, name: str, args: IngestServiceArgs) -> SecurityGroup:
        group = SecurityGroup(
            f"{name}-tasks",
            SecurityGroupArgs(
                site=args.site,
                purpose="ingest-tasks",
                description="The ingest tasks",
                vpc_id=args.network.vpc_id,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        balancer = args.balancer.group
        group.allow_from("load-balancer", Peer(group_id=balancer.id), port=HANDLER_PORT)
        balancer.allow_to("ingest-tasks", Peer(group_id=group.id), port=HANDLER_PORT)
        args.network.admit("ingest-tasks", group)
        return group

    def _service(
        self, name: str, args: IngestServiceArgs, task_definition_arn: pulumi.Output[str]
    ) -> ecs.Service:
        site = args.site
        group = self._task_group(name, args)
        return ecs.Service(
            f"{name}-service",
            region=site.region,
            name=site.names.ingest_service,
            cluster=self.cluster_arn,
            task_definition=task_definition_arn,
            launch_type="FARGATE",
            desired_count=args.specification.desired_count,
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            # No circuit breaker: the images are pushed after the repositories of this very stack
            # exist, and a broken-off first deployment would never be tried again.
            deployment_circuit_breaker={"enable": False, "rollback": False},
            health_check_grace_period_seconds=HEALTH_CHECK_GRACE_SECONDS,
            enable_execute_command=False,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            network_configuration={
                "subnets": args.network.private_subnet_ids,
                "security_groups": [group.id],
                "assign_public_ip": False,
            },
            load_balancers=[
                {
                    "target_group_arn": args.balancer.target_group_arn,
                    "container_name": HANDLER_CONTAINER,
                    "container_port": HANDLER_PORT,
                }
            ],
            tags=site.tags("ingest", site.names.ingest_service),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[args.balancer.listener],
                # Run state: `videoctl failover` scales the region it moves load to.
                ignore_changes=["desired_count"],
            ),
        )
