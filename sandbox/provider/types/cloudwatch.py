"""CloudWatch Logs: groups and streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.framework import ResourceType, changed, resource, tag_changes

if TYPE_CHECKING:
    from sandbox.provider.framework import Context, Properties

_NEVER_EXPIRE: Final = 0


@resource(
    "aws:cloudwatch/logGroup:LogGroup",
    replace_on=("name", "namePrefix", "logGroupClass"),
    named="name",
    defaults={"retentionInDays": _NEVER_EXPIRE, "skipDestroy": False},
    adopted=("logGroupClass", "deletionProtectionEnabled"),
    supports=(
        "name",
        "namePrefix",
        "retentionInDays",
        "kmsKeyId",
        "logGroupClass",
        "deletionProtectionEnabled",
        "skipDestroy",
    ),
)
class LogGroup(ResourceType):
    """A log group with its retention and key."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the group, then sets the retention, which `CreateLogGroup` cannot take."""
        logs, name = context.client("logs"), inputs["name"]
        optional = (
            ("tagsAll", "tags"),
            ("kmsKeyId", "kmsKeyId"),
            ("logGroupClass", "logGroupClass"),
            ("deletionProtectionEnabled", "deletionProtectionEnabled"),
        )
        given = {member: inputs[key] for key, member in optional if inputs.get(key)}
        logs.create_log_group(logGroupName=name, **given)
        outputs = {
            "arn": context.arn("logs", f"log-group:{name}"),
            "logGroupClass": inputs.get("logGroupClass", "STANDARD"),
            "deletionProtectionEnabled": inputs.get("deletionProtectionEnabled", False),
            "kmsKeyId": inputs.get("kmsKeyId"),
        }
        context.made(name, outputs)
        if inputs["retentionInDays"] != _NEVER_EXPIRE:
            self._set_retention(context, name, inputs["retentionInDays"])
        return name, outputs

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The group of exactly this name."""
        del inputs
        logs = context.client("logs")
        pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=resource_id)
        groups = (group for page in pages for group in page["logGroups"])
        group = next((one for one in groups if one["logGroupName"] == resource_id), None)
        if group is None:
            return None
        arn = group["arn"].removesuffix(":*")
        outputs = {
            "arn": arn,
            "name": resource_id,
            "retentionInDays": group.get("retentionInDays", _NEVER_EXPIRE),
            "kmsKeyId": group.get("kmsKeyId"),
            "logGroupClass": group.get("logGroupClass", "STANDARD"),
            "deletionProtectionEnabled": group.get("deletionProtectionEnabled", False),
            "tags": logs.list_tags_for_resource(resourceArn=arn)["tags"],
        }
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Retention, key, deletion protection and tags."""
        logs = context.client("logs")
        if changed(old, new, "retentionInDays"):
            self._set_retention(context, resource_id, new["retentionInDays"])
        if changed(old, new, "kmsKeyId"):
            if new.get("kmsKeyId"):
                logs.associate_kms_key(logGroupName=resource_id, kmsKeyId=new["kmsKeyId"])
            else:
                logs.disassociate_kms_key(logGroupName=resource_id)
        protected = new.get("deletionProtectionEnabled")
        if protected is not None and changed(old, new, "deletionProtectionEnabled"):
            logs.put_log_group_deletion_protection(
                logGroupIdentifier=resource_id, deletionProtectionEnabled=protected
            )
        set_tags, removed = tag_changes(old, new)
        arn = context.arn("logs", f"log-group:{resource_id}")
        if removed:
            logs.untag_resource(resourceArn=arn, tagKeys=removed)
        if set_tags:
            logs.tag_resource(resourceArn=arn, tags=set_tags)
        return {"kmsKeyId": new.get("kmsKeyId")}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the group with its logs, unless they are to stay (`skipDestroy`)."""
        if not outputs.get("skipDestroy"):
            context.client("logs").delete_log_group(logGroupName=resource_id)

    def _set_retention(self, context: Context, name: str, days: int) -> None:
        logs = context.client("logs")
        if days == _NEVER_EXPIRE:
            logs.delete_retention_policy(logGroupName=name)
        else:
            logs.put_retention_policy(logGroupName=name, retentionInDays=days)


@resource("aws:cloudwatch/logStream:LogStream", replace_on=("name", "logGroupName"), named="name")
class LogStream(ResourceType):
    """A log stream. Its id is its name, as with the real provider."""

    def imported(self, context: Context, resource_id: str) -> tuple[str, Properties]:
        """Imports are asked for as GROUP:STREAM."""
        del context
        group, _, name = resource_id.rpartition(":")
        return name, {"logGroupName": group}

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the stream."""
        group, name = inputs["logGroupName"], inputs["name"]
        context.client("logs").create_log_stream(logGroupName=group, logStreamName=name)
        return name, {"arn": context.arn("logs", f"log-group:{group}:log-stream:{name}")}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The stream of exactly this name in its group."""
        group, name = inputs["logGroupName"], resource_id
        logs = context.client("logs")
        pages = logs.get_paginator("describe_log_streams").paginate(
            logGroupName=group, logStreamNamePrefix=name
        )
        streams = (stream for page in pages for stream in page["logStreams"])
        stream = next((one for one in streams if one["logStreamName"] == name), None)
        if stream is None:
            return None
        outputs: dict[str, Any] = {"arn": stream["arn"], "name": name, "logGroupName": group}
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Nothing of a stream can change."""
        del context, resource_id, old, new
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the stream."""
        context.client("logs").delete_log_stream(
            logGroupName=outputs["logGroupName"], logStreamName=resource_id
        )
