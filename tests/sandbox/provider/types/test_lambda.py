"""Functions, event source mappings and permissions: what the common tests do not show."""

from __future__ import annotations

import boto3
import pytest

from sandbox.provider.failures import ProviderError
from tests.sandbox.provider.samples import Made, Properties, World, unique
from tests.sandbox.provider.samples.functions import FUNCTION, OBJECT, function
from tests.sandbox.provider.samples.streams import stream

pytestmark = pytest.mark.sandbox
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
PERMISSION = "aws:lambda/permission:Permission"


@pytest.fixture
def functions(world: World):
    """A client of the sandbox's Lambda."""
    return boto3.client("lambda", region_name=world.provider.configuration.region)


def _update(world: World, made: Made, news: Properties) -> None:
    news, faults = world.provider.check(made.token, "sample", made.inputs, news, b"")
    assert faults == []
    made.outputs = world.provider.update(
        made.token, "sample", made.id, state=made.outputs, olds=made.inputs, news=news
    )
    made.inputs = news


def _mapping(world: World, **inputs: object) -> Made:
    given = {
        "eventSourceArn": stream(world).id,
        "functionName": function(world)["name"],
        "startingPosition": "LATEST",
    }
    return world.make(MAPPING, given | inputs)


def test_new_code_is_an_update_in_place(world: World, functions) -> None:
    """Another key of the package changes the code and leaves the configuration as it is."""
    made = function(world)
    before = made["codeSha256"]
    archive = world.make(
        OBJECT,
        {
            "bucket": made["s3Bucket"],
            "key": "new.zip",
            # an empty zip: its end-of-directory record alone
            "contentBase64": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==",
        },
    )
    news = {**made.inputs, "s3Key": archive["key"]}
    assert not world.provider.diff(FUNCTION, made.outputs, made.inputs, news).replaces
    _update(world, made, news)
    assert made["codeSha256"] != before
    configuration = functions.get_function_configuration(FunctionName=made["name"])
    assert configuration["CodeSha256"] == made["codeSha256"]
    assert configuration["MemorySize"] == 256


def test_settings_taken_out_of_the_program_are_taken_away(world: World, functions) -> None:
    """Environment and description do not linger once the program no longer has them."""
    made = function(world, description="writes sessions")
    news = {k: v for k, v in made.inputs.items() if k not in ("environment", "description")}
    _update(world, made, news)
    configuration = functions.get_function_configuration(FunctionName=made["name"])
    assert configuration.get("Environment", {}).get("Variables", {}) == {}
    assert configuration["Description"] == ""


def test_a_mapping_is_switched_off_and_on(world: World, functions) -> None:
    """`enabled` is run state: changed in place, and seen as it is by a refresh."""
    made = _mapping(world)
    _update(world, made, {**made.inputs, "enabled": False})
    assert functions.get_event_source_mapping(UUID=made.id)["State"] == "Disabled"
    assert made["enabled"] is False
    functions.update_event_source_mapping(UUID=made.id, Enabled=True)
    found = world.provider.read(MAPPING, "sample", made.id, made.outputs, made.inputs)
    assert found is not None
    assert found[2]["enabled"] is True


def test_a_mapping_may_be_made_switched_off(world: World) -> None:
    """A mapping that is not enabled counts as made when it is Disabled."""
    made = _mapping(world, enabled=False)
    assert made["state"] == "Disabled"


def test_the_function_of_a_mapping_may_be_named_either_way(world: World) -> None:
    """Name and ARN of the function are the same thing to a refresh."""
    made = _mapping(world)
    found = world.provider.read(MAPPING, "sample", made.id, made.outputs, made.inputs)
    assert found is not None
    assert found[2]["functionName"] == made.inputs["functionName"]


def test_statements_of_one_function_are_apart(world: World) -> None:
    """Removing one permission leaves the other."""
    name = function(world)["name"]
    made = [
        world.make(
            PERMISSION,
            {
                "statementId": unique("statement"),
                "action": "lambda:InvokeFunction",
                "function": name,
                "principal": "s3.amazonaws.com",
                "sourceArn": f"arn:aws:s3:::bucket-{number}",
            },
        )
        for number in (1, 2)
    ]
    first, second = made
    world.provider.delete(PERMISSION, "sample", first.id, first.outputs)
    world.forget(first)
    assert world.provider.read(PERMISSION, "sample", first.id, first.outputs, first.inputs) is None
    kept = world.provider.read(PERMISSION, "sample", second.id, second.outputs, second.inputs)
    assert kept is not None
    assert kept[2]["sourceArn"] == "arn:aws:s3:::bucket-2"


def test_a_function_of_that_name_is_not_taken_over(world: World) -> None:
    """A second resource of the same name fails with Lambda's words."""
    made = function(world)
    with pytest.raises(ProviderError, match="ResourceConflictException"):
        world.make(FUNCTION, made.inputs)
