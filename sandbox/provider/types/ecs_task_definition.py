"""ECS: task definitions. A revision never changes: every new input is another revision."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.framework import ResourceType, key_value_tags, resource, tags_from_pairs
from sandbox.provider.mapping import Field, to_members, to_properties
from sandbox.provider.types.ecs import update_tags

if TYPE_CHECKING:
    from sandbox.provider.framework import Context, Properties

_TASK: Final = (
    Field("family", "family"),
    Field("cpu", "cpu"),
    Field("memory", "memory"),
    Field("networkMode", "networkMode"),
    Field("requiresCompatibilities", "requiresCompatibilities"),
    Field("executionRoleArn", "executionRoleArn"),
    Field("taskRoleArn", "taskRoleArn"),
    Field("ipcMode", "ipcMode"),
    Field("pidMode", "pidMode"),
    Field("enableFaultInjection", "enableFaultInjection"),
    Field("ephemeralStorage", "ephemeralStorage", fields=(Field("sizeInGib", "sizeInGiB"),)),
    Field(
        "runtimePlatform",
        "runtimePlatform",
        fields=(
            Field("cpuArchitecture", "cpuArchitecture"),
            Field("operatingSystemFamily", "operatingSystemFamily"),
        ),
    ),
    Field("volumes", "volumes", many=True, fields=(Field("name", "name"),)),
)
_FIXED: Final = ("containerDefinitions", *(field.property for field in _TASK))


@resource(
    "aws:ecs/taskDefinition:TaskDefinition",
    replace_on=_FIXED,
    defaults={"skipDestroy": False, "trackLatest": False},
    documents=("containerDefinitions",),
    unordered=("requiresCompatibilities", "volumes"),
    adopted=("networkMode", "enableFaultInjection", "ephemeralStorage"),
    supports=(*_FIXED, "skipDestroy", "trackLatest"),
)
class TaskDefinition(ResourceType):
    """A revision of a family. Its id is the family; imports are asked for by ARN."""

    def validate(self, inputs: Properties) -> list[tuple[str, str]]:
        """Container definitions are a JSON list; volumes are empty ones (Fargate's own disk)."""
        faults = []
        definitions = inputs["containerDefinitions"]
        if isinstance(definitions, str):
            try:
                fine = isinstance(json.loads(definitions), list)
            except ValueError:
                fine = False
            if not fine:
                reason = "ECS Task Definition container_definitions is invalid: not a JSON list"
                faults.append(("containerDefinitions", reason))
        volumes = inputs.get("volumes") or []
        if any(isinstance(one, dict) and set(one) - {"name"} for one in volumes):
            faults.append(("volumes", "the sandbox's provider supports empty volumes only"))
        return faults

    def imported(self, context: Context, resource_id: str) -> tuple[str, Properties]:
        """The family in the ARN."""
        context.state["arn"] = resource_id
        return _family(resource_id), {}

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Registers the revision."""
        tags = key_value_tags(inputs.get("tagsAll") or {}, "key", "value")
        task = context.client("ecs").register_task_definition(
            containerDefinitions=json.loads(inputs["containerDefinitions"]),
            **to_members(_TASK, inputs),
            **({"tags": tags} if tags else {}),
        )["taskDefinition"]
        return inputs["family"], _outputs(task)

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The recorded revision, or the family's latest with `trackLatest`."""
        arn = context.state.get("arn")
        asked = resource_id if inputs.get("trackLatest") or not arn else arn
        answer = context.client("ecs").describe_task_definition(
            taskDefinition=asked, include=["TAGS"]
        )
        task = answer["taskDefinition"]
        if task["status"] != "ACTIVE":
            return None
        outputs = _outputs(task)
        outputs["tags"] = tags_from_pairs(answer.get("tags", []), "key", "value")
        if not inputs:
            return outputs, outputs
        # What is registered cannot change, and AWS adds its defaults to what the program wrote.
        drifting = {"tags": outputs["tags"]}
        return drifting, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Tags."""
        del resource_id
        update_tags(context, context.state["arn"], old, new)
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Deregisters the revision, unless it is to stay."""
        del resource_id
        if not outputs.get("skipDestroy"):
            ecs = context.client("ecs")
            ecs.deregister_task_definition(taskDefinition=outputs["arn"])


def _family(arn: str) -> str:
    return arn.rpartition("/")[2].partition(":")[0]


def _outputs(task: dict[str, Any]) -> Properties:
    arn = task["taskDefinitionArn"]
    return {
        "enableFaultInjection": False,
        **to_properties(_TASK, task),
        "arn": arn,
        "arnWithoutRevision": arn.rpartition(":")[0],
        "revision": task["revision"],
        "containerDefinitions": json.dumps(task["containerDefinitions"], sort_keys=True),
    }
