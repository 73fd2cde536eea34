"""Tags of resources by Pulumi type: by them one knows whose a resource is.

Types missing here have none: they are parts of another resource, such as a bucket's policy or a
group's rule, and belong to whom that belongs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from videoctl.aws.errors import AwsError
from videoctl.aws.session import AwsSession
from videoctl.model.names import arn
from videoctl.model.regions import Region

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Site:
    """Where a resource is.

    Attributes:
        region: its region.
        account_id: its account, twelve digits.

    """

    region: Region
    account_id: str


Reader = Callable[[AwsSession, Site, str, Values], dict[str, str]]
"""Gives the tags of the resource with this id and these inputs; raises `NotFound`."""
Subject = Callable[[Site, str, Values], str]
"""What a service calls the resource by."""


def plain(tags: Any) -> dict[str, str]:
    """Tags as a service gives them, a map or a list of pairs, as a dict."""
    if isinstance(tags, Mapping):
        return dict(tags)
    pairs = ({key.lower(): value for key, value in tag.items()} for tag in tags or ())
    return {
        pair.get("key", pair.get("tagkey", "")): pair.get("value", pair.get("tagvalue", ""))
        for pair in pairs
    }


def _id(_: Site, identifier: str, __: Values) -> str:
    return identifier


def _name(_: Site, identifier: str, __: Values) -> str:
    return identifier.rpartition("/")[2]


def _arn(service: str, resource: str) -> Subject:
    return lambda site, identifier, _: arn(
        service, site.region, site.account_id, resource.format(identifier)
    )


def _table(site: Site, _: str, values: Values) -> str:
    resource = f"database/{values['databaseName']}/table/{values['tableName']}"
    return arn("timestream", site.region, site.account_id, resource)


def _read(
    service: str, operation: str, parameter: str, subject: Subject, member: str = "Tags"
) -> Reader:
    """A reader by one call that takes what the resource is called by."""

    def read(session: AwsSession, site: Site, identifier: str, values: Values) -> dict[str, str]:
        client = session.client(service, site.region)
        answer = client.call(operation, **{parameter: subject(site, identifier, values)})
        return plain(answer.get(member))

    return read


def _bucket(session: AwsSession, site: Site, identifier: str, _: Values) -> dict[str, str]:
    """S3 has an error for a bucket without tags."""
    try:
        answer = session.client("s3", site.region).call("GetBucketTagging", Bucket=identifier)
    except AwsError as error:
        if error.call.aws_code == "NoSuchTagSet":
            return {}
        raise
    return plain(answer["TagSet"])


def _balancing(session: AwsSession, site: Site, identifier: str, _: Values) -> dict[str, str]:
    client = session.client("elbv2", site.region)
    descriptions = client.call("DescribeTags", ResourceArns=[identifier])["TagDescriptions"]
    return plain(descriptions[0]["Tags"]) if descriptions else {}


def _security_group(session: AwsSession, site: Site, identifier: str, _: Values) -> dict[str, str]:
    client = session.client("ec2", site.region)
    groups = client.call("DescribeSecurityGroups", GroupIds=[identifier])["SecurityGroups"]
    return plain(groups[0].get("Tags")) if groups else {}


def _alias(session: AwsSession, site: Site, identifier: str, _: Values) -> dict[str, str]:
    """An alias is whose its key is."""
    client = session.client("kms", site.region)
    key_id = client.call("DescribeKey", KeyId=identifier)["KeyMetadata"]["KeyId"]
    return plain(client.call("ListResourceTags", KeyId=key_id)["Tags"])


def _mapping(session: AwsSession, site: Site, identifier: str, _: Values) -> dict[str, str]:
    resource = arn("lambda", site.region, site.account_id, f"event-source-mapping:{identifier}")
    return plain(session.client("lambda", site.region).call("ListTags", Resource=resource)["Tags"])


_LIST: Final = "ListTagsForResource"

TAGS: Final[dict[str, Reader]] = {
    "aws:cloudwatch/logGroup:LogGroup": _read(
        "logs", _LIST, "resourceArn", _arn("logs", "log-group:{}"), "tags"
    ),
    "aws:ec2/securityGroup:SecurityGroup": _security_group,
    "aws:ecr/repository:Repository": _read(
        "ecr", _LIST, "resourceArn", _arn("ecr", "repository/{}"), "tags"
    ),
    "aws:ecs/cluster:Cluster": _read("ecs", _LIST, "resourceArn", _id, "tags"),
    "aws:ecs/service:Service": _read("ecs", _LIST, "resourceArn", _id, "tags"),
    "aws:globalaccelerator/accelerator:Accelerator": _read(
        "globalaccelerator", _LIST, "ResourceArn", _id
    ),
    "aws:iam/role:Role": _read("iam", "ListRoleTags", "RoleName", _id),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": _read(
        "firehose", "ListTagsForDeliveryStream", "DeliveryStreamName", _name
    ),
    "aws:kinesis/stream:Stream": _read("kinesis", "ListTagsForStream", "StreamName", _name),
    "aws:kinesis/streamConsumer:StreamConsumer": _read("kinesis", _LIST, "ResourceARN", _id),
    "aws:kinesisanalyticsv2/application:Application": _read(
        "kinesisanalyticsv2", _LIST, "ResourceARN", _id
    ),
    "aws:kms/alias:Alias": _alias,
    "aws:lambda/eventSourceMapping:EventSourceMapping": _mapping,
    "aws:lambda/function:Function": _read(
        "lambda", "ListTags", "Resource", _arn("lambda", "function:{}")
    ),
    "aws:lb/listener:Listener": _balancing,
    "aws:lb/loadBalancer:LoadBalancer": _balancing,
    "aws:lb/targetGroup:TargetGroup": _balancing,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:sns/topic:Topic": _read("sns", _LIST, "ResourceArn", _id),
    "aws:sqs/queue:Queue": _read("sqs", "ListQueueTags", "QueueUrl", _id),
    "aws:timestreamwrite/database:Database": _read(
        "timestream-write", _LIST, "ResourceARN", _arn("timestream", "database/{}")
    ),
    "aws:timestreamwrite/table:Table": _read("timestream-write", _LIST, "ResourceARN", _table),
}
"""How each type's tags are read, for what AWS can refuse to make because it is there."""
