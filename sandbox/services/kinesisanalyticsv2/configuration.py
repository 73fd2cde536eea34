"""An application's configuration: rules, defaults, changes, and how it is described.

It is kept in the spelling of CreateApplication. UpdateApplication adds `Update` to each member,
DescribeApplication adds `Description` to most.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from sandbox.protocol.errors import ServiceError

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json

_DEFAULTS: Final[dict[str, Json]] = {
    "CheckpointConfiguration": {
        "CheckpointingEnabled": True,
        "CheckpointInterval": 60_000,
        "MinPauseBetweenCheckpoints": 5_000,
    },
    "MonitoringConfiguration": {"MetricsLevel": "APPLICATION", "LogLevel": "INFO"},
    "ParallelismConfiguration": {
        "Parallelism": 1,
        "ParallelismPerKPU": 1,
        "AutoScalingEnabled": True,
    },
}
_WORDS: Final = {
    "CheckpointConfiguration": "checkpoint",
    "MonitoringConfiguration": "monitoring",
    "ParallelismConfiguration": "parallelism",
}
_MOST_PARALLELISM_PER_KPU: Final = 8
_MOST_KPUS: Final = 64
_RETIRED: Final = frozenset(
    {
        "FLINK-1_6", "FLINK-1_8", "FLINK-1_11", "FLINK-1_13",
        "ZEPPELIN-FLINK-1_0", "ZEPPELIN-FLINK-2_0",
    }
)  # fmt: skip


def check_runtime(runtime: str) -> None:
    """Raise for runtimes the service, or the sandbox, does not run."""
    if runtime == "SQL-1_0":
        raise _unsupported(
            "CreateApplication is not supported for SQL applications in this Region. You can use "
            "KDA Studio to build streaming applications with Flink SQL."
        )
    if runtime in _RETIRED:
        raise _unsupported(f"Runtime {runtime} is deprecated.")
    if not runtime.startswith("FLINK-"):
        raise _unsupported(f"The sandbox runs no Studio notebooks ({runtime}).")


def check(configuration: Json) -> None:
    """Raise `ServiceError` for what the service refuses in an ApplicationConfiguration."""
    for member in ("SqlApplicationConfiguration", "ZeppelinApplicationConfiguration"):
        if member in configuration:
            raise _invalid(f"{member} is not supported for this runtime.")
    _check_flink(configuration.get("FlinkApplicationConfiguration", {}))
    groups = configuration.get("EnvironmentProperties", {}).get("PropertyGroups", [])
    seen: set[str] = set()
    for group in groups:
        if group["PropertyGroupId"] in seen:
            raise _invalid(f"Found a duplicate PropertyGroupId : '{group['PropertyGroupId']}'.")
        seen.add(group["PropertyGroupId"])
    code = configuration.get("ApplicationCodeConfiguration")
    if code is not None:
        _check_code(code)
    encryption = configuration.get("ApplicationEncryptionConfiguration", {})
    if encryption.get("KeyType") == "CUSTOMER_MANAGED_KEY" and not encryption.get("KeyId"):
        raise _invalid("KeyId is required when KeyType is CUSTOMER_MANAGED_KEY.")


def _check_flink(flink: Json) -> None:
    for member, defaults in _DEFAULTS.items():
        given = flink.get(member, {})
        if given.get("ConfigurationType") == "DEFAULT" and given.keys() & defaults.keys():
            raise _invalid(
                f"You are trying to provide custom values for the {_WORDS[member]} configuration. "
                "Please use ConfigurationType as CUSTOM"
            )
    parallelism = effective(flink, "ParallelismConfiguration")
    per_kpu = parallelism["ParallelismPerKPU"]
    if per_kpu > _MOST_PARALLELISM_PER_KPU:
        raise _invalid(
            f"FlinkApplicationParallelismPerKPU {per_kpu} should not be larger than the supported "
            f"limit {_MOST_PARALLELISM_PER_KPU}"
        )
    kpus = math.ceil(parallelism["Parallelism"] / per_kpu)
    if kpus > _MOST_KPUS:
        raise ServiceError(
            "LimitExceededException",
            f"The application needs {kpus} KPUs, the limit of this account is {_MOST_KPUS}.",
        )


def _check_code(code: Json) -> None:
    content = code.get("CodeContent", {})
    if not content:
        raise _invalid(
            "You have provided an empty CodeContent. Please provide a valid CodeContent."
        )
    if code["CodeContentType"] == "ZIPFILE" and "TextContent" in content:
        raise _invalid(
            "You have provided ZIPFILE code content type, but have provided other code contents. "
            "Please specify either ZipFileContent or S3ContentLocation."
        )
    if code["CodeContentType"] == "PLAINTEXT":
        raise _invalid("PLAINTEXT code is not supported for Flink applications.")


def effective(flink: Json, member: str) -> Json:
    """One block of the Flink configuration with the service's defaults."""
    given = flink.get(member, {})
    return {"ConfigurationType": "DEFAULT", **_DEFAULTS[member], **given}


def current_parallelism(record: Json) -> int:
    """What the job runs with: where the service scaled it, else what was configured."""
    flink = record["configuration"].get("FlinkApplicationConfiguration", {})
    configured = effective(flink, "ParallelismConfiguration")["Parallelism"]
    return int(record.get("current_parallelism") or configured)


def kpus(record: Json) -> int:
    """Kinesis Processing Units of the job, without the one for orchestration."""
    flink = record["configuration"].get("FlinkApplicationConfiguration", {})
    per_kpu: int = effective(flink, "ParallelismConfiguration")["ParallelismPerKPU"]
    return math.ceil(current_parallelism(record) / per_kpu)


def updated(configuration: Json, update: Json) -> Json:
    """`configuration` after an ApplicationConfigurationUpdate; both are left as they are."""
    change = _without_suffix(update)
    change.pop("VpcConfigurations", None)
    result = _merged(configuration, change)
    # DEFAULT takes back the custom values that were there.
    flink_change = change.get("FlinkApplicationConfiguration", {})
    for member, given in flink_change.items():
        if given.get("ConfigurationType") == "DEFAULT":
            result["FlinkApplicationConfiguration"][member] = given
    if "EnvironmentProperties" in change:
        result["EnvironmentProperties"] = change["EnvironmentProperties"]
    location = (
        change.get("ApplicationCodeConfiguration", {})
        .get("CodeContent", {})
        .get("S3ContentLocation")
    )
    if location is not None and "ObjectVersion" not in location:
        content = result["ApplicationCodeConfiguration"]["CodeContent"]
        content["S3ContentLocation"].pop("ObjectVersion", None)
    return result


def _without_suffix(update: Json) -> Json:
    plain: Json = {}
    for name, value in update.items():
        target = name.removesuffix("Update").removesuffix("Updates")
        if name == "EnvironmentPropertyUpdates":
            target = "EnvironmentProperties"
        elif name == "VpcConfigurationUpdates":
            target = "VpcConfigurations"
        is_nested = isinstance(value, dict) and target != "EnvironmentProperties"
        plain[target] = _without_suffix(value) if is_nested else value
    return plain


def _merged(base: Json, change: Json) -> Json:
    result: Json = {**base}
    for name, value in change.items():
        old = base.get(name)
        nested = isinstance(value, dict) and isinstance(old, dict)
        result[name] = _merged(old, value) if nested and old is not None else _copied(value)
    return result


def _copied(value: Any) -> Any:
    return (
        {name: _copied(item) for name, item in value.items()} if isinstance(value, dict) else value
    )


def described(configuration: Json, code_facts: Json, vpcs: list[Json], run: Json | None) -> Json:
    """The ApplicationConfigurationDescription."""
    flink = configuration.get("FlinkApplicationConfiguration", {})
    description: Json = {
        "FlinkApplicationConfigurationDescription": {
            f"{member}Description": effective(flink, member) for member in _DEFAULTS
        },
        "ApplicationSnapshotConfigurationDescription": {
            "SnapshotsEnabled": snapshots_enabled(configuration)
        },
        "ApplicationSystemRollbackConfigurationDescription": {
            "RollbackEnabled": rollback_enabled(configuration)
        },
        "ApplicationEncryptionConfigurationDescription": encryption(configuration),
    }
    parallelism = description["FlinkApplicationConfigurationDescription"][
        "ParallelismConfigurationDescription"
    ]
    parallelism["CurrentParallelism"] = parallelism["Parallelism"]
    if "ApplicationCodeConfiguration" in configuration:
        description["ApplicationCodeConfigurationDescription"] = _described_code(
            configuration["ApplicationCodeConfiguration"], code_facts
        )
    if "EnvironmentProperties" in configuration:
        groups = configuration["EnvironmentProperties"]["PropertyGroups"]
        description["EnvironmentPropertyDescriptions"] = {"PropertyGroupDescriptions": groups}
    if vpcs:
        description["VpcConfigurationDescriptions"] = vpcs
    if run is not None:
        description["RunConfigurationDescription"] = _described_run(run)
    return description


def _described_code(code: Json, code_facts: Json) -> Json:
    content = code["CodeContent"]
    described_content: Json = {**code_facts}
    if "S3ContentLocation" in content:
        described_content["S3ApplicationCodeLocationDescription"] = content["S3ContentLocation"]
    return {
        "CodeContentType": code["CodeContentType"],
        "CodeContentDescription": described_content,
    }


def _described_run(run: Json) -> Json:
    restore = run.get("ApplicationRestoreConfiguration") or {
        "ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"
    }
    return {
        "ApplicationRestoreConfigurationDescription": restore,
        "FlinkRunConfigurationDescription": {
            "AllowNonRestoredState": run.get("FlinkRunConfiguration", {}).get(
                "AllowNonRestoredState", False
            )
        },
    }


def snapshots_enabled(configuration: Json) -> bool:
    """Whether a normal stop takes a snapshot."""
    block = configuration.get("ApplicationSnapshotConfiguration", {})
    return bool(block.get("SnapshotsEnabled", False))


def rollback_enabled(configuration: Json) -> bool:
    """Whether the service goes back by itself when an update fails."""
    block = configuration.get("ApplicationSystemRollbackConfiguration", {})
    return bool(block.get("RollbackEnabled", False))


def encryption(configuration: Json) -> Json:
    """The key that encrypts state."""
    found: Json = configuration.get(
        "ApplicationEncryptionConfiguration", {"KeyType": "AWS_OWNED_KEY"}
    )
    return found


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidArgumentException", message)


def _unsupported(message: str) -> ServiceError:
    return ServiceError("UnsupportedOperationException", message)
