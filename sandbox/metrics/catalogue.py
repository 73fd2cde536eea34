"""Every metric the sandbox's services publish, with its unit, by namespace.

Names, units and dimensions are AWS's. Dimensions stand where a scope is made; when a metric is
absent and when it is zero is said at each namespace. Percentiles are to be had of all of them.
"""

from __future__ import annotations

from typing import Final

COUNT: Final = "Count"
BYTES: Final = "Bytes"
MILLISECONDS: Final = "Milliseconds"
SECONDS: Final = "Seconds"

_PUT_RECORD: Final = {
    "PutRecord.Bytes": BYTES,
    "PutRecord.Latency": MILLISECONDS,
    "PutRecord.Success": COUNT,
}
_PUT_RECORDS: Final = {
    "PutRecords.Bytes": BYTES,
    "PutRecords.Latency": MILLISECONDS,
    "PutRecords.Success": COUNT,
    "PutRecords.TotalRecords": COUNT,
    "PutRecords.SuccessfulRecords": COUNT,
    "PutRecords.FailedRecords": COUNT,
    "PutRecords.ThrottledRecords": COUNT,
}
_GET_RECORDS: Final = {
    "GetRecords.Bytes": BYTES,
    "GetRecords.IteratorAgeMilliseconds": MILLISECONDS,
    "GetRecords.Latency": MILLISECONDS,
    "GetRecords.Records": COUNT,
    "GetRecords.Success": COUNT,
}

UNITS: Final[dict[str, dict[str, str]]] = {
    # Dimension StreamName; SubscribeToShard*: and ConsumerName; with enhanced monitoring also
    # ShardId. Each is absent in minutes without the operation it counts: an idle stream has no
    # Incoming*, a polled one has GetRecords.* all the same.
    "AWS/Kinesis": {
        "IncomingBytes": BYTES,
        "IncomingRecords": COUNT,
        **_PUT_RECORD,
        **_PUT_RECORDS,
        **_GET_RECORDS,
        "WriteProvisionedThroughputExceeded": COUNT,
        "ReadProvisionedThroughputExceeded": COUNT,
        "SubscribeToShard.RateExceeded": COUNT,
        "SubscribeToShard.Success": COUNT,
        "SubscribeToShardEvent.Bytes": BYTES,
        "SubscribeToShardEvent.MillisBehindLatest": MILLISECONDS,
        "SubscribeToShardEvent.Records": COUNT,
        "SubscribeToShardEvent.Success": COUNT,
        # Shard level: the same without an operation in front.
        "IteratorAgeMilliseconds": MILLISECONDS,
        "OutgoingBytes": BYTES,
        "OutgoingRecords": COUNT,
    },
    # Dimension DeliveryStreamName. Incoming* and PutRecord* are of direct puts, DataRead* and
    # KinesisMillisBehindLatest of a stream as source; the latter comes with every read, the former
    # when something was read. DeliveryToS3.* is absent while nothing is delivered, but for
    # DataFreshness, which also grows while records wait.
    "AWS/Firehose": {
        "IncomingBytes": BYTES,
        "IncomingRecords": COUNT,
        "IncomingPutRequests": COUNT,
        "DataReadFromKinesisStream.Bytes": BYTES,
        "DataReadFromKinesisStream.Records": COUNT,
        "KinesisMillisBehindLatest": MILLISECONDS,
        "DeliveryToS3.Bytes": BYTES,
        "DeliveryToS3.DataFreshness": SECONDS,
        "DeliveryToS3.ObjectCount": COUNT,
        "DeliveryToS3.Records": COUNT,
        "DeliveryToS3.Success": COUNT,
        "PartitionCount": COUNT,
        "PartitionCountExceeded": COUNT,
    },
    # Dimension FunctionName. All absent while nothing is invoked; Errors and Throttles are 0 for
    # an invocation that went well. IteratorAge only for batches of a stream.
    "AWS/Lambda": {
        "Invocations": COUNT,
        "Errors": COUNT,
        "Throttles": COUNT,
        "Duration": MILLISECONDS,
        "IteratorAge": MILLISECONDS,
        "RecursiveInvocationsDropped": COUNT,
    },
    # Dimensions LoadBalancer, and LoadBalancer with TargetGroup. Reported when not zero, but for
    # the host counts, which are always there while targets are registered.
    "AWS/ApplicationELB": {
        "RequestCount": COUNT,
        "HTTPCode_Target_2XX_Count": COUNT,
        "HTTPCode_Target_3XX_Count": COUNT,
        "HTTPCode_Target_4XX_Count": COUNT,
        "HTTPCode_Target_5XX_Count": COUNT,
        "HTTPCode_ELB_4XX_Count": COUNT,
        "HTTPCode_ELB_5XX_Count": COUNT,
        "HTTPCode_ELB_502_Count": COUNT,
        "HTTPCode_ELB_503_Count": COUNT,
        "HTTPCode_ELB_504_Count": COUNT,
        "TargetResponseTime": SECONDS,
        "TargetConnectionErrorCount": COUNT,
        "HealthyHostCount": COUNT,
        "UnHealthyHostCount": COUNT,
    },
    # In us-west-2. Dimension Accelerator; with Listener; with Listener and EndpointGroup (its
    # region). Traffic is absent while none flows, the endpoint counts are always there.
    "AWS/GlobalAccelerator": {
        "NewFlowCount": COUNT,
        "ProcessedBytesIn": BYTES,
        "ProcessedBytesOut": BYTES,
        "HealthyEndpointCount": COUNT,
        "UnhealthyEndpointCount": COUNT,
    },
    # Dimensions SourceBucket, DestinationBucket, RuleId; only of rules with metrics enabled, in the
    # destination's region; OperationsFailedReplication in the source's. Pending counts are always
    # there, the others in minutes with replication.
    "AWS/S3": {
        "BytesPendingReplication": BYTES,
        "OperationsPendingReplication": COUNT,
        "OperationsFailedReplication": COUNT,
        "ReplicationLatency": SECONDS,
    },
    # Dimension Operation; SuccessfulRequestLatency of writes and MagneticStoreRejectedRecordCount:
    # DatabaseName, TableName and Operation. Absent without requests.
    "AWS/Timestream": {
        "SuccessfulRequestLatency": MILLISECONDS,
        "UserErrors": COUNT,
        "SystemErrors": COUNT,
        "NumberOfRecords": COUNT,
        "MagneticStoreRejectedRecordCount": COUNT,
    },
}
