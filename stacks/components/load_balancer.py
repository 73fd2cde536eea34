"""The internal Application Load Balancer in front of the ingest tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import lb

from stacks.components.network import Network
from stacks.components.security_group import Peer, SecurityGroup, SecurityGroupArgs
from stacks.sites import Site

HEALTH_CHECK_PATH: Final = "/health"
DEREGISTRATION_DELAY_SECONDS: Final = 30
IDLE_TIMEOUT_SECONDS: Final = 60
TLS_POLICY: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"
HTTP_PORT: Final = 80
HTTPS_PORT: Final = 443


def listener_port(*, is_tls: bool) -> int:
    """The port players reach, on the load balancer and on the accelerator."""
    return HTTPS_PORT if is_tls else HTTP_PORT


@dataclass(frozen=True, kw_only=True)
class IngestLoadBalancerArgs:
    """The load balancer.

    Attributes:
        site: where it is.
        network: its VPC and subnets.
        target_port: the port the tasks listen on.
        certificate_arn: ACM certificate for HTTPS; without one the listener speaks HTTP.

    """

    site: Site
    network: Network
    target_port: int
    certificate_arn: str | None


class IngestLoadBalancer(pulumi.ComponentResource):
    """An internal load balancer with one target group of task addresses.

    Attributes:
        arn: the load balancer's ARN; the accelerator's endpoint.
        dns_name: its name inside the VPC.
        target_group_arn: where the ECS service registers its tasks.
        listener: a service's tasks can register once it exists.
        group: its security group.

    """

    arn: pulumi.Output[str]
    dns_name: pulumi.Output[str]
    target_group_arn: pulumi.Output[str]
    listener: pulumi.Resource
    group: SecurityGroup

    def __init__(
        self, name: str, args: IngestLoadBalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:lb:IngestLoadBalancer", name, None, opts)
        self.group = self._security_group(name, args)
        site = args.site
        balancer = lb.LoadBalancer(
            f"{name}-balancer",
            region=site.region,
            name=site.names.load_balancer,
            internal=True,
            load_balancer_type="application",
            subnets=args.network.private_subnet_ids,
            security_groups=[self.group.id],
            drop_invalid_header_fields=True,
            idle_timeout=IDLE_TIMEOUT_SECONDS,
            enable_deletion_protection=site.refuses_deletion,
            tags=site.tags("ingest", site.names.load_balancer),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = balancer.arn
        self.dns_name = balancer.dns_name
        self.target_group_arn = self._target_group(name, args)
        self.listener = self._listener(name, args)
        self.register_outputs({"arn": self.arn, "dns_name": self.dns_name})

    def _security_group(self, name: str, args: IngestLoadBalancerArgs) -> SecurityGroup:
        group = SecurityGroup(
            f"{name}-balancer",
            SecurityGroupArgs(
                site=args.site,
                purpose="load-balancer",
                description="The load balancer of the ingest tasks",
                vpc_id=args.network.vpc_id,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        # The accelerator keeps the players' own addresses for an internal load balancer, so all of
        # them must be let in; nothing but the accelerator has a way to reach it.
        port = listener_port(is_tls=args.certificate_arn is not None)
        group.allow_from("players", Peer(cidr_ipv4="0.0.0.0/0"), port=port)
        return group

    def _target_group(self, name: str, args: IngestLoadBalancerArgs) -> pulumi.Output[str]:
        site = args.site
        targets = lb.TargetGroup(
            f"{name}-targets",
            region=site.region,
            name=site.names.load_balancer,
            target_type="ip",
            protocol="HTTP",
            port=args.target_port,
            vpc_id=args.network.vpc_id,
            deregistration_delay=DEREGISTRATION_DELAY_SECONDS,
            health_check={
                "enabled": True,
                "path": HEALTH_CHECK_PATH,
                "protocol": "HTTP",
                "port": "traffic-port",
                "matcher": "200",
                "interval": 10,
                "timeout": 5,
                "healthy_threshold": 2,
                "unhealthy_threshold": 2,
            },
            tags=site.tags("ingest", site.names.load_balancer),
            opts=pulumi.ResourceOptions(parent=self),
        )
        arn: pulumi.Output[str] = targets.arn
        return arn

    def _listener(self, name: str, args: IngestLoadBalancerArgs) -> pulumi.Resource:
        is_tls = args.certificate_arn is not None
        port = listener_port(is_tls=is_tls)
        listener: pulumi.Resource = lb.Listener(
            f"{name}-listener",
            region=args.site.region,
            load_balancer_arn=self.arn,
            port=port,
            protocol="HTTPS" if is_tls else "HTTP",
            certificate_arn=args.certificate_arn,
            ssl_policy=TLS_POLICY if is_tls else None,
            default_actions=[{"type": "forward", "target_group_arn": self.target_group_arn}],
            tags=args.site.tags("ingest", f"{args.site.names.load_balancer}-{port}"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return listener
