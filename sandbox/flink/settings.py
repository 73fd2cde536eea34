"""How a cluster is configured: Flink's settings and each JVM's memory. Pure.

The service's defaults come first, then what the application's configuration says, then what AWS
Support has put into force. Every value is written out, so that the JobManager lists it at
`/jobmanager/config`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sandbox.flink.directories import RunDirectory
    from sandbox.flink.jobs import Job

DEFAULT_TIMEOUTS: Final = {"heartbeat.timeout": "50000", "pekko.ask.timeout": "10 s"}
"""Of every new application; a support case can raise them."""
_HEARTBEAT_INTERVAL: Final = "10000"
_LOOPBACK: Final = "127.0.0.1"

_FRAMEWORK_HEAP_MIB: Final = 128
_FRAMEWORK_OFF_HEAP_MIB: Final = 64
_TASK_HEAP_MIB: Final = 384
_TASK_HEAP_MIB_A_SLOT: Final = 40
_MOST_TASK_HEAP_MIB: Final = 2048
_NETWORK_MIB: Final = 48
_NETWORK_MIB_A_SLOT: Final = 6
_MOST_NETWORK_MIB: Final = 256
_MANAGED_MIB: Final = 64
_TASK_METASPACE_MIB: Final = 256
_OVERHEAD_MIB: Final = 96
_JOB_MANAGER_HEAP_MIB: Final = 380
_JOB_MANAGER_METASPACE_MIB: Final = 160
_CLIENT_HEAP_MIB: Final = 256


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports on 127.0.0.1 that others must know; Flink chooses the rest itself.

    Attributes:
        rest: dashboard and REST API of the JobManager.
        rpc: where the TaskManager finds the JobManager.

    """

    rest: int
    rpc: int


def flink_settings(job: Job, run: RunDirectory, ports: Ports, python: Path) -> dict[str, str]:
    """The whole `config.yaml`, key by key."""
    slots = job.parallelism
    return {
        **DEFAULT_TIMEOUTS,
        "heartbeat.interval": _HEARTBEAT_INTERVAL,
        **_addresses(ports),
        **_memory(slots),
        **_state(run),
        **_checkpointing(job),
        "taskmanager.numberOfTaskSlots": str(slots),
        "parallelism.default": str(slots),
        "pipeline.max-parallelism": "128",
        "io.tmp.dirs": str(run.temporary),
        "web.tmpdir": str(run.temporary),
        "python.client.executable": str(python),
        "python.executable": str(python),
        "metrics.fetcher.update-interval": "1000",
        **_without_replacements(job.tuning),
    }


def _addresses(ports: Ports) -> dict[str, str]:
    return {
        "rest.address": _LOOPBACK,
        "rest.bind-address": _LOOPBACK,
        "rest.port": str(ports.rest),
        "rest.bind-port": str(ports.rest),
        "jobmanager.rpc.address": _LOOPBACK,
        "jobmanager.bind-host": _LOOPBACK,
        "jobmanager.rpc.port": str(ports.rpc),
        "taskmanager.host": _LOOPBACK,
        "taskmanager.bind-host": _LOOPBACK,
        # The dashboard of the service shows, and changes nothing.
        "web.submit.enable": "false",
        "web.cancel.enable": "false",
        "execution.target": "remote",
        # The client is started together with the JobManager, and is often ready first.
        "rest.retry.delay": "500 ms",
        "rest.retry.max-attempts": "240",
    }


def _memory(slots: int) -> dict[str, str]:
    return {
        "jobmanager.memory.heap.size": _mib(_JOB_MANAGER_HEAP_MIB),
        "jobmanager.memory.jvm-metaspace.size": _mib(_JOB_MANAGER_METASPACE_MIB),
        "jobmanager.memory.off-heap.size": _mib(_FRAMEWORK_OFF_HEAP_MIB),
        "taskmanager.cpu.cores": f"{slots}.0",
        "taskmanager.memory.framework.heap.size": _mib(_FRAMEWORK_HEAP_MIB),
        "taskmanager.memory.framework.off-heap.size": _mib(_FRAMEWORK_OFF_HEAP_MIB),
        "taskmanager.memory.task.heap.size": _mib(_task_heap_mib(slots)),
        "taskmanager.memory.task.off-heap.size": "0b",
        "taskmanager.memory.network.min": _mib(_network_mib(slots)),
        "taskmanager.memory.network.max": _mib(_network_mib(slots)),
        "taskmanager.memory.managed.size": _mib(_MANAGED_MIB),
        "taskmanager.memory.jvm-metaspace.size": _mib(_TASK_METASPACE_MIB),
        "taskmanager.memory.jvm-overhead.min": _mib(_OVERHEAD_MIB),
        "taskmanager.memory.jvm-overhead.max": _mib(_OVERHEAD_MIB),
    }


def _state(run: RunDirectory) -> dict[str, str]:
    return {
        "state.backend.type": "hashmap",
        "execution.checkpointing.dir": run.checkpoints.as_uri(),
        # They outlive the cluster: a JobManager that is lost goes on from the newest.
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "execution.checkpointing.num-retained": "2",
    }


def _checkpointing(job: Job) -> dict[str, str]:
    if job.checkpoint_interval_ms is None:
        return {}
    return {
        "execution.checkpointing.interval": f"{job.checkpoint_interval_ms} ms",
        "execution.checkpointing.min-pause": f"{job.min_pause_between_checkpoints_ms} ms",
        "execution.checkpointing.mode": "EXACTLY_ONCE",
    }


def _without_replacements(tuning: Mapping[str, str]) -> dict[str, str]:
    """Tuned settings under the key this Flink lists: `akka.` became `pekko.` with 1.18."""
    return {key.replace("akka.", "pekko.", 1): value for key, value in tuning.items()}


def as_yaml(settings: Mapping[str, str]) -> str:
    """`config.yaml`: flat keys, each value a quoted string."""
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in sorted(settings.items()))


def job_manager_memory() -> list[str]:
    """JVM options of the JobManager, which has no hot path; heaps begin small, as jobs here do."""
    return [
        "-Xms64m",
        f"-Xmx{_JOB_MANAGER_HEAP_MIB}m",
        f"-XX:MaxMetaspaceSize={_JOB_MANAGER_METASPACE_MIB}m",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
    ]


def task_manager_memory(slots: int) -> list[str]:
    """JVM options of the TaskManager."""
    direct = _FRAMEWORK_OFF_HEAP_MIB + _network_mib(slots)
    return [
        "-Xms64m",
        f"-Xmx{_FRAMEWORK_HEAP_MIB + _task_heap_mib(slots)}m",
        f"-XX:MaxDirectMemorySize={direct}m",
        f"-XX:MaxMetaspaceSize={_TASK_METASPACE_MIB}m",
        "-XX:+UseG1GC",
    ]


def client_memory() -> list[str]:
    """JVM options of the client, which lives for seconds: little optimisation pays."""
    return [f"-Xmx{_CLIENT_HEAP_MIB}m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]


def _task_heap_mib(slots: int) -> int:
    return min(_TASK_HEAP_MIB + slots * _TASK_HEAP_MIB_A_SLOT, _MOST_TASK_HEAP_MIB)


def _network_mib(slots: int) -> int:
    return min(max(_NETWORK_MIB, slots * _NETWORK_MIB_A_SLOT), _MOST_NETWORK_MIB)


def _mib(count: int) -> str:
    return f"{count}m"
