"""The operations of Data Firehose."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sandbox.protocol.errors import ServiceError
from sandbox.services.base import Call, Service
from sandbox.services.firehose import configuration, counting, records
from sandbox.services.firehose.delivery import Delivery, Identity
from sandbox.services.firehose.sources import DirectSource, KinesisSource, Source

if TYPE_CHECKING:
    from sandbox.metrics import Scope
    from sandbox.protocol.wire import Json
    from sandbox.store import Table

_SETTLING_SECONDS: Final = 0.3
"""How long CREATING, DELETING and a change of encryption last; minutes in AWS."""
_STREAMS: Final = "delivery_streams"
_MOST_BATCH_BYTES: Final = 4 * configuration.MEBIBYTE
_MOST_TAGS: Final = 50
_SEQUENCE_DIGITS: Final = 20
_DEFAULT_LISTED: Final = 10
_DEFAULT_TAGS_LISTED: Final = 50


class Firehose(Service):
    """Data Firehose with S3 destinations, from Kinesis data streams or from puts."""

    name = "firehose"
    data_operations: ClassVar[frozenset[str]] = frozenset({"PutRecord", "PutRecordBatch"})

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._deliveries: dict[str, Delivery] = {}

    async def start(self) -> None:
        """Take up the delivery streams that were there."""
        self.host.metrics.sample(self._sample)
        for account_id, region, streams in self.store.tables(_STREAMS):
            for stream in list(streams.values()):
                call = Call(self.name, "start", region, account_id, "")
                if stream["status"] == "DELETING":
                    self._forget(call, stream["name"])
                    continue
                stream["status"] = "ACTIVE"
                records.settle_encryption(stream)
                self._begin(call, stream)

    def _sample(self) -> None:
        for delivery in self._deliveries.values():
            delivery.sample()

    async def stop(self) -> None:
        """Deliver everything that was read, then end."""
        deliveries, self._deliveries = list(self._deliveries.values()), {}
        await asyncio.gather(*(delivery.stop() for delivery in deliveries))
        await super().stop()

    async def reset(self) -> None:
        """End all deliveries without writing anything more."""
        deliveries, self._deliveries = list(self._deliveries.values()), {}
        await asyncio.gather(*(delivery.stop(flush=False) for delivery in deliveries))

    def create_delivery_stream(self, call: Call, request: Json) -> Json:
        """Make a delivery stream; it is CREATING for a moment."""
        streams = self.table(call, _STREAMS)
        name = request["DeliveryStreamName"]
        if name in streams:
            raise ServiceError(
                "ResourceInUseException",
                f"Firehose {name} under accountId {call.account_id} already exists",
            )
        stream = streams[name] = records.made(call, request)
        self.spawn(self._activate(call, name), f"activate {name}")
        return {"DeliveryStreamARN": stream["arn"]}

    async def _activate(self, call: Call, name: str) -> None:
        await asyncio.sleep(_SETTLING_SECONDS)
        stream = self.table(call, _STREAMS).get(name)
        if stream is not None and stream["status"] == "CREATING":
            stream["status"] = "ACTIVE"
            records.settle_encryption(stream)
            self._begin(call, stream)

    def _begin(self, call: Call, stream: Json) -> None:
        aws = self.host.aws(call.region, with_faults=True)
        source: Source
        if stream["source"] is None:
            source = DirectSource(self._direct_records(call, stream["name"]))
        else:
            source = KinesisSource(
                aws,
                stream["source"]["KinesisStreamARN"],
                stream["source"]["DeliveryStartTimestamp"],
                self.table(call, "checkpoints").setdefault(stream["name"], {}),
                asyncio.get_running_loop().time,
            )
        identity = Identity(name=stream["name"], arn=stream["arn"], version=stream["version"])
        destination = configuration.parse(stream["destination"])
        counter = counting.DeliveryCounter(
            self._scope(call, stream["name"]), is_partitioned=destination.partitioned
        )
        delivery = Delivery(
            identity,
            destination,
            source,
            aws,
            counter,
            is_down=lambda: self.host.faults.is_service_down(self.name, call.region),
        )
        self._deliveries[stream["arn"]] = delivery
        delivery.start()

    def _scope(self, call: Call, name: str) -> Scope:
        return self.host.metrics.scope(
            call.region, counting.NAMESPACE, account_id=call.account_id, DeliveryStreamName=name
        )

    def describe_delivery_stream(self, call: Call, request: Json) -> Json:
        """Everything about a delivery stream but its tags."""
        stream = self._stream(call, request)
        return {"DeliveryStreamDescription": records.described(stream)}

    def list_delivery_streams(self, call: Call, request: Json) -> Json:
        """Names in order, after the exclusive start."""
        start, kind = (
            request.get("ExclusiveStartDeliveryStreamName", ""),
            request.get("DeliveryStreamType"),
        )
        names = sorted(
            name
            for name, stream in self.table(call, _STREAMS).items()
            if name > start and kind in {None, stream["type"]}
        )
        limit = request.get("Limit", _DEFAULT_LISTED)
        return {
            "DeliveryStreamNames": names[:limit],
            "HasMoreDeliveryStreams": len(names) > limit,
        }

    async def update_destination(self, call: Call, request: Json) -> Json:
        """Change the members of the destination that are given; what waits is delivered first."""
        stream = self._active(call, request)
        records.update(stream, request, call.now())
        delivery = self._deliveries.pop(stream["arn"], None)
        if delivery is not None:
            await delivery.stop()
        self._begin(call, stream)
        return {}

    def delete_delivery_stream(self, call: Call, request: Json) -> Json:
        """Delete; records that wait are lost, as in AWS."""
        stream = self._stream(call, request)
        if stream["status"] == "CREATING":
            raise records.in_use(stream["name"])
        stream["status"] = "DELETING"
        self.spawn(self._remove(call, stream), f"delete {stream['name']}")
        return {}

    async def _remove(self, call: Call, stream: Json) -> None:
        delivery = self._deliveries.pop(stream["arn"], None)
        if delivery is not None:
            await delivery.stop(flush=False)
        await asyncio.sleep(_SETTLING_SECONDS)
        self._forget(call, stream["name"])

    def _forget(self, call: Call, name: str) -> None:
        for table in (_STREAMS, "checkpoints", "direct_records"):
            self.table(call, table).pop(name, None)

    def put_record(self, call: Call, request: Json) -> Json:
        """Accept one record."""
        stream = self._puttable(call, request)
        self._count_put(call, stream, [request["Record"]])
        return {
            "RecordId": self._accept(call, stream, request["Record"]["Data"]),
            "Encrypted": stream["encryption"]["Status"] == "ENABLED",
        }

    def put_record_batch(self, call: Call, request: Json) -> Json:
        """Accept up to 500 records of 4 MiB together."""
        stream = self._puttable(call, request)
        given = request["Records"]
        if sum(len(record["Data"]) for record in given) > _MOST_BATCH_BYTES:
            raise records.invalid("Records size exceeds 4 MB limit")
        self._count_put(call, stream, given)
        return {
            "FailedPutCount": 0,
            "Encrypted": stream["encryption"]["Status"] == "ENABLED",
            "RequestResponses": [
                {"RecordId": self._accept(call, stream, record["Data"])} for record in given
            ],
        }

    def _count_put(self, call: Call, stream: Json, given: list[Json]) -> None:
        scope = self._scope(call, stream["name"])
        scope.add("IncomingPutRequests", 1)
        scope.add("IncomingRecords", len(given))
        scope.add("IncomingBytes", sum(len(record["Data"]) for record in given))

    def _puttable(self, call: Call, request: Json) -> Json:
        stream = self._stream(call, request)
        if stream["status"] != "ACTIVE":
            raise ServiceError(
                "ResourceNotFoundException",
                f"Firehose {stream['name']} is not in the ACTIVE state.",
            )
        if stream["source"] is not None:
            raise records.invalid(
                "This operation is not permitted on KinesisStreamAsSource delivery stream type."
            )
        return stream

    def _accept(self, call: Call, stream: Json, data: bytes) -> str:
        waiting = self._direct_records(call, stream["name"])
        stream["put"] = stream.get("put", 0) + 1
        waiting[str(stream["put"]).zfill(_SEQUENCE_DIGITS)] = {
            "data": data,
            "arrived_at": call.now(),
        }
        return str(uuid.uuid4())

    def _direct_records(self, call: Call, name: str) -> Table:
        waiting: Table = self.table(call, "direct_records").setdefault(name, {})
        return waiting

    async def start_delivery_stream_encryption(self, call: Call, request: Json) -> Json:
        """Encrypt at rest; DirectPut only, a Kinesis source is encrypted itself."""
        stream = self._active(call, request)
        wanted = request.get(
            "DeliveryStreamEncryptionConfigurationInput", {"KeyType": "AWS_OWNED_CMK"}
        )
        records.check_encryption(stream["source"] is None, wanted)
        stream["encryption"] = {**wanted, "Status": "ENABLING"}
        self.spawn(self._settle(stream), f"encrypt {stream['name']}")
        return {}

    async def stop_delivery_stream_encryption(self, call: Call, request: Json) -> Json:
        """End encryption at rest."""
        stream = self._active(call, request)
        records.check_encryption(stream["source"] is None, {})
        stream["encryption"] = {"Status": "DISABLING"}
        self.spawn(self._settle(stream), f"decrypt {stream['name']}")
        return {}

    async def _settle(self, stream: Json) -> None:
        await asyncio.sleep(_SETTLING_SECONDS)
        records.settle_encryption(stream)

    def tag_delivery_stream(self, call: Call, request: Json) -> Json:
        """Add or replace tags."""
        stream = self._stream(call, request)
        tags = stream["tags"] | records.tags_of(request["Tags"])
        if len(tags) > _MOST_TAGS:
            raise ServiceError("LimitExceededException", f"At most {_MOST_TAGS} tags are allowed")
        stream["tags"] = tags
        return {}

    def untag_delivery_stream(self, call: Call, request: Json) -> Json:
        """Remove tags; names that are not there are ignored."""
        stream = self._stream(call, request)
        for key in request["TagKeys"]:
            stream["tags"].pop(key, None)
        return {}

    def list_tags_for_delivery_stream(self, call: Call, request: Json) -> Json:
        """Tags by key, after the exclusive start."""
        tags = self._stream(call, request)["tags"]
        keys = sorted(key for key in tags if key > request.get("ExclusiveStartTagKey", ""))
        limit = request.get("Limit", _DEFAULT_TAGS_LISTED)
        return {
            "Tags": [{"Key": key, "Value": tags[key]} for key in keys[:limit]],
            "HasMoreTags": len(keys) > limit,
        }

    def _stream(self, call: Call, request: Json) -> Json:
        name = request["DeliveryStreamName"]
        stream: Json | None = self.table(call, _STREAMS).get(name)
        if stream is None:
            raise ServiceError(
                "ResourceNotFoundException",
                f"Firehose {name} under account {call.account_id} not found.",
            )
        return stream

    def _active(self, call: Call, request: Json) -> Json:
        stream = self._stream(call, request)
        if stream["status"] != "ACTIVE":
            raise records.in_use(stream["name"])
        return stream
