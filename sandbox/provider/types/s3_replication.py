"""A bucket's replication rules."""

from __future__ import annotations

from typing import Final

from sandbox.provider.framework import (
    Context,
    Properties,
    ResourceType,
    resource,
)
from sandbox.provider.mapping import (
    TAGS,
    Field,
    Table,
    declared,
    rules_of,
    to_members,
    to_properties,
)

_STATUS: Final[Table] = (Field("status", "Status"),)
_FILTER: Final[Table] = (
    Field("and", "And", fields=(Field("prefix", "Prefix"), Field("tags", "Tags", codec=TAGS))),
    Field("prefix", "Prefix"),
    Field("tag", "Tag", fields=(Field("key", "Key"), Field("value", "Value"))),
)
_DESTINATION: Final[Table] = (
    Field("bucket", "Bucket"),
    Field("account", "Account"),
    Field("storageClass", "StorageClass"),
    Field(
        "accessControlTranslation", "AccessControlTranslation", fields=(Field("owner", "Owner"),)
    ),
    Field(
        "encryptionConfiguration",
        "EncryptionConfiguration",
        fields=(Field("replicaKmsKeyId", "ReplicaKmsKeyID"),),
    ),
    Field(
        "metrics",
        "Metrics",
        fields=(
            Field("status", "Status"),
            Field("eventThreshold", "EventThreshold", fields=(Field("minutes", "Minutes"),)),
        ),
    ),
    Field(
        "replicationTime",
        "ReplicationTime",
        fields=(
            Field("status", "Status"),
            Field("time", "Time", fields=(Field("minutes", "Minutes"),)),
        ),
    ),
)
_RULE: Final[Table] = (
    Field("id", "ID", adopted=True),
    Field("status", "Status"),
    Field("priority", "Priority"),
    Field("prefix", "Prefix"),
    Field("filter", "Filter", fields=_FILTER),
    Field("deleteMarkerReplication", "DeleteMarkerReplication", fields=_STATUS),
    Field("existingObjectReplication", "ExistingObjectReplication", fields=_STATUS),
    Field(
        "sourceSelectionCriteria",
        "SourceSelectionCriteria",
        fields=(
            Field("replicaModifications", "ReplicaModifications", fields=_STATUS),
            Field("sseKmsEncryptedObjects", "SseKmsEncryptedObjects", fields=_STATUS),
        ),
    ),
    Field("destination", "Destination", fields=_DESTINATION),
)
_REPLICATION: Final[Table] = (
    Field("role", "Role"),
    Field("rules", "Rules", many=True, fields=_RULE),
)


@resource(
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    replace_on=("bucket",),
    **rules_of(_REPLICATION),
)
class BucketReplicationConfig(ResourceType):
    """All replication rules of a source bucket; a put replaces them all."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Puts the rules; S3 wants versioning enabled on the source and on every destination."""
        _put(context, inputs["bucket"], inputs)
        return inputs["bucket"], _completed(inputs)

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """S3 answers ReplicationConfigurationNotFoundError when there is none."""
        answer = context.client("s3").get_bucket_replication(Bucket=resource_id)
        current = to_properties(_REPLICATION, answer["ReplicationConfiguration"])
        current["bucket"] = resource_id
        return {"bucket": resource_id, **declared(_REPLICATION, current, inputs)}, current

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Puts all rules again."""
        del old
        _put(context, resource_id, new)
        return _completed(new)

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Deletes all rules; replicas stay."""
        del outputs
        context.client("s3").delete_bucket_replication(Bucket=resource_id)


def _put(context: Context, bucket: str, inputs: Properties) -> None:
    token = {"Token": inputs["token"]} if inputs.get("token") else {}
    context.client("s3").put_bucket_replication(
        Bucket=bucket,
        ReplicationConfiguration=to_members(_REPLICATION, _completed(inputs)),
        **token,
    )


def _completed(inputs: Properties) -> Properties:
    """The inputs with the priority that a rule of the current schema (with a filter) needs."""
    rules = [
        {"priority": 0, **rule} if "filter" in rule else dict(rule) for rule in inputs["rules"]
    ]
    return {"role": inputs["role"], "rules": rules}
