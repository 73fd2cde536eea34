"""A Flink application's configuration in its four spellings.

The SDK's properties; CreateApplication's members; UpdateApplication's, each with the suffix
`Update`; DescribeApplication's, most with the suffix `Description`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.framework import Properties, key_value_tags
from sandbox.provider.mapping import Field, Table, rfc3339, to_members, to_properties

if TYPE_CHECKING:
    from collections.abc import Iterator

_RENAMED: Final = {
    "EnvironmentPropertyDescriptions": "EnvironmentProperties",
    "PropertyGroupDescriptions": "PropertyGroups",
    "S3ApplicationCodeLocationDescription": "S3ContentLocation",
    "VpcConfigurationDescriptions": "VpcConfigurations",
}
"""Members of a description whose name is not the creation's with `Description` at its end."""
_SEPARATE: Final = ("runConfiguration", "vpcConfiguration", "environmentProperties")
"""Blocks of the configuration that UpdateApplication takes in a form of their own."""

_CODE: Final[Table] = (
    Field("codeContentType", "CodeContentType"),
    Field(
        "codeContent",
        "CodeContent",
        fields=(
            Field(
                "s3ContentLocation",
                "S3ContentLocation",
                fields=(
                    Field("bucketArn", "BucketARN"),
                    Field("fileKey", "FileKey"),
                    Field("objectVersion", "ObjectVersion"),
                ),
            ),
            Field("textContent", "TextContent"),
        ),
    ),
)
_CONFIGURATION_TYPE: Final = Field("configurationType", "ConfigurationType", adopted=True)
_FLINK: Final[Table] = (
    Field(
        "checkpointConfiguration",
        "CheckpointConfiguration",
        adopted=True,
        fields=(
            _CONFIGURATION_TYPE,
            Field("checkpointInterval", "CheckpointInterval", adopted=True),
            Field("checkpointingEnabled", "CheckpointingEnabled", adopted=True),
            Field("minPauseBetweenCheckpoints", "MinPauseBetweenCheckpoints", adopted=True),
        ),
    ),
    Field(
        "monitoringConfiguration",
        "MonitoringConfiguration",
        adopted=True,
        fields=(
            _CONFIGURATION_TYPE,
            Field("logLevel", "LogLevel", adopted=True),
            Field("metricsLevel", "MetricsLevel", adopted=True),
        ),
    ),
    Field(
        "parallelismConfiguration",
        "ParallelismConfiguration",
        adopted=True,
        fields=(
            _CONFIGURATION_TYPE,
            Field("autoScalingEnabled", "AutoScalingEnabled", adopted=True),
            Field("parallelism", "Parallelism", adopted=True),
            Field("parallelismPerKpu", "ParallelismPerKPU", adopted=True),
        ),
    ),
)
RUN: Final[Table] = (
    Field(
        "applicationRestoreConfiguration",
        "ApplicationRestoreConfiguration",
        fields=(
            Field("applicationRestoreType", "ApplicationRestoreType"),
            Field("snapshotName", "SnapshotName"),
        ),
    ),
    Field(
        "flinkRunConfiguration",
        "FlinkRunConfiguration",
        fields=(Field("allowNonRestoredState", "AllowNonRestoredState"),),
    ),
)
_VPC: Final[Table] = (
    Field("securityGroupIds", "SecurityGroupIds", unordered=True),
    Field("subnetIds", "SubnetIds", unordered=True),
    Field("vpcConfigurationId", "VpcConfigurationId", computed=True),
    Field("vpcId", "VpcId", computed=True),
)
CONFIGURATION: Final[Table] = (
    Field("applicationCodeConfiguration", "ApplicationCodeConfiguration", fields=_CODE),
    Field(
        "applicationEncryptionConfiguration",
        "ApplicationEncryptionConfiguration",
        default={"keyType": "AWS_OWNED_KEY"},
        fields=(Field("keyType", "KeyType"), Field("keyId", "KeyId")),
    ),
    Field(
        "applicationSnapshotConfiguration",
        "ApplicationSnapshotConfiguration",
        adopted=True,
        fields=(Field("snapshotsEnabled", "SnapshotsEnabled"),),
    ),
    Field(
        "environmentProperties",
        "EnvironmentProperties",
        fields=(
            Field(
                "propertyGroups",
                "PropertyGroups",
                many=True,
                unordered=True,
                fields=(
                    Field("propertyGroupId", "PropertyGroupId"),
                    Field("propertyMap", "PropertyMap"),
                ),
            ),
        ),
    ),
    Field(
        "flinkApplicationConfiguration",
        "FlinkApplicationConfiguration",
        fields=_FLINK,
        adopted=True,
    ),
    Field("runConfiguration", "RunConfiguration", fields=RUN, adopted=True),
    Field("vpcConfiguration", "VpcConfiguration", fields=_VPC),
)
APPLICATION: Final[Table] = (
    Field("name", "ApplicationName"),
    Field("description", "ApplicationDescription"),
    Field("runtimeEnvironment", "RuntimeEnvironment"),
    Field("serviceExecutionRole", "ServiceExecutionRole"),
    Field("applicationMode", "ApplicationMode", adopted=True),
    Field("applicationConfiguration", "Configuration", fields=CONFIGURATION, adopted=True),
    Field(
        "cloudwatchLoggingOptions",
        "CloudWatchLoggingOption",
        fields=(
            Field("logStreamArn", "LogStreamARN"),
            Field("cloudwatchLoggingOptionId", "CloudWatchLoggingOptionId", computed=True),
        ),
    ),
)


def creation(inputs: Properties) -> dict[str, Any]:
    """The arguments of CreateApplication."""
    members = to_members(APPLICATION, inputs)
    configuration = members.pop("Configuration", {})
    configuration.pop("RunConfiguration", None)  # belongs to StartApplication
    if vpc := configuration.pop("VpcConfiguration", None):
        configuration["VpcConfigurations"] = [vpc]
    if configuration:
        members["ApplicationConfiguration"] = configuration
    if logging := members.pop("CloudWatchLoggingOption", None):
        members["CloudWatchLoggingOptions"] = [logging]
    if tags := inputs.get("tagsAll"):
        members["Tags"] = key_value_tags(tags)
    return members


def updates(before: Properties, after: Properties) -> dict[str, Any]:
    """The arguments of UpdateApplication for what differs; empty when nothing does.

    VPC and logging, which it cannot add or remove, are not among them.
    """
    arguments: dict[str, Any] = {}
    for name, member in (
        ("runtimeEnvironment", "RuntimeEnvironmentUpdate"),
        ("serviceExecutionRole", "ServiceExecutionRoleUpdate"),
    ):
        if before.get(name) != after[name]:
            arguments[member] = after[name]
    old, new = (props.get("applicationConfiguration") or {} for props in (before, after))
    changed = {
        name: new.get(name) for name in new.keys() | old.keys() if old.get(name) != new.get(name)
    }
    plain = {name: value for name, value in changed.items() if value and name not in _SEPARATE}
    configuration = _suffixed(to_members(CONFIGURATION, plain))
    if "environmentProperties" in changed:
        groups = to_members(CONFIGURATION, changed).get("EnvironmentProperties")
        configuration["EnvironmentPropertyUpdates"] = groups or {"PropertyGroups": []}
    if configuration:
        arguments["ApplicationConfigurationUpdate"] = configuration
    if run := changed.get("runConfiguration"):
        arguments["RunConfigurationUpdate"] = to_members(RUN, run)
    return arguments


def attachments(
    detail: dict[str, Any], before: Properties, after: Properties
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Calls (operation, arguments) that add, change or take away network and log stream."""
    old, new = (_attached(props) for props in (before, after))
    vpcs = detail.get("ApplicationConfigurationDescription", {}).get("VpcConfigurationDescriptions")
    if old["vpc"] != new["vpc"]:
        yield from _vpc_calls(vpcs[0]["VpcConfigurationId"] if vpcs else None, new["vpc"])
    logs = detail.get("CloudWatchLoggingOptionDescriptions")
    if old["log"] != new["log"]:
        option = logs[0]["CloudWatchLoggingOptionId"] if logs else None
        yield from _logging_calls(option, new["log"])


def _attached(properties: Properties) -> dict[str, Any]:
    vpc = (properties.get("applicationConfiguration") or {}).get("vpcConfiguration") or {}
    ids = {name: sorted(vpc.get(name, ())) for name in ("subnetIds", "securityGroupIds")}
    log = (properties.get("cloudwatchLoggingOptions") or {}).get("logStreamArn")
    return {"vpc": ids if any(ids.values()) else None, "log": log}


def _vpc_calls(
    known: str | None, wanted: dict[str, Any] | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    if wanted is None:
        if known:
            yield "delete_application_vpc_configuration", {"VpcConfigurationId": known}
    elif known is None:
        yield "add_application_vpc_configuration", {"VpcConfiguration": to_members(_VPC, wanted)}
    else:
        change = {
            "VpcConfigurationId": known,
            "SubnetIdUpdates": wanted["subnetIds"],
            "SecurityGroupIdUpdates": wanted["securityGroupIds"],
        }
        configuration = {"VpcConfigurationUpdates": [change]}
        yield "update_application", {"ApplicationConfigurationUpdate": configuration}


def _logging_calls(known: str | None, wanted: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    if wanted is None:
        if known:
            option = {"CloudWatchLoggingOptionId": known}
            yield "delete_application_cloud_watch_logging_option", option
    elif known is None:
        option = {"LogStreamARN": wanted}
        yield (
            "add_application_cloud_watch_logging_option",
            {"CloudWatchLoggingOption": option},
        )
    else:
        change = {"CloudWatchLoggingOptionId": known, "LogStreamARNUpdate": wanted}
        yield "update_application", {"CloudWatchLoggingOptionUpdates": [change]}


def outputs(detail: dict[str, Any]) -> Properties:
    """The SDK's outputs for DescribeApplication's answer."""
    configuration = _plain(detail.get("ApplicationConfigurationDescription", {}))
    if vpcs := configuration.pop("VpcConfigurations", None):
        configuration["VpcConfiguration"] = vpcs[0]
    members = {**detail, "Configuration": configuration}
    if logging := detail.get("CloudWatchLoggingOptionDescriptions"):
        members["CloudWatchLoggingOption"] = logging[0]
    return {
        **to_properties(APPLICATION, members),
        "arn": detail["ApplicationARN"],
        "createTimestamp": rfc3339(detail["CreateTimestamp"]),
        "lastUpdateTimestamp": rfc3339(detail["LastUpdateTimestamp"]),
        "status": detail["ApplicationStatus"],
        "versionId": detail["ApplicationVersionId"],
    }


def _suffixed(members: dict[str, Any]) -> dict[str, Any]:
    """Members of a creation in UpdateApplication's spelling."""
    return {
        f"{name}Update": _suffixed(value) if isinstance(value, dict) else value
        for name, value in members.items()
    }


def _plain(described: dict[str, Any]) -> dict[str, Any]:
    """Members of a description in the creation's spelling; items of lists have it already."""
    return {
        _RENAMED.get(name, name.removesuffix("Description")): (
            _plain(value) if isinstance(value, dict) else value
        )
        for name, value in described.items()
    }
