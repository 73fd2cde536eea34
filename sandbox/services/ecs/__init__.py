"""ECS: MiniStack's clusters and task definitions; services and tasks that really run.

A task is a set of local processes, one a container: the container's command with its environment,
with the AWS_* variables of this sandbox, and with free ports. Images are not looked at. A task that
the sandbox's own end took down is STOPPED after the restart, and its service starts another.
"""

from __future__ import annotations

import asyncio

from sandbox.services.ecs.clusters import ClusterOperations
from sandbox.services.ecs.scheduler import keep_scheduling
from sandbox.services.ecs.service_operations import ServiceOperations
from sandbox.services.ecs.task_operations import TaskOperations

_STOP_GRACE_SECONDS = 4.0


class Ecs(ClusterOperations, ServiceOperations, TaskOperations):
    """Services, tasks and what must know of them; the rest is MiniStack's."""

    name = "ecs"
    passes_on = True
    validation_code = "InvalidParameterException"

    async def start(self) -> None:
        """Note the tasks that died with the last server, and begin to schedule."""
        for account_id, region, tasks in self.store.tables("tasks"):
            for task in tasks.values():
                self.bury(account_id, region, task)
        self._scheduler = self.spawn(keep_scheduling(self), "scheduler")

    async def stop(self) -> None:
        """Stop the scheduler, then all tasks."""
        self._scheduler.cancel()
        await self._stop_tasks()
        await super().stop()

    async def reset(self) -> None:
        """Stop all tasks and forget the services that would start them again."""
        self.store.clear()
        await self._stop_tasks()

    async def _stop_tasks(self) -> None:
        runs = list(self.runs.values())
        await asyncio.gather(*(run.end_now(_STOP_GRACE_SECONDS) for run in runs))
        self.runs.clear()
