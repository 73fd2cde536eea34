"""Each AWS call that makes, changes or removes a sample is refused in turn, then allowed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import botocore.endpoint
import httpx
import pytest

from sandbox.provider.failures import ProviderError, UnfinishedError
from sandbox.provider.provider import Provider
from tests.sandbox.provider.conftest import Sandbox
from tests.sandbox.provider.samples import Made, Properties, Sample, World, all_samples
from videoctl.model.permissions import iam_action

SAMPLES = all_samples()
each_type = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())
pytestmark = pytest.mark.sandbox

_READING = re.compile(r"(BatchGet|Describe|Get|Head|List)")
_REPEATABLE = re.compile(r"(Put|Set|Tag|Update)")
"""Calls that say how a thing shall be: made twice, they leave what one would."""
_BODILESS = "api error Forbidden: "
"""The answer to a HEAD request, which has no words."""
_REFUSED = re.compile(rf"AccessDenied|UnauthorizedOperation|AuthorizationError|{_BODILESS}")
_SUCCESS = range(200, 300)


@dataclass(frozen=True, order=True)
class Call:
    """One AWS call."""

    service: str
    operation: str
    region: str


@dataclass(frozen=True)
class Calls:
    """What the sandbox was asked, and what it is to refuse."""

    control: httpx.Client

    def mark(self) -> int:
        """The number of the last request."""
        count: int = self.control.get("/requests", params={"after": 2**53}).json()["count"]
        return count

    def since(self, mark: int) -> list[Call]:
        """Calls that took effect, in their order."""
        entries = self.control.get("/requests", params={"after": mark}).json()["requests"]
        return [
            Call(entry["service"], entry["operation"], entry["region"])
            for entry in entries
            if entry["fault"] is None and entry["status"] in _SUCCESS
        ]

    def of(self, action: Callable[[], Any]) -> list[Call]:
        """The distinct calls of an action, those included that are answered with an error."""
        mark = self.mark()
        action()
        entries = self.control.get("/requests", params={"after": mark}).json()["requests"]
        found = (Call(e["service"], e["operation"], e["region"]) for e in entries)
        return list(dict.fromkeys(found))

    @contextlib.contextmanager
    def fault(self, kind: str, *calls: Call, times: int | None = None) -> Iterator[None]:
        """These calls fail meanwhile; with `times`, each exactly as often."""
        for call in calls:
            added = self.control.post("/faults", json={"kind": kind, "times": times, **vars(call)})
            assert added.status_code == 200, added.text
        try:
            yield
        finally:
            left = self.control.get("/faults").json()["faults"]
            self.control.delete("/faults")
        assert times is None or left == []


@pytest.fixture
def calls(sandbox: Sandbox) -> Iterator[Calls]:
    """The sandbox's request log and faults."""
    endpoint = sandbox.environment["AWS_ENDPOINT_URL"]
    with httpx.Client(base_url=f"{endpoint}/_sandbox", timeout=30) as control:
        yield Calls(control)


@dataclass(frozen=True)
class Resource:
    """One sample's resource, as the engine drives it."""

    sample: Sample
    provider: Provider
    inputs: Properties

    def create(self) -> Made:
        """Made in one go, by a provider that has to ask first whose account it is."""
        self.provider.clients._account_id = None
        resource_id, outputs = self.provider.create(self.sample.token, "sample", self.inputs)
        return Made(self.sample.token, resource_id, self.inputs, outputs)

    def complete(self, half: Made) -> Made:
        """What the next update does with a half-made one."""
        return self.update(half, self.inputs)

    def update(self, made: Made, news: Properties) -> Made:
        """Changed in place."""
        outputs = self.provider.update(
            made.token, "sample", made.id, state=made.outputs, olds=made.inputs, news=news
        )
        return Made(made.token, made.id, news, outputs)

    def delete(self, made: Made) -> None:
        """Removed."""
        self.provider.delete(made.token, "sample", made.id, made.outputs)

    def is_gone(self, made: Made) -> bool:
        """Whether a refresh finds nothing, or AWS's own setting."""
        found = self.provider.read(made.token, "sample", made.id, made.outputs, made.inputs)
        return found is None or (self.sample.reverts and found[2] != made.inputs)

    def unlike(self, made: Made) -> list[str]:
        """How AWS and the record differ from what is wanted."""
        changes = self.provider.diff(made.token, made.outputs, made.inputs, made.inputs).changes
        found = self.provider.read(made.token, "sample", made.id, made.outputs, made.inputs)
        problems = [f"left to change: {changes}"] if changes else []
        if found is None or found[2] != made.inputs:
            problems.append(f"is {found and found[2]} and not {made.inputs}")
        return problems


@pytest.fixture
def resource(sample: Sample, world: World) -> Resource:
    """The sample's inputs, checked, with all they need in place."""
    inputs, faults = world.provider.check(sample.token, "sample", {}, sample.inputs(world), b"seed")
    assert faults == []
    return Resource(sample, world.provider, inputs)


def _unsaid(error: ProviderError, call: Call) -> list[str]:
    """What the error lacks that its reader needs."""
    text = str(error)
    problems = [] if _REFUSED.search(text) else [f"is no refusal: {text}"]
    if f": {call.operation}, " not in text:
        problems.append(f"does not name the call: {text}")
    if iam_action(call.service, call.operation) not in text and _BODILESS not in text:
        problems.append(f"does not name the action: {text}")
    return problems


@each_type
def test_a_creation_refused_at_any_call_ends_in_one_resource(
    sample: Sample, resource: Resource, calls: Calls
) -> None:
    """The call is named; what is half made is recorded and completed, what is not is made anew."""
    whole = []
    recorded = calls.of(lambda: whole.append(resource.create()))
    resource.delete(whole[0])
    maker = next(call for call in recorded if not _READING.match(call.operation))
    problems = {}
    for call in recorded:
        mark, wrong = calls.mark(), []
        half = None
        try:
            with calls.fault("deny", call):
                made = resource.create()
            wrong.append("nobody noticed")
        except UnfinishedError as error:
            half = Made(sample.token, error.resource_id, resource.inputs, error.outputs)
            wrong += _unsaid(error, call)
            made = resource.complete(half)
        except ProviderError as error:
            wrong += _unsaid(error, call)
            made = resource.create()
        done = calls.since(mark)
        if not _REPEATABLE.match(maker.operation) and done.count(maker) != 1:
            wrong.append(f"{maker} took effect {done.count(maker)} times")
        wrong += resource.unlike(made)
        resource.delete(made)
        if wrong:
            problems[call.operation] = wrong
    assert problems == {}


@each_type
def test_an_update_refused_at_any_call_can_be_repeated(
    sample: Sample, resource: Resource, calls: Calls
) -> None:
    """The call is named, and the same update afterwards brings what is wanted."""
    if not sample.changes:
        pytest.skip("every input of this type needs a new resource")
    made = resource.create()
    changed = {**made.inputs, **sample.changes}
    wanted = {key: value for key, value in changed.items() if value is not None}
    news, _ = resource.provider.check(made.token, "sample", made.inputs, wanted, b"")
    updated = []
    recorded = calls.of(lambda: updated.append(resource.update(made, news)))
    resource.delete(updated[0])
    problems = {}
    for call in recorded:
        made, wrong = resource.create(), []
        try:
            with calls.fault("deny", call):
                resource.update(made, news)
            wrong.append("nobody noticed")
        except ProviderError as error:
            wrong += _unsaid(error, call)
        made = resource.update(made, news)
        wrong += resource.unlike(made)
        resource.delete(made)
        if wrong:
            problems[call.operation] = wrong
    assert problems == {}


@each_type
def test_a_deletion_refused_at_any_call_can_be_repeated(resource: Resource, calls: Calls) -> None:
    """The call is named, and the same deletion afterwards leaves nothing."""
    made = resource.create()
    recorded = calls.of(lambda: resource.delete(made))
    problems = {}
    for call in recorded:
        made, wrong = resource.create(), []
        try:
            with calls.fault("deny", call):
                resource.delete(made)
            wrong.append("nobody noticed")
        except ProviderError as error:
            wrong += _unsaid(error, call)
        resource.delete(made)
        if not resource.is_gone(made):
            wrong.append("is still there")
        if wrong:
            problems[call.operation] = wrong
    assert problems == {}


@each_type
def test_calls_throttled_once_are_made_again(
    resource: Resource, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A creation and a deletion whose every call is throttled once are as any other."""
    monkeypatch.setattr(botocore.endpoint, "time", _Impatient)
    whole = []
    recorded = calls.of(lambda: whole.append(resource.create()))
    removing = calls.of(lambda: resource.delete(whole[0]))
    with calls.fault("throttle", *recorded, times=1):
        made = resource.create()
    assert resource.unlike(made) == []
    with calls.fault("throttle", *removing, times=1):
        resource.delete(made)
    assert resource.is_gone(made)


class _Impatient:
    """`time` for botocore's retries."""

    @staticmethod
    def sleep(_seconds: float) -> None:
        """They follow one another at once."""
