"""Every resource type, made, compared, refreshed, imported, changed and removed in the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.provider import sdk
from sandbox.provider.framework import all_resource_types, resource_type
from sandbox.provider.provider import Provider
from tests.sandbox.provider.samples import Made, Properties, Sample, World, all_samples

SAMPLES = all_samples()
each_type = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())
pytestmark = pytest.mark.sandbox


def _diff(provider: Provider, made: Made, news: Properties) -> dict[str, bool]:
    """The changed paths, with whether each replaces."""
    checked, faults = provider.check(made.token, "sample", made.inputs, news, b"other seed")
    assert faults == []
    found = provider.diff(made.token, made.outputs, made.inputs, checked)
    return {change.path: change.replaces for change in found.changes}


def _changed(inputs: Properties, changes: Any) -> Properties:
    merged = {**inputs, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def test_every_type_in_use_has_a_sample() -> None:
    """A type that is registered is tested."""
    assert sorted(all_resource_types()) == sorted(SAMPLES)


@each_type
def test_outputs_are_those_the_sdk_declares(sample: Sample, world: World) -> None:
    """Each declared output is there in its declared shape, or is one AWS has no value for."""
    made = world.make(sample.token, sample.inputs(world))
    declared = sdk.describe(sample.token)["outputs"]
    missing = {name for name in declared if made.outputs.get(name) is None}
    wrong = {
        name: made.outputs[name]
        for name, shape in declared.items()
        if not sdk.fits(made.outputs.get(name), shape)
    }
    assert (missing - sample.absent - sample.untold, wrong) == (set(), {})
    assert set(made.outputs) <= set(declared)


@each_type
def test_the_same_inputs_change_nothing(sample: Sample, world: World) -> None:
    """An update with unchanged inputs, with or without a refresh before it, does nothing."""
    provider = world.provider
    made = world.make(sample.token, sample.inputs(world))
    assert _diff(provider, made, made.inputs) == {}
    found = provider.read(made.token, "sample", made.id, made.outputs, made.inputs)
    assert found is not None
    resource_id, outputs, inputs = found
    assert (resource_id, inputs) == (made.id, made.inputs)
    drifted = {
        name: (made.outputs.get(name), value)
        for name, value in outputs.items()
        if (made.outputs.get(name) or None) != (value or None)
    }
    assert drifted == {}
    refreshed = Made(made.token, made.id, inputs, outputs)
    assert _diff(provider, refreshed, made.inputs) == {}


@each_type
def test_an_update_is_applied_in_place(sample: Sample, world: World) -> None:
    """What can change in place does: AWS shows it, and nothing is left to change."""
    if not sample.changes:
        pytest.skip("every input of this type needs a new resource")
    provider = world.provider
    made = world.make(sample.token, sample.inputs(world))
    news, _ = provider.check(
        made.token, "sample", made.inputs, _changed(made.inputs, sample.changes), b""
    )
    changes = _diff(provider, made, news)
    assert changes
    assert not any(changes.values())
    outputs = provider.update(
        made.token, "sample", made.id, state=made.outputs, olds=made.inputs, news=news
    )
    updated = Made(made.token, made.id, news, outputs)
    made.outputs = outputs
    assert _diff(provider, updated, news) == {}
    found = provider.read(made.token, "sample", made.id, outputs, news)
    assert found is not None
    assert found[2] == news


@each_type
def test_a_change_made_elsewhere_is_seen_as_drift(sample: Sample, world: World) -> None:
    """A refresh shows what somebody changed in AWS, and the next update puts it back."""
    if not sample.changes:
        pytest.skip("every input of this type needs a new resource")
    provider = world.provider
    made = world.make(sample.token, sample.inputs(world))
    news, _ = provider.check(
        made.token, "sample", made.inputs, _changed(made.inputs, sample.changes), b""
    )
    provider.update(made.token, "sample", made.id, state=made.outputs, olds=made.inputs, news=news)
    found = provider.read(made.token, "sample", made.id, made.outputs, made.inputs)
    assert found is not None
    _, outputs, inputs = found
    drifted = Made(made.token, made.id, inputs, outputs)
    changes = _diff(provider, drifted, made.inputs)
    seen = {path.split(".")[0].split("[")[0] for path in changes}
    # What a program leaves to AWS is no drift, whatever it is.
    left_to_aws = set(resource_type(sample.token).rules.adopted) - set(made.inputs)
    assert seen == set(sample.changes) - sample.not_imported - left_to_aws
    made.outputs = provider.update(
        made.token, "sample", made.id, state=outputs, olds=inputs, news=made.inputs
    )
    found = provider.read(made.token, "sample", made.id, made.outputs, made.inputs)
    assert found is not None
    assert found[2] == made.inputs


@each_type
def test_what_cannot_change_in_place_replaces(sample: Sample, world: World) -> None:
    """Each input that AWS fixes at creation asks for another resource."""
    made = world.make(sample.token, sample.inputs(world))
    for name, value in sample.replacements.items():
        changes = _diff(world.provider, made, {**made.inputs, name: value})
        assert any(changes.values()), f"{name} does not replace: {changes}"


@each_type
def test_an_import_finds_the_inputs(sample: Sample, world: World) -> None:
    """Reading by id alone gives the inputs the program had, but for those AWS does not tell."""
    provider = world.provider
    made = world.make(sample.token, sample.inputs(world))
    found = provider.read(made.token, "sample", sample.import_id(made), {}, {})
    assert found is not None
    resource_id, _, inputs = found
    assert resource_id == made.id
    known = {name: value for name, value in made.inputs.items() if name not in sample.not_imported}
    recorded = Made(made.token, made.id, inputs, found[1])
    changes = _diff(provider, recorded, {**inputs, **known})
    assert changes == {}
    lost = set(known) - set(inputs)
    assert lost == set()


@each_type
def test_a_removed_resource_is_gone(sample: Sample, world: World) -> None:
    """Delete removes it, a refresh then finds nothing, and a second delete is no error."""
    provider = world.provider
    made = world.make(sample.token, sample.inputs(world))
    provider.delete(made.token, "sample", made.id, made.outputs)
    world.forget(made)
    found = provider.read(made.token, "sample", made.id, made.outputs, made.inputs)
    assert found is None or (sample.reverts and found[2] != made.inputs)
    provider.delete(made.token, "sample", made.id, made.outputs)
