"""The containers of the ingest task, and where their images come from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from videoctl.model.names import arn
from videoctl.model.regions import Region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stacks.site import Site

HANDLER_CONTAINER: Final = "http-handler"
SIDECAR_CONTAINER: Final = "kpl-sidecar"
HANDLER_PORT: Final = 8080
SIDECAR_PORT: Final = 8081
STOP_TIMEOUT_SECONDS: Final = 60
"""What a container gets between SIGTERM and SIGKILL to finish what it has accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLogs:
    """Where the containers of a task write their lines.

    Attributes:
        group: the log group's name.
        region: its region.

    """

    group: str
    region: Region


def ingest_images(site: Site) -> dict[str, str]:
    """The images a task runs when nothing else is said: `latest` of the region's repositories."""
    registry = f"{site.account_id}.dkr.ecr.{site.region}.amazonaws.com"
    containers = {"http_handler": HANDLER_CONTAINER, "kpl_sidecar": SIDECAR_CONTAINER}
    return {
        image: f"{registry}/{site.names.repository(container)}:latest"
        for image, container in containers.items()
    }


def ingest_containers(
    *, images: Mapping[str, str], raw_stream: str, logs: TaskLogs
) -> list[dict[str, Any]]:
    """Container definitions of the task, as ECS's API spells them.

    The sidecar listens on the task's own loopback address; only the handler is behind the load
    balancer. ECS starts the sidecar first and stops it last.

    Args:
        images: image URIs of `http_handler` and `kpl_sidecar`.
        raw_stream: the stream the sidecar publishes to.
        logs: where the containers write.

    """
    environment = {
        "AWS_REGION": str(logs.region),
        "HTTP_HANDLER_PORT": str(HANDLER_PORT),
        "KPL_SIDECAR_PORT": str(SIDECAR_PORT),
        "RAW_STREAM": raw_stream,
    }
    handler = _container(HANDLER_CONTAINER, images["http_handler"], HANDLER_PORT, environment, logs)
    sidecar = _container(SIDECAR_CONTAINER, images["kpl_sidecar"], SIDECAR_PORT, environment, logs)
    handler["command"] = ["python", "-m", "jobs.http_handler"]
    handler["dependsOn"] = [{"containerName": SIDECAR_CONTAINER, "condition": "START"}]
    sidecar["command"] = ["python", "-m", "jobs.http_handler.kpl_sidecar"]
    return [handler, sidecar]


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
    name: str, image: str, port: int, environment: Mapping[str, str], logs: TaskLogs
) -> dict[str, Any]:
    options = {
        "awslogs-group": logs.group,
        "awslogs-region": str(logs.region),
        "awslogs-stream-prefix": name,
    }
    return {
        "name": name,
        "image": image,
        "essential": True,
        "readonlyRootFilesystem": True,
        "stopTimeout": STOP_TIMEOUT_SECONDS,
        "portMappings": [{"containerPort": port, "hostPort": port, "protocol": "tcp"}],
        "environment": [{"name": key, "value": environment[key]} for key in sorted(environment)],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
