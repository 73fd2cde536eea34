"""Which tasks a service starts and stops next: a pure decision."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task of a service, as far as scheduling needs it.

    Attributes:
        arn: the task.
        is_current: whether it belongs to the primary deployment.
        is_healthy: RUNNING, and a healthy target where there is a load balancer.
        started: epoch seconds; later tasks go first when there are too many.

    """

    arn: str
    is_current: bool
    is_healthy: bool
    started: float


@dataclass(frozen=True, slots=True)
class Decision:
    """How many tasks of the primary deployment to start, and which tasks to stop."""

    start: int
    stop: tuple[str, ...]


def decide(
    desired: int,
    tasks: tuple[TaskView, ...],
    *,
    minimum_healthy_percent: int = 100,
    maximum_percent: int = 200,
) -> Decision:
    """Bring `tasks` (none of them stopping) nearer to `desired` tasks of the primary deployment.

    Never more than `maximum_percent` of the desired number are alive, and old tasks are stopped
    only as long as `minimum_healthy_percent` of it stay healthy.
    """
    current = [task for task in tasks if task.is_current]
    old = [task for task in tasks if not task.is_current]
    most = max(desired, math.floor(desired * maximum_percent / 100))
    least = math.ceil(desired * minimum_healthy_percent / 100)
    surplus = sorted(current, key=lambda task: (task.is_healthy, -task.started))
    stop = [task.arn for task in surplus[: max(0, len(current) - desired)]]
    healthy = sum(task.is_healthy for task in tasks if task.arn not in stop)
    for task in sorted(old, key=lambda task: task.is_healthy):
        if task.is_healthy:
            if healthy <= least:
                break
            healthy -= 1
        stop.append(task.arn)
    room = most - (len(tasks) - len(stop))
    return Decision(start=max(0, min(desired - len(current), room)), stop=tuple(stop))
