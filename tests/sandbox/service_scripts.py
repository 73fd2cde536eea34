"""Calls that make each operation of a service succeed, in an order that allows it."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from typing import Any

from tests.sandbox.services.doubles import configuration
from tests.sandbox.services.real import RealSandbox, eventually

ROLE = "arn:aws:iam::000000000000:role/made-up"
Script = Callable[[RealSandbox, Any], None]


def firehose(sandbox: RealSandbox, client: Any) -> None:
    """A DirectPut delivery stream's life."""
    sandbox.client("s3").create_bucket(Bucket="models-firehose")
    bucket = {"BucketARN": "arn:aws:s3:::models-firehose"}
    name = {"DeliveryStreamName": "models"}
    client.create_delivery_stream(
        **name, ExtendedS3DestinationConfiguration=configuration(**bucket)
    )

    def settled(member: str, wanted: str) -> bool:
        found = client.describe_delivery_stream(**name)["DeliveryStreamDescription"]
        encryption = found["DeliveryStreamEncryptionConfiguration"]["Status"]
        return bool({"stream": found["DeliveryStreamStatus"], "key": encryption}[member] == wanted)

    eventually(lambda: settled("stream", "ACTIVE"))
    client.list_delivery_streams()
    client.put_record(**name, Record={"Data": b"{}"})
    client.put_record_batch(**name, Records=[{"Data": b"{}"}])
    client.start_delivery_stream_encryption(**name)
    eventually(lambda: settled("key", "ENABLED"))
    client.stop_delivery_stream_encryption(**name)
    eventually(lambda: settled("key", "DISABLED"))
    client.tag_delivery_stream(**name, Tags=[{"Key": "a", "Value": "b"}])
    client.list_tags_for_delivery_stream(**name)
    client.untag_delivery_stream(**name, TagKeys=["a"])
    client.update_destination(
        **name,
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={"Prefix": "second/"},
    )
    client.delete_delivery_stream(**name)


def flink(sandbox: RealSandbox, client: Any) -> None:
    """An application's life, as far as it goes without a cluster."""
    name = {"ApplicationName": "models"}
    detail = client.create_application(
        **name,
        RuntimeEnvironment="FLINK-1_20",
        ServiceExecutionRole=ROLE,
        ApplicationConfiguration={
            "ApplicationCodeConfiguration": {
                "CodeContentType": "ZIPFILE",
                "CodeContent": {"S3ContentLocation": _code(sandbox)},
            }
        },
    )["ApplicationDetail"]
    arn = detail["ApplicationARN"]
    _flink_attachments(sandbox, client, name)
    client.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])
    client.list_tags_for_resource(ResourceARN=arn)
    client.untag_resource(ResourceARN=arn, TagKeys=["a"])
    client.update_application(
        **name,
        CurrentApplicationVersionId=client.describe_application(**name)["ApplicationDetail"][
            "ApplicationVersionId"
        ],
        RuntimeEnvironmentUpdate="FLINK-2_2",
    )
    client.update_application_maintenance_configuration(
        **name,
        ApplicationMaintenanceConfigurationUpdate={
            "ApplicationMaintenanceWindowStartTimeUpdate": "01:00"
        },
    )
    client.start_application(**name)
    client.stop_application(**name, Force=True)
    eventually(
        lambda: (
            client.describe_application(**name)["ApplicationDetail"]["ApplicationStatus"] == "READY"
        )
    )
    operations = client.list_application_operations(**name)["ApplicationOperationInfoList"]
    client.describe_application_operation(**name, OperationId=operations[0]["OperationId"])
    client.list_applications()
    client.list_application_versions(**name)
    client.describe_application_version(**name, ApplicationVersionId=1)
    client.list_application_snapshots(**name)
    client.delete_application(**name, CreateTimestamp=detail["CreateTimestamp"])


def _code(sandbox: RealSandbox) -> dict[str, str]:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("job.jar", "content")
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="models-flink")
    s3.put_object(Bucket="models-flink", Key="job.zip", Body=content.getvalue())
    return {"BucketARN": "arn:aws:s3:::models-flink", "FileKey": "job.zip"}


def _flink_attachments(sandbox: RealSandbox, client: Any, name: dict[str, str]) -> None:
    option = client.add_application_cloud_watch_logging_option(
        **name,
        CurrentApplicationVersionId=1,
        CloudWatchLoggingOption={
            "LogStreamARN": "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s"
        },
    )["CloudWatchLoggingOptionDescriptions"][0]
    client.delete_application_cloud_watch_logging_option(
        **name,
        CurrentApplicationVersionId=2,
        CloudWatchLoggingOptionId=option["CloudWatchLoggingOptionId"],
    )
    ec2 = sandbox.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.99.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="models", Description="models", VpcId=vpc)
    network = client.add_application_vpc_configuration(
        **name,
        CurrentApplicationVersionId=3,
        VpcConfiguration={"SubnetIds": [subnet], "SecurityGroupIds": [group["GroupId"]]},
    )["VpcConfigurationDescription"]
    client.delete_application_vpc_configuration(
        **name,
        CurrentApplicationVersionId=4,
        VpcConfigurationId=network["VpcConfigurationId"],
    )


def timestream_write(sandbox: RealSandbox, client: Any) -> None:
    """A database's and a table's life."""
    del sandbox
    database, table = {"DatabaseName": "models"}, {"TableName": "models"}
    client.describe_endpoints()
    arn = client.create_database(**database)["Database"]["Arn"]
    client.update_database(**database, KmsKeyId="arn:aws:kms:us-east-1:000000000000:key/1")
    client.describe_database(**database)
    client.list_databases()
    client.create_table(**database, **table)
    client.describe_table(**database, **table)
    client.list_tables(**database)
    client.update_table(
        **database,
        **table,
        RetentionProperties={
            "MemoryStoreRetentionPeriodInHours": 24,
            "MagneticStoreRetentionPeriodInDays": 7,
        },
    )
    client.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])
    client.list_tags_for_resource(ResourceARN=arn)
    client.untag_resource(ResourceARN=arn, TagKeys=["a"])
    client.write_records(
        **database,
        **table,
        Records=[
            {
                "Dimensions": [{"Name": "session", "Value": "1"}],
                "MeasureName": "plays",
                "MeasureValue": "1",
                "MeasureValueType": "BIGINT",
                "Time": str(round(time.time() * 1000)),
            }
        ],
    )
    client.delete_table(**database, **table)
    client.delete_database(**database)


def timestream_query(sandbox: RealSandbox, client: Any) -> None:
    """Queries that need no table, and the account's settings."""
    del sandbox
    client.describe_endpoints()
    answer = client.query(QueryString="SELECT 1 AS one, now() AS moment, ARRAY[1, NULL] AS both")
    client.cancel_query(QueryId=answer["QueryId"])
    client.update_account_settings(MaxQueryTCU=8)
    client.describe_account_settings()


def grafana(_: RealSandbox, client: Any) -> None:
    """A workspace's life."""
    made = client.create_workspace(
        accountAccessType="CURRENT_ACCOUNT",
        authenticationProviders=["AWS_SSO", "SAML"],
        permissionType="CUSTOMER_MANAGED",
        workspaceName="models",
        grafanaVersion="10.4",
        tags={"a": "b"},
    )["workspace"]
    workspace = {"workspaceId": made["id"]}
    arn = f"arn:aws:grafana:us-east-1:000000000000:/workspaces/{made['id']}"

    def active() -> bool:
        return bool(client.describe_workspace(**workspace)["workspace"]["status"] == "ACTIVE")

    eventually(active)
    client.update_workspace(**workspace, workspaceDescription="one")
    eventually(active)
    client.describe_workspace_configuration(**workspace)
    client.update_workspace_configuration(**workspace, configuration="{}", grafanaVersion="12.4")
    eventually(active)
    client.describe_workspace_authentication(**workspace)
    client.update_workspace_authentication(**workspace, authenticationProviders=["AWS_SSO"])
    client.list_workspaces()
    client.list_versions(**workspace)
    client.tag_resource(resourceArn=arn, tags={"c": "d"})
    client.list_tags_for_resource(resourceArn=arn)
    client.untag_resource(resourceArn=arn, tagKeys=["a"])
    client.delete_workspace(**workspace)


def ec2(_: RealSandbox, client: Any) -> None:
    """A VPC with an endpoint."""
    vpc = {"VpcId": client.create_vpc(CidrBlock="10.90.0.0/16")["Vpc"]["VpcId"]}
    client.modify_vpc_attribute(**vpc, EnableNetworkAddressUsageMetrics={"Value": True})
    client.describe_vpc_attribute(**vpc, Attribute="enableNetworkAddressUsageMetrics")
    group = client.create_security_group(GroupName="a", Description="a", **vpc)["GroupId"]
    peer = [{"CidrIp": "10.0.0.0/8"}]
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": peer}
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    client.authorize_security_group_egress(GroupId=group, IpPermissions=[rule])
    subnet = client.create_subnet(**vpc, CidrBlock="10.90.1.0/24")["Subnet"]["SubnetId"]
    made = client.create_vpc_endpoint(
        **vpc,
        VpcEndpointType="Interface",
        ServiceName="com.amazonaws.us-east-1.logs",
        SubnetIds=[subnet],
        SecurityGroupIds=[group],
    )
    endpoint_id = made["VpcEndpoint"]["VpcEndpointId"]
    client.modify_vpc_endpoint(VpcEndpointId=endpoint_id, PrivateDnsEnabled=False)
    client.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])
    client.delete_vpc_endpoints(VpcEndpointIds=[endpoint_id, "vpce-0"])


def cloudwatch(_: RealSandbox, client: Any) -> None:
    """A metric put, listed and read in every way."""
    name = {"Namespace": "Test", "MetricName": "m"}
    datum = {"MetricName": "m", "Values": [1.0, 2.0], "Counts": [1.0, 2.0], "Unit": "Count"}
    client.put_metric_data(Namespace="Test", MetricData=[datum])
    client.list_metrics(Namespace="Test")
    window = {"StartTime": time.time() - 600, "EndTime": time.time() + 60}
    client.get_metric_statistics(
        **name, **window, Period=60, Statistics=["Sum", "Average"], ExtendedStatistics=["p99"]
    )
    stat = {"Metric": name, "Period": 60, "Stat": "Sum"}
    queries = [{"Id": "m", "MetricStat": stat}, {"Id": "e", "Expression": "m * 2"}]
    client.get_metric_data(**window, MetricDataQueries=queries)
    client.put_metric_alarm(
        AlarmName="models",
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[{**queries[0], "ReturnData": False}, queries[1]],
    )
    client.describe_alarms(AlarmNames=["models"])
    client.delete_alarms(AlarmNames=["models"])


def kinesis(sandbox: RealSandbox, client: Any) -> None:
    """A stream through every setting and every kind of reshard."""
    name = {"StreamName": "scripted"}

    def is_active() -> bool:
        found = client.describe_stream_summary(**name)["StreamDescriptionSummary"]
        return bool(found["StreamStatus"] == "ACTIVE")

    client.create_stream(**name, ShardCount=1)
    client.split_shard(
        **name, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(1 << 127)
    )
    client.list_streams()
    eventually(is_active)
    client.merge_shards(
        **name,
        ShardToMerge="shardId-000000000001",
        AdjacentShardToMerge="shardId-000000000002",
    )
    eventually(is_active)
    client.update_shard_count(**name, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    eventually(is_active)
    arn = client.describe_stream(**name)["StreamDescription"]["StreamARN"]
    client.describe_limits()
    client.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=2048)
    client.enable_enhanced_monitoring(**name, ShardLevelMetrics=["IncomingBytes"])
    client.disable_enhanced_monitoring(**name, ShardLevelMetrics=["IncomingBytes"])
    registered = client.register_stream_consumer(StreamARN=arn, ConsumerName="c")
    consumer = registered["Consumer"]["ConsumerARN"]
    client.tag_resource(ResourceARN=consumer, Tags={"a": "1"})
    client.list_tags_for_resource(ResourceARN=consumer)
    client.untag_resource(ResourceARN=consumer, TagKeys=["a"])
    client.deregister_stream_consumer(ConsumerARN=consumer)
    client.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    client.update_stream_warm_throughput(**name, WarmThroughputMiBps=100)
    client.delete_stream(**name)


SCRIPTS: dict[str, Script] = {
    "cloudwatch": cloudwatch,
    "ec2": ec2,
    "firehose": firehose,
    "grafana": grafana,
    "kinesis": kinesis,
    "kinesisanalyticsv2": flink,
    "timestream-query": timestream_query,
    "timestream-write": timestream_write,
}
"""By boto3's name of the service."""
