"""What is the same for all types: tags, previews, half-made resources, errors, imports."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.provider import sdk
from sandbox.provider.context import CancelledError, Context, WaitTimeoutError
from sandbox.provider.failures import ProviderError, UnfinishedError
from sandbox.provider.framework import (
    Properties,
    ResourceType,
    _registry,
    resource,
    tag_changes,
)
from sandbox.provider.provider import UNFINISHED, Provider
from sandbox.provider.values import UNKNOWN

TOKEN = "aws:cloudwatch/logGroup:LogGroup"
"""A token that the SDK declares, here with a type that keeps its resources in a dict."""


class Shelf(ResourceType):
    """Resources in memory, and the calls that were made."""

    def __init__(self) -> None:
        self.things: dict[str, Properties] = {}
        self.failure: Exception | None = None
        self.half_way = False
        self.updates: list[tuple[Properties, Properties]] = []

    def validate(self, inputs: Properties) -> list[tuple[str, str]]:
        """Names have an end."""
        return [("name", "too long")] if len(str(inputs["name"])) > 64 else []

    def imported(self, context: Context, resource_id: str) -> tuple[str, Properties]:
        """Imports are asked for with a prefix."""
        return resource_id.removeprefix("import:"), {}

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Fails before or after the thing is there."""
        name = inputs["name"]
        if self.half_way:
            context.made(name, {"arn": f"arn:{name}"})
        if self.failure:
            raise self.failure
        self.things[name] = {**inputs, "tags": inputs["tagsAll"]}
        return name, {"arn": f"arn:{name}"}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """All that is on the shelf."""
        if self.failure:
            raise self.failure
        thing = self.things.get(resource_id)
        return None if thing is None else (thing, {**thing, "arn": f"arn:{resource_id}"})

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Notes what it was given."""
        if self.failure:
            raise self.failure
        self.updates.append((old, new))
        self.things[resource_id] = {**new, "tags": new["tagsAll"]}
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Takes it off the shelf."""
        if self.failure:
            raise self.failure
        del self.things[resource_id]


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """The type under the token, for the test's time."""
    made = Shelf()
    resource(
        TOKEN,
        named="name",
        replace_on=("name",),
        defaults={"skipDestroy": False},
        adopted=("logGroupClass",),
        volatile=("arn",),
        supports=("name", "namePrefix", "retentionInDays", "skipDestroy", "logGroupClass"),
    )(Shelf)
    monkeypatch.setitem(_registry, TOKEN, made)
    return made


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """A provider with default tags and no network."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    made = Provider()
    made.configure({"region": "us-east-1", "defaultTags": '{"tags": {"system": "video"}}'})
    monkeypatch.setattr(made.clients, "account_id", lambda: "123456789012")
    return made


def check(provider: Provider, **news: Any) -> tuple[Properties, list[tuple[str, str]]]:
    """Check as the engine asks for it."""
    return provider.check(TOKEN, "logs", {}, news, b"seed")


def made(provider: Provider, **news: Any) -> tuple[str, Properties, Properties]:
    """Id, inputs and outputs of a new resource."""
    inputs, faults = check(provider, **news)
    assert faults == []
    resource_id, outputs = provider.create(TOKEN, "logs", inputs)
    return resource_id, inputs, outputs


def error(code: str, operation: str = "CreateLogGroup") -> ClientError:
    """An error of AWS, as the clients leave it."""
    details = {"Code": code, "Message": "the message", "ServiceId": "CloudWatch Logs"}
    metadata = {"HTTPStatusCode": 400, "RequestId": "r-1", "RetryAttempts": 0}
    answer: Any = {"Error": details, "ResponseMetadata": metadata}
    return ClientError(answer, operation)


def test_check_fills_in_defaults(provider: Provider, shelf: Shelf) -> None:
    """Defaults, the provider's region, and the kinds that the SDK declares."""
    inputs, faults = check(provider, name="a", retentionInDays="30", kmsKeyId=None)
    assert faults == []
    assert inputs == {
        "name": "a",
        "retentionInDays": 30,
        "skipDestroy": False,
        "region": "us-east-1",
    }


def test_a_missing_name_is_made_up_and_kept(provider: Provider, shelf: Shelf) -> None:
    """A name is made of the resource's and a suffix; the next check keeps the recorded one."""
    first, _ = check(provider)
    assert first["name"].startswith("logs-")
    assert len(first["name"]) == len("logs-1234567")
    again, _ = provider.check(TOKEN, "logs", first, {}, b"another seed")
    assert again["name"] == first["name"]
    prefixed, _ = check(provider, namePrefix="x-")
    assert prefixed["name"].startswith("x-")


@pytest.mark.parametrize(
    ("news", "name", "reason"),
    [
        ({"nam": "a"}, "nam", "not expected here"),
        ({"kmsKeyId": "k"}, "kmsKeyId", "does not support"),
        ({"retentionInDays": "soon"}, "retentionInDays", "expected integer, got 'soon'"),
        ({"tags": ["a"]}, "tags", "expected map"),
        ({"name": "x" * 65}, "name", "too long"),
    ],
)
def test_faulty_inputs_are_named(
    provider: Provider, shelf: Shelf, news: Properties, name: str, reason: str
) -> None:
    """Each fault is told with its property."""
    _, faults = check(provider, **news)
    assert [fault[0] for fault in faults] == [name]
    assert reason in faults[0][1]


def test_required_inputs_are_asked_for(provider: Provider) -> None:
    """What the SDK requires has to be there."""
    token = "aws:cloudwatch/logStream:LogStream"
    _, faults = provider.check(token, "stream", {}, {"name": "a"}, b"")
    assert faults == [
        (
            "logGroupName",
            'Missing required argument. The argument "logGroupName" is required',
        )
    ]


def test_types_that_are_not_in_use_are_refused(provider: Provider) -> None:
    """A stack that needs another type is told which."""
    with pytest.raises(ProviderError, match="aws:ec2/instance:Instance"):
        provider.check("aws:ec2/instance:Instance", "x", {}, {}, b"")


def test_default_tags_are_on_every_resource(provider: Provider, shelf: Shelf) -> None:
    """The type sends its own and the default tags; a refresh tells them apart again."""
    resource_id, inputs, outputs = made(provider, name="a", tags={"Name": "a"})
    assert shelf.things["a"]["tags"] == outputs["tagsAll"] == {"Name": "a", "system": "video"}
    found = provider.read(TOKEN, "logs", resource_id, outputs, inputs)
    assert found is not None
    assert found[1]["tags"] == found[2]["tags"] == {"Name": "a"}
    shelf.things["a"]["tags"] = {"Name": "a", "system": "other", "aws:x": "1"}
    found = provider.read(TOKEN, "logs", resource_id, outputs, inputs)
    assert found is not None
    assert found[2]["tags"] == {"Name": "a", "system": "other"}


def test_changed_default_tags_are_an_update(provider: Provider, shelf: Shelf) -> None:
    """A provider with other default tags changes the resources it finds."""
    _, inputs, outputs = made(provider, name="a")
    assert provider.diff(TOKEN, outputs, inputs, inputs).changes == ()
    provider.configure({"region": "us-east-1"})
    changes = provider.diff(TOKEN, outputs, inputs, inputs).changes
    assert [(one.path, one.replaces) for one in changes] == [("tagsAll", False)]
    after = provider.update(TOKEN, "logs", "a", state=outputs, olds=inputs, news=inputs)
    assert after["tagsAll"] == {}
    assert tag_changes(*shelf.updates[0]) == ({}, ["system"])


def test_a_preview_knows_inputs_and_nothing_else(provider: Provider, shelf: Shelf) -> None:
    """What AWS computes or chooses is unknown before; after an update only what may change is."""
    inputs, _ = check(provider, name="a", tags=UNKNOWN)
    before = provider.preview_create(TOKEN, inputs)
    assert before["name"] == "a"
    assert before["arn"] is before["tagsAll"] is before["logGroupClass"] is UNKNOWN
    _, inputs, outputs = made(provider, name="a", retentionInDays=7)
    news = {**inputs, "skipDestroy": True}
    del news["retentionInDays"]
    after = provider.preview_update(TOKEN, outputs, inputs, news)
    assert after["arn"] is UNKNOWN
    assert after["skipDestroy"] is True
    assert "retentionInDays" not in after


def test_an_unknown_input_replaces_in_a_preview(provider: Provider, shelf: Shelf) -> None:
    """A name that may become another one is shown as a replacement."""
    _, inputs, outputs = made(provider, name="a")
    found = provider.diff(TOKEN, outputs, inputs, {**inputs, "name": UNKNOWN})
    assert found.replaces


def test_errors_are_worded_as_the_real_plugin_does(provider: Provider, shelf: Shelf) -> None:
    """Service, operation, status, request, code and message, and which resource it was."""
    shelf.failure = error("AccessDeniedException")
    with pytest.raises(ProviderError) as caught:
        made(provider, name="a")
    assert str(caught.value) == (
        "sdk-v2/provider2.go: sdk.helper_schema: creating Cloudwatch Log Group (logs): "
        "operation error CloudWatch Logs: CreateLogGroup, https response error StatusCode: 400, "
        "RequestID: r-1, api error AccessDeniedException: the message: "
        f"provider=aws@{sdk.sdk_version()}"
    )
    assert not isinstance(caught.value, UnfinishedError)


def test_a_half_made_resource_is_completed_by_the_next_update(
    provider: Provider, shelf: Shelf
) -> None:
    """Its state is kept, the next comparison wants an update, and that applies every input."""
    shelf.half_way, shelf.failure = True, error("ThrottlingException", "PutRetentionPolicy")
    inputs, _ = check(provider, name="a", retentionInDays=7)
    with pytest.raises(UnfinishedError) as caught:
        provider.create(TOKEN, "logs", inputs)
    state = caught.value.outputs
    assert (caught.value.resource_id, state["arn"]) == ("a", "arn:a")
    assert provider.diff(TOKEN, state, inputs, inputs).changes != ()
    shelf.failure = None
    shelf.things["a"] = {"name": "a"}
    found = provider.read(TOKEN, "logs", "a", state, inputs)
    assert found is not None
    assert found[1][UNFINISHED] is True
    after = provider.update(TOKEN, "logs", "a", state=state, olds=inputs, news=inputs)
    assert shelf.updates[0][0] == {}
    assert UNFINISHED not in after
    assert provider.diff(TOKEN, after, inputs, inputs).changes == ()


def test_an_input_taken_away_shows_what_aws_falls_back_to(provider: Provider, shelf: Shelf) -> None:
    """The outputs after such an update are AWS's, so that the next refresh sees no drift."""
    _, inputs, outputs = made(provider, name="a", retentionInDays=7)
    news = {key: value for key, value in inputs.items() if key != "retentionInDays"}
    original = shelf.update

    def update(*arguments: Any) -> Properties:
        answer = original(*arguments)
        shelf.things["a"]["retentionInDays"] = 0
        return answer

    shelf.update = update  # type: ignore[method-assign]
    after = provider.update(TOKEN, "logs", "a", state=outputs, olds=inputs, news=news)
    assert after["retentionInDays"] == 0
    found = provider.read(TOKEN, "logs", "a", after, news)
    assert found is not None
    assert found[2] == news


def test_what_is_gone_is_gone(provider: Provider, shelf: Shelf) -> None:
    """A not-found error is no error in a refresh or a deletion; any other one is."""
    _, inputs, outputs = made(provider, name="a")
    shelf.failure = error("ResourceNotFoundException")
    assert provider.read(TOKEN, "logs", "a", outputs, inputs) is None
    provider.delete(TOKEN, "logs", "a", outputs)
    shelf.failure = error("AccessDeniedException")
    with pytest.raises(ProviderError, match="reading Cloudwatch Log Group"):
        provider.read(TOKEN, "logs", "a", outputs, inputs)
    with pytest.raises(ProviderError, match="deleting Cloudwatch Log Group"):
        provider.delete(TOKEN, "logs", "a", outputs)


def test_an_import_may_name_the_region(provider: Provider, shelf: Shelf) -> None:
    """ID@REGION, as the real provider has it since version 7; the id is recorded without it."""
    made(provider, name="a", retentionInDays=7)
    found = provider.read(TOKEN, "logs", "import:a@us-west-2", {}, {})
    assert found is not None
    resource_id, outputs, inputs = found
    assert resource_id == "a"
    assert outputs["region"] == inputs["region"] == "us-west-2"
    assert inputs["retentionInDays"] == 7


def test_a_resource_recorded_without_outputs_shows_no_drift(
    provider: Provider, shelf: Shelf
) -> None:
    """A state with inputs alone (taken over after a crash) takes AWS's other values as they are."""
    _, inputs, _ = made(provider, name="a")
    shelf.things["a"]["retentionInDays"] = 0
    found = provider.read(TOKEN, "logs", "a", inputs, inputs)
    assert found is not None
    assert found[2] == inputs


def test_waits_end_in_time_and_when_cancelled(provider: Provider) -> None:
    """A wait says what it waited for; a cancelled provider waits for nothing."""
    context = Context(provider.clients, "us-east-1")
    assert context.wait(lambda: 7, until="seven") == 7
    with pytest.raises(WaitTimeoutError, match="waiting for the moon"):
        context.wait(lambda: None, until="the moon", timeout_seconds=0.1)
    provider.cancel()
    with pytest.raises(CancelledError, match="waiting for the moon"):
        Context(provider.clients, "us-east-1", cancelled=provider._cancelled).wait(
            lambda: None, until="the moon"
        )


def test_retries_are_for_the_expected_error_only(provider: Provider) -> None:
    """Another code, or the code with another message, is raised at once."""
    context = Context(provider.clients, "us-east-1")
    failures = [error("DependencyViolation"), error("DependencyViolation")]

    def action() -> str:
        if failures:
            raise failures.pop()
        return "done"

    assert context.retry(action, on=("DependencyViolation",)) == "done"
    for code, text in (("AccessDenied", ""), ("DependencyViolation", "another message")):
        failures.append(error(code))
        with pytest.raises(ClientError, match=code):
            context.retry(action, on=("DependencyViolation",), containing=text)
        assert failures == []
