"""The containers of the ingest task, and where their images come from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from videoctl.model.names import HEALTH_FLAG_KEY, arn
from videoctl.model.regions import Region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stacks.sites import Site

HANDLER_CONTAINER: Final = "http-handler"
SIDECAR_CONTAINER: Final = "kpl-sidecar"
HANDLER_PORT: Final = 8080
SIDECAR_PORT: Final = 8081
DRAIN_SECONDS: Final = 40
"""What a container takes after SIGTERM to finish what it has accepted."""
TICK_SECONDS: Final = 5
"""How often each shard gets a tick while a Flink job reads it."""
STOP_TIMEOUT_SECONDS: Final = 60
"""What ECS gives it before SIGKILL."""
LEAST_BUFFERED_MS: Final = 20
"""Each acknowledgement waits as long, and players wait for it: a fifth of the KPL's 100 ms."""
SHARD_RECORDS_PER_SECOND: Final = 1000
"""What a shard takes, of any size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSurroundings:
    """What the containers of a task read and write.

    Attributes:
        region: where the task runs.
        raw_stream: the stream the sidecar publishes to.
        log_group: where the containers write their lines.
        ops_bucket: may hold the operator's flag that takes the region out of service.
        task_count: tasks of the service, each of which publishes to every shard.
        with_ticks: a Flink job reads the stream, and its watermark needs a tick in quiet shards.

    """

    region: Region
    raw_stream: str
    log_group: str
    ops_bucket: str
    task_count: int
    with_ticks: bool


def ingest_images(site: Site) -> dict[str, str]:
    """The images a task runs when nothing else is said: `latest` of the region's repositories."""
    registry = f"{site.account_id}.dkr.ecr.{site.region}.amazonaws.com"
    containers = {"http_handler": HANDLER_CONTAINER, "kpl_sidecar": SIDECAR_CONTAINER}
    return {
        image: f"{registry}/{site.names.repository(container)}:latest"
        for image, container in containers.items()
    }


def ingest_containers(
    *, images: Mapping[str, str], surroundings: TaskSurroundings
) -> list[dict[str, Any]]:
    """Container definitions of the task, as ECS's API spells them.

    The sidecar listens on the task's own loopback address; only the handler is behind the load
    balancer. ECS starts the sidecar first and stops it last.

    Args:
        images: image URIs of `http_handler` and `kpl_sidecar`.
        surroundings: what the containers read and write.

    """
    common = {
        "AWS_REGION": str(surroundings.region),
        "DRAIN_SECONDS": str(DRAIN_SECONDS),
        "HTTP_HANDLER_PORT": str(HANDLER_PORT),
        "KPL_SIDECAR_PORT": str(SIDECAR_PORT),
        "RAW_STREAM": surroundings.raw_stream,
    }
    flag = {"HEALTH_FLAG_BUCKET": surroundings.ops_bucket, "HEALTH_FLAG_KEY": HEALTH_FLAG_KEY}
    ticks = {"TICK_SECONDS": str(TICK_SECONDS if surroundings.with_ticks else 0)}
    buffered = {"RECORD_MAX_BUFFERED_MS": str(record_max_buffered_ms(surroundings.task_count))}
    handler = {
        **_container(HANDLER_CONTAINER, HANDLER_PORT, common | flag, surroundings),
        "image": images["http_handler"],
        "command": ["python", "-m", "jobs.http_handler"],
        "dependsOn": [{"containerName": SIDECAR_CONTAINER, "condition": "START"}],
    }
    sidecar = {
        **_container(SIDECAR_CONTAINER, SIDECAR_PORT, common | ticks | buffered, surroundings),
        "image": images["kpl_sidecar"],
        "command": ["python", "-m", "jobs.http_handler.kpl_sidecar"],
    }
    return [handler, sidecar]


def record_max_buffered_ms(task_count: int) -> int:
    """How long a record may wait for others: as short as the shards allow.

    A task puts one aggregate into each shard as often. Half of what a shard takes is left for
    aggregates that are full sooner, and for twice as many tasks.
    """
    return max(LEAST_BUFFERED_MS, 2 * 1000 * task_count // SHARD_RECORDS_PER_SECOND)


def to_json(containers: list[dict[str, Any]]) -> str:
    """The text a task definition carries; the same containers always give the same text."""
    return json.dumps(containers, sort_keys=True)


def repository_arn(image_uri: str) -> str | None:
    """The ECR repository of an image URI; None when it comes from another registry."""
    host, _, path = image_uri.partition("/")
    account_id, _, registry = host.partition(".dkr.ecr.")
    if not registry or not path:
        return None
    region = registry.partition(".")[0]
    repository = path.partition("@")[0].partition(":")[0]
    return arn("ecr", region, account_id, f"repository/{repository}")


def _container(
    name: str, port: int, environment: Mapping[str, str], surroundings: TaskSurroundings
) -> dict[str, Any]:
    """What both containers have, but for image and command."""
    options = {
        "awslogs-group": surroundings.log_group,
        "awslogs-region": str(surroundings.region),
        "awslogs-stream-prefix": name,
    }
    return {
        "name": name,
        "essential": True,
        "readonlyRootFilesystem": True,
        "stopTimeout": STOP_TIMEOUT_SECONDS,
        "portMappings": [{"containerPort": port, "hostPort": port, "protocol": "tcp"}],
        "environment": [{"name": key, "value": environment[key]} for key in sorted(environment)],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
