"""What each module asks AWS for, seen in the richest environment."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import pytest

from stacks.components.code_object import content_key
from videoctl.model.regions import Region
from videoctl.model.specification import (
    SessionFunctionSpecification,
    StreamMode,
    StreamSpecification,
    StreamsSpecification,
)

CERTIFICATES = {region: f"arn:aws:acm:{region}:123456789012:certificate/c" for region in Region}
PREFIX = "video-longestname1"
ACCOUNT = "123456789012"


def test_streams_are_as_specified(record: Any, make_specification: Any) -> None:
    """Mode, shards, retention and key come from the specification."""
    streams = StreamsSpecification(
        raw=StreamSpecification(mode=StreamMode.PROVISIONED, shards=4, retention_hours=48),
        session=StreamSpecification(mode=StreamMode.ON_DEMAND),
        late=StreamSpecification(mode=StreamMode.ON_DEMAND, encryption="aws"),
    )
    recording = record(make_specification(streams=streams))
    raw = recording.one("us-east-1-raw-stream").inputs
    assert (raw["shardCount"], raw["retentionPeriod"]) == (4, 48)
    assert raw["streamModeDetails"] == {"streamMode": "PROVISIONED"}
    assert raw["name"] == f"{PREFIX}-raw"
    assert raw["kmsKeyId"] == "arn:aws:kms:us-east-1:123456789012:key/us-east-1-kms-key"
    session = recording.one("us-east-1-session-stream").inputs
    assert session["streamModeDetails"] == {"streamMode": "ON_DEMAND"}
    assert "shardCount" not in session
    assert recording.one("us-west-2-late-stream").inputs["kmsKeyId"] == "alias/aws/kinesis"
    assert {"OnDemandDataStream", "ProvisionedDataStream"} <= recording.components()


def test_the_raw_stream_has_an_enhanced_fan_out_consumer(richest: Any) -> None:
    """The Flink application reads with its own 2 MB/s a shard."""
    consumer = richest.one("us-east-1-agg-consumer-consumer")
    assert consumer.inputs["name"] == f"{PREFIX}-agg"
    assert consumer.inputs["streamArn"].endswith(f"stream/{PREFIX}-raw")


@pytest.mark.parametrize("kind", ["raw", "session", "late"])
def test_delivery_streams_fill_the_bucket_of_their_name(richest: Any, kind: str) -> None:
    """Kinesis source, GZIP, one document a line, keys by arrival hour, errors apart, logs on."""
    delivery = richest.one(f"us-west-2-{kind}-delivery-delivery").inputs
    assert delivery["destination"] == "extended_s3"
    source = delivery["kinesisSourceConfiguration"]
    assert source["kinesisStreamArn"].endswith(f"us-west-2:{ACCOUNT}:stream/{PREFIX}-{kind}")
    target = delivery["extendedS3Configuration"]
    assert target["bucketArn"] == f"arn:aws:s3:::{PREFIX}-{kind}-us-west-2-{ACCOUNT}"
    assert target["compressionFormat"] == "GZIP"
    processors = [item["type"] for item in target["processingConfiguration"]["processors"]]
    sorting = ["MetadataExtraction"] if kind in {"raw", "session"} else []
    assert processors == [*sorting, "AppendDelimiterToRecord"]
    holds = "!{partitionKeyFromQuery:kind}" if sorting else kind
    assert target["prefix"].startswith(f"{holds}/year=!{{timestamp:yyyy}}/")
    assert target["prefix"].endswith("hour=!{timestamp:HH}/")
    assert "!{firehose:error-output-type}" in target["errorOutputPrefix"]
    assert (target["bufferingSize"], target["bufferingInterval"]) == (64, 60)
    logging = target["cloudwatchLoggingOptions"]
    assert logging["enabled"]
    logs = richest.one(f"us-west-2-{kind}-delivery-logs-stream").inputs
    assert logging["logGroupName"] == logs["logGroupName"]
    assert logging["logStreamName"] == logs["name"]


def test_the_flink_application_knows_code_streams_and_logs(richest: Any) -> None:
    """Code by content, run options, the job's own properties, parallelism, snapshots."""
    application = richest.one("us-east-1-agg-flink-application").inputs
    configuration = application["applicationConfiguration"]
    location = configuration["applicationCodeConfiguration"]["codeContent"]["s3ContentLocation"]
    package = richest.one("us-east-1-agg-artifacts-code-package").inputs
    assert location["fileKey"] == package["key"]
    assert package["key"].startswith(f"flink/{PREFIX}-agg-")
    groups = {
        group["propertyGroupId"]: group["propertyMap"]
        for group in configuration["environmentProperties"]["propertyGroups"]
    }
    assert groups["kinesis.analytics.flink.run.options"] == {
        "python": "main.py",
        "jarfile": "lib/pyflink-dependencies.jar",
        "pyFiles": "pipeline.py,properties.py",
    }
    assert groups["agg"]["late.stream.arn"].endswith(f"stream/{PREFIX}-late")
    assert groups["agg"]["allowed.lateness.seconds"] == "30"
    flink = configuration["flinkApplicationConfiguration"]
    assert flink["parallelismConfiguration"]["parallelism"] == 128
    assert configuration["applicationSnapshotConfiguration"] == {"snapshotsEnabled": True}
    stream = richest.one("us-east-1-agg-logs-stream")
    assert stream.inputs["name"] in application["cloudwatchLoggingOptions"]["logStreamArn"]


def test_the_session_function_never_blocks_its_shard(record: Any, make_specification: Any) -> None:
    """Batches are halved, retried a limited time, reported item by item, and given up aloud."""
    function = SessionFunctionSpecification(retry_attempts=3, batch_size=200)
    recording = record(make_specification(session_function=function))
    mapping = recording.one("us-east-1-sessions-trigger-mapping").inputs
    assert mapping["bisectBatchOnFunctionError"]
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (mapping["maximumRetryAttempts"], mapping["batchSize"]) == (3, 200)
    assert mapping["maximumRecordAgeInSeconds"] == 3600
    assert mapping["destinationConfig"]["onFailure"]["destinationArn"].endswith(
        f"{PREFIX}-kds-timestream-buf-sess-dlq"
    )
    assert mapping["eventSourceArn"].endswith(f"stream/{PREFIX}-session")


def test_the_session_function_knows_its_table(richest: Any) -> None:
    """Code by content, database and table by name, logs into its own group."""
    function = richest.one("us-east-1-sessions-function-function").inputs
    package = richest.one("us-east-1-sessions-artifacts-code-package").inputs
    assert (function["s3Bucket"], function["s3Key"]) == (package["bucket"], package["key"])
    assert function["environment"]["variables"] == {
        "FAILURE_QUEUE_URL": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{PREFIX}"
        "-kds-timestream-buf-sess-dlq",
        "TIMESTREAM_DATABASE": PREFIX,
        "TIMESTREAM_TABLE": "sessions",
    }
    assert function["loggingConfig"]["logGroup"] == (
        f"/aws/lambda/{PREFIX}-kds-timestream-buf-sess"
    )
    assert function["kmsKeyArn"].startswith("arn:aws:kms:")


def test_refused_timestream_records_are_reported_into_the_ops_bucket(richest: Any) -> None:
    """Magnetic writes are on, and what they refuse can be read."""
    table = richest.one("us-west-2-sessions-table").inputs
    writes = table["magneticStoreWriteProperties"]
    assert writes["enableMagneticStoreWrites"]
    rejected = writes["magneticStoreRejectedDataLocation"]["s3Configuration"]
    assert rejected["bucketName"] == f"{PREFIX}-ops-us-west-2-{ACCOUNT}"
    assert table["retentionProperties"]["memoryStoreRetentionPeriodInHours"] == 24


def test_buckets_are_closed_encrypted_versioned_and_tidied(richest: Any) -> None:
    """All ten buckets have every guard."""
    buckets = {one.inputs["bucket"] for one in richest.all("Bucket")}
    assert len(buckets) == 10
    for kind in (
        "BucketLifecycleConfiguration", "BucketOwnershipControls", "BucketPolicy",
        "BucketPublicAccessBlock", "BucketServerSideEncryptionConfiguration", "BucketVersioning",
    ):  # fmt: skip
        assert {one.inputs["bucket"] for one in richest.all(kind)} == buckets, kind
    for block in richest.all("BucketPublicAccessBlock"):
        switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls")
        assert all(block.inputs[switch] for switch in (*switches, "restrictPublicBuckets"))
    for encryption in richest.all("BucketServerSideEncryptionConfiguration"):
        (rule,) = encryption.inputs["rules"]
        assert rule["bucketKeyEnabled"]
        assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
    for lifecycle in richest.all("BucketLifecycleConfiguration"):
        ids = {rule["id"] for rule in lifecycle.inputs["rules"]}
        assert {"abort-incomplete-multipart-uploads", "expire-noncurrent-versions"} <= ids
    assert not any(one.inputs["forceDestroy"] for one in richest.all("Bucket"))


def test_a_destroy_never_takes_the_key_of_objects_that_stay(richest: Any) -> None:
    """Keys are deleted after the buckets they encrypt, so not at all while a bucket has objects."""
    for bucket in richest.all("Bucket"):
        assert f"aws:kms/key:Key::{bucket.region}-kms-key" in bucket.dependencies, bucket.name


def test_both_directions_wait_for_versioning_on_both_sides(richest: Any) -> None:
    """Six rules; each comes after both versionings, which dissolves the circle."""
    configs = richest.all("BucketReplicationConfig")
    assert len(configs) == 6
    for config in configs:
        kind = config.name.rpartition("-")[2]
        versionings = {
            f"aws:s3/bucketVersioning:BucketVersioning::{region}-buckets-{kind}-versioning"
            for region in Region
        }
        assert versionings <= config.dependencies, config.name


def test_replication_carries_deletes_changes_and_ciphertext_in_time(richest: Any) -> None:
    """V2 rules with delete markers, replica modifications, KMS, metrics and 15 minutes."""
    config = richest.one("us-west-2-to-us-east-1-raw").inputs
    (rule,) = config["rules"]
    assert config["bucket"] == f"{PREFIX}-raw-us-west-2-{ACCOUNT}"
    assert (rule["priority"], rule["filter"], rule["status"]) == (1, {"prefix": ""}, "Enabled")
    assert rule["deleteMarkerReplication"] == {"status": "Enabled"}
    assert rule["sourceSelectionCriteria"] == {
        "replicaModifications": {"status": "Enabled"},
        "sseKmsEncryptedObjects": {"status": "Enabled"},
    }
    destination = rule["destination"]
    assert destination["bucket"] == f"arn:aws:s3:::{PREFIX}-raw-us-east-1-{ACCOUNT}"
    assert ":us-east-1:" in destination["encryptionConfiguration"]["replicaKmsKeyId"]
    assert destination["replicationTime"]["time"] == {"minutes": 15}
    assert destination["metrics"]["eventThreshold"] == {"minutes": 15}


def test_each_direction_has_a_batch_replication_role(richest: Any) -> None:
    """Older objects can be replicated by S3 Batch Operations from either side."""
    names = {one.inputs["name"] for one in richest.all("Role")}
    for region in Region:
        assert f"{PREFIX}-{region}-replication" in names
        assert f"{PREFIX}-{region}-batch-replication" in names


def test_snowflake_and_load_tests_hear_of_new_objects(richest: Any) -> None:
    """One notification configuration a bucket names topic and queue, once both let S3 in."""
    raw = richest.one("us-east-1-buckets-raw-events-notification")
    (topic,), (queue,) = raw.inputs["topics"], raw.inputs["queues"]
    assert topic["topicArn"].endswith(f"{PREFIX}-raw-snowflake")
    assert queue["queueArn"].endswith(f"{PREFIX}-raw-replay")
    assert {"s3:ObjectCreated:*"} == {*topic["events"], *queue["events"]}
    guards = {dependency.partition("::")[0] for dependency in raw.dependencies}
    assert {"aws:sns/topicPolicy:TopicPolicy", "aws:sqs/queuePolicy:QueuePolicy"} <= guards
    late = richest.one("us-east-1-buckets-late-events-notification")
    assert late.inputs["queues"] == []


def test_buckets_nobody_listens_to_announce_nothing(recordings: Any) -> None:
    """Without features there is no topic, no queue of events and no notification."""
    assert recordings["dev"].all("BucketNotification") == []
    assert recordings["dev"].all("Topic") == []


def test_without_a_certificate_players_speak_http(richest: Any) -> None:
    """Listener and accelerator agree on port 80."""
    listener = richest.one("us-east-1-ingest-listener").inputs
    assert (listener["port"], listener["protocol"]) == (80, "HTTP")
    assert "sslPolicy" not in listener
    assert richest.one("front-door-listener").inputs["portRanges"] == [
        {"fromPort": 80, "toPort": 80}
    ]


def test_with_certificates_players_speak_https(record: Any, make_specification: Any) -> None:
    """Listener, security group, accelerator and its health check agree on 443 with TLS 1.2."""
    recording = record(make_specification(), certificate_arns=CERTIFICATES)
    listener = recording.one("us-west-2-ingest-listener").inputs
    assert (listener["port"], listener["protocol"]) == (443, "HTTPS")
    assert listener["certificateArn"] == CERTIFICATES[Region.US_WEST_2]
    assert listener["sslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2")
    assert recording.one("us-west-2-ingest-balancer-from-players").inputs["fromPort"] == 443
    group = recording.one("front-door-us-west-2").inputs
    assert (group["healthCheckPort"], group["healthCheckProtocol"]) == (443, "HTTPS")


def test_the_front_door_has_an_endpoint_group_a_region(richest: Any) -> None:
    """Full dial and weight, the load balancer as endpoint, players' addresses kept."""
    for region in Region:
        group = richest.one(f"front-door-{region}")
        assert group.inputs["endpointGroupRegion"] == region
        assert group.inputs["trafficDialPercentage"] == 100
        (endpoint,) = group.inputs["endpointConfigurations"]
        assert endpoint["endpointId"].endswith(f"loadbalancer/app/{PREFIX}-ingest/0")
        assert region in endpoint["endpointId"]
        assert (endpoint["weight"], endpoint["clientIpPreservationEnabled"]) == (128, True)
        gateway = f"aws:ec2/internetGateway:InternetGateway::{region}-network-internet-gateway"
        assert gateway in group.dependencies


def test_the_load_balancer_is_internal_and_checks_health(richest: Any) -> None:
    """Nothing of it is public; tasks are targets by address."""
    balancer = richest.one("us-east-1-ingest-balancer").inputs
    assert balancer["internal"]
    assert balancer["dropInvalidHeaderFields"]
    assert len(balancer["subnets"]) == 2
    targets = richest.one("us-east-1-ingest-targets").inputs
    assert (targets["targetType"], targets["port"]) == ("ip", 8080)
    assert targets["healthCheck"]["path"] == "/health"


def test_the_network_has_no_route_out(richest: Any) -> None:
    """The route table has no routes; tasks reach AWS through six endpoints."""
    assert "routes" not in richest.one("us-east-1-network-private-routes").inputs
    services = {
        one.inputs["serviceName"].removeprefix("com.amazonaws.us-east-1.")
        for one in richest.all("VpcEndpoint")
        if one.region == "us-east-1"
    }
    assert services == {"ecr.api", "ecr.dkr", "kinesis-streams", "logs", "s3", "sts"}
    for subnet in richest.all("Subnet"):
        assert not subnet.inputs["mapPublicIpOnLaunch"]


def test_security_groups_open_only_what_is_used(richest: Any) -> None:
    """Players to balancer to tasks to endpoints; nothing else, and no address block but players."""
    rules = {
        one.name: one.inputs
        for kind in ("SecurityGroupIngressRule", "SecurityGroupEgressRule")
        for one in richest.all(kind)
        if one.region == "us-east-1"
    }
    ports = {name.removeprefix("us-east-1-"): rule["fromPort"] for name, rule in rules.items()}
    assert ports == {
        "ingest-balancer-from-players": 80,
        "ingest-balancer-to-ingest-tasks": 8080,
        "ingest-tasks-from-load-balancer": 8080,
        "ingest-tasks-to-endpoints": 443,
        "ingest-tasks-to-s3": 443,
        "network-endpoints-from-ingest-tasks": 443,
    }
    assert [name for name, rule in rules.items() if "cidrIpv4" in rule] == [
        "us-east-1-ingest-balancer-from-players"
    ]
    for group in richest.all("SecurityGroup"):
        assert "ingress" not in group.inputs
        assert "egress" not in group.inputs


def test_tasks_run_both_containers(richest: Any) -> None:
    """Fargate, two roles, both images from the region's own repositories."""
    task = richest.one("us-west-2-ingest-task").inputs
    assert (task["networkMode"], task["requiresCompatibilities"]) == ("awsvpc", ["FARGATE"])
    assert (task["cpu"], task["memory"]) == ("512", "1024")
    handler, sidecar = json.loads(task["containerDefinitions"])
    registry = f"{ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com"
    assert handler["image"] == f"{registry}/{PREFIX}/http-handler:latest"
    assert sidecar["image"] == f"{registry}/{PREFIX}/kpl-sidecar:latest"
    assert task["executionRoleArn"] != task["taskRoleArn"]
    service = richest.one("us-west-2-ingest-service")
    assert service.inputs["networkConfiguration"]["assignPublicIp"] is False
    listener = "aws:lb/listener:Listener::us-west-2-ingest-listener"
    assert listener in service.dependencies


def test_images_can_come_from_elsewhere(record: Any, make_specification: Any) -> None:
    """Configured images replace the repositories', and their ECR permission with them."""
    images = {"http_handler": "public.example/handler:1", "kpl_sidecar": "public.example/kpl:1"}
    recording = record(make_specification(), images=images)
    task = recording.one("us-east-1-ingest-task").inputs
    found = [one["image"] for one in json.loads(task["containerDefinitions"])]
    assert found == list(images.values())
    role = recording.one("us-east-1-ingest-ingest-execution-policy").inputs
    assert "ecr:" not in role["policy"]


def test_repositories_are_scanned_encrypted_and_tidied(richest: Any) -> None:
    """Two repositories a region, each with a lifecycle policy."""
    repositories = richest.all("Repository")
    assert len(repositories) == len(richest.all("LifecyclePolicy")) == 4
    for repository in repositories:
        assert repository.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
        (encryption,) = repository.inputs["encryptionConfigurations"]
        assert encryption["encryptionType"] == "KMS"
    for policy in richest.all("LifecyclePolicy"):
        assert len(json.loads(policy.inputs["policy"])["rules"]) == 2


def test_protected_environments_keep_what_holds_data(richest: Any, recordings: Any) -> None:
    """Protection is on exactly what cannot be made again, and nowhere in dev."""
    kinds = {one.type.rpartition(":")[2] for one in richest.custom if one.protect}
    assert kinds == {
        "Accelerator", "Application", "Bucket", "Database", "Key", "Stream", "Table", "Workspace",
    }  # fmt: skip
    assert richest.one("us-east-1-ingest-balancer").inputs["enableDeletionProtection"]
    assert richest.one("us-east-1-kms-key").inputs["deletionWindowInDays"] == 30
    assert not any(one.inputs["enforceConsumerDeletion"] for one in richest.all("Stream"))
    dev = recordings["dev"]
    assert not any(one.protect for one in dev.custom)
    assert not dev.one("us-east-1-ingest-balancer").inputs["enableDeletionProtection"]
    assert all(one.inputs["enforceConsumerDeletion"] for one in dev.all("Stream"))


DELETION_PROTECTION = {"enableDeletionProtection", "enforceConsumerDeletion", "forceDelete"}
"""Inputs by which AWS itself, not the engine, refuses or allows a deletion."""


def test_lifting_the_protection_changes_nothing_else(
    record: Any, shipped: Any, recordings: Any
) -> None:
    """On its way out nothing refuses to be deleted; every other input stays as it is."""
    protected = {name for name, specification in shipped.items() if specification.protected}
    assert protected == {"prod"}
    kept = {one.urn: one for one in recordings["prod"].custom}
    lifted = {one.urn: one for one in record(shipped["prod"], lifts_protection=True).custom}
    assert kept.keys() == lifted.keys()
    assert not any(one.protect for one in lifted.values())
    for urn, before in kept.items():
        after = lifted[urn].inputs
        keys = before.inputs.keys() | after.keys()
        changed = {key for key in keys if before.inputs.get(key) != after.get(key)}
        assert changed <= DELETION_PROTECTION


def test_run_state_is_left_to_videoctl(richest: Any) -> None:
    """An update undoes no failover, restart or scaling."""
    ignored = {
        one.type.rpartition(":")[2]: set(one.ignore_changes)
        for one in richest.custom
        if one.ignore_changes
    }
    assert ignored == {
        "Service": {"desiredCount"},
        "EndpointGroup": {"trafficDialPercentage", "endpointConfigurations[*].weight"},
        "EventSourceMapping": {"enabled"},
        "Application": {"startApplication", "applicationConfiguration.runConfiguration"},
    }


def test_keys_rotate_and_are_known_by_their_alias(richest: Any) -> None:
    """One key a region, with the environment's alias."""
    assert len(richest.all("Key")) == 2
    assert all(key.inputs["enableKeyRotation"] for key in richest.all("Key"))
    assert {one.inputs["name"] for one in richest.all("Alias")} == {f"alias/{PREFIX}"}


def test_other_code_is_another_object(artifacts: Any, tmp_path: Any) -> None:
    """The key follows the content, and nothing but the content."""
    package = artifacts["flink_code"]
    copy = tmp_path / "renamed.zip"
    copy.write_bytes(package.read_bytes())
    assert content_key("flink/agg", package) == content_key("flink/agg", copy)
    copy.write_bytes(b"other")
    assert content_key("flink/agg", package) != content_key("flink/agg", copy)
    assert content_key("flink/agg", package).startswith("flink/agg-")
    assert content_key("flink/agg", package).endswith(".zip")


def test_only_streams_of_ingest_tasks_are_sorted(systems: Any) -> None:
    """A pipeline whose records are nobody's business is delivered as it comes, in small objects."""
    delivery = systems["kinesis-data-3"].one("kinesis-data-3-delivery-delivery").inputs
    target = delivery["extendedS3Configuration"]
    assert "dynamicPartitioningConfiguration" not in target
    assert target["bufferingSize"] == 1
    assert target["prefix"].startswith("raw/year=")


def test_kinesis_data_3_copies_what_lands(systems: Any) -> None:
    """Bucket A tells the function, the function may read A and write B, S3 may invoke it."""
    recording = systems["kinesis-data-3"]
    notification = recording.one("kinesis-data-3-trigger-events-notification")
    (target,) = notification.inputs["lambdaFunctions"]
    assert target["lambdaFunctionArn"].endswith("video-kinesis-data-3-object-copy")
    landing = f"video-kinesis-data-3-raw-us-east-1-{ACCOUNT}"
    assert notification.inputs["bucket"] == landing
    permission = recording.one("kinesis-data-3-trigger-permission").inputs
    assert permission["sourceArn"] == f"arn:aws:s3:::{landing}"
    assert permission["sourceAccount"] == ACCOUNT
    function = recording.one("kinesis-data-3-function-function").inputs
    copies = f"video-kinesis-data-3-copies-us-east-1-{ACCOUNT}"
    assert function["environment"]["variables"] == {"DESTINATION_BUCKET": copies}


def test_a_workspace_is_made_where_it_is_asked_for(richest: Any, recordings: Any) -> None:
    """One for both regions, with its own role, in a version the dashboards are made for."""
    (workspace,) = richest.all("Workspace")
    assert workspace.region == "us-east-1"
    assert workspace.inputs["permissionType"] == "CUSTOMER_MANAGED"
    assert workspace.inputs["roleArn"].endswith(":role/video-longestname1-us-east-1-grafana")
    assert set(workspace.inputs["dataSources"]) == {"CLOUDWATCH", "TIMESTREAM"}
    assert json.loads(workspace.inputs["configuration"]) == {"unifiedAlerting": {"enabled": True}}
    installed = version("grafana-foundation-sdk").partition("!")[2]
    assert installed.startswith(f"{workspace.inputs['grafanaVersion']}.")
    assert richest.outputs["grafana_endpoint"]
    for name in ("dev", "prod"):
        assert recordings[name].all("Workspace") == []
        assert "grafana_endpoint" not in recordings[name].outputs
