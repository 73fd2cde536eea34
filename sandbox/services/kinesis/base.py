"""What all operations on streams share: what is kept of a stream beside MiniStack's own record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.services.base import Call, Service

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.store import Table

DEFAULT_RECORD_KIB: Final = 1024


class StreamService(Service):
    """Streams by name, MiniStack's and what is laid over them."""

    name = "kinesis"
    passes_on = True

    async def _name(self, call: Call, request: Json) -> str:
        """The stream's name; raises `ResourceNotFoundException`."""
        place = {key: request[key] for key in ("StreamName", "StreamARN") if key in request}
        answer = await self._pass_on(call, "DescribeStreamSummary", **place)
        return str(answer["StreamDescriptionSummary"]["StreamName"])

    async def _pass_on(self, call: Call, operation: str, **parameters: Any) -> Json:
        return await self.host.aws(call.region).pass_on(self.name, operation, parameters)

    def _streams(self, call: Call) -> Table:
        return self.table(call, "streams")

    def _kept(self, call: Call, name: str) -> dict[str, Any]:
        unchanged = {
            "mode": "PROVISIONED",
            "record_kib": DEFAULT_RECORD_KIB,
            "warm_mib": None,
            "metrics": [],
            "shard_count_updates": [],
            "reshard": [],
        }
        kept: dict[str, Any] = self._streams(call).setdefault(name, unchanged)
        return kept
