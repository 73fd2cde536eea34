"""ECS: clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.framework import (
    ResourceType,
    changed,
    key_value_tags,
    resource,
    tag_changes,
    tags_from_pairs,
)
from sandbox.provider.mapping import Field, to_members, to_properties

if TYPE_CHECKING:
    from sandbox.provider.framework import Context, Properties

_LOGS: Final = (
    Field("cloudWatchEncryptionEnabled", "cloudWatchEncryptionEnabled"),
    Field("cloudWatchLogGroupName", "cloudWatchLogGroupName"),
    Field("s3BucketEncryptionEnabled", "s3EncryptionEnabled"),
    Field("s3BucketName", "s3BucketName"),
    Field("s3KeyPrefix", "s3KeyPrefix"),
)
_CLUSTER: Final = (
    Field(
        "settings", "settings", many=True, fields=(Field("name", "name"), Field("value", "value"))
    ),
    Field(
        "configuration",
        "configuration",
        fields=(
            Field(
                "executeCommandConfiguration",
                "executeCommandConfiguration",
                fields=(
                    Field("kmsKeyId", "kmsKeyId"),
                    Field("logging", "logging"),
                    Field("logConfiguration", "logConfiguration", fields=_LOGS),
                ),
            ),
            Field(
                "managedStorageConfiguration",
                "managedStorageConfiguration",
                fields=(
                    Field("kmsKeyId", "kmsKeyId"),
                    Field("fargateEphemeralStorageKmsKeyId", "fargateEphemeralStorageKmsKeyId"),
                ),
            ),
        ),
    ),
    Field(
        "serviceConnectDefaults",
        "serviceConnectDefaults",
        fields=(Field("namespace", "namespace"),),
    ),
)
_USED: Final = (
    "ClusterContainsServicesException",
    "ClusterContainsTasksException",
    "UpdateInProgressException",
)


def update_tags(context: Context, arn: str, old: Properties, new: Properties) -> None:
    """Sets and removes the tags that differ."""
    set_tags, removed = tag_changes(old, new)
    ecs = context.client("ecs")
    if removed:
        ecs.untag_resource(resourceArn=arn, tagKeys=removed)
    if set_tags:
        ecs.tag_resource(resourceArn=arn, tags=key_value_tags(set_tags, "key", "value"))


@resource(
    "aws:ecs/cluster:Cluster",
    replace_on=("name",),
    named="name",
    unordered=("settings",),
    adopted=("settings",),
)
class Cluster(ResourceType):
    """A cluster. Its id is its ARN; imports are asked for by name."""

    def imported(self, context: Context, resource_id: str) -> tuple[str, Properties]:
        """The ARN of the cluster of that name."""
        return context.arn("ecs", f"cluster/{resource_id.rpartition('/')[2]}"), {}

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the cluster."""
        tags = key_value_tags(inputs.get("tagsAll") or {}, "key", "value")
        cluster = context.client("ecs").create_cluster(
            clusterName=inputs["name"],
            **to_members(_CLUSTER, inputs),
            **({"tags": tags} if tags else {}),
        )["cluster"]
        arn = cluster["clusterArn"]
        context.made(arn, {"arn": arn})
        if cluster.get("status", "ACTIVE") != "ACTIVE":
            cluster = context.wait(
                lambda: self._cluster(context, arn, "ACTIVE"), until=f"cluster {arn} to be ACTIVE"
            )
        return arn, self._outputs(cluster)

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The cluster; an INACTIVE one is gone."""
        del inputs
        cluster = self._cluster(context, resource_id, "ACTIVE")
        if cluster is None:
            return None
        outputs = self._outputs(cluster)
        outputs["tags"] = tags_from_pairs(cluster.get("tags", []), "key", "value")
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Settings, configuration, tags."""
        if changed(old, new, *(field.property for field in _CLUSTER)):
            context.client("ecs").update_cluster(cluster=resource_id, **to_members(_CLUSTER, new))
        update_tags(context, resource_id, old, new)
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the cluster, once its last tasks have stopped."""
        del outputs
        ecs = context.client("ecs")
        context.retry(lambda: ecs.delete_cluster(cluster=resource_id), on=_USED)

    def _cluster(self, context: Context, arn: str, status: str) -> dict[str, Any] | None:
        found = context.client("ecs").describe_clusters(
            clusters=[arn], include=["CONFIGURATIONS", "SETTINGS", "TAGS"]
        )["clusters"]
        return next((dict(one) for one in found if one["status"] == status), None)

    def _outputs(self, cluster: dict[str, Any]) -> Properties:
        return {
            **to_properties(_CLUSTER, cluster),
            "arn": cluster["clusterArn"],
            "name": cluster["clusterName"],
        }
