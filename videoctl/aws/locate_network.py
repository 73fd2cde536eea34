"""Finders of network resources: EC2, load balancing, Global Accelerator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from videoctl.aws.errors import NotFound
from videoctl.aws.locate_lookup import described, name_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videoctl.aws.locate_lookup import Finder, Inputs
    from videoctl.aws.session import AwsSession
    from videoctl.model.regions import Region

_GONE_STATES: Final = frozenset({"deleted", "deleting", "failed", "rejected", "expired"})


def _filters(**values: str) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": [value]} for name, value in values.items()]


def _tagged(operation: str, items: str, identifier: str, *same: tuple[str, str]) -> Finder:
    """By `Name` tag, and by `same`: pairs of EC2's filter and the input it must equal."""

    def find(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
        filters = _filters(**{"tag:Name": name_tag(inputs)})
        filters += _filters(**{name: inputs[key] for name, key in same if inputs.get(key)})
        for item in session.client("ec2", region).items(operation, items, Filters=filters):
            if str(item.get("State", "")).lower() not in _GONE_STATES:
                yield item[identifier]

    return find


def _association(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    """A subnet is associated with one table."""
    subnet, table = inputs["subnetId"], inputs["routeTableId"]
    for found in session.client("ec2", region).items(
        "DescribeRouteTables", "RouteTables", Filters=_filters(**{"route-table-id": table})
    ):
        for association in found.get("Associations", ()):
            if association.get("SubnetId") == subnet:
                yield association["RouteTableAssociationId"]


def _security_group(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    filters = _filters(**{"group-name": inputs["name"], "vpc-id": inputs["vpcId"]})
    for group in session.client("ec2", region).items(
        "DescribeSecurityGroups", "SecurityGroups", Filters=filters
    ):
        yield group["GroupId"]


_RULE_FIELDS: Final = {
    "ipProtocol": "IpProtocol",
    "cidrIpv4": "CidrIpv4",
    "cidrIpv6": "CidrIpv6",
    "prefixListId": "PrefixListId",
}


def _security_group_rule(*, egress: bool) -> Finder:
    """A group has a rule of one protocol, port range and peer once."""

    def find(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
        rules = session.client("ec2", region).items(
            "DescribeSecurityGroupRules",
            "SecurityGroupRules",
            Filters=_filters(**{"group-id": inputs["securityGroupId"]}),
        )
        for rule in rules:
            if rule["IsEgress"] is egress and _is_rule(rule, inputs):
                yield rule["SecurityGroupRuleId"]

    return find


def _is_rule(rule: dict[str, Any], inputs: Inputs) -> bool:
    peer = rule.get("ReferencedGroupInfo", {}).get("GroupId")
    all_ports = str(inputs["ipProtocol"]) == "-1"
    return (
        all(rule.get(theirs) == inputs.get(ours) for ours, theirs in _RULE_FIELDS.items())
        and peer == inputs.get("referencedSecurityGroupId")
        and (
            all_ports
            or (
                rule.get("FromPort") == inputs.get("fromPort")
                and rule.get("ToPort") == inputs.get("toPort")
            )
        )
    )


def _listener(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    """A load balancer has one listener a port."""
    try:
        for listener in session.client("elbv2", region).items(
            "DescribeListeners", "Listeners", LoadBalancerArn=inputs["loadBalancerArn"]
        ):
            if listener["Port"] == inputs["port"]:
                yield listener["ListenerArn"]
    except NotFound:
        return


def _accelerator(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    accelerators = session.client("globalaccelerator", region).items(
        "ListAccelerators", "Accelerators"
    )
    for accelerator in accelerators:
        if accelerator["Name"] == inputs["name"]:
            yield accelerator["AcceleratorArn"]


def _accelerator_listener(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    """An accelerator has one listener a protocol and port."""
    wanted = {(r["fromPort"], r["toPort"]) for r in inputs["portRanges"]}
    try:
        for listener in session.client("globalaccelerator", region).items(
            "ListListeners", "Listeners", AcceleratorArn=inputs["acceleratorArn"]
        ):
            ranges = {(r["FromPort"], r["ToPort"]) for r in listener["PortRanges"]}
            if ranges == wanted and listener["Protocol"] == inputs["protocol"]:
                yield listener["ListenerArn"]
    except NotFound:
        return


def _endpoint_group(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
    """A listener has one endpoint group a region."""
    try:
        for group in session.client("globalaccelerator", region).items(
            "ListEndpointGroups", "EndpointGroups", ListenerArn=inputs["listenerArn"]
        ):
            if group["EndpointGroupRegion"] == inputs["endpointGroupRegion"]:
                yield group["EndpointGroupArn"]
    except NotFound:
        return


NETWORK: Final[dict[str, Finder]] = {
    "aws:ec2/vpc:Vpc": _tagged("DescribeVpcs", "Vpcs", "VpcId"),
    "aws:ec2/subnet:Subnet": _tagged("DescribeSubnets", "Subnets", "SubnetId", ("vpc-id", "vpcId")),
    "aws:ec2/internetGateway:InternetGateway": _tagged(
        "DescribeInternetGateways", "InternetGateways", "InternetGatewayId"
    ),
    "aws:ec2/routeTable:RouteTable": _tagged(
        "DescribeRouteTables", "RouteTables", "RouteTableId", ("vpc-id", "vpcId")
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _tagged(
        "DescribeVpcEndpoints",
        "VpcEndpoints",
        "VpcEndpointId",
        ("vpc-id", "vpcId"),
        ("service-name", "serviceName"),
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _association,
    "aws:ec2/securityGroup:SecurityGroup": _security_group,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _security_group_rule(egress=False),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _security_group_rule(egress=True),
    "aws:lb/loadBalancer:LoadBalancer": described(
        "elbv2",
        "DescribeLoadBalancers",
        lambda inputs: {"Names": [inputs["name"]]},
        "LoadBalancers",
        0,
        "LoadBalancerArn",
    ),
    "aws:lb/targetGroup:TargetGroup": described(
        "elbv2",
        "DescribeTargetGroups",
        lambda inputs: {"Names": [inputs["name"]]},
        "TargetGroups",
        0,
        "TargetGroupArn",
    ),
    "aws:lb/listener:Listener": _listener,
    "aws:globalaccelerator/accelerator:Accelerator": _accelerator,
    "aws:globalaccelerator/listener:Listener": _accelerator_listener,
    "aws:globalaccelerator/endpointGroup:EndpointGroup": _endpoint_group,
}
"""Network types by Pulumi's type token."""
