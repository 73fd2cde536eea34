"""Flink settings that only AWS Support can change, and for which applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.protocol.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.protocol.wire import Json

_MODIFIABLE: Final = (
    "restart-strategy.", "state.backend.", "taskmanager.memory.", "taskmanager.network.",
    "jobmanager.memory.heap.size", "jobmanager.execution.failover-strategy", "rest.",
    "akka.ask.timeout", "akka.client.timeout", "akka.framesize", "akka.lookup.timeout",
    "akka.tcp.timeout", "pekko.ask.timeout", "pekko.client.timeout", "pekko.framesize",
    "pekko.lookup.timeout", "pekko.tcp.timeout", "client.timeout", "heartbeat.timeout",
    "slot.request.timeout", "web.timeout",
)  # fmt: skip


def check(settings: Mapping[str, str]) -> None:
    """Raise `InvalidArgumentException` for settings that Support does not change."""
    refused = sorted(key for key in settings if not key.startswith(_MODIFIABLE))
    if refused:
        raise ServiceError(
            "InvalidArgumentException", f"Not modifiable by a support case: {', '.join(refused)}."
        )


def apply(records: Iterable[Json], name_prefix: str, settings: Mapping[str, str]) -> list[str]:
    """Note the settings with every application of that prefix; gives the names.

    They are in force from the next start of the job, and gone with the application: one that is
    made anew under the same name has the defaults again.
    """
    check(settings)
    chosen = [record for record in records if record["name"].startswith(name_prefix)]
    for record in chosen:
        record["tuning"] = {**record.get("tuning", {}), **settings}
    return [record["name"] for record in chosen]
