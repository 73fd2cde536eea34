"""The operations on applications themselves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from sandbox.flink.jobs import JobError
from sandbox.protocol.errors import ServiceError
from sandbox.services.kinesisanalyticsv2 import applications, code, configuration
from sandbox.services.kinesisanalyticsv2.applications import Status
from sandbox.services.kinesisanalyticsv2.base import page
from sandbox.services.kinesisanalyticsv2.upkeep import Upkeep

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call

_MOST_APPLICATIONS: Final = 50
_SESSION_SECONDS: Final = 43_200


class KinesisAnalyticsV2(Upkeep):
    """Managed Service for Apache Flink: Flink applications; no SQL, no Studio."""

    async def create_application(self, call: Call, request: Json) -> Json:
        """Make an application, READY; its code object must be there."""
        self._check_new(call, request)
        configuration.check_runtime(request["RuntimeEnvironment"])
        _check_role(call, request["ServiceExecutionRole"])
        settings = request.get("ApplicationConfiguration", {})
        configuration.check(settings)
        vpc_configurations = settings.pop("VpcConfigurations", [])
        facts = await self._code_facts(call, settings)
        vpc_ids = [await self.vpc_id(call, one) for one in vpc_configurations]
        self._check_new(call, request)  # again: another request may have come in between
        record = applications.made(call, request, facts)
        for vpc_id, one in zip(vpc_ids, vpc_configurations, strict=True):
            applications.add_vpc(record, one, vpc_id)
        applications.new_version(record, call.now())
        self.applications(call)[record["name"]] = record
        return {"ApplicationDetail": applications.described(record)}

    def _check_new(self, call: Call, request: Json) -> None:
        table, name = self.applications(call), request["ApplicationName"]
        if name in table:
            raise ServiceError("ResourceInUseException", f"Application '{name}' already exists.")
        if len(table) >= _MOST_APPLICATIONS:
            raise ServiceError(
                "LimitExceededException", f"The limit is {_MOST_APPLICATIONS} applications."
            )

    async def _code_facts(self, call: Call, settings: Json) -> Json:
        content = await code.fetched(self.host.aws(call.region), settings)
        if content is not None and self.lifecycle.code_store is not None:
            await asyncio.to_thread(self.lifecycle.code_store.keep, content)
        return code.facts(content)

    def describe_application(self, call: Call, request: Json) -> Json:
        """The current version and the status."""
        return {"ApplicationDetail": applications.described(self._application(call, request))}

    def list_applications(self, call: Call, request: Json) -> Json:
        """Summaries by name."""
        table = self.applications(call)
        names, token = page(sorted(table), request)
        shown = [applications.summary(table[name]) for name in names]
        return {"ApplicationSummaries": shown, "NextToken": token}

    async def update_application(self, call: Call, request: Json) -> Json:
        """Make a new version; a READY application stays READY, a RUNNING one restarts."""
        record = self._changeable(call, request)
        change = request.get("ApplicationConfigurationUpdate", {})
        settings = configuration.updated(record["configuration"], change)
        configuration.check(settings)
        runtime: str = request.get("RuntimeEnvironmentUpdate") or record["runtime"]
        configuration.check_runtime(runtime)
        role: str = request.get("ServiceExecutionRoleUpdate") or record["role"]
        _check_role(call, role)
        facts = record["code_facts"]
        if "ApplicationCodeConfigurationUpdate" in change:
            facts = await self._code_facts(call, settings)
        self._changeable(call, request)  # again: another request may have come in between
        applications.restore_location(record, request.get("RunConfigurationUpdate", {}))
        vpcs = [_updated_vpc(one, change) for one in record["vpcs"]]
        logging = _updated_logging(record["logging"], request)
        previous = str(record["version"])
        record.update(
            configuration=settings,
            runtime=runtime,
            role=role,
            code_facts=facts,
            vpcs=vpcs,
            logging=logging,
        )
        if _sets_parallelism(change):
            record.pop("current_parallelism", None)
        run = request.get("RunConfigurationUpdate")
        if run is not None:
            record["run"] = (record["run"] or {}) | run
        applications.new_version(record, call.now())
        operation = self.restart(call, record, "UpdateApplication", previous, run)
        return {
            "ApplicationDetail": applications.described(record),
            "OperationId": operation["OperationId"],
        }

    def start_application(self, call: Call, request: Json) -> Json:
        """STARTING; how it ends is told by the status and the operation."""
        record = self._application(call, request)
        applications.require(record, "started")
        run = request.get("RunConfiguration", {})
        applications.restore_location(record, run)
        if "ApplicationCodeConfiguration" not in record["configuration"]:
            raise ServiceError(
                "InvalidApplicationConfigurationException",
                f"Application {record['name']} has no ApplicationCodeConfiguration.",
            )
        record["run"] = run
        record["status"] = Status.STARTING.value
        operation = applications.begin_operation(record, "StartApplication", call.now())
        aws = self.host.aws(call.region)
        self.begin(record, self.lifecycle.start(aws, call.region, record, operation), "start")
        return {"OperationId": operation["OperationId"]}

    async def stop_application(self, call: Call, request: Json) -> Json:
        """STOPPING, with a snapshot where enabled; `Force` ends at once what is under way."""
        record = self._application(call, request)
        force = bool(request.get("Force", False))
        applications.require(record, "force stopped" if force else "Stopped")
        if force:
            await self.interrupt(record)
        record["status"] = (Status.FORCE_STOPPING if force else Status.STOPPING).value
        operation = applications.begin_operation(record, "StopApplication", call.now())
        self.begin(record, self.lifecycle.stop(record, operation, force=force), "stop")
        return {"OperationId": operation["OperationId"]}

    async def rollback_application(self, call: Call, request: Json) -> Json:
        """Go back to the version before, from the latest snapshot."""
        record = self._application(call, request)
        applications.require(record, "rolled back")
        applications.check_version(record, request)
        previous = str(record["version"] - 1)
        if previous not in record["versions"]:
            raise ServiceError(
                "InvalidRequestException", f"Application {record['name']} has no earlier version."
            )
        if not any(one["SnapshotStatus"] == "READY" for one in record["snapshots"].values()):
            raise ServiceError(
                "InvalidRequestException", f"Application {record['name']} has no snapshot."
            )
        await self.interrupt(record)
        record["status"] = Status.ROLLING_BACK.value
        operation = applications.begin_operation(record, "RollbackApplication", call.now())
        aws = self.host.aws(call.region)
        work = self.lifecycle.roll_back(aws, call.region, record, operation, previous)
        self.begin(record, work, "roll back")
        return {
            "ApplicationDetail": applications.described(record),
            "OperationId": operation["OperationId"],
        }

    async def delete_application(self, call: Call, request: Json) -> Json:
        """DELETING, then gone, with its snapshots; its creation time must be given exactly."""
        record = self._application(call, request)
        given = round(request["CreateTimestamp"].timestamp(), 3)
        if given != round(record["created_at"], 3):
            raise ServiceError(
                "ConcurrentModificationException",
                f"The application with name: '{record['name']}' has a different create timestamp "
                "than the one you provided. Please call DescribeApplication to fetch valid create "
                "timestamp.",
            )
        applications.require(record, "deleted")
        await self.interrupt(record)
        record["status"] = Status.DELETING.value
        self.begin(record, self._delete(self.applications(call), record), "delete")
        return {}

    def describe_application_operation(self, call: Call, request: Json) -> Json:
        """How an operation goes, and why it failed."""
        record, wanted = self._application(call, request), request["OperationId"]
        for operation in record["operations"]:
            if operation["OperationId"] == wanted:
                shown = {name: operation[name] for name in operation if name != "OperationId"}
                return {"ApplicationOperationInfoDetails": shown}
        raise ServiceError("ResourceNotFoundException", f"Operation '{wanted}' does not exist.")

    def list_application_operations(self, call: Call, request: Json) -> Json:
        """Operations, the latest first."""
        members = ("Operation", "OperationId", "StartTime", "EndTime", "OperationStatus")
        found = {
            one["OperationId"]: {name: one[name] for name in members}
            for one in self._application(call, request)["operations"]
            if request.get("Operation") in {None, one["Operation"]}
            and request.get("OperationStatus") in {None, one["OperationStatus"]}
        }
        ids, token = page(found, request)
        return {"ApplicationOperationInfoList": [found[one] for one in ids], "NextToken": token}

    def describe_application_version(self, call: Call, request: Json) -> Json:
        """One version as it was."""
        record, version = self._application(call, request), str(request["ApplicationVersionId"])
        if version not in record["versions"]:
            raise ServiceError("ResourceNotFoundException", f"Version {version} does not exist.")
        return {"ApplicationVersionDetail": applications.described(record, version)}

    def list_application_versions(self, call: Call, request: Json) -> Json:
        """Versions, the latest first."""
        record = self._application(call, request)
        versions, token = page(reversed(record["versions"]), request)
        summaries = [
            {"ApplicationVersionId": int(version), "ApplicationStatus": record["status"]}
            for version in versions
        ]
        return {"ApplicationVersionSummaries": summaries, "NextToken": token}

    async def create_application_presigned_url(self, call: Call, request: Json) -> Json:
        """Address of the Flink dashboard of a running application."""
        record, runner = self._application(call, request), self.lifecycle.runner
        if request["UrlType"] != "FLINK_DASHBOARD_URL":
            raise ServiceError("InvalidArgumentException", "Flink applications have no notebook.")
        if record["status"] != Status.RUNNING or runner is None:
            raise ServiceError(
                "ResourceInUseException",
                f"Application {record['name']} is {record['status']}, the dashboard needs RUNNING.",
            )
        seconds = request.get("SessionExpirationDurationInSeconds", _SESSION_SECONDS)
        try:
            url = await runner.dashboard_url(record["arn"], seconds)
        except JobError as error:
            raise ServiceError("ResourceInUseException", str(error)) from error
        return {"AuthorizedUrl": url}

    def update_application_maintenance_configuration(self, call: Call, request: Json) -> Json:
        """Move the maintenance window."""
        record = self._application(call, request)
        applications.require(record, "updated")
        change = request["ApplicationMaintenanceConfigurationUpdate"]
        record["maintenance_starts_at"] = change["ApplicationMaintenanceWindowStartTimeUpdate"]
        return {
            "ApplicationARN": record["arn"],
            "ApplicationMaintenanceConfigurationDescription": applications.maintenance(record),
        }


def _check_role(call: Call, role_arn: str) -> None:
    account_id = role_arn.split(":")[4] if role_arn.count(":") >= 5 else ""  # noqa: PLR2004 - ARN
    if account_id != call.account_id:
        raise ServiceError(
            "InvalidArgumentException",
            "Cross-account pass role is not allowed, The role should belong to account "
            f"'{call.account_id}'",
        )


def _sets_parallelism(change: Json) -> bool:
    flink = change.get("FlinkApplicationConfigurationUpdate", {})
    return "ParallelismUpdate" in flink.get("ParallelismConfigurationUpdate", {})


def _updated_vpc(described: Json, change: Json) -> Json:
    for update in change.get("VpcConfigurationUpdates", []):
        if update["VpcConfigurationId"] == described["VpcConfigurationId"]:
            return {
                **described,
                "SubnetIds": update.get("SubnetIdUpdates", described["SubnetIds"]),
                "SecurityGroupIds": update.get(
                    "SecurityGroupIdUpdates", described["SecurityGroupIds"]
                ),
            }
    return described


def _updated_logging(options: list[Json], request: Json) -> list[Json]:
    changes = {
        update["CloudWatchLoggingOptionId"]: update["LogStreamARNUpdate"]
        for update in request.get("CloudWatchLoggingOptionUpdates", [])
        if "LogStreamARNUpdate" in update
    }
    return [
        {
            **option,
            "LogStreamARN": changes.get(
                option["CloudWatchLoggingOptionId"], option["LogStreamARN"]
            ),
        }
        for option in options
    ]
