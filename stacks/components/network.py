"""The VPC of one region: private subnets that reach AWS through endpoints alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import ec2

from stacks.addresses import availability_zones, private_subnet_cidrs
from stacks.components.security_group import Peer, SecurityGroup, SecurityGroupArgs
from stacks.policies.resources import task_s3_endpoint
from stacks.sites import Site
from videoctl.model.names import BucketKind
from videoctl.model.specification import NetworkSpecification

HTTPS_PORT: Final = 443
INTERFACE_ENDPOINTS: Final = ("ecr.api", "ecr.dkr", "kinesis-streams", "logs", "sts")
"""What a private Fargate task calls: its images, its stream, its log group, its identity."""


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """Where and how large.

    Attributes:
        site: where it is.
        specification: the address block and the number of availability zones.

    """

    site: Site
    specification: NetworkSpecification


class Network(pulumi.ComponentResource):
    """A VPC without a way in or out but its endpoints and the accelerator.

    Attributes:
        vpc_id: the VPC.
        private_subnet_ids: one subnet an availability zone.
        internet_gateway: attached, without a route: Global Accelerator wants it for endpoints
            inside the VPC, and sends its traffic past the route tables.
        endpoint_group: the security group of the interface endpoints.
        s3_prefix_list_id: S3's addresses, reached through the gateway endpoint.

    """

    vpc_id: pulumi.Output[str]
    private_subnet_ids: list[pulumi.Output[str]]
    internet_gateway: pulumi.Resource
    endpoint_group: SecurityGroup
    s3_prefix_list_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:ec2:Network", name, None, opts)
        site = args.site
        vpc = ec2.Vpc(
            f"{name}-vpc",
            region=site.region,
            cidr_block=args.specification.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,  # private DNS names of the interface endpoints need both
            tags=site.tags("network", site.names.prefix),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.vpc_id = vpc.id
        self.internet_gateway = ec2.InternetGateway(
            f"{name}-internet-gateway",
            region=site.region,
            vpc_id=vpc.id,
            tags=site.tags("network", f"{site.names.prefix}-accelerator"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        route_table_id = self._subnets(name, args)
        self._gateway_endpoint(name, site, route_table_id)
        self._interface_endpoints(name, site)
        self.register_outputs({"vpc_id": self.vpc_id})

    def _subnets(self, name: str, args: NetworkArgs) -> pulumi.Output[str]:
        """Private subnets on one route table with no route out of the VPC."""
        site, specification = args.site, args.specification
        options = pulumi.ResourceOptions(parent=self)
        table = ec2.RouteTable(
            f"{name}-private-routes",
            region=site.region,
            vpc_id=self.vpc_id,
            tags=site.tags("network", f"{site.names.prefix}-private"),
            opts=options,
        )
        self.private_subnet_ids = []
        zones = availability_zones(site.region, specification.availability_zones)
        blocks = private_subnet_cidrs(specification.cidr, specification.availability_zones)
        for zone, block in zip(zones, blocks, strict=True):
            subnet = ec2.Subnet(
                f"{name}-private-{zone}",
                region=site.region,
                vpc_id=self.vpc_id,
                availability_zone=zone,
                cidr_block=block,
                map_public_ip_on_launch=False,
                tags=site.tags("network", f"{site.names.prefix}-private-{zone}"),
                opts=options,
            )
            ec2.RouteTableAssociation(
                f"{name}-private-{zone}-routes",
                region=site.region,
                subnet_id=subnet.id,
                route_table_id=table.id,
                opts=options,
            )
            self.private_subnet_ids.append(subnet.id)
        table_id: pulumi.Output[str] = table.id
        return table_id

    def _gateway_endpoint(self, name: str, site: Site, route_table_id: pulumi.Input[str]) -> None:
        endpoint = self._endpoint(
            name,
            site,
            "s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[route_table_id],
            policy=task_s3_endpoint(site.region, site.names.bucket(BucketKind.OPS, site.region)),
        )
        self.s3_prefix_list_id = endpoint.prefix_list_id

    def _interface_endpoints(self, name: str, site: Site) -> None:
        self.endpoint_group = SecurityGroup(
            f"{name}-endpoints",
            SecurityGroupArgs(
                site=site,
                purpose="endpoints",
                description="Interface endpoints of the AWS services that tasks call",
                vpc_id=self.vpc_id,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        for service in INTERFACE_ENDPOINTS:
            self._endpoint(
                name,
                site,
                service,
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=self.private_subnet_ids,
                security_group_ids=[self.endpoint_group.id],
            )

    def _endpoint(
        self, name: str, site: Site, service: str, **kind: pulumi.Input[object]
    ) -> ec2.VpcEndpoint:
        return ec2.VpcEndpoint(
            f"{name}-endpoint-{service}",
            region=site.region,
            vpc_id=self.vpc_id,
            service_name=f"com.amazonaws.{site.region}.{service}",
            tags=site.tags("network", f"{site.names.prefix}-{service}"),
            opts=pulumi.ResourceOptions(parent=self),
            **kind,
        )

    def admit(self, label: str, group: SecurityGroup) -> None:
        """Let a group's members reach the endpoints, and S3 for image layers."""
        members, endpoints = Peer(group_id=group.id), Peer(group_id=self.endpoint_group.id)
        self.endpoint_group.allow_from(label, members, port=HTTPS_PORT)
        group.allow_to("endpoints", endpoints, port=HTTPS_PORT)
        group.allow_to("s3", Peer(prefix_list_id=self.s3_prefix_list_id), port=HTTPS_PORT)
