"""Managed Service for Apache Flink applications."""

from __future__ import annotations

from typing import Any, Final

from sandbox.provider.failures import ProviderError
from sandbox.provider.framework import (
    Context,
    Properties,
    ResourceType,
    key_value_tags,
    resource,
    tag_changes,
    tags_from_pairs,
)
from sandbox.provider.mapping import declared, rules_of, to_members, unsupported
from sandbox.provider.types.kinesisanalyticsv2_shapes import (
    APPLICATION,
    RUN,
    attachments,
    creation,
    outputs,
    updates,
)
from sandbox.provider.waits import await_absence, await_status

_SETTLED: Final = ("READY", "RUNNING")
_PASSING: Final = (
    "STARTING",
    "STOPPING",
    "FORCE_STOPPING",
    "UPDATING",
    "AUTOSCALING",
    "MAINTENANCE",
    "ROLLING_BACK",
)
_OPERATION_SECONDS: Final = 1200


@resource(
    "aws:kinesisanalyticsv2/application:Application",
    named="name",
    replace_on=("name", "description", "applicationMode"),
    volatile=("versionId", "lastUpdateTimestamp", "status"),
    **rules_of(APPLICATION),
)
class Application(ResourceType):
    """A Flink application; its id is its ARN. `startApplication` starts and stops it."""

    def validate(self, inputs: Properties) -> list[tuple[str, str]]:
        """SQL applications are not supported here."""
        reason = "the sandbox's provider does not support this property"
        given = {
            name: inputs[name]
            for name in ("applicationConfiguration", "cloudwatchLoggingOptions")
            if isinstance(inputs.get(name), dict)
        }
        return [(path, reason) for path in unsupported(APPLICATION, given)]

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Creates, and starts where asked; an application that does not start stays created."""
        flink = context.client("kinesisanalyticsv2")
        detail = flink.create_application(**creation(inputs))["ApplicationDetail"]
        arn = detail["ApplicationARN"]
        context.made(arn, outputs(detail))
        if inputs.get("startApplication"):
            detail = _start(context, inputs)
        return arn, outputs(detail)

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The application and its tags. What it was last started with is run state, no drift."""
        flink, name = context.client("kinesisanalyticsv2"), resource_id.rpartition("/")[2]
        detail = _described(flink, name)[1]
        current = outputs(detail)
        tags = flink.list_tags_for_resource(ResourceARN=detail["ApplicationARN"])["Tags"]
        current["tags"] = tags_from_pairs(tags)
        current["startApplication"] = detail["ApplicationStatus"] == "RUNNING"
        seen = declared(APPLICATION, current, inputs)
        if seen.get("applicationConfiguration"):
            recorded = inputs.get("applicationConfiguration") or {}
            run = recorded.get("runConfiguration")
            seen["applicationConfiguration"]["runConfiguration"] = run
        if inputs.get("startApplication") is not None:
            seen["startApplication"] = current["startApplication"]
        return seen, current

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """UpdateApplication, VPC and logging, tags, then start or stop; a running one restarts."""
        flink, name = context.client("kinesisanalyticsv2"), resource_id.rpartition("/")[2]
        detail = _settled(context, name)
        before = old or declared(APPLICATION, outputs(detail), new)
        detail = _configure(context, detail, before, new)
        added, removed = tag_changes(old, new)
        if added:
            flink.tag_resource(ResourceARN=resource_id, Tags=key_value_tags(added))
        if removed:
            flink.untag_resource(ResourceARN=resource_id, TagKeys=removed)
        started = new.get("startApplication")
        if started is not None and started != old.get("startApplication"):
            running = detail["ApplicationStatus"] == "RUNNING"
            if started and not running:
                detail = _start(context, new)
            elif running and not started:
                detail = _stop(context, new)
        return outputs(detail)

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Deletes a running application too; the service wants its exact creation time."""
        del outputs
        flink, name = context.client("kinesisanalyticsv2"), resource_id.rpartition("/")[2]
        created = _described(flink, name)[1]["CreateTimestamp"]
        flink.delete_application(ApplicationName=name, CreateTimestamp=created)
        await_absence(context, f"application {name}", lambda: _described(flink, name))


def _described(flink: Any, name: str) -> tuple[str, dict[str, Any]]:
    detail = flink.describe_application(ApplicationName=name)["ApplicationDetail"]
    return detail["ApplicationStatus"], detail


def _settled(context: Context, name: str) -> dict[str, Any]:
    """The application once no operation is under way."""
    flink = context.client("kinesisanalyticsv2")
    return await_status(
        context,
        f"application {name}",
        lambda: _described(flink, name),
        wanted=_SETTLED,
        passing=_PASSING,
        timeout_seconds=_OPERATION_SECONDS,
    )


def _completed(context: Context, name: str, operation_id: str | None) -> dict[str, Any]:
    """The application after an operation; its status alone does not prove success."""
    flink = context.client("kinesisanalyticsv2")

    def probe() -> tuple[str, dict[str, Any]]:
        operation = flink.describe_application_operation(
            ApplicationName=name, OperationId=operation_id
        )["ApplicationOperationInfoDetails"]
        return operation["OperationStatus"], operation

    if operation_id is None:  # a change of an application that does not run is done at once
        return _settled(context, name)
    operation = await_status(
        context,
        f"operation {operation_id} of application {name}",
        probe,
        wanted=("SUCCESSFUL", "FAILED", "CANCELLED"),
        passing=("IN_PROGRESS",),
        timeout_seconds=_OPERATION_SECONDS,
    )
    detail = _settled(context, name)
    if operation["OperationStatus"] != "SUCCESSFUL":
        failure = operation.get("OperationFailureDetails", {}).get("ErrorInfo", {})
        raise ProviderError(
            f"{operation['Operation']} of application {name} ended "
            f"{operation['OperationStatus']} and left it {detail['ApplicationStatus']}: "
            f"{failure.get('ErrorString', 'no reason given')}"
        )
    return detail


def _start(context: Context, inputs: Properties) -> dict[str, Any]:
    configuration = inputs.get("applicationConfiguration") or {}
    run = to_members(RUN, configuration.get("runConfiguration") or {})
    name = inputs["name"]
    answer = context.client("kinesisanalyticsv2").start_application(
        ApplicationName=name, RunConfiguration=run
    )
    return _expect(name, _completed(context, name, answer.get("OperationId")), "RUNNING")


def _stop(context: Context, inputs: Properties) -> dict[str, Any]:
    name = inputs["name"]
    answer = context.client("kinesisanalyticsv2").stop_application(
        ApplicationName=name, Force=bool(inputs.get("forceStop"))
    )
    return _expect(name, _completed(context, name, answer.get("OperationId")), "READY")


def _expect(name: str, detail: dict[str, Any], wanted: str) -> dict[str, Any]:
    status = detail["ApplicationStatus"]
    if status != wanted:
        raise ProviderError(f"application {name} is {status}, wanted {wanted}")
    return detail


def _configure(
    context: Context, detail: dict[str, Any], before: Properties, after: Properties
) -> dict[str, Any]:
    """Applies what differs, each call on top of the version that the one before it made."""
    flink, name = context.client("kinesisanalyticsv2"), detail["ApplicationName"]
    calls = [*attachments(detail, before, after)]
    if arguments := updates(before, after):
        calls.append(("update_application", arguments))
    for operation, arguments in calls:
        answer = getattr(flink, operation)(
            ApplicationName=name, ConditionalToken=detail["ConditionalToken"], **arguments
        )
        detail = _completed(context, name, answer.get("OperationId"))
    return detail
