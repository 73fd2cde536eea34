"""The IAM action an API call needs: what a policy must allow, which is not always the call's name.

Source: the service authorization reference, "Actions, resources, and condition keys".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIXES: Final[Mapping[str, str]] = {
    "elbv2": "elasticloadbalancing",
    "kinesisanalyticsv2": "kinesisanalytics",
    "stepfunctions": "states",
    "timestream-query": "timestream",
    "timestream-write": "timestream",
}
"""IAM's name of a service where it is not boto3's."""

_ACTIONS: Final[Mapping[tuple[str, str], str]] = {
    ("lambda", "Invoke"): "InvokeFunction",
    ("s3", "CompleteMultipartUpload"): "PutObject",
    ("s3", "CopyObject"): "PutObject",
    ("s3", "CreateMultipartUpload"): "PutObject",
    ("s3", "DeleteBucketEncryption"): "PutEncryptionConfiguration",
    ("s3", "DeleteBucketLifecycle"): "PutLifecycleConfiguration",
    ("s3", "DeleteBucketOwnershipControls"): "PutBucketOwnershipControls",
    ("s3", "DeleteBucketReplication"): "PutReplicationConfiguration",
    ("s3", "DeleteBucketTagging"): "PutBucketTagging",
    ("s3", "DeleteObjects"): "DeleteObject",
    ("s3", "DeletePublicAccessBlock"): "PutBucketPublicAccessBlock",
    ("s3", "GetBucketEncryption"): "GetEncryptionConfiguration",
    ("s3", "GetBucketLifecycleConfiguration"): "GetLifecycleConfiguration",
    ("s3", "GetBucketNotificationConfiguration"): "GetBucketNotification",
    ("s3", "GetBucketReplication"): "GetReplicationConfiguration",
    ("s3", "GetPublicAccessBlock"): "GetBucketPublicAccessBlock",
    ("s3", "HeadBucket"): "ListBucket",
    ("s3", "HeadObject"): "GetObject",
    ("s3", "ListBuckets"): "ListAllMyBuckets",
    ("s3", "ListMultipartUploads"): "ListBucketMultipartUploads",
    ("s3", "ListObjectVersions"): "ListBucketVersions",
    ("s3", "ListObjects"): "ListBucket",
    ("s3", "ListObjectsV2"): "ListBucket",
    ("s3", "ListParts"): "ListMultipartUploadParts",
    ("s3", "PutBucketEncryption"): "PutEncryptionConfiguration",
    ("s3", "PutBucketLifecycleConfiguration"): "PutLifecycleConfiguration",
    ("s3", "PutBucketNotificationConfiguration"): "PutBucketNotification",
    ("s3", "PutBucketReplication"): "PutReplicationConfiguration",
    ("s3", "PutPublicAccessBlock"): "PutBucketPublicAccessBlock",
    ("s3", "UploadPart"): "PutObject",
    ("timestream-query", "Query"): "Select",
}
"""Calls whose action has another name."""


CALLS: Final[Mapping[str, frozenset[str]]] = {
    service: frozenset(operations.split())
    for service, operations in {
        "cloudwatch": "GetMetricData",
        "ec2": "DescribeInternetGateways DescribeRouteTables DescribeSecurityGroupRules"
        " DescribeSecurityGroups DescribeSubnets DescribeVpcEndpoints DescribeVpcs",
        "ecr": "ListTagsForResource",
        "ecs": "DescribeServices DescribeTaskDefinition ListTagsForResource ListTaskDefinitions"
        " UpdateService",
        "elbv2": "DescribeListeners DescribeLoadBalancers DescribeTags DescribeTargetGroups"
        " DescribeTargetHealth",
        "firehose": "DescribeDeliveryStream ListTagsForDeliveryStream",
        "globalaccelerator": "ListAccelerators ListEndpointGroups ListListeners"
        " ListTagsForResource",
        "grafana": "ListWorkspaces",
        "iam": "ListRoleTags",
        "kinesis": "DescribeStreamConsumer DescribeStreamSummary GetRecords GetShardIterator"
        " ListShards ListTagsForResource ListTagsForStream UpdateShardCount",
        "kinesisanalyticsv2": "CreateApplicationPresignedUrl CreateApplicationSnapshot"
        " DescribeApplication DescribeApplicationOperation ListApplicationOperations"
        " ListApplicationSnapshots ListTagsForResource StartApplication StopApplication"
        " UpdateApplication",
        "kms": "DescribeKey ListKeys ListResourceTags",
        "lambda": "GetFunctionConfiguration ListEventSourceMappings ListTags"
        " UpdateEventSourceMapping",
        "logs": "ListTagsForResource",
        "s3": "CreateBucket DeleteObject DeleteObjects GetBucketLifecycleConfiguration"
        " GetBucketTagging GetObject HeadBucket HeadObject ListObjectVersions ListObjectsV2"
        " PutBucketEncryption PutBucketLifecycleConfiguration PutBucketPolicy PutBucketVersioning"
        " PutObject PutPublicAccessBlock",
        "sns": "ListSubscriptionsByTopic ListTagsForResource",
        "sqs": "GetQueueUrl ListQueueTags",
        "sts": "GetCallerIdentity",
        "timestream-write": "DescribeEndpoints ListDatabases ListTables ListTagsForResource",
    }.items()
}
"""What videoctl itself calls, by boto3's name of the service; the engine's provider calls more."""


def needed_actions() -> tuple[str, ...]:
    """The actions the role that runs videoctl needs for its own calls, sorted."""
    return tuple(
        sorted({iam_action(service, name) for service, names in CALLS.items() for name in names})
    )


def iam_action(service: str, operation: str) -> str:
    """The action, such as `s3:ListBucket` for S3's HeadBucket.

    Args:
        service: boto3's name of the service.
        operation: the API's name of the operation.

    """
    name = _ACTIONS.get((service, operation), operation)
    return f"{_PREFIXES.get(service, service)}:{name}"
