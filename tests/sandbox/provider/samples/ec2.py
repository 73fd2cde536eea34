"""Samples of VPC resources."""

from __future__ import annotations

import json

from tests.sandbox.provider.samples import Made, Properties, Sample, World, unique

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
TABLE = "aws:ec2/routeTable:RouteTable"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
IPV6 = frozenset(
    {
        "assignGeneratedIpv6CidrBlock",
        "ipv4IpamPoolId",
        "ipv4NetmaskLength",
        "ipv6AssociationId",
        "ipv6CidrBlock",
        "ipv6CidrBlockAssociationId",
        "ipv6CidrBlockNetworkBorderGroup",
        "ipv6IpamPoolId",
        "ipv6NetmaskLength",
    }
)
OUTPOST = frozenset(
    {
        "customerOwnedIpv4Pool",
        "enableLniAtDeviceIndex",
        "mapCustomerOwnedIpOnLaunch",
        "outpostArn",
    }
)


def vpc(world: World) -> Made:
    """A VPC for others to live in."""
    inputs = {"cidrBlock": "10.64.0.0/16", "enableDnsHostnames": True}
    return world.make(VPC, inputs | {"tags": {"Name": unique("vpc")}})


def subnet(world: World, of: Made, number: int = 1) -> Made:
    """A subnet in the first or second availability zone."""
    return world.make(
        SUBNET,
        {
            "vpcId": of.id,
            "cidrBlock": f"10.64.{number}.0/24",
            "availabilityZone": f"us-east-1{'ab'[number - 1]}",
        },
    )


def group(world: World, of: Made) -> Made:
    """A security group."""
    return world.make(GROUP, {"vpcId": of.id, "name": unique("group")})


def _association(world: World) -> Properties:
    place = vpc(world)
    table = world.make(TABLE, {"vpcId": place.id})
    return {"subnetId": subnet(world, place).id, "routeTableId": table.id}


def _route_table(world: World) -> Properties:
    place = vpc(world)
    gateway = world.make(GATEWAY, {"vpcId": place.id})
    routes = [{"cidrBlock": "0.0.0.0/0", "gatewayId": gateway.id}]
    return {"vpcId": place.id, "routes": routes, "tags": {"Name": "table"}}


def _interface_endpoint(world: World) -> Properties:
    place = vpc(world)
    return {
        "vpcId": place.id,
        "serviceName": "com.amazonaws.us-east-1.kinesis-streams",
        "vpcEndpointType": "Interface",
        "privateDnsEnabled": True,
        "subnetIds": [subnet(world, place).id],
        "securityGroupIds": [group(world, place).id],
        "tags": {"Name": "endpoint"},
    }


def _list_rule(world: World) -> Properties:
    place = vpc(world)
    endpoint = world.make(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        {"vpcId": place.id, "serviceName": "com.amazonaws.us-east-1.s3"},
    )
    return {
        "securityGroupId": group(world, place).id,
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "prefixListId": endpoint["prefixListId"],
        "description": "S3",
    }


def _rule(world: World) -> Properties:
    place = vpc(world)
    return {
        "securityGroupId": group(world, place).id,
        "ipProtocol": "tcp",
        "fromPort": 8080,
        "toPort": 8080,
        "cidrIpv4": "10.64.0.0/16",
        "description": "viewers",
        "tags": {"Name": "rule"},
    }


SAMPLES = [
    Sample(
        VPC,
        lambda _: {
            "cidrBlock": "10.65.0.0/16",
            "enableDnsHostnames": True,
            "tags": {"Name": unique("vpc")},
        },
        changes={
            "enableDnsHostnames": False,
            "enableDnsSupport": False,
            "enableNetworkAddressUsageMetrics": True,
            "tags": {"Name": "changed", "More": "1"},
        },
        replacements={"cidrBlock": "10.66.0.0/16", "instanceTenancy": "dedicated"},
        absent=IPV6,
    ),
    Sample(
        SUBNET,
        lambda world: {
            "vpcId": vpc(world).id,
            "cidrBlock": "10.64.9.0/24",
            "availabilityZone": "us-east-1a",
            "tags": {"Name": "subnet"},
        },
        changes={"mapPublicIpOnLaunch": True, "tags": {"Name": "changed"}},
        replacements={
            "cidrBlock": "10.64.10.0/24",
            "availabilityZone": "us-east-1b",
            "vpcId": "vpc-2",
        },
        absent=IPV6 | OUTPOST,
    ),
    Sample(
        GATEWAY,
        lambda world: {"vpcId": vpc(world).id, "tags": {"Name": "gateway"}},
        changes={"tags": {"Name": "changed"}},
    ),
    Sample(
        TABLE,
        _route_table,
        changes={"routes": [], "tags": None},
        replacements={"vpcId": "vpc-2"},
    ),
    Sample(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        _association,
        replacements={"subnetId": "subnet-2"},
        absent=frozenset({"gatewayId"}),
        import_id=lambda made: f"{made['subnetId']}/{made['routeTableId']}",
    ),
    Sample(
        GROUP,
        lambda world: {
            "vpcId": vpc(world).id,
            "name": unique("group"),
            "description": "viewers",
            "tags": {"Name": "group"},
        },
        changes={"tags": {"Name": "changed"}},
        replacements={"name": "another", "description": "another", "vpcId": "vpc-2"},
        absent=frozenset({"namePrefix"}),
        not_imported=frozenset({"revokeRulesOnDelete"}),
    ),
    Sample(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        _interface_endpoint,
        changes={
            "tags": {"Name": "changed"},
            "policy": json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": "*",
                            "Action": "kinesis:PutRecord",
                            "Resource": "*",
                        }
                    ],
                }
            ),
        },
        replacements={
            "serviceName": "com.amazonaws.us-east-1.logs",
            "vpcEndpointType": "Gateway",
            "vpcId": "vpc-2",
        },
        absent=frozenset(
            {
                "autoAccept",
                "prefixListId",
                "resourceConfigurationArn",
                "serviceNetworkArn",
                "serviceRegion",
                "subnetConfigurations",
            }
        ),
    ),
    Sample(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        _rule,
        changes={
            "fromPort": 8081,
            "toPort": 8081,
            "description": "others",
            "tags": {"Name": "changed"},
        },
        replacements={"securityGroupId": "sg-2"},
        absent=frozenset({"cidrIpv6", "prefixListId", "referencedSecurityGroupId"}),
    ),
    Sample(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        _list_rule,
        changes={"fromPort": 444, "toPort": 444, "tags": {"Name": "changed"}},
        replacements={"securityGroupId": "sg-2"},
        absent=frozenset({"cidrIpv4", "cidrIpv6", "referencedSecurityGroupId", "tags"}),
    ),
]
