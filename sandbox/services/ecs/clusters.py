"""Clusters and tags: MiniStack's, with what it cannot know of services and tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.protocol.errors import ServiceError
from sandbox.services.ecs.tables import EcsTables, tag_list, tag_map

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call

_PENDING_STATUSES = frozenset({"PROVISIONING", "PENDING", "ACTIVATING"})


class ClusterOperations(EcsTables):
    """Operations on clusters, and tags of everything."""

    async def describe_clusters(self, call: Call, request: Json) -> Json:
        """Clusters with the numbers of their services and tasks."""
        answer = await self.host.aws(call.region).pass_on("ecs", "DescribeClusters", request)
        for cluster in answer.get("clusters", []):
            cluster.update(self._counts(call, cluster["clusterArn"]))
        return answer

    async def delete_cluster(self, call: Call, request: Json) -> Json:
        """Refused while services or tasks are in it."""
        cluster = await self.cluster(call, request)
        counts = self._counts(call, cluster["clusterArn"])
        if counts["activeServicesCount"]:
            raise ServiceError(
                "ClusterContainsServicesException",
                "The Cluster cannot be deleted while Services are active.",
            )
        if counts["runningTasksCount"] or counts["pendingTasksCount"]:
            raise ServiceError(
                "ClusterContainsTasksException",
                "The Cluster cannot be deleted while Tasks are active.",
            )
        for table in ("services", "tasks"):
            records = self.table(call, table)
            for arn in [a for a, r in records.items() if r["clusterArn"] == cluster["clusterArn"]]:
                del records[arn]
        return await self.host.aws(call.region).pass_on("ecs", "DeleteCluster", request)

    async def tag_resource(self, call: Call, request: Json) -> Json:
        """Tags of a service or task here, of anything else in MiniStack."""
        record = self._tagged(call, request["resourceArn"])
        if record is None:
            return await self.host.aws(call.region).pass_on("ecs", "TagResource", request)
        record["Tags"] |= tag_map(request["tags"])
        return {}

    async def untag_resource(self, call: Call, request: Json) -> Json:
        """Tags of a service or task here, of anything else in MiniStack."""
        record = self._tagged(call, request["resourceArn"])
        if record is None:
            return await self.host.aws(call.region).pass_on("ecs", "UntagResource", request)
        for key in request["tagKeys"]:
            record["Tags"].pop(key, None)
        return {}

    async def list_tags_for_resource(self, call: Call, request: Json) -> Json:
        """Tags of a service or task here, of anything else in MiniStack."""
        record = self._tagged(call, request["resourceArn"])
        if record is None:
            return await self.host.aws(call.region).pass_on("ecs", "ListTagsForResource", request)
        return {"tags": tag_list(record["Tags"])}

    def _tagged(self, call: Call, arn: str) -> Json | None:
        for table in ("services", "tasks"):
            found: Json | None = self.table(call, table).get(arn)
            if found is not None:
                return found
        return None

    def _counts(self, call: Call, cluster_arn: str) -> dict[str, int]:
        tasks = [t for t in self.table(call, "tasks").values() if t["clusterArn"] == cluster_arn]
        services = self.table(call, "services").values()
        return {
            "runningTasksCount": sum(t["lastStatus"] == "RUNNING" for t in tasks),
            "pendingTasksCount": sum(t["lastStatus"] in _PENDING_STATUSES for t in tasks),
            "activeServicesCount": sum(
                s["clusterArn"] == cluster_arn and s["status"] != "INACTIVE" for s in services
            ),
        }
