"""What a client was told survives `kill -9` of the server."""

from __future__ import annotations

import pytest

from tests.sandbox.services.real import RealSandbox, eventually

pytestmark = pytest.mark.sandbox

TRUST = '{"Version": "2012-10-17", "Statement": []}'


def stream_data(sandbox: RealSandbox, stream: str) -> list[bytes]:
    """All records of a stream, sorted."""
    kinesis = sandbox.client("kinesis")
    found: list[bytes] = []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found += [r["Data"] for r in kinesis.get_records(ShardIterator=iterator)["Records"]]
    return sorted(found)


def put(sandbox: RealSandbox, stream: str, *data: bytes) -> None:
    """Put records, each under its own key."""
    records = [{"Data": d, "PartitionKey": d.hex()} for d in data]
    answer = sandbox.client("kinesis").put_records(StreamName=stream, Records=records)
    assert answer["FailedRecordCount"] == 0


def test_control_planes_survive(own: RealSandbox) -> None:
    """Resources are there in the moment their creation was answered, MiniStack's and ours."""
    own.start()
    own.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument=TRUST)
    vpc = own.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    key = own.client("kms").create_key()["KeyMetadata"]["KeyId"]
    west = own.client("globalaccelerator", "us-west-2")
    accelerator = west.create_accelerator(Name="a", IdempotencyToken="t")["Accelerator"]
    own.client("ecs").create_cluster(clusterName="cluster")
    own.kill()
    own.start()
    assert own.client("iam").get_role(RoleName="role")["Role"]["RoleName"] == "role"
    assert own.client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlock"] == "10.0.0.0/16"
    assert own.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyId"] == key
    found = west.describe_accelerator(AcceleratorArn=accelerator["AcceleratorArn"])["Accelerator"]
    assert found["DnsName"] == accelerator["DnsName"]
    clusters = own.client("ecs").describe_clusters(clusters=["cluster"])["clusters"]
    assert [cluster["status"] for cluster in clusters] == ["ACTIVE"]


def test_acknowledged_records_survive(own: RealSandbox) -> None:
    """Kinesis has each record once after a kill, twice in a row, and takes new ones."""
    own.start()
    own.client("kinesis").create_stream(StreamName="s", ShardCount=2)
    eventually(lambda: _is_active(own, "s"))
    put(own, "s", b"a", b"b", b"c")
    own.kill()
    own.start()
    assert stream_data(own, "s") == [b"a", b"b", b"c"]
    put(own, "s", b"d")
    own.kill()
    own.start()
    assert stream_data(own, "s") == [b"a", b"b", b"c", b"d"]


def test_closed_shards_and_their_children_survive(own: RealSandbox) -> None:
    """After a kill in the middle of a reshard it is done once, and no record is missing."""
    own.start()
    own.client("kinesis").create_stream(StreamName="s", ShardCount=2)
    put(own, "s", b"a", b"b")
    own.client("kinesis").update_shard_count(
        StreamName="s", TargetShardCount=3, ScalingType="UNIFORM_SCALING"
    )
    own.kill()
    own.start()
    eventually(lambda: _is_active(own, "s"))
    put(own, "s", b"c", b"d", b"e")
    own.kill()
    own.start()
    assert stream_data(own, "s") == [b"a", b"b", b"c", b"d", b"e"]
    found = own.client("kinesis").list_shards(StreamName="s")["Shards"]
    is_open = ["EndingSequenceNumber" not in one["SequenceNumberRange"] for one in found]
    assert (len(found), sum(is_open)) == (7, 3)


def test_records_of_a_deleted_stream_stay_away(own: RealSandbox) -> None:
    """A stream made anew under an old name is empty, after a restart too."""
    own.start()
    kinesis = own.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    eventually(lambda: _is_active(own, "s"))
    put(own, "s", b"old")
    kinesis.delete_stream(StreamName="s")
    eventually(lambda: kinesis.list_streams()["StreamNames"] == [])
    kinesis.create_stream(StreamName="s", ShardCount=1)
    eventually(lambda: _is_active(own, "s"))
    put(own, "s", b"new")
    own.kill()
    own.start()
    assert stream_data(own, "s") == [b"new"]


def test_objects_survive_with_versions_and_replication(own: RealSandbox) -> None:
    """Bodies, metadata, version ids, replication status, and the rule itself."""
    own.start()
    s3 = own.client("s3")
    for bucket in ("source", "replica"):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "all",
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": "arn:aws:s3:::replica"},
    }
    role = "arn:aws:iam::000000000000:role/r"
    s3.put_bucket_replication(
        Bucket="source", ReplicationConfiguration={"Role": role, "Rules": [rule]}
    )
    s3.put_object(Bucket="source", Key="a/b", Body=b"one", Metadata={"m": "1"})
    s3.put_object(Bucket="source", Key="a/b", Body=b"two", Metadata={"m": "2"})
    before = s3.list_object_versions(Bucket="source")["Versions"]
    own.kill()
    own.start()
    after = s3.list_object_versions(Bucket="source")["Versions"]
    assert [v["VersionId"] for v in after] == [v["VersionId"] for v in before]
    found = s3.get_object(Bucket="source", Key="a/b")
    assert (found["Body"].read(), found["Metadata"]) == (b"two", {"m": "2"})
    assert found["ReplicationStatus"] == "COMPLETED"
    assert s3.head_object(Bucket="replica", Key="a/b")["ReplicationStatus"] == "REPLICA"
    s3.put_object(Bucket="source", Key="later", Body=b"three")
    assert s3.get_object(Bucket="replica", Key="later")["Body"].read() == b"three"


def test_a_graceful_stop_keeps_what_moves_fast(own: RealSandbox) -> None:
    """Messages of a queue are there after down and up."""
    own.start()
    url = own.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    own.client("sqs").send_message(QueueUrl=url, MessageBody="hello")
    own.stop()
    own.start()
    messages = own.client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert [message["Body"] for message in messages] == ["hello"]


def _is_active(sandbox: RealSandbox, stream: str) -> bool:
    found = sandbox.client("kinesis").describe_stream_summary(StreamName=stream)
    return bool(found["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE")
