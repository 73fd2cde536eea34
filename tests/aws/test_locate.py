"""The locator: what was made is found, what was not is absent, two of a kind are told."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from stacks.catalog import RESOURCE_TYPES
from videoctl.aws.locate import FINDERS, Locator
from videoctl.aws.locate_services import is_part
from videoctl.aws.session import AwsSession
from videoctl.errors import FailedError
from videoctl.model.regions import Region
from videoctl.provisioning.identifiers import COMPUTED

WEST = Region.US_WEST_2
Made = tuple[dict[str, Any], str]
"""The inputs of a resource and the id AWS gave it."""


class World:
    """Makes resources the way a provider would, one call each."""

    def __init__(self, session: AwsSession) -> None:
        self.session = session
        self.tag = f"video-dev-{uuid.uuid4().hex[:8]}"

    def ec2(self, operation: str, kind: str, **parameters: Any) -> dict[str, Any]:
        """An EC2 creation with its `Name` tag."""
        tags = [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": self.tag}]}]
        return self.call("ec2", operation, **parameters, TagSpecifications=tags)

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """One call in the west."""
        return self.session.client(service, WEST).call(operation, **parameters)

    def named(self, **inputs: Any) -> dict[str, Any]:
        """Inputs with the tag."""
        return {"tags": {"Name": self.tag}, **inputs}

    def vpc(self) -> Made:
        """A VPC."""
        made = self.ec2("CreateVpc", "vpc", CidrBlock="10.40.0.0/16")["Vpc"]["VpcId"]
        return self.named(cidrBlock="10.40.0.0/16"), made

    def subnet(self) -> Made:
        """A subnet in a VPC."""
        vpc = self.vpc()[1]
        made = self.ec2("CreateSubnet", "subnet", VpcId=vpc, CidrBlock="10.40.0.0/24")
        return self.named(vpcId=vpc), made["Subnet"]["SubnetId"]

    def internet_gateway(self) -> Made:
        """An internet gateway."""
        made = self.ec2("CreateInternetGateway", "internet-gateway")
        return self.named(), made["InternetGateway"]["InternetGatewayId"]

    def route_table(self) -> Made:
        """A route table in a VPC."""
        vpc = self.vpc()[1]
        made = self.ec2("CreateRouteTable", "route-table", VpcId=vpc)
        return self.named(vpcId=vpc), made["RouteTable"]["RouteTableId"]

    def association(self) -> Made:
        """A subnet's route table."""
        inputs, subnet = self.subnet()
        made = self.ec2("CreateRouteTable", "route-table", VpcId=inputs["vpcId"])
        table = made["RouteTable"]["RouteTableId"]
        answer = self.call("ec2", "AssociateRouteTable", SubnetId=subnet, RouteTableId=table)
        return {"subnetId": subnet, "routeTableId": table}, answer["AssociationId"]

    def security_group(self) -> Made:
        """A security group in a VPC."""
        vpc = self.vpc()[1]
        made = self.call(
            "ec2", "CreateSecurityGroup", GroupName=self.tag, Description="d", VpcId=vpc
        )
        return {"name": self.tag, "vpcId": vpc}, made["GroupId"]

    def ingress_rule(self) -> Made:
        """One port from one network."""
        group = self.security_group()[1]
        permission = {
            "IpProtocol": "tcp",
            "FromPort": 8080,
            "ToPort": 8080,
            "IpRanges": [{"CidrIp": "10.40.0.0/16"}],
        }
        made = self.call(
            "ec2", "AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[permission]
        )
        inputs = {
            "securityGroupId": group,
            "ipProtocol": "tcp",
            "fromPort": 8080,
            "toPort": 8080,
            "cidrIpv4": "10.40.0.0/16",
        }
        return inputs, made["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    def load_balancer(self) -> Made:
        """A load balancer."""
        name = self.tag[:32]
        made = self.call("elbv2", "CreateLoadBalancer", Name=name, Subnets=["subnet-1"])
        return {"name": name}, made["LoadBalancers"][0]["LoadBalancerArn"]

    def target_group(self) -> Made:
        """A target group."""
        name = self.tag[:32]
        made = self.call(
            "elbv2", "CreateTargetGroup", Name=name, Protocol="HTTP", Port=80, VpcId="vpc-1"
        )
        return {"name": name}, made["TargetGroups"][0]["TargetGroupArn"]

    def listener(self) -> Made:
        """A listener of a load balancer."""
        balancer, group = self.load_balancer()[1], self.target_group()[1]
        made = self.call(
            "elbv2",
            "CreateListener",
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        return {"loadBalancerArn": balancer, "port": 80}, made["Listeners"][0]["ListenerArn"]

    def task_definition(self) -> Made:
        """A revision of a task definition."""
        containers = [
            {
                "name": "c",
                "image": "i:1",
                "memory": 64,
                "environment": [{"name": "A", "value": "1"}],
            }
        ]
        made = self.call(
            "ecs", "RegisterTaskDefinition", family=self.tag, containerDefinitions=containers
        )
        inputs = {"family": self.tag, "containerDefinitions": json.dumps(containers)}
        return inputs, made["taskDefinition"]["taskDefinitionArn"]

    def consumer(self) -> Made:
        """An enhanced fan-out consumer."""
        self.call("kinesis", "CreateStream", StreamName=self.tag, ShardCount=1)
        described = self.call("kinesis", "DescribeStreamSummary", StreamName=self.tag)
        stream = described["StreamDescriptionSummary"]["StreamARN"]
        made = self.call(
            "kinesis", "RegisterStreamConsumer", StreamARN=stream, ConsumerName=self.tag
        )
        return {"streamArn": stream, "name": self.tag}, made["Consumer"]["ConsumerARN"]

    def key(self) -> Made:
        """A KMS key."""
        tags = [{"TagKey": "Name", "TagValue": self.tag}]
        made = self.call("kms", "CreateKey", Tags=tags)
        return self.named(), made["KeyMetadata"]["KeyId"]

    def queue(self) -> Made:
        """A queue."""
        made = self.call("sqs", "CreateQueue", QueueName=self.tag)
        return {"name": self.tag}, made["QueueUrl"]

    def subscription(self) -> Made:
        """A queue's subscription to a topic."""
        topic = self.call("sns", "CreateTopic", Name=self.tag)["TopicArn"]
        endpoint = f"arn:aws:sqs:us-west-2:000000000000:{self.tag}"
        made = self.call(
            "sns",
            "Subscribe",
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=endpoint,
            ReturnSubscriptionArn=True,
        )
        inputs = {"topic": topic, "protocol": "sqs", "endpoint": endpoint}
        return inputs, made["SubscriptionArn"]


MAKERS: dict[str, Callable[[World], Made]] = {
    "aws:ec2/vpc:Vpc": World.vpc,
    "aws:ec2/subnet:Subnet": World.subnet,
    "aws:ec2/internetGateway:InternetGateway": World.internet_gateway,
    "aws:ec2/routeTable:RouteTable": World.route_table,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": World.association,
    "aws:ec2/securityGroup:SecurityGroup": World.security_group,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": World.ingress_rule,
    "aws:lb/loadBalancer:LoadBalancer": World.load_balancer,
    "aws:lb/targetGroup:TargetGroup": World.target_group,
    "aws:lb/listener:Listener": World.listener,
    "aws:ecs/taskDefinition:TaskDefinition": World.task_definition,
    "aws:kinesis/streamConsumer:StreamConsumer": World.consumer,
    "aws:kms/key:Key": World.key,
    "aws:sqs/queue:Queue": World.queue,
    "aws:sns/topicSubscription:TopicSubscription": World.subscription,
}


def test_every_type_of_the_stacks_is_computed_or_looked_for() -> None:
    """No resource type in use is left that an interrupted update could make twice."""
    missing = set(RESOURCE_TYPES) - set(COMPUTED) - set(FINDERS)
    assert missing == set()


@pytest.mark.sandbox
@pytest.mark.parametrize("type_token", sorted(MAKERS))
def test_what_was_made_is_found(session: AwsSession, type_token: str) -> None:
    """The id AWS chose, from the inputs alone; another name's inputs find nothing."""
    world = World(session)
    inputs, made = MAKERS[type_token](world)
    locator = Locator(session)
    assert locator.locate(type_token, inputs, "us-west-2") == made
    elsewhere = _elsewhere(inputs, world.tag)
    assert locator.locate(type_token, elsewhere, "us-west-2") is None


def _elsewhere(inputs: dict[str, Any], tag: str) -> dict[str, Any]:
    """The same inputs of a resource that was never made."""
    other = json.loads(json.dumps(inputs).replace(tag[:32], f"{tag[:20]}-other"))
    if other == inputs:
        changed = {"port": 81, "fromPort": 1, "subnetId": "subnet-none"}
        other = {key: changed.get(key, value) for key, value in inputs.items()}
    assert other != inputs
    return dict(other)


@pytest.mark.sandbox
def test_two_of_a_kind_are_told_and_not_guessed(session: AwsSession) -> None:
    """Two resources of one name: the operator decides which is superfluous."""
    world = World(session)
    inputs, first = world.vpc()
    _, second = world.vpc()
    with pytest.raises(FailedError) as refused:
        Locator(session).locate("aws:ec2/vpc:Vpc", inputs, "us-west-2")
    assert refused.value.code == "resource-ambiguous"
    assert first in refused.value.message
    assert second in refused.value.message


def test_a_type_nobody_taught_is_told() -> None:
    """Not knowing how to look is never "there is none"."""
    with pytest.raises(FailedError) as refused:
        Locator(None).locate("aws:glue/job:Job", {}, "us-west-2")  # type: ignore[arg-type]
    assert refused.value.code == "resource-unknown"


@pytest.mark.parametrize(
    ("wanted", "actual", "fits"),
    [
        ({"a": 1}, {"a": 1, "default": 2}, True),
        ({"a": 1}, {"a": 2}, False),
        ([{"n": "A"}, {"n": "B"}], [{"n": "B", "x": 1}, {"n": "A"}], True),
        ([{"n": "A"}], [], False),
        ({"a": [1]}, {"a": None}, False),
        ("x", "x", True),
    ],
)
def test_a_part_is_told_from_another_thing(wanted: object, actual: object, *, fits: bool) -> None:
    """AWS adds defaults and orders lists as it likes; what was asked for must be there."""
    assert is_part(wanted, actual) is fits


class _Workspaces:
    """A session whose Grafana has these workspaces, on two pages."""

    def __init__(self, *workspaces: dict[str, str]) -> None:
        self.pages = [list(workspaces[:1]), list(workspaces[1:])]

    def client(self, service: str, region: Region) -> _Workspaces:
        """The only client there is."""
        assert (service, region) == ("grafana", WEST)
        return self

    def items(self, operation: str, member: str) -> Iterator[dict[str, str]]:
        """Every workspace of every page."""
        assert (operation, member) == ("ListWorkspaces", "workspaces")
        for page in self.pages:
            yield from page


def test_a_grafana_workspace_is_found_by_its_name() -> None:
    """One that is being deleted is not taken over; two of one name are told."""
    token, inputs = "aws:grafana/workspace:Workspace", {"name": "video-dev"}
    mine = {"id": "g-1", "name": "video-dev", "status": "CREATING"}
    going = {"id": "g-2", "name": "video-dev", "status": "DELETING"}
    other = {"id": "g-3", "name": "video-prod", "status": "ACTIVE"}

    def located(*workspaces: dict[str, str]) -> str | None:
        return Locator(cast("AwsSession", _Workspaces(*workspaces))).locate(
            token, inputs, "us-west-2"
        )

    assert located(other, mine, going) == "g-1"
    assert located(other, going) is None
    with pytest.raises(FailedError) as caught:
        located(mine, {**mine, "id": "g-4"})
    assert caught.value.code == "resource-ambiguous"
