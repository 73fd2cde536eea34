"""The provider `toy`: each resource is a file in the directory TOY_CLOUD.

`control.json` there makes it misbehave: `{"fail": {NAME: TEXT}, "hang_before": NAME,
"hang_after": NAME, "slow_seconds": 0.1, "lost": [NAME]}`; the answer to the creation of what is
`lost` does not arrive, and its retry is refused. Every call that has an effect is a line in
`calls.log`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckRequest,
    CheckResponse,
    ConfigureRequest,
    ConfigureResponse,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    GetSchemaRequest,
    GetSchemaResponse,
    PropertyDiff,
    PropertyDiffKind,
    Provider,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)
from pulumi.provider.experimental.server import main

CLOUD = Path(os.environ["TOY_CLOUD"])


def control() -> dict[str, Any]:
    """What it was told to do wrong."""
    file = CLOUD / "control.json"
    return json.loads(file.read_text()) if file.exists() else {}


def note(call: str, name: str) -> None:
    """Write a call down."""
    with (CLOUD / "calls.log").open("a") as log:
        log.write(f"{call} {name}\n")


def plain(properties: dict[str, PropertyValue]) -> dict[str, Any]:
    """Values as plain Python."""
    return {key: value.value for key, value in properties.items()}


def as_values(properties: dict[str, Any]) -> dict[str, PropertyValue]:
    """Plain Python as values."""
    return {key: PropertyValue(value) for key, value in properties.items()}


class Toy(Provider):
    async def get_schema(self, request: GetSchemaRequest) -> GetSchemaResponse:
        """Tell an empty schema."""
        return GetSchemaResponse(schema="{}")

    async def check_config(self, request: CheckRequest) -> CheckResponse:
        """Accept any configuration."""
        return CheckResponse(inputs=request.new_inputs)

    async def diff_config(self, request: DiffRequest) -> DiffResponse:
        """Find no difference."""
        return DiffResponse()

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        """Accept everything."""
        return ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_resources=True, accept_outputs=True
        )

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Accept any inputs."""
        return CheckResponse(inputs=request.new_inputs)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """Compare input by input; a name cannot be changed in place."""
        keys = sorted({*request.new_inputs, *request.old_state} - {"id"})
        changed = [k for k in keys if request.old_state.get(k) != request.new_inputs.get(k)]
        replaced = [key for key in changed if key in {"name", "bucket"}]
        kinds = {
            key: PropertyDiff(
                kind=PropertyDiffKind.UPDATE_REPLACE
                if key in replaced
                else PropertyDiffKind.UPDATE,
                input_diff=True,
            )
            for key in changed
        }
        return DiffResponse(
            changes=bool(changed),
            diffs=changed,
            replaces=replaced,
            detailed_diff=kinds,
            delete_before_replace=True,
        )

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Write the resource's file."""
        if request.preview:
            return CreateResponse(resource_id="", properties=request.properties)
        inputs, told = plain(request.properties), control()
        await asyncio.sleep(told.get("slow_seconds", 0))
        if told.get("hang_before") == request.name:
            await asyncio.sleep(3600)
        if text := told.get("fail", {}).get(request.name):
            raise RuntimeError(text)
        is_named = "random" not in request.type.lower()
        identifier = inputs["name"] if is_named else f"rnd-{uuid.uuid4().hex[:8]}"
        if (CLOUD / f"{identifier}.resource").exists():
            raise RuntimeError(f"ResourceInUseException: {identifier} already exists.")
        note("create", request.name)
        (CLOUD / f"{identifier}.resource").write_text(json.dumps(inputs))
        if told.get("hang_after") == request.name:
            await asyncio.sleep(3600)
        if request.name in told.get("lost", ()):
            raise RuntimeError(f"ResourceInUseException: {identifier} already exists.")
        return CreateResponse(resource_id=identifier, properties=request.properties)

    async def read(self, request: ReadRequest) -> ReadResponse:
        """Read the resource's file."""
        note("read", request.name)
        file = CLOUD / f"{request.resource_id}.resource"
        if not file.exists():
            return ReadResponse(resource_id=None)
        found = as_values(json.loads(file.read_text()))
        return ReadResponse(resource_id=request.resource_id, properties=found, inputs=found)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Write the file anew."""
        if request.preview:
            return UpdateResponse(properties=request.news)
        if control().get("hang_before") == request.name:
            await asyncio.sleep(3600)
        note("update", request.name)
        (CLOUD / f"{request.resource_id}.resource").write_text(json.dumps(plain(request.news)))
        return UpdateResponse(properties=request.news)

    async def delete(self, request: DeleteRequest) -> None:
        """Remove the file."""
        if control().get("hang_before") == request.name:
            await asyncio.sleep(3600)
        note("delete", request.name)
        (CLOUD / f"{request.resource_id}.resource").unlink(missing_ok=True)


if __name__ == "__main__":
    main(sys.argv[1:], "1.0.0", Toy())
