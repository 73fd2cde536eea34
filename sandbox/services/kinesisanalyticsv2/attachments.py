"""Operations on what is attached to an application: log streams, networks, snapshots, tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.protocol.errors import ServiceError
from sandbox.services.kinesisanalyticsv2 import applications
from sandbox.services.kinesisanalyticsv2.applications import Status
from sandbox.services.kinesisanalyticsv2.base import ApplicationService, page

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call

_MOST_TAGS: Final = 50


class AttachmentOperations(ApplicationService):
    """Log streams, VPC configurations, snapshots and tags."""

    def add_application_cloud_watch_logging_option(self, call: Call, request: Json) -> Json:
        """Attach a log stream; an application has one at most."""
        record = self._changeable(call, request)
        if record["logging"]:
            raise _invalid("An application can have one CloudWatch logging option.")
        applications.add_logging(record, request["CloudWatchLoggingOption"])
        return self._changed(call, record, "AddApplicationCloudWatchLoggingOption") | {
            "CloudWatchLoggingOptionDescriptions": record["logging"]
        }

    def delete_application_cloud_watch_logging_option(self, call: Call, request: Json) -> Json:
        """Detach a log stream."""
        record = self._changeable(call, request)
        wanted = request["CloudWatchLoggingOptionId"]
        left = [one for one in record["logging"] if one["CloudWatchLoggingOptionId"] != wanted]
        if len(left) == len(record["logging"]):
            raise _not_found(f"CloudWatch logging option {wanted} does not exist.")
        record["logging"] = left
        return self._changed(call, record, "DeleteApplicationCloudWatchLoggingOption") | {
            "CloudWatchLoggingOptionDescriptions": left
        }

    async def add_application_vpc_configuration(self, call: Call, request: Json) -> Json:
        """Put the application into a VPC; one at most."""
        self._changeable(call, request)
        vpc_id = await self.vpc_id(call, request["VpcConfiguration"])
        record = self._changeable(call, request)  # again: time has passed
        if record["vpcs"]:
            raise _invalid("An application can have one VPC configuration.")
        described = applications.add_vpc(record, request["VpcConfiguration"], vpc_id)
        return self._changed(call, record, "AddApplicationVpcConfiguration") | {
            "VpcConfigurationDescription": described
        }

    def delete_application_vpc_configuration(self, call: Call, request: Json) -> Json:
        """Take the application out of its VPC."""
        record = self._changeable(call, request)
        wanted = request["VpcConfigurationId"]
        if wanted not in {one["VpcConfigurationId"] for one in record["vpcs"]}:
            raise _not_found(f"VPC configuration {wanted} does not exist.")
        record["vpcs"] = []
        return self._changed(call, record, "DeleteApplicationVpcConfiguration")

    async def vpc_id(self, call: Call, given: Json) -> str:
        """The VPC of a VPC configuration; its subnets must exist and share it."""
        answer = await self.host.aws(call.region).invoke(
            "ec2", "DescribeSubnets", SubnetIds=given["SubnetIds"]
        )
        vpc_ids = {subnet["VpcId"] for subnet in answer["Subnets"]}
        if len(vpc_ids) != 1:
            raise _invalid("All subnets must belong to the same VPC.")
        return str(vpc_ids.pop())

    def _changeable(self, call: Call, request: Json) -> Json:
        """The record, if its status and version allow a change."""
        record = self._application(call, request)
        applications.require(record, "updated")
        applications.check_version(record, request)
        return record

    def _changed(self, call: Call, record: Json, operation_name: str) -> Json:
        """Count the version up; a running job restarts."""
        previous = str(record["version"])
        applications.new_version(record, call.now())
        operation = self.restart(call, record, operation_name, previous)
        return {
            "ApplicationARN": record["arn"],
            "ApplicationVersionId": record["version"],
            "OperationId": operation["OperationId"],
        }

    def restart(
        self,
        call: Call,
        record: Json,
        operation_name: str,
        previous: str,
        run: Json | None = None,
    ) -> Json:
        """The operation that brings a new version into force: at once, or by UPDATING the job.

        A job that restarts does so from its latest snapshot unless `run` says otherwise: what the
        last StartApplication said does not count any more.
        """
        operation = applications.begin_operation(record, operation_name, call.now())
        operation["ApplicationVersionChangeDetails"] = {
            "ApplicationVersionUpdatedFrom": int(previous),
            "ApplicationVersionUpdatedTo": record["version"],
        }
        if record["status"] != Status.RUNNING:
            applications.end_operation(operation, "SUCCESSFUL", call.now())
            return operation
        record["run"] = run or {}
        record["status"] = Status.UPDATING.value
        aws = self.host.aws(call.region)
        work = self.lifecycle.update(aws, call.region, record, operation, previous)
        self.begin(record, work, "update")
        return operation

    def create_application_snapshot(self, call: Call, request: Json) -> Json:
        """Take a snapshot of a running application."""
        record = self._application(call, request)
        name = request["ApplicationName"]
        if record["status"] != Status.RUNNING:
            raise ServiceError(
                "InvalidRequestException",
                f"Application {name} is in {record['status']} status. Snapshot creation is only "
                "allowed in RUNNING status.",
            )
        snapshot = applications.begin_snapshot(record, request["SnapshotName"], call.now())
        operation = applications.begin_operation(record, "CreateApplicationSnapshot", call.now())
        self.begin(record, self.lifecycle.snapshot(record, snapshot, operation), "snapshot")
        return {}

    def describe_application_snapshot(self, call: Call, request: Json) -> Json:
        """One snapshot."""
        snapshot = self._snapshot(self._application(call, request), request)
        return {"SnapshotDetails": applications.described_snapshot(snapshot)}

    def list_application_snapshots(self, call: Call, request: Json) -> Json:
        """Snapshots, oldest first."""
        snapshots = self._application(call, request)["snapshots"]
        names, token = page(snapshots, request)
        shown = [applications.described_snapshot(snapshots[name]) for name in names]
        return {"SnapshotSummaries": shown, "NextToken": token}

    async def delete_application_snapshot(self, call: Call, request: Json) -> Json:
        """Delete a snapshot; its creation time must be given exactly."""
        record = self._application(call, request)
        snapshot = self._snapshot(record, request)
        created = round(snapshot["SnapshotCreationTimestamp"], 3)
        if round(request["SnapshotCreationTimestamp"].timestamp(), 3) != created:
            raise _invalid(
                f"Snapshot '{snapshot['SnapshotName']}' has a different SnapshotCreationTimestamp "
                "than the one provided."
            )
        if snapshot["SnapshotStatus"] == "CREATING":
            raise ServiceError("ResourceInUseException", "The snapshot is being created.")
        del record["snapshots"][snapshot["SnapshotName"]]
        await self.lifecycle.discard(snapshot)
        return {}

    def _snapshot(self, record: Json, request: Json) -> Json:
        name = request["SnapshotName"]
        snapshot: Json | None = record["snapshots"].get(name)
        if snapshot is None:
            raise _not_found(f"Snapshot '{name}' does not exist for application {record['name']}.")
        return snapshot

    def tag_resource(self, call: Call, request: Json) -> Json:
        """Add or replace tags."""
        record = self._by_arn(call, request)
        tags = record["tags"] | {tag["Key"]: tag.get("Value", "") for tag in request["Tags"]}
        if len(tags) > _MOST_TAGS:
            raise ServiceError("TooManyTagsException", f"At most {_MOST_TAGS} tags are allowed.")
        record["tags"] = tags
        return {}

    def untag_resource(self, call: Call, request: Json) -> Json:
        """Remove tags; keys that are not there are ignored."""
        tags = self._by_arn(call, request)["tags"]
        for key in request["TagKeys"]:
            tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, call: Call, request: Json) -> Json:
        """Tags of an application."""
        tags = self._by_arn(call, request)["tags"]
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _by_arn(self, call: Call, request: Json) -> Json:
        arn = request["ResourceARN"]
        name = arn.rpartition("/")[2]
        record: Json | None = self.applications(call).get(name)
        if record is None or record["arn"] != arn:
            raise _not_found(f"Resource {arn} does not exist.")
        return record


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidArgumentException", message)


def _not_found(message: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", message)
