"""S3 replication: counted, and held back when the fault `replication-delay` says so.

Metrics are those of a rule that has them enabled, from its first object on; AWS begins to publish
them some fifteen minutes later. What is held back when the server stops stays PENDING.
"""

from __future__ import annotations

import contextvars
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sandbox import ministack_runtime
from sandbox.account import DEFAULT_REGION

if TYPE_CHECKING:
    import asyncio

    from sandbox.faults import Faults
    from sandbox.metrics import Metrics, Scope

_NAMESPACE: Final = "AWS/S3"


def install(metrics: Metrics, faults: Faults) -> None:
    """Wrap what replicates an object as it is written."""
    s3: Any = ministack_runtime.service_module("s3")
    counter = ReplicationCounter(metrics, s3)
    s3._maybe_replicate = _delayed(s3, counter, s3._maybe_replicate, faults)
    metrics.sample(counter.sample)


@dataclass(slots=True)
class _Pending:
    """Bytes and begin (epoch seconds) of each object a rule has not replicated yet."""

    source_region: str
    destination_region: str
    dimensions: dict[str, str]
    objects: dict[int, tuple[int, float]] = field(default_factory=dict)


class ReplicationCounter:
    """Counts by rule."""

    def __init__(self, metrics: Metrics, s3: Any) -> None:
        self._metrics = metrics
        self._s3 = s3
        self._rules: dict[tuple[str, str], _Pending] = {}
        self._number = 0

    def begin(self, bucket: str, rule: dict[str, Any], size: int) -> tuple[_Pending, int] | None:
        """An object waits for its replica; None where the rule has no metrics."""
        pending = self._known(bucket, rule)
        if pending is None:
            return None
        self._number += 1
        pending.objects[self._number] = (size, time.time())
        return pending, self._number

    def end(self, begun: tuple[_Pending, int] | None, status: str | None) -> None:
        """The replica is there, or cannot be."""
        if begun is None:
            return
        pending, number = begun
        _, began = pending.objects.pop(number)
        if status == "FAILED":
            scope = self._scope(pending, pending.source_region)
            scope.add("OperationsFailedReplication", 1)
            return
        scope = self._scope(pending, pending.destination_region)
        scope.add("ReplicationLatency", round(time.time() - began, 3))

    def sample(self) -> None:
        """What waits now, rule by rule, zero included."""
        for account_id, bucket, rule in self._metered_rules():
            pending = self._known(bucket, rule)
            if pending is None:
                continue
            scope = self._scope(pending, pending.destination_region, account_id)
            waiting = list(pending.objects.values())
            scope.add("OperationsPendingReplication", len(waiting))
            scope.add("BytesPendingReplication", sum(size for size, _ in waiting))
            if waiting:
                oldest = min(began for _, began in waiting)
                scope.add("ReplicationLatency", round(time.time() - oldest, 3))

    def _metered_rules(self) -> list[tuple[str, str, dict[str, Any]]]:
        return [
            (account_id, bucket, rule)
            for (account_id, bucket), config in self._s3._bucket_replication._data.items()
            for rule in config.get("Rules", [])
            if rule.get("Status") == "Enabled"
        ]

    def _known(self, bucket: str, rule: dict[str, Any]) -> _Pending | None:
        destination = rule.get("Destination") or {}
        if (destination.get("Metrics") or {}).get("Status") != "Enabled":
            return None
        target = str(destination["Bucket"]).rpartition(":")[2]
        key = (bucket, str(rule.get("ID", "")))
        known = self._rules.get(key)
        if known is None or known.dimensions["DestinationBucket"] != target:
            known = self._rules[key] = _Pending(
                source_region=_bucket_region(self._s3, bucket),
                destination_region=_bucket_region(self._s3, target),
                dimensions={"SourceBucket": bucket, "DestinationBucket": target, "RuleId": key[1]},
            )
        return known

    def _scope(self, pending: _Pending, region: str, account_id: str | None = None) -> Scope:
        owner = account_id or ministack_runtime.responses().get_account_id()
        return self._metrics.scope(region, _NAMESPACE, account_id=owner, **pending.dimensions)


def _delayed(s3: Any, counter: ReplicationCounter, replicate_now: Any, faults: Faults) -> Any:
    def counted(
        begun: tuple[_Pending, int] | None,
        bucket: str,
        key: str,
        record: dict[str, Any],
        data: Any,
        tags: Any,
    ) -> None:
        replicate_now(bucket, key, record, data, tags)
        counter.end(begun, record.get("replication_status"))

    def replicate(
        bucket: str, key: str, record: dict[str, Any], data: Any, tags: Any = None
    ) -> None:
        rule, _ = s3._replication_rule_for(bucket, key, tags)
        if rule is None:
            replicate_now(bucket, key, record, data, tags)
            return
        begun = counter.begin(bucket, rule, len(data) if data is not None else 0)
        delay = faults.replication_delay_seconds(_bucket_region(s3, bucket)) if faults else 0.0
        if not delay:
            counted(begun, bucket, key, record, data, tags)
            return
        record["replication_status"] = "PENDING"
        context = contextvars.copy_context()
        loop: asyncio.AbstractEventLoop = ministack_runtime.module()._MAIN_LOOP

        def late() -> None:
            whole = {**record, "body": data}
            counted(begun, bucket, key, whole, data, tags)
            _note_status(s3, bucket, key, record, whole.get("replication_status"))

        loop.call_soon_threadsafe(loop.call_later, delay, lambda: context.run(late))

    return replicate


def _note_status(
    s3: Any, bucket: str, key: str, record: dict[str, Any], status: str | None
) -> None:
    record["replication_status"] = status
    for version in s3._object_versions.get((bucket, key)) or []:
        if version.get("version_id") == record.get("version_id"):
            version["replication_status"] = status


def _bucket_region(s3: Any, bucket: str) -> str:
    """Names of buckets are one namespace, whoever owns them."""
    for (_, name), record in list(s3._buckets._data.items()):
        if name == bucket:
            return str(record.get("region") or DEFAULT_REGION)
    return DEFAULT_REGION
