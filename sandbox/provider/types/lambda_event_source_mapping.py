"""Event source mappings: what Lambda polls, and whether it does."""

from __future__ import annotations

from typing import Any, Final

from sandbox.provider.framework import Context, Properties, ResourceType, resource, tag_changes
from sandbox.provider.mapping import (
    TIMESTAMP,
    Field,
    Table,
    declared,
    rfc3339,
    rules_of,
    to_members,
    to_properties,
)
from sandbox.provider.waits import await_absence, await_status

_MAPPING: Final[Table] = (
    Field("eventSourceArn", "EventSourceArn"),
    Field("functionName", "FunctionName"),
    Field("startingPosition", "StartingPosition"),
    Field("startingPositionTimestamp", "StartingPositionTimestamp", codec=TIMESTAMP),
    Field("enabled", "Enabled", default=True),
    Field("batchSize", "BatchSize", adopted=True),
    Field("bisectBatchOnFunctionError", "BisectBatchOnFunctionError", default=False),
    Field(
        "destinationConfig",
        "DestinationConfig",
        fields=(Field("onFailure", "OnFailure", fields=(Field("destinationArn", "Destination"),)),),
    ),
    Field(
        "filterCriteria",
        "FilterCriteria",
        fields=(Field("filters", "Filters", many=True, fields=(Field("pattern", "Pattern"),)),),
    ),
    Field("functionResponseTypes", "FunctionResponseTypes", unordered=True),
    Field("kmsKeyArn", "KMSKeyArn"),
    Field("maximumBatchingWindowInSeconds", "MaximumBatchingWindowInSeconds", adopted=True),
    Field("maximumRecordAgeInSeconds", "MaximumRecordAgeInSeconds", adopted=True),
    Field("maximumRetryAttempts", "MaximumRetryAttempts", adopted=True),
    Field(
        "metricsConfig",
        "MetricsConfig",
        fields=(Field("metrics", "Metrics", unordered=True),),
    ),
    Field("parallelizationFactor", "ParallelizationFactor", adopted=True),
    Field(
        "scalingConfig",
        "ScalingConfig",
        fields=(Field("maximumConcurrency", "MaximumConcurrency"),),
    ),
    Field("tumblingWindowInSeconds", "TumblingWindowInSeconds", adopted=True),
)
_FIXED: Final = ("eventSourceArn", "startingPosition", "startingPositionTimestamp")
_CLEARED: Final = {
    "DestinationConfig": {"OnFailure": {"Destination": ""}},
    "FilterCriteria": {"Filters": []},
    "FunctionResponseTypes": [],
    "KMSKeyArn": "",
    "MetricsConfig": {"Metrics": []},
    "ScalingConfig": {},
}
"""What takes a setting away: UpdateEventSourceMapping keeps what it is not given."""
_COMPUTED: Final[Table] = (
    Field("uuid", "UUID"),
    Field("arn", "EventSourceMappingArn"),
    Field("functionArn", "FunctionArn"),
    Field("lastProcessingResult", "LastProcessingResult"),
    Field("state", "State"),
    Field("stateTransitionReason", "StateTransitionReason"),
)


@resource(
    "aws:lambda/eventSourceMapping:EventSourceMapping",
    replace_on=_FIXED,
    supports=tuple(field.property for field in _MAPPING),
    volatile=("state", "stateTransitionReason", "lastModified", "functionArn"),
    **rules_of(_MAPPING),
)
class EventSourceMapping(ResourceType):
    """A mapping from a stream or queue to a function; its id is its UUID."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Creates, and waits until Lambda polls (or, when not enabled, does not)."""
        tags = {"Tags": inputs["tagsAll"]} if inputs.get("tagsAll") else {}
        answer = context.client("lambda").create_event_source_mapping(
            **to_members(_MAPPING, inputs), **tags
        )
        context.made(answer["UUID"], _outputs(answer))
        return answer["UUID"], _settled(context, answer["UUID"])

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The mapping and its tags."""
        functions = context.client("lambda")
        outputs = _outputs(functions.get_event_source_mapping(UUID=resource_id))
        outputs["tags"] = functions.list_tags(Resource=outputs["arn"])["Tags"]
        outputs["functionName"] = _function_name(outputs["functionArn"], inputs)
        return declared(_MAPPING, outputs, inputs), outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Everything but source and starting position, in one call; and tags."""
        functions = context.client("lambda")
        before, after = (_changeable(props) for props in (old, new))
        if before != after:
            gone = {name: _CLEARED[name] for name in before.keys() - after.keys() & _CLEARED.keys()}
            functions.update_event_source_mapping(UUID=resource_id, **gone, **after)
        outputs = _settled(context, resource_id)
        added, removed = tag_changes(old, new)
        if added:
            functions.tag_resource(Resource=outputs["arn"], Tags=added)
        if removed:
            functions.untag_resource(Resource=outputs["arn"], TagKeys=removed)
        return outputs

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Deletes and waits until Lambda has stopped polling."""
        del outputs
        functions = context.client("lambda")
        functions.delete_event_source_mapping(UUID=resource_id)
        await_absence(
            context,
            f"event source mapping {resource_id}",
            lambda: functions.get_event_source_mapping(UUID=resource_id),
        )


def _changeable(inputs: Properties) -> dict[str, Any]:
    kept = {name: value for name, value in inputs.items() if name not in _FIXED}
    return to_members(_MAPPING, kept)


def _settled(context: Context, uuid: str) -> Properties:
    functions = context.client("lambda")

    def probe() -> tuple[str, dict[str, Any]]:
        answer = functions.get_event_source_mapping(UUID=uuid)
        return answer["State"], answer

    answer = await_status(
        context,
        f"event source mapping {uuid}",
        probe,
        wanted=("Enabled", "Disabled"),
        passing=("Creating", "Enabling", "Disabling", "Updating"),
    )
    return _outputs(answer)


def _outputs(answer: dict[str, Any]) -> Properties:
    state = answer["State"]
    return {
        **to_properties((*_MAPPING, *_COMPUTED), answer),
        "enabled": state in ("Enabled", "Enabling", "Creating"),
        "lastModified": rfc3339(answer["LastModified"]),
    }


def _function_name(arn: str, inputs: Properties) -> str:
    """The function as the program names it, by name or by ARN, if it is still the same one."""
    recorded = inputs.get("functionName") or ""
    return recorded if recorded and f":{arn}".endswith(f":{recorded}") else arn
