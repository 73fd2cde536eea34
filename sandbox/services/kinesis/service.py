"""Streams and their consumers: what MiniStack lacks, and its answers with what is kept here.

Capacity mode, record size, warm throughput, shard-level metrics and the tags of consumers are kept
here and laid over MiniStack's answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from sandbox.counting import kinesis as counting
from sandbox.kinesis import streams
from sandbox.protocol.errors import ServiceError
from sandbox.services.kinesis.base import DEFAULT_RECORD_KIB
from sandbox.services.kinesis.resharding import ReshardingOperations
from sandbox.services.kinesis.scaling import ON_DEMAND

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call
    from sandbox.store import Table

_SHARD_LIMIT: Final = 20_000
_ON_DEMAND_STREAM_LIMIT: Final = 50
_ON_DEMAND_SHARDS: Final = 4
"""What a new on-demand stream begins with: 4 MB/s in."""


class Kinesis(ReshardingOperations):
    """What MiniStack's Kinesis lacks; puts, gets and everything else are MiniStack's."""

    counts_requests: ClassVar[bool] = True

    def answered(
        self, call: Call, parameters: Json, seconds: float, error: ServiceError | None
    ) -> None:
        """Count what a fault kept out; what MiniStack answers is counted where it happens."""
        del seconds
        if error is not None:
            counting.count_refusal(self.host.metrics, call, parameters, error)

    async def create_stream(self, call: Call, request: Json) -> Json:
        """An on-demand stream begins with four shards, a provisioned one with those asked for."""
        name = request["StreamName"]
        mode = request.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")
        shards = _ON_DEMAND_SHARDS if mode == ON_DEMAND else request.get("ShardCount")
        if mode == ON_DEMAND and "ShardCount" in request:
            raise ServiceError(
                "ValidationException",
                "Requested ShardCount must not be set when creating an on-demand stream.",
            )
        if not shards:
            raise ServiceError("ValidationException", "ShardCount is required for PROVISIONED")
        details = {"StreamMode": mode}
        await self._pass_on(
            call, "CreateStream", StreamName=name, ShardCount=shards, StreamModeDetails=details
        )
        kept = self._kept(call, name)
        kept["mode"] = mode
        kept["record_kib"] = request.get("MaxRecordSizeInKiB", DEFAULT_RECORD_KIB)
        kept["warm_mib"] = request.get("WarmThroughputMiBps")
        if tags := request.get("Tags"):
            await self._pass_on(call, "AddTagsToStream", StreamName=name, Tags=tags)
        return {}

    async def delete_stream(self, call: Call, request: Json) -> Json:
        """Refused while consumers are registered, unless their deletion is enforced."""
        name = await self._name(call, request)
        arn = call.arn(f"stream/{name}")
        consumers = await self._pass_on(call, "ListStreamConsumers", StreamARN=arn)
        if consumers["Consumers"] and not request.get("EnforceConsumerDeletion"):
            raise ServiceError(
                "ResourceInUseException",
                f"Cannot delete stream {name} under account {call.account_id} because it has "
                "registered consumers.",
            )
        await self._pass_on(call, "DeleteStream", StreamName=name)
        self._streams(call).pop(name, None)
        for consumer in consumers["Consumers"]:
            self._consumer_tags(call).pop(consumer["ConsumerARN"], None)
        return {}

    async def describe_stream_summary(self, call: Call, request: Json) -> Json:
        """MiniStack's summary with what is kept here."""
        answer = await self._pass_on(call, "DescribeStreamSummary", **request)
        summary = answer["StreamDescriptionSummary"]
        kept = self._kept(call, summary["StreamName"])
        summary |= _overlay(kept)
        found = streams.open_shards(call.account_id, call.region, summary["StreamName"])
        summary["OpenShardCount"] = len(found)
        summary["MaxRecordSizeInKiB"] = kept["record_kib"]
        if kept["warm_mib"] is not None:
            summary["WarmThroughput"] = _warm(kept["warm_mib"])
        return answer

    async def describe_stream(self, call: Call, request: Json) -> Json:
        """MiniStack's description with what is kept here."""
        answer = await self._pass_on(call, "DescribeStream", **request)
        description = answer["StreamDescription"]
        description |= _overlay(self._kept(call, description["StreamName"]))
        return answer

    async def update_stream_mode(self, call: Call, request: Json) -> Json:
        """Takes effect at once; the shards stay."""
        kept = self._kept(call, await self._name(call, request))
        kept["mode"] = request["StreamModeDetails"]["StreamMode"]
        return {}

    async def update_max_record_size(self, call: Call, request: Json) -> Json:
        """Keeps the size; it is not enforced on puts."""
        kept = self._kept(call, await self._name(call, request))
        kept["record_kib"] = request["MaxRecordSizeInKiB"]
        return {}

    async def update_stream_warm_throughput(self, call: Call, request: Json) -> Json:
        """On-demand streams alone can be warm."""
        name = await self._name(call, request)
        kept = self._kept(call, name)
        if kept["mode"] != ON_DEMAND:
            raise ServiceError("ValidationException", f"Stream {name} is not in on-demand mode.")
        kept["warm_mib"] = request["WarmThroughputMiBps"]
        return {
            "StreamARN": call.arn(f"stream/{name}"),
            "StreamName": name,
            "WarmThroughput": _warm(kept["warm_mib"]),
        }

    async def list_streams(self, call: Call, request: Json) -> Json:
        """MiniStack's list, with mode and status as they are kept here."""
        answer = await self._pass_on(call, "ListStreams", **request)
        for summary in answer["StreamSummaries"]:
            kept = self._kept(call, summary["StreamName"])
            summary |= {name: _overlay(kept)[name] for name in _overlay(kept) if name in summary}
        return answer

    async def describe_limits(self, call: Call, _: Json) -> Json:
        """Open shards of provisioned streams, on-demand streams, and how many there may be."""
        answer = await self._pass_on(call, "ListStreams", Limit=10_000)
        modes = {name: self._kept(call, name)["mode"] for name in answer["StreamNames"]}
        return {
            "ShardLimit": _SHARD_LIMIT,
            "OpenShardCount": sum(
                len(streams.open_shards(call.account_id, call.region, name))
                for name, mode in modes.items()
                if mode != ON_DEMAND
            ),
            "OnDemandStreamCount": list(modes.values()).count(ON_DEMAND),
            "OnDemandStreamCountLimit": _ON_DEMAND_STREAM_LIMIT,
        }

    async def enable_enhanced_monitoring(self, call: Call, request: Json) -> Json:
        """Remembers the metrics, for descriptions."""
        return await self._monitor(call, "EnableEnhancedMonitoring", request)

    async def disable_enhanced_monitoring(self, call: Call, request: Json) -> Json:
        """Remembers the metrics that are left, for descriptions."""
        return await self._monitor(call, "DisableEnhancedMonitoring", request)

    async def register_stream_consumer(self, call: Call, request: Json) -> Json:
        """With tags."""
        tags = request.pop("Tags", {})
        answer = await self._pass_on(call, "RegisterStreamConsumer", **request)
        self._consumer_tags(call)[answer["Consumer"]["ConsumerARN"]] = tags
        return answer

    async def deregister_stream_consumer(self, call: Call, request: Json) -> Json:
        """By ARN, or by stream and name."""
        found = await self._pass_on(call, "DescribeStreamConsumer", **request)
        await self._pass_on(call, "DeregisterStreamConsumer", **request)
        self._consumer_tags(call).pop(found["ConsumerDescription"]["ConsumerARN"], None)
        return {}

    async def tag_resource(self, call: Call, request: Json) -> Json:
        """Tags of a stream or a consumer."""
        arn, tags = request["ResourceARN"], request["Tags"]
        if (consumer := await self._consumer(call, arn)) is not None:
            consumer |= tags
            return {}
        name = _stream_name(arn)
        return await self._pass_on(call, "AddTagsToStream", StreamName=name, Tags=tags)

    async def untag_resource(self, call: Call, request: Json) -> Json:
        """Tags of a stream or a consumer."""
        arn, keys = request["ResourceARN"], request["TagKeys"]
        if (consumer := await self._consumer(call, arn)) is not None:
            for key in keys:
                consumer.pop(key, None)
            return {}
        name = _stream_name(arn)
        return await self._pass_on(call, "RemoveTagsFromStream", StreamName=name, TagKeys=keys)

    async def list_tags_for_resource(self, call: Call, request: Json) -> Json:
        """Tags of a stream or a consumer."""
        arn = request["ResourceARN"]
        if (consumer := await self._consumer(call, arn)) is not None:
            return {"Tags": [{"Key": key, "Value": text} for key, text in consumer.items()]}
        answer = await self._pass_on(call, "ListTagsForStream", StreamName=_stream_name(arn))
        return {"Tags": answer["Tags"]}

    async def _monitor(self, call: Call, operation: str, request: Json) -> Json:
        answer = await self._pass_on(call, operation, **request)
        kept = self._kept(call, answer["StreamName"])
        kept["metrics"] = sorted(answer["DesiredShardLevelMetrics"])
        return answer

    async def _consumer(self, call: Call, arn: str) -> dict[str, str] | None:
        """Tags of a consumer, to be changed in place; None when the ARN is a stream's."""
        if "/consumer/" not in arn:
            return None
        await self._pass_on(call, "DescribeStreamConsumer", ConsumerARN=arn)
        tags: dict[str, str] = self._consumer_tags(call).setdefault(arn, {})
        return tags

    def _consumer_tags(self, call: Call) -> Table:
        return self.table(call, "consumer_tags")


def _overlay(kept: dict[str, Any]) -> Json:
    updating = {"StreamStatus": "UPDATING"} if kept.get("reshard") else {}
    return updating | {
        "StreamModeDetails": {"StreamMode": kept["mode"]},
        "EnhancedMonitoring": [{"ShardLevelMetrics": kept["metrics"]}],
    }


def _warm(mib_per_second: int) -> Json:
    return {"TargetMiBps": mib_per_second, "CurrentMiBps": mib_per_second}


def _stream_name(arn: str) -> str:
    return arn.rpartition("/")[2]
