"""What a delivery stream publishes of its work: the metrics of AWS/Firehose."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sandbox.metrics import Scope
    from sandbox.services.firehose.buffers import Buffer, Buffers
    from sandbox.services.firehose.sources import Batch, Source

NAMESPACE: Final = "AWS/Firehose"


class DeliveryCounter:
    """Counts for one delivery stream."""

    def __init__(self, scope: Scope, *, is_partitioned: bool) -> None:
        self._scope = scope
        self._is_partitioned = is_partitioned

    def read(self, source: Source, batches: list[Batch]) -> None:
        """The source was asked; a Kinesis source says how far behind its tip that was."""
        if source.behind_milliseconds is None:
            return
        self._scope.add("KinesisMillisBehindLatest", source.behind_milliseconds)
        for batch in batches:
            size = sum(len(data) for data, _ in batch.records)
            self._scope.add("DataReadFromKinesisStream.Records", len(batch.records))
            self._scope.add("DataReadFromKinesisStream.Bytes", size)

    def delivered(self, buffer: Buffer, object_bytes: int) -> None:
        """An object was put; those under the error prefix are no delivery of records."""
        self._scope.add("DeliveryToS3.Success", 1)
        if buffer.partition.error_output_type is not None:
            return
        self._scope.add("DeliveryToS3.Records", len(buffer.pieces))
        self._scope.add("DeliveryToS3.Bytes", object_bytes)
        self._scope.add("DeliveryToS3.ObjectCount", 1)
        self._scope.add("DeliveryToS3.DataFreshness", _age_seconds(buffer.oldest_arrival))

    def failed(self) -> None:
        """S3 did not take an object."""
        self._scope.add("DeliveryToS3.Success", 0)

    def sample(self, buffers: Buffers) -> None:
        """How old what waits is, and in how many partitions."""
        oldest = buffers.oldest_arrival
        if oldest is None:
            return
        self._scope.add("DeliveryToS3.DataFreshness", _age_seconds(oldest))
        if self._is_partitioned:
            self._scope.add("PartitionCount", buffers.partition_count)
            self._scope.add("PartitionCountExceeded", int(buffers.is_crowded))


def _age_seconds(arrival: float) -> float:
    return round(max(0.0, time.time() - arrival), 3)
