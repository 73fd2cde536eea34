"""What survives a restart, and when it is on disk.

Decision: a sandbox survives both a stop and a `kill -9`.

- Control planes (MiniStack's and ours): written before the answer of the operation that changed
  them is sent. So whatever a client was told, the next server knows.
- S3 objects: MiniStack writes each to a file as it is put.
- Kinesis records: appended to a file before the put is answered (`sandbox.kinesis.records`).
- Metrics: published points are appended to a file, those of open minutes are saved every second and
  at a stop (`sandbox.metrics`); a `kill -9` loses at most the counts of that second.
- Everything else that moves without a request or at a high rate (queues, log events, positions of
  event source mappings, buffers): saved every second when it may have changed, and at a stop; a
  `kill -9` loses at most that second.

MiniStack's own persistence saves at a graceful shutdown only, so just its `get_state` and
`load_persisted_state` are used. Files are replaced whole, never half-written. Nothing is forced to
the platter: the machine's own crash is not covered.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import time
from typing import TYPE_CHECKING, Any

from sandbox import ministack_runtime
from sandbox.kinesis.records import KinesisRecords, streams_without_records
from sandbox.services.base import is_reading

if TYPE_CHECKING:
    from sandbox.home import Home
    from sandbox.identity import Identity
    from sandbox.metrics import Metrics
    from sandbox.services.base import Service
    from sandbox.services.registry import Registry

DESCRIPTION = "on-disk"
"""How status words the decision above."""

_INTERVAL_SECONDS = 1.0
_REST_PER_WORK = 20
"""A save that took one second is repeated after twenty at the earliest."""
_HIGH_RATE_OPERATIONS = frozenset(
    {
        "AssumeRole",
        "BatchWriteItem",
        "ChangeMessageVisibility",
        "DeleteItem",
        "DeleteMessage",
        "DeleteMessageBatch",
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "Publish",
        "PublishBatch",
        "PutEvents",
        "PutItem",
        "PutLogEvents",
        "PutMetricData",
        "ReceiveMessage",
        "SendMessage",
        "SendMessageBatch",
        "SubscribeToShard",
        "UpdateItem",
    }
)
_KINESIS_PUTS = frozenset({"PutRecord", "PutRecords"})
_DATA_OPERATIONS = _KINESIS_PUTS | {
    "CopyObject",
    "DeleteObject",
    "DeleteObjects",
    "Invoke",
    "PutObject",
    "UploadPart",
}
"""Operations of our own services' calls that leave settings alone."""
_LOG = logging.getLogger("sandbox.durability")


class Durability:
    """Saves and restores the state of MiniStack and of our services."""

    def __init__(self, home: Home, registry: Registry, metrics: Metrics) -> None:
        self._home = home
        self._registry = registry
        self._metrics = metrics
        self._records = KinesisRecords(home.state / "kinesis-records.msgpack")
        self._saved: dict[str, bytes] = {}
        self._dirty: dict[str, float] = {}
        self._urgent: dict[str, float] = {}
        self._cost_seconds: dict[str, float] = {}

    def restore(self) -> None:
        """Give MiniStack back what was saved; our services read their own stores."""
        hook = ministack_runtime.persistence()._json_object_hook
        for path in sorted(self._home.state.glob("*.json")):
            saved = json.loads(path.read_text(), object_hook=hook)
            ministack_runtime.service_module(path.stem).load_persisted_state(saved)
        self._records.restore()
        self._metrics.restore()
        ministack_runtime.restore_replication_status()

    def note_write(self, signing_name: str, operation: str) -> None:
        """One of our services called a writing operation of MiniStack."""
        name = ministack_runtime.module_of(signing_name)
        if name is not None:
            is_urgent = operation not in _HIGH_RATE_OPERATIONS | _DATA_OPERATIONS
            (self._urgent if is_urgent else self._dirty).setdefault(name, time.monotonic())

    def save_after(self, service: Service) -> None:
        """Write one of our services, and what it changed in MiniStack, before it answers."""
        service.store.save()
        for name in list(self._urgent):
            self._save_module(name)

    def after_ministack(self, who: Identity, scope: dict[str, Any]) -> None:
        """Write what a request answered by MiniStack may have changed."""
        operation = who.operation
        if operation:
            if who.signing_name == "kinesis" and operation in _KINESIS_PUTS:
                self._records.append_new()
                return
            if is_reading(operation):
                return
        elif scope["method"] in {"GET", "HEAD"}:
            return
        name = ministack_runtime.module_of(who.signing_name)
        if name is None:
            return
        if operation in _HIGH_RATE_OPERATIONS or _is_data_path(who, scope):
            self._dirty.setdefault(name, time.monotonic())
        else:
            self._save_module(name)

    async def keep_saving(self) -> None:
        """Save what changed without a request, for as long as the server runs."""
        while True:
            await asyncio.sleep(_INTERVAL_SECONDS)
            self._records.append_new()
            if ministack_runtime.has_event_sources():
                self._dirty.setdefault("lambda_svc", time.monotonic())
            self._metrics.tick()
            for service in self._registry:
                service.store.save()
            for name in list(self._urgent):
                self._save_module(name)
            now = time.monotonic()
            for name, since in list(self._dirty.items()):
                if now - since > self._cost_seconds.get(name, 0) * _REST_PER_WORK:
                    self._save_module(name)
                    await asyncio.sleep(0)

    def save_all(self) -> None:
        """Save everything, at a stop."""
        self._records.append_new()
        self._records.close()
        self._metrics.save()
        for service in self._registry:
            service.store.save()
        for name in ministack_runtime.loaded_modules():
            self._save_module(name)

    def clear(self) -> None:
        """Remove all saved state; the services and MiniStack are emptied by the caller."""
        self._records.clear()
        self._metrics.clear()
        self._saved.clear()
        self._dirty.clear()
        self._urgent.clear()
        for path in self._home.state.glob("*.json"):
            path.unlink()
        for entry in self._home.objects.iterdir():
            shutil.rmtree(entry)
        for service in self._registry:
            service.store.save()

    def _save_module(self, name: str) -> None:
        began = time.perf_counter()
        self._dirty.pop(name, None)
        self._urgent.pop(name, None)
        module = ministack_runtime.service_module(name)
        if name == "kinesis":
            state: Any = streams_without_records()
        else:
            get_state = getattr(module, "get_state", None)
            state = get_state() if get_state is not None else None
        if state is None:
            return
        encoded = json.dumps(state, default=ministack_runtime.persistence()._json_default).encode()
        if self._saved.get(name) != encoded:
            path = self._home.state / f"{name}.json"
            temporary = path.with_suffix(".new")
            temporary.write_bytes(encoded)
            temporary.replace(path)
            self._saved[name] = encoded
        self._cost_seconds[name] = time.perf_counter() - began


def _is_data_path(who: Identity, scope: dict[str, Any]) -> bool:
    """Whether a REST request moves an object or invokes a function, and changes no setting."""
    path = scope["path"]
    if who.signing_name == "s3":
        return "/" in path.strip("/")
    return who.signing_name == "lambda" and path.endswith("/invocations")
