"""What exists of an environment: counted in AWS, and in the stack's state."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final

import boto3

from tests.end_to_end.conftest import Place

COUNTED: Final = {
    "aws:ec2/vpc:Vpc": ("ec2", "describe_vpcs", "Vpcs"),
    "aws:ec2/subnet:Subnet": ("ec2", "describe_subnets", "Subnets"),
    "aws:ec2/securityGroup:SecurityGroup": ("ec2", "describe_security_groups", "SecurityGroups"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("ec2", "describe_vpc_endpoints", "VpcEndpoints"),
    "aws:lb/loadBalancer:LoadBalancer": ("elbv2", "describe_load_balancers", "LoadBalancers"),
    "aws:lb/targetGroup:TargetGroup": ("elbv2", "describe_target_groups", "TargetGroups"),
    "aws:iam/role:Role": ("iam", "list_roles", "Roles"),
    "aws:s3/bucket:Bucket": ("s3", "list_buckets", "Buckets"),
    "aws:kinesis/stream:Stream": ("kinesis", "list_streams", "StreamNames"),
    "aws:lambda/function:Function": ("lambda", "list_functions", "Functions"),
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        "lambda",
        "list_event_source_mappings",
        "EventSourceMappings",
    ),
    "aws:sqs/queue:Queue": ("sqs", "list_queues", "QueueUrls"),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", "describe_log_groups", "logGroups"),
    "aws:kms/alias:Alias": ("kms", "list_aliases", "Aliases"),
}
"""Where the resources of a type are counted in AWS."""


def client(place: Place, service: str, region: str = "us-east-1") -> Any:
    """A boto3 client of the place's sandbox."""
    return _client(_endpoint(place), service, region)


def counted_in_aws(place: Place, name: str, region: str = "us-east-1") -> Counter[str]:
    """Resources of the environment that exist in a region, by type; types without any left out."""
    endpoint = _endpoint(place)
    found: Counter[str] = Counter()
    for token, (service, operation, key) in COUNTED.items():
        answer = getattr(_client(endpoint, service, region), operation)()
        found[token] = sum(_is_of(name, item) for item in answer.get(key, []))
    return +found


def counted_in_state(place: Place, name: str) -> Counter[str]:
    """Resources of the stack's state, by type."""
    file = place.home / "stacks" / ".pulumi" / "stacks" / "videoctl" / f"{name}.json"
    deployment = json.loads(file.read_text())["checkpoint"]["latest"]
    assert not deployment.get("pending_operations")
    return Counter(
        resource["type"] for resource in deployment["resources"] if resource["type"] in COUNTED
    )


def _endpoint(place: Place) -> str:
    return str(place("sandbox", "status", "-o", "json").document["endpoint_url"])


def _client(endpoint_url: str, service: str, region: str) -> Any:
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=endpoint_url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def _is_of(name: str, item: Any) -> bool:
    """Whether something listed by AWS belongs to the environment, by its name or Name tag."""
    return f"video-{name}" in json.dumps(item, default=str)
