"""Amazon ECS: the ingest service's task counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from videoctl.aws.errors import NotFound

if TYPE_CHECKING:
    from videoctl.aws.client import AwsClient


@dataclass(frozen=True, kw_only=True)
class Service:
    """An ECS service: its status (ACTIVE, DRAINING, INACTIVE) and task counts."""

    status: str
    desired_count: int
    running_count: int
    pending_count: int


class EcsGateway:
    """ECS of one region."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def describe_service(self, cluster: str, service: str) -> Service | None:
        """The service; None when there is none, or only the memory of one (INACTIVE)."""
        try:
            answer = self._client.call("DescribeServices", cluster=cluster, services=[service])
        except NotFound:
            return None
        for found in answer.get("services", ()):
            if found["status"] != "INACTIVE":
                return Service(
                    status=found["status"],
                    desired_count=found["desiredCount"],
                    running_count=found["runningCount"],
                    pending_count=found["pendingCount"],
                )
        return None

    def set_desired_count(self, cluster: str, service: str, desired_count: int) -> None:
        """Ask for `desired_count` tasks; ECS starts or drains them afterwards."""
        self._client.call(
            "UpdateService", cluster=cluster, service=service, desiredCount=desired_count
        )
