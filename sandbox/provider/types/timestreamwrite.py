"""Timestream for LiveAnalytics databases and tables."""

from __future__ import annotations

from typing import Any, Final

from sandbox.provider.framework import (
    Context,
    Properties,
    ResourceType,
    changed,
    key_value_tags,
    resource,
    tag_changes,
    tags_from_pairs,
)
from sandbox.provider.mapping import (
    Codec,
    Field,
    declared,
    rules_of,
    to_members,
    to_properties,
)
from sandbox.provider.waits import await_absence

_DATABASE: Final = (
    Field("databaseName", "DatabaseName"),
    Field("kmsKeyId", "KmsKeyId", adopted=True),
)
_COMPUTED: Final = (Field("arn", "Arn"), Field("tableCount", "TableCount"))
_REJECTED: Final = (
    Field("bucketName", "BucketName"),
    Field("encryptionOption", "EncryptionOption"),
    Field("kmsKeyId", "KmsKeyId"),
    Field("objectKeyPrefix", "ObjectKeyPrefix"),
)
_PARTITION_KEY: Final = Codec(
    lambda key: [
        {
            member: key[name]
            for name, member in (
                ("type", "Type"),
                ("name", "Name"),
                ("enforcementInRecord", "EnforcementInRecord"),
            )
            if key.get(name)
        }
    ],
    lambda keys: {name[0].lower() + name[1:]: value for name, value in keys[0].items()},
)
_TABLE: Final = (
    Field("databaseName", "DatabaseName"),
    Field("tableName", "TableName"),
    Field(
        "magneticStoreWriteProperties",
        "MagneticStoreWriteProperties",
        adopted=True,
        fields=(
            Field("enableMagneticStoreWrites", "EnableMagneticStoreWrites"),
            Field(
                "magneticStoreRejectedDataLocation",
                "MagneticStoreRejectedDataLocation",
                fields=(Field("s3Configuration", "S3Configuration", fields=_REJECTED),),
            ),
        ),
    ),
    Field(
        "retentionProperties",
        "RetentionProperties",
        adopted=True,
        fields=(
            Field("magneticStoreRetentionPeriodInDays", "MagneticStoreRetentionPeriodInDays"),
            Field("memoryStoreRetentionPeriodInHours", "MemoryStoreRetentionPeriodInHours"),
        ),
    ),
    Field(
        "schema",
        "Schema",
        adopted=True,
        fields=(Field("compositePartitionKey", "CompositePartitionKey", codec=_PARTITION_KEY),),
    ),
)
_CHANGEABLE: Final = ("magneticStoreWriteProperties", "retentionProperties", "schema")


class _Timestream(ResourceType):
    """What databases and tables have in common: how their tags are read and written."""

    def retag(self, context: Context, arn: str, old: Properties, new: Properties) -> None:
        """Writes the differences between two sets of tags."""
        timestream = context.client("timestream-write")
        added, removed = tag_changes(old, new)
        if added:
            timestream.tag_resource(ResourceARN=arn, Tags=key_value_tags(added))
        if removed:
            timestream.untag_resource(ResourceARN=arn, TagKeys=removed)

    def tags(self, context: Context, arn: str) -> dict[str, str]:
        """The tags AWS has."""
        timestream = context.client("timestream-write")
        return tags_from_pairs(timestream.list_tags_for_resource(ResourceARN=arn)["Tags"])


@resource(
    "aws:timestreamwrite/database:Database",
    named="databaseName",
    replace_on=("databaseName",),
    **rules_of(_DATABASE),
)
class Database(_Timestream):
    """A database; its id is its name. It can be deleted only when it has no tables."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Creates with tags in one call."""
        answer = context.client("timestream-write").create_database(
            **to_members(_DATABASE, inputs), Tags=key_value_tags(inputs.get("tagsAll") or {})
        )
        return inputs["databaseName"], to_properties((*_DATABASE, *_COMPUTED), answer["Database"])

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The database and its tags."""
        outputs = _database(context, resource_id)
        outputs["tags"] = self.tags(context, outputs["arn"])
        return declared(_DATABASE, outputs, inputs), outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """The key and the tags."""
        if new.get("kmsKeyId") and changed(old, new, "kmsKeyId"):
            context.client("timestream-write").update_database(
                DatabaseName=resource_id, KmsKeyId=new["kmsKeyId"]
            )
        outputs = _database(context, resource_id)
        self.retag(context, outputs["arn"], old, new)
        return outputs

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Deletes the database."""
        del outputs
        context.client("timestream-write").delete_database(DatabaseName=resource_id)
        await_absence(context, f"database {resource_id}", lambda: _database(context, resource_id))


@resource(
    "aws:timestreamwrite/table:Table",
    delete_first=True,
    replace_on=(
        "databaseName",
        "tableName",
        "schema.compositePartitionKey.name",
        "schema.compositePartitionKey.type",
    ),
    **rules_of(_TABLE),
)
class Table(_Timestream):
    """A table; its id is `table:database`."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Creates with tags in one call."""
        answer = context.client("timestream-write").create_table(
            **to_members(_TABLE, inputs), Tags=key_value_tags(inputs.get("tagsAll") or {})
        )
        resource_id = f"{inputs['tableName']}:{inputs['databaseName']}"
        return resource_id, to_properties((*_TABLE, *_COMPUTED), answer["Table"])

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The table and its tags."""
        outputs = _table(context, resource_id)
        outputs["tags"] = self.tags(context, outputs["arn"])
        return declared(_TABLE, outputs, inputs), outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Retention, magnetic store writes and the enforcement of the partition key; tags."""
        settings = {name: new[name] for name in _CHANGEABLE if new.get(name)}
        if settings and changed(old, new, *_CHANGEABLE):
            context.client("timestream-write").update_table(
                **_names(resource_id), **to_members(_TABLE, settings)
            )
        outputs = _table(context, resource_id)
        self.retag(context, outputs["arn"], old, new)
        return outputs

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Deletes the table with all its rows."""
        del outputs
        context.client("timestream-write").delete_table(**_names(resource_id))
        await_absence(context, f"table {resource_id}", lambda: _table(context, resource_id))


def _database(context: Context, name: str) -> Properties:
    answer = context.client("timestream-write").describe_database(DatabaseName=name)
    return to_properties((*_DATABASE, *_COMPUTED), answer["Database"])


def _table(context: Context, resource_id: str) -> Properties:
    answer = context.client("timestream-write").describe_table(**_names(resource_id))
    return to_properties((*_TABLE, *_COMPUTED), answer["Table"])


def _names(resource_id: str) -> dict[str, Any]:
    table, database = resource_id.split(":")
    return {"DatabaseName": database, "TableName": table}
