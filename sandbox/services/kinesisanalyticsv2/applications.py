"""The record of an application: versions, operations, snapshots; what may be done in which status.

Pure: time comes in as a number, effects are somebody else's.
"""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sandbox.protocol.errors import ServiceError
from sandbox.services.kinesisanalyticsv2 import configuration

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call

_MOST_ERROR_CHARACTERS: Final = 512
_MOST_OPERATIONS: Final = 200
_MOST_SNAPSHOTS: Final = 1000
_MAINTENANCE_STARTS: Final = {"us-east-1": "03:00", "us-west-2": "06:00"}
_MAINTENANCE_HOURS: Final = 8


class Status(StrEnum):
    """ApplicationStatus of the service model."""

    DELETING = "DELETING"
    STARTING = "STARTING"
    STOPPING = "STOPPING"
    READY = "READY"
    RUNNING = "RUNNING"
    UPDATING = "UPDATING"
    AUTOSCALING = "AUTOSCALING"
    FORCE_STOPPING = "FORCE_STOPPING"
    ROLLING_BACK = "ROLLING_BACK"
    MAINTENANCE = "MAINTENANCE"
    ROLLED_BACK = "ROLLED_BACK"


ALLOWED: Final[dict[str, frozenset[Status]]] = {
    "started": frozenset({Status.READY}),
    "Stopped": frozenset({Status.RUNNING}),
    "force stopped": frozenset(
        {Status.STARTING, Status.UPDATING, Status.STOPPING, Status.AUTOSCALING, Status.RUNNING}
    ),
    "updated": frozenset({Status.READY, Status.RUNNING}),
    "rolled back": frozenset({Status.UPDATING, Status.AUTOSCALING, Status.RUNNING}),
    "deleted": frozenset({Status.READY, Status.RUNNING, Status.ROLLED_BACK}),
}
"""From which statuses an application can be started, stopped, and so on."""


def require(record: Json, action: str) -> None:
    """Raise `ResourceInUseException` when the status does not allow the action."""
    status = record["status"]
    if status not in ALLOWED[action]:
        raise ServiceError(
            "ResourceInUseException", f"Application cannot be {action} in '{status}' state"
        )


def made(call: Call, request: Json, code_facts: Json) -> Json:
    """Record of a new application, READY; `new_version` makes it version 1."""
    now = call.now()
    name = request["ApplicationName"]
    options = request.get("CloudWatchLoggingOptions", [])
    record: Json = {
        "name": name,
        "arn": call.arn(f"application/{name}", service="kinesisanalytics"),
        "description": request.get("ApplicationDescription"),
        "mode": request.get("ApplicationMode", "STREAMING"),
        "status": Status.READY.value,
        "created_at": now,
        "maintenance_starts_at": _MAINTENANCE_STARTS.get(call.region, "03:00"),
        "runtime": request["RuntimeEnvironment"],
        "role": request["ServiceExecutionRole"],
        "configuration": dict(request.get("ApplicationConfiguration", {})),
        "code_facts": code_facts,
        "vpcs": [],
        "logging": [],
        "run": None,
        "version": 0,
        "next_id": 1,
        "versions": {},
        "operations": [],
        "snapshots": {},
        "tags": {tag["Key"]: tag.get("Value", "") for tag in request.get("Tags", [])},
    }
    for option in options:
        add_logging(record, option)
    return record


def new_version(record: Json, now: float) -> None:
    """Count the version up; a version is what RollbackApplication can go back to."""
    record["version"] += 1
    record["token"] = uuid.uuid4().hex
    record["updated_at"] = now
    record["versions"][str(record["version"])] = {
        name: record[name]
        for name in ("runtime", "role", "configuration", "code_facts", "vpcs", "logging", "token")
    } | {"created_at": now}


def check_version(record: Json, request: Json) -> None:
    """Raise `ConcurrentModificationException` for a stale version or token."""
    version, token = request.get("CurrentApplicationVersionId"), request.get("ConditionalToken")
    if version is None and token is None:
        raise ServiceError(
            "InvalidArgumentException",
            "Either CurrentApplicationVersionId or ConditionalToken must be provided.",
        )
    if version is not None and version != record["version"]:
        raise ServiceError(
            "ConcurrentModificationException",
            "The provided application version ID does not match the most recent version for the "
            "application.",
        )
    if token is not None and token != record["token"]:
        raise ServiceError(
            "ConcurrentModificationException",
            "The provided conditional token does not match the current conditional token for the "
            "application.",
        )


def add_logging(record: Json, option: Json) -> None:
    """Attach a log stream; that it exists is not checked, as in AWS."""
    arn = option["LogStreamARN"]
    if ":log-stream:" not in arn:
        raise ServiceError(
            "InvalidArgumentException", f"CloudWatch log stream ARN {arn} is invalid."
        )
    described = {"CloudWatchLoggingOptionId": new_id(record), "LogStreamARN": arn}
    record["logging"] = [*record["logging"], described]


def add_vpc(record: Json, given: Json, vpc_id: str) -> Json:
    """Attach a VPC configuration and give its description."""
    described = {
        "VpcConfigurationId": new_id(record),
        "VpcId": vpc_id,
        "SubnetIds": given["SubnetIds"],
        "SecurityGroupIds": given["SecurityGroupIds"],
    }
    record["vpcs"] = [*record["vpcs"], described]
    return described


def new_id(record: Json) -> str:
    """Id of an attachment, such as `1.1`."""
    found = f"{record['version'] or 1}.{record['next_id']}"
    record["next_id"] += 1
    return found


def described(record: Json, version: str | None = None) -> Json:
    """The ApplicationDetail, of the current version or an earlier one."""
    parts = record if version is None else record["versions"][version]
    number = record["version"] if version is None else int(version)
    run = record["run"] if version is None else None
    described_configuration = configuration.described(
        parts["configuration"], parts["code_facts"], parts["vpcs"], run
    )
    if version is None:
        flink = described_configuration["FlinkApplicationConfigurationDescription"]
        flink["ParallelismConfigurationDescription"]["CurrentParallelism"] = (
            configuration.current_parallelism(record)
        )
    detail = {
        "ApplicationARN": record["arn"],
        "ApplicationDescription": record["description"],
        "ApplicationName": record["name"],
        "RuntimeEnvironment": parts["runtime"],
        "ServiceExecutionRole": parts["role"],
        "ApplicationStatus": record["status"],
        "ApplicationVersionId": number,
        "CreateTimestamp": record["created_at"],
        "LastUpdateTimestamp": record["updated_at"],
        "ApplicationConfigurationDescription": described_configuration,
        "CloudWatchLoggingOptionDescriptions": parts["logging"] or None,
        "ApplicationMaintenanceConfigurationDescription": maintenance(record),
        "ApplicationVersionCreateTimestamp": record["versions"][str(number)]["created_at"],
        "ConditionalToken": parts["token"],
        "ApplicationMode": record["mode"],
        "ApplicationVersionUpdatedFrom": number - 1 if number > 1 else None,
        "ApplicationVersionRolledBackFrom": record.get("rolled_back_from"),
        "ApplicationVersionRolledBackTo": record.get("rolled_back_to"),
    }
    return {name: value for name, value in detail.items() if value is not None}


def summary(record: Json) -> Json:
    """The ApplicationSummary."""
    return {
        "ApplicationName": record["name"],
        "ApplicationARN": record["arn"],
        "ApplicationStatus": record["status"],
        "ApplicationVersionId": record["version"],
        "RuntimeEnvironment": record["runtime"],
        "ApplicationMode": record["mode"],
    }


def maintenance(record: Json) -> Json:
    """The window of eight hours in which the service may restart the job."""
    start = record["maintenance_starts_at"]
    end = (int(start[:2]) + _MAINTENANCE_HOURS) % 24
    return {
        "ApplicationMaintenanceWindowStartTime": start,
        "ApplicationMaintenanceWindowEndTime": f"{end:02d}{start[2:]}",
    }


def begin_operation(record: Json, name: str, now: float) -> Json:
    """A new operation, IN_PROGRESS."""
    operation: Json = {
        "Operation": name,
        "OperationId": uuid.uuid4().hex,
        "StartTime": now,
        "EndTime": now,
        "OperationStatus": "IN_PROGRESS",
    }
    record["operations"] = [operation, *record["operations"]][:_MOST_OPERATIONS]
    return operation


def end_operation(
    operation: Json, status: str, now: float, error: str | None = None, **details: object
) -> None:
    """Close an operation; `details` are members such as `RollbackOperationId`."""
    operation["OperationStatus"] = status
    operation["EndTime"] = now
    if error is not None:
        shown = error[:_MOST_ERROR_CHARACTERS]
        operation["OperationFailureDetails"] = {"ErrorInfo": {"ErrorString": shown}, **details}


def begin_snapshot(record: Json, name: str, now: float) -> Json:
    """A new snapshot, CREATING; raises when the name is taken or the limit is reached."""
    if name in record["snapshots"]:
        raise ServiceError(
            "ResourceInUseException",
            f"Provided Snapshot name {name} already exists for application {record['name']}",
        )
    if len(record["snapshots"]) >= _MOST_SNAPSHOTS:
        raise ServiceError(
            "LimitExceededException",
            f"Application {record['name']} has {_MOST_SNAPSHOTS} snapshots, which is the limit.",
        )
    snapshot: Json = {
        "SnapshotName": name,
        "SnapshotStatus": "CREATING",
        "ApplicationVersionId": record["version"],
        "SnapshotCreationTimestamp": now,
        "RuntimeEnvironment": record["runtime"],
        "ApplicationEncryptionConfigurationDescription": configuration.encryption(
            record["configuration"]
        ),
        "location": None,
    }
    record["snapshots"][name] = snapshot
    return snapshot


def described_snapshot(snapshot: Json) -> Json:
    """The SnapshotDetails."""
    return {name: value for name, value in snapshot.items() if name != "location"}


def restore_location(record: Json, run: Json) -> str | None:
    """Where the state is that a run configuration asks for; raises when it cannot be had."""
    restore = run.get("ApplicationRestoreConfiguration", {})
    kind = restore.get("ApplicationRestoreType", "RESTORE_FROM_LATEST_SNAPSHOT")
    name = restore.get("SnapshotName")
    if (kind == "RESTORE_FROM_CUSTOM_SNAPSHOT") != (name is not None):
        raise ServiceError(
            "InvalidArgumentException",
            "SnapshotName goes with RESTORE_FROM_CUSTOM_SNAPSHOT, and only with it.",
        )
    if kind == "SKIP_RESTORE_FROM_SNAPSHOT":
        return None
    ready = [one for one in record["snapshots"].values() if one["SnapshotStatus"] == "READY"]
    if kind == "RESTORE_FROM_CUSTOM_SNAPSHOT":
        found = next((one for one in ready if one["SnapshotName"] == name), None)
        if found is None:
            raise ServiceError(
                "InvalidArgumentException",
                f"The snapshot name {name} provided for restore configuration does not exist or is "
                f"not READY for application {record['name']}.",
            )
        return str(found["location"])
    if not ready:
        return None
    latest = max(ready, key=lambda one: float(one["SnapshotCreationTimestamp"]))
    return str(latest["location"])
