"""One task while it runs: its processes, from the first status to the last."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sandbox.ports import free_ports
from sandbox.protocol.errors import ServiceError
from sandbox.services.base import Call
from sandbox.services.ecs import containers
from sandbox.services.ecs.log_shipping import LogShipping

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.protocol.wire import Json
    from sandbox.services.ecs.tables import EcsTables

_DEFAULT_STOP_TIMEOUT_SECONDS = 30
_DEREGISTRATION_SECONDS = 0.3
"""From the last request the front door may have sent to SIGTERM."""


class TaskRun:
    """Starts the containers of a task, watches them, stops them; keeps the record true."""

    def __init__(
        self, ecs: EcsTables, account_id: str, region: str, record: Json, definition: Json
    ) -> None:
        self.record = record
        self._ecs = ecs
        self._account_id = account_id
        self._region = region
        self._definition = definition
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._watches: set[asyncio.Task[int]] = set()
        self._stopping = asyncio.Event()
        self._grace_seconds = float("inf")
        self._logs: list[LogShipping] = []
        self.finished = asyncio.Event()

    @property
    def is_stopping(self) -> bool:
        """Whether the task is on its way out."""
        return self._stopping.is_set()

    def stop(self, code: str, reason: str) -> None:
        """Ask the task to stop; the first reason counts."""
        if not self._stopping.is_set():
            self.record.update(
                desiredStatus="STOPPED", stopCode=code, stoppedReason=reason, stoppingAt=Call.now()
            )
            self._stopping.set()

    async def end_now(self, grace_seconds: float) -> None:
        """The server ends: no draining, little time."""
        self._grace_seconds = grace_seconds
        self.stop("TerminationNotice", "The sandbox is stopping")
        await self.finished.wait()

    async def live(self) -> None:
        """Run the task until its last process has ended."""
        try:
            await self._start()
            self._register()
            self._become("RUNNING")
            self.record["startedAt"] = Call.now()
            await self._wait()
        except (OSError, ServiceError) as error:
            self.stop("TaskFailedToStart", str(error))
        finally:
            await self._shut_down()

    async def _start(self) -> None:
        self._become("PENDING")
        wanted = containers.declared_ports(self._definition["containerDefinitions"])
        ports = dict(zip(wanted, free_ports(len(wanted)), strict=True))
        self.record["Ports"]["ports"] = {str(port): free for port, free in ports.items()}
        for definition in self._definition["containerDefinitions"]:
            await self._start_container(definition, ports)

    async def _start_container(self, definition: Json, ports: dict[int, int]) -> None:
        name = definition["name"]
        override = self._override(name)
        command = containers.command(definition, override)
        if not command:
            raise ServiceError(
                "CannotStartContainerError",
                f"container {name} has no command, and the sandbox looks into no image",
            )
        host = self._ecs.host
        environment = containers.environment(
            definition, override, ports, host.environment(self._region)
        )
        log_file = self._log_directory() / f"{name}.log"
        shipping = LogShipping(host.aws(self._region), definition, self._task_id, log_file)
        await shipping.prepare()
        with log_file.open("ab") as output:
            process = await host.children.start(
                command,
                environment=environment,
                output=output.fileno(),
                directory=containers.ROOT,
            )
        self._processes[name] = process
        self._logs.append(shipping)
        self._container(name).update(lastStatus="RUNNING", runtimeId=f"{self._task_id}-{name}")
        if definition.get("essential", True):
            self._watches.add(asyncio.create_task(process.wait()))

    async def _wait(self) -> None:
        """Until the task is asked to stop or an essential container ends."""
        stopping = asyncio.create_task(self._stopping.wait())
        shipping = asyncio.create_task(self._ship_logs())
        try:
            await asyncio.wait({stopping, *self._watches}, return_when=asyncio.FIRST_COMPLETED)
            self.stop("EssentialContainerExited", "Essential container in task exited")
        finally:
            stopping.cancel()
            shipping.cancel()

    async def _ship_logs(self) -> None:
        while True:
            for shipping in self._logs:
                await shipping.ship()
            await asyncio.sleep(1)

    async def _shut_down(self) -> None:
        if self._deregister() and self._grace_seconds > _DEREGISTRATION_SECONDS:
            self._become("DEACTIVATING")
            await self._ecs.host.routes_taken_over()
            await asyncio.sleep(_DEREGISTRATION_SECONDS)
        self._become("STOPPING")
        await asyncio.gather(*(self._stop_container(name) for name in self._processes))
        for watch in self._watches:
            watch.cancel()
        for shipping in self._logs:
            await shipping.ship()
        self.record["executionStoppedAt"] = self.record["stoppedAt"] = Call.now()
        self._become("STOPPED")
        self.finished.set()

    async def _stop_container(self, name: str) -> None:
        definition = next(d for d in self._definition["containerDefinitions"] if d["name"] == name)
        grace = float(definition.get("stopTimeout", _DEFAULT_STOP_TIMEOUT_SECONDS))
        grace = min(grace, self._grace_seconds)
        process = self._processes[name]
        ended = process.returncode is not None
        code = await self._ecs.host.children.stop(process, grace)
        container = self._container(name)
        container.update(lastStatus="STOPPED", exitCode=code if code >= 0 else 128 - code)
        if ended and definition.get("essential", True):
            container["reason"] = f"ended by itself; see {self._log_directory() / name}.log"

    def _register(self) -> None:
        """Make the task a target of its service's load balancers."""
        self._become("ACTIVATING")
        targets = []
        for balancer in self.record["Ports"]["load_balancers"]:
            port = self.record["Ports"]["ports"][str(balancer["containerPort"])]
            group_arn = balancer["targetGroupArn"]
            self._ecs.load_balancing.add_target(self._account_id, self._region, group_arn, port)
            targets.append([group_arn, port])
        self.record["Ports"]["targets"] = targets

    def _deregister(self) -> bool:
        targets = self.record["Ports"].pop("targets", [])
        for group_arn, port in targets:
            self._ecs.load_balancing.drain_target(self._account_id, self._region, group_arn, port)
        return bool(targets)

    def _become(self, status: str) -> None:
        self.record["lastStatus"] = status
        self.record["version"] += 1

    def _container(self, name: str) -> Json:
        found: Json = next(c for c in self.record["containers"] if c["name"] == name)
        return found

    def _override(self, name: str) -> Json:
        overrides: list[dict[str, Any]] = self.record["overrides"].get("containerOverrides", [])
        return next((o for o in overrides if o.get("name") == name), {})

    @property
    def _task_id(self) -> str:
        return str(self.record["taskArn"].rpartition("/")[2])

    def _log_directory(self) -> Path:
        cluster = self.record["clusterArn"].rpartition("/")[2]
        return self._ecs.host.log_directory("ecs", self._region, cluster, self._task_id)
