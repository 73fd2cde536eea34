"""VPC endpoints and VPC attributes as EC2 describes them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.services.real import RealSandbox

pytestmark = pytest.mark.sandbox
SERVICE = "com.amazonaws.us-east-1.kinesis-streams"


@pytest.fixture
def ec2(server: RealSandbox) -> Any:
    """A client of us-east-1."""
    return server.client("ec2")


@pytest.fixture
def vpc(ec2: Any) -> str:
    """A VPC of the test's own."""
    return str(ec2.create_vpc(CidrBlock="10.80.0.0/16")["Vpc"]["VpcId"])


def _interface_endpoint(ec2: Any, vpc: str, **terms: Any) -> dict[str, Any]:
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.80.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="endpoint", Description="x", VpcId=vpc)["GroupId"]
    made: dict[str, Any] = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=SERVICE,
        VpcEndpointType="Interface",
        SubnetIds=[subnet],
        SecurityGroupIds=[group],
        **terms,
    )["VpcEndpoint"]
    return made


def test_an_interface_endpoint_keeps_what_it_was_given(ec2: Any, vpc: str) -> None:
    """Groups, policy, DNS and an interface in the subnet are there in every description."""
    made = _interface_endpoint(ec2, vpc)
    found = ec2.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"][0]
    assert found == made
    assert [group["GroupName"] for group in found["Groups"]] == ["endpoint"]
    assert found["PrivateDnsEnabled"] is True
    assert found["DnsEntries"][1]["DnsName"] == "kinesis-streams.us-east-1.amazonaws.com"
    interfaces = ec2.describe_network_interfaces(NetworkInterfaceIds=found["NetworkInterfaceIds"])
    assert interfaces["NetworkInterfaces"][0]["SubnetId"] == found["SubnetIds"][0]


def test_an_endpoint_changes_in_place(ec2: Any, vpc: str) -> None:
    """Policy, groups and subnets follow the modification; a reset gives full access back."""
    endpoint_id = _interface_endpoint(ec2, vpc)["VpcEndpointId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.80.2.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="other", Description="x", VpcId=vpc)["GroupId"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    ec2.modify_vpc_endpoint(
        VpcEndpointId=endpoint_id,
        PolicyDocument=policy,
        AddSubnetIds=[subnet],
        AddSecurityGroupIds=[group],
        PrivateDnsEnabled=False,
    )
    found = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"][0]
    assert found["PolicyDocument"] == policy
    assert [one["GroupName"] for one in found["Groups"]] == ["endpoint", "other"]
    assert len(found["NetworkInterfaceIds"]) == len(found["SubnetIds"]) == 2
    assert len(found["DnsEntries"]) == 1
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint_id, ResetPolicy=True)
    found = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"][0]
    assert json.loads(found["PolicyDocument"])["Statement"][0]["Action"] == "*"


def test_endpoints_are_found_by_filter(ec2: Any, vpc: str) -> None:
    """Filters choose by VPC, service and tag; one that EC2 does not know is an error."""
    tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "Name", "Value": "mine"}]}]
    made = _interface_endpoint(ec2, vpc, TagSpecifications=tags)
    for name, value in (("vpc-id", vpc), ("service-name", SERVICE), ("tag:Name", "mine")):
        filters = [{"Name": name, "Values": [value]}, {"Name": "vpc-id", "Values": [vpc]}]
        found = ec2.describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]
        assert [one["VpcEndpointId"] for one in found] == [made["VpcEndpointId"]]
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        ec2.describe_vpc_endpoints(Filters=[{"Name": "colour", "Values": ["red"]}])


def test_a_deleted_endpoint_is_gone_with_its_interfaces(ec2: Any, vpc: str) -> None:
    """The endpoint and its interfaces vanish; a second deletion says what it did not find."""
    made = _interface_endpoint(ec2, vpc)
    ids = [made["VpcEndpointId"]]
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=ids)["Unsuccessful"] == []
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    assert ec2.describe_vpc_endpoints(Filters=filters)["VpcEndpoints"] == []
    left = ec2.describe_network_interfaces()["NetworkInterfaces"]
    of_endpoint = set(made["NetworkInterfaceIds"])
    assert of_endpoint.isdisjoint(one["NetworkInterfaceId"] for one in left)
    with pytest.raises(ClientError, match=r"InvalidVpcEndpointId\.NotFound"):
        ec2.describe_vpc_endpoints(VpcEndpointIds=ids)
    unsuccessful = ec2.delete_vpc_endpoints(VpcEndpointIds=ids)["Unsuccessful"]
    assert unsuccessful[0]["Error"]["Code"] == "InvalidVpcEndpointId.NotFound"


def test_an_endpoint_needs_its_vpc(ec2: Any) -> None:
    """A VPC that does not exist is refused."""
    with pytest.raises(ClientError, match=r"InvalidVpcId\.NotFound"):
        ec2.create_vpc_endpoint(VpcId="vpc-0", ServiceName=SERVICE)


def test_a_vpc_remembers_its_metric_switch(ec2: Any, vpc: str) -> None:
    """Network address usage metrics go on and are described so; DNS attributes still work."""
    attribute = "enableNetworkAddressUsageMetrics"
    member = "EnableNetworkAddressUsageMetrics"
    before = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=attribute)
    assert before[member] == {"Value": False}
    ec2.modify_vpc_attribute(VpcId=vpc, EnableNetworkAddressUsageMetrics={"Value": True})
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    assert ec2.describe_vpc_attribute(VpcId=vpc, Attribute=attribute)[member] == {"Value": True}
    names = ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")
    assert names["EnableDnsHostnames"] == {"Value": True}
    with pytest.raises(ClientError, match=r"InvalidVpcID\.NotFound"):
        ec2.modify_vpc_attribute(VpcId="vpc-0", EnableNetworkAddressUsageMetrics={"Value": True})


@pytest.mark.parametrize("way", ["ingress", "egress"])
def test_a_rule_may_name_a_prefix_list(ec2: Any, vpc: str, way: str) -> None:
    """The rule is described with its list, text and tags, and is revoked by its id."""
    group = ec2.create_security_group(GroupName="rules", Description="x", VpcId=vpc)["GroupId"]
    lists = ec2.describe_prefix_lists()["PrefixLists"]
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "PrefixListIds": [{"PrefixListId": lists[0]["PrefixListId"], "Description": "S3"}],
    }
    tags = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "Name", "Value": "s3"}]}]
    made = getattr(ec2, f"authorize_security_group_{way}")(
        GroupId=group, IpPermissions=[permission], TagSpecifications=tags
    )["SecurityGroupRules"]
    rule_id = made[0]["SecurityGroupRuleId"]
    found = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule_id])["SecurityGroupRules"]
    assert found == made
    assert found[0]["PrefixListId"] == lists[0]["PrefixListId"]
    assert (found[0]["Description"], found[0]["Tags"]) == ("S3", tags[0]["Tags"])
    with pytest.raises(ClientError, match=r"InvalidPermission\.Duplicate"):
        getattr(ec2, f"authorize_security_group_{way}")(GroupId=group, IpPermissions=[permission])
    getattr(ec2, f"revoke_security_group_{way}")(GroupId=group, SecurityGroupRuleIds=[rule_id])
    left = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    assert rule_id not in [one["SecurityGroupRuleId"] for one in left["SecurityGroupRules"]]


def test_a_rule_that_exists_is_refused(ec2: Any, vpc: str) -> None:
    """The same rule twice is an error, and there is one of it."""
    group = ec2.create_security_group(GroupName="rules", Description="x", VpcId=vpc)["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    permission["IpRanges"] = [{"CidrIp": "10.0.0.0/8"}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    with pytest.raises(ClientError, match=r"InvalidPermission\.Duplicate"):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    assert [one["IsEgress"] for one in found["SecurityGroupRules"]].count(False) == 1
