"""EC2: VPC and subnet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.framework import ResourceType, resource, tags_from_pairs
from sandbox.provider.types.ec2_common import (
    differing,
    first,
    tag_specifications,
    update_tags,
)

if TYPE_CHECKING:
    from sandbox.provider.framework import Context, Properties

_VPC_ATTRIBUTES: Final = {
    "enableDnsSupport": "EnableDnsSupport",
    "enableDnsHostnames": "EnableDnsHostnames",
    "enableNetworkAddressUsageMetrics": "EnableNetworkAddressUsageMetrics",
}
_VPC_UNSET: Final = {
    "enableDnsSupport": True,
    "enableDnsHostnames": False,
    "enableNetworkAddressUsageMetrics": False,
}


@resource(
    "aws:ec2/vpc:Vpc",
    replace_on=("cidrBlock", "instanceTenancy"),
    defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
    adopted=("enableDnsHostnames", "enableNetworkAddressUsageMetrics"),
    supports=("cidrBlock", "instanceTenancy", *_VPC_ATTRIBUTES),
)
class Vpc(ResourceType):
    """A VPC with its DNS attributes."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the VPC, then sets the attributes that `CreateVpc` cannot take."""
        ec2 = context.client("ec2")
        vpc = ec2.create_vpc(
            CidrBlock=inputs["cidrBlock"],
            InstanceTenancy=inputs["instanceTenancy"],
            **tag_specifications("vpc", inputs),
        )["Vpc"]
        vpc_id = vpc["VpcId"]
        context.made(vpc_id, self._known(context, vpc))
        if vpc.get("State") != "available":
            ec2.get_waiter("vpc_available").wait(VpcIds=[vpc_id], WaiterConfig={"Delay": 1})
        self._set_attributes(context, vpc_id, {}, inputs)
        attributes = {name: inputs.get(name, unset) for name, unset in _VPC_UNSET.items()}
        return vpc_id, {
            **self._known(context, vpc),
            **attributes,
            **self._children(context, vpc_id),
        }

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The VPC, its attributes and the resources that AWS made along with it."""
        del inputs
        ec2 = context.client("ec2")
        vpc = first(ec2.describe_vpcs(VpcIds=[resource_id])["Vpcs"])
        if vpc is None:
            return None
        outputs = {**self._known(context, vpc), "tags": tags_from_pairs(vpc.get("Tags", []))}
        for name, member in _VPC_ATTRIBUTES.items():
            attribute = member[0].lower() + member[1:]
            answer = ec2.describe_vpc_attribute(VpcId=resource_id, Attribute=attribute)
            outputs[name] = answer.get(member, {}).get("Value", _VPC_UNSET[name])
        outputs |= self._children(context, resource_id)
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Attributes and tags."""
        self._set_attributes(context, resource_id, old, new)
        update_tags(context, resource_id, old, new)
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the VPC; it waits for what is still being taken out of it."""
        del outputs
        ec2 = context.client("ec2")
        context.retry(lambda: ec2.delete_vpc(VpcId=resource_id), on=("DependencyViolation",))

    def _set_attributes(
        self, context: Context, vpc_id: str, old: Properties, new: Properties
    ) -> None:
        for member, value in differing(old, new, _VPC_ATTRIBUTES, _VPC_UNSET):
            context.client("ec2").modify_vpc_attribute(VpcId=vpc_id, **{member: {"Value": value}})

    def _known(self, context: Context, vpc: dict[str, Any]) -> Properties:
        return {
            "arn": context.arn("ec2", f"vpc/{vpc['VpcId']}"),
            "cidrBlock": vpc["CidrBlock"],
            "dhcpOptionsId": vpc.get("DhcpOptionsId"),
            "instanceTenancy": vpc.get("InstanceTenancy", "default"),
            "ownerId": vpc.get("OwnerId", context.account_id),
        }

    def _children(self, context: Context, vpc_id: str) -> Properties:
        ec2 = context.client("ec2")
        of_vpc = {"Name": "vpc-id", "Values": [vpc_id]}
        acls = ec2.describe_network_acls(Filters=[of_vpc, {"Name": "default", "Values": ["true"]}])[
            "NetworkAcls"
        ]
        groups = ec2.describe_security_groups(
            Filters=[of_vpc, {"Name": "group-name", "Values": ["default"]}]
        )["SecurityGroups"]
        tables = ec2.describe_route_tables(
            Filters=[of_vpc, {"Name": "association.main", "Values": ["true"]}]
        )["RouteTables"]
        main = tables[0]["RouteTableId"] if tables else None
        return {
            "defaultNetworkAclId": acls[0]["NetworkAclId"] if acls else None,
            "defaultSecurityGroupId": groups[0]["GroupId"] if groups else None,
            "defaultRouteTableId": main,
            "mainRouteTableId": main,
        }


_SUBNET_ATTRIBUTES: Final = {
    "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
    "enableDns64": "EnableDns64",
    "enableResourceNameDnsARecordOnLaunch": "EnableResourceNameDnsARecordOnLaunch",
    "enableResourceNameDnsAaaaRecordOnLaunch": "EnableResourceNameDnsAAAARecordOnLaunch",
}
_SUBNET_UNSET: Final = dict.fromkeys(_SUBNET_ATTRIBUTES, False)


@resource(
    "aws:ec2/subnet:Subnet",
    replace_on=("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId"),
    defaults={
        "assignIpv6AddressOnCreation": False,
        "enableDns64": False,
        "enableResourceNameDnsARecordOnLaunch": False,
        "enableResourceNameDnsAaaaRecordOnLaunch": False,
        "ipv6Native": False,
        "mapPublicIpOnLaunch": False,
    },
    adopted=("availabilityZone", "availabilityZoneId", "privateDnsHostnameTypeOnLaunch"),
    supports=(
        "vpcId",
        "cidrBlock",
        "availabilityZone",
        "availabilityZoneId",
        "privateDnsHostnameTypeOnLaunch",
        *_SUBNET_ATTRIBUTES,
    ),
)
class Subnet(ResourceType):
    """An IPv4 subnet."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the subnet and sets the attributes that differ from AWS's defaults."""
        ec2 = context.client("ec2")
        zone = {
            member: inputs[name]
            for name, member in (
                ("availabilityZone", "AvailabilityZone"),
                ("availabilityZoneId", "AvailabilityZoneId"),
            )
            if inputs.get(name)
        }
        subnet = ec2.create_subnet(
            VpcId=inputs["vpcId"],
            CidrBlock=inputs["cidrBlock"],
            **zone,
            **tag_specifications("subnet", inputs),
        )["Subnet"]
        subnet_id = subnet["SubnetId"]
        context.made(subnet_id, self._known(context, subnet))
        if subnet.get("State") != "available":
            waiter = ec2.get_waiter("subnet_available")
            waiter.wait(SubnetIds=[subnet_id], WaiterConfig={"Delay": 1})
        self._set_attributes(context, subnet_id, {}, inputs)
        attributes = {name: inputs.get(name, False) for name in _SUBNET_ATTRIBUTES}
        return subnet_id, {**self._known(context, subnet), **attributes}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The subnet as EC2 describes it."""
        del inputs
        found = context.client("ec2").describe_subnets(SubnetIds=[resource_id])["Subnets"]
        if not found:
            return None
        subnet = found[0]
        names = subnet.get("PrivateDnsNameOptionsOnLaunch", {})
        outputs = {
            **self._known(context, subnet),
            "tags": tags_from_pairs(subnet.get("Tags", [])),
            "mapPublicIpOnLaunch": subnet.get("MapPublicIpOnLaunch", False),
            "enableDns64": subnet.get("EnableDns64", False),
            "enableResourceNameDnsARecordOnLaunch": names.get(
                "EnableResourceNameDnsARecord", False
            ),
            "enableResourceNameDnsAaaaRecordOnLaunch": names.get(
                "EnableResourceNameDnsAAAARecord", False
            ),
        }
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Attributes and tags."""
        self._set_attributes(context, resource_id, old, new)
        update_tags(context, resource_id, old, new)
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the subnet; network interfaces on their way out are waited for."""
        del outputs
        ec2 = context.client("ec2")
        context.retry(lambda: ec2.delete_subnet(SubnetId=resource_id), on=("DependencyViolation",))

    def _set_attributes(
        self, context: Context, subnet_id: str, old: Properties, new: Properties
    ) -> None:
        ec2 = context.client("ec2")
        for member, value in differing(old, new, _SUBNET_ATTRIBUTES, _SUBNET_UNSET):
            ec2.modify_subnet_attribute(SubnetId=subnet_id, **{member: {"Value": value}})
        kind = new.get("privateDnsHostnameTypeOnLaunch")
        if kind and kind != old.get("privateDnsHostnameTypeOnLaunch"):
            ec2.modify_subnet_attribute(SubnetId=subnet_id, PrivateDnsHostnameTypeOnLaunch=kind)

    def _known(self, context: Context, subnet: dict[str, Any]) -> Properties:
        names = subnet.get("PrivateDnsNameOptionsOnLaunch", {})
        return {
            "arn": subnet.get("SubnetArn") or context.arn("ec2", f"subnet/{subnet['SubnetId']}"),
            "vpcId": subnet["VpcId"],
            "cidrBlock": subnet["CidrBlock"],
            "availabilityZone": subnet.get("AvailabilityZone"),
            "availabilityZoneId": subnet.get("AvailabilityZoneId"),
            "ownerId": subnet.get("OwnerId", context.account_id),
            "privateDnsHostnameTypeOnLaunch": names.get("HostnameType", "ip-name"),
        }
