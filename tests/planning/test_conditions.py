"""Conditions: unknown never holds, and each says what must be looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from tests.fakes import world
from videoctl.model.names import StreamKind
from videoctl.model.regions import Region
from videoctl.planning import changes, conditions, flink_conditions
from videoctl.planning.conditions import Condition, facets, holds
from videoctl.planning.observation import ObservedEnvironment, ObservedRegion

EAST = Region.US_EAST_1
SPEC = world.specification(two_regions=False)
SAMPLES: list[Condition] = [
    conditions.RecordIs(expires_at=None),
    conditions.RecordIsGone(),
    conditions.NothingPending(),
    conditions.StackLockIsFree(),
    conditions.StackIsCurrent(fingerprint=world.FINGERPRINT),
    conditions.StackIsGone(),
    conditions.ServiceIsSteady(region=EAST, desired_count=2),
    conditions.ServiceIsStopped(region=EAST),
    conditions.EventSourceMappingIs(region=EAST, state="Enabled"),
    conditions.ApplicationIs(region=EAST, status="RUNNING"),
    conditions.DeletionProtectionIsOff(),
    conditions.BucketIsEmpty(region=EAST, bucket="video-dev-raw-us-east-1-000000000000"),
    conditions.AcceleratorIsDeployed(),
    conditions.CanaryArrived(fingerprint=world.FINGERPRINT),
    conditions.Acknowledged(step="by-hand"),
    flink_conditions.ApplicationIsSettled(region=EAST),
    flink_conditions.SnapshotIsReady(region=EAST, snapshot="s"),
    flink_conditions.StateIsSaved(region=EAST, snapshot="s", since=None),
    flink_conditions.ApplicationWasStopped(region=EAST, since=None),
    flink_conditions.ApplicationWasStarted(region=EAST, since=None),
    flink_conditions.JobReads(region=EAST, since=None, every_shard=True),
    flink_conditions.ShardCountIs(region=EAST, stream=StreamKind.RAW, count=1),
    flink_conditions.ParallelismIs(region=EAST, parallelism=1),
]


def members(union: object) -> set[type]:
    """The dataclasses of a closed union."""
    return set(get_args(get_args(union)[0]))


def test_there_is_a_sample_of_every_condition() -> None:
    """The samples below cover the closed union."""
    assert {type(sample) for sample in SAMPLES} == members(Condition)


@pytest.mark.parametrize("union", [Condition, changes.Change])
def test_kinds_are_unique_and_stable(union: object) -> None:
    """Each kind is its class's name in kebab-case: journals and saved plans rely on it."""
    for member in members(union):
        kind = "".join(f"-{c.lower()}" if c.isupper() else c for c in member.__name__).lstrip("-")
        assert member.__dataclass_fields__["kind"].default == kind  # type: ignore[attr-defined]


@pytest.mark.parametrize("condition", SAMPLES, ids=lambda c: c.kind)
def test_what_was_not_looked_at_does_not_hold(condition: Condition) -> None:
    """An observation without the condition's facets, or with nothing known in them, never holds."""
    blind = ObservedEnvironment(environment="dev", observed_at=world.NOW, facets=frozenset())
    assert not holds(condition, blind)
    unknown = replace(
        blind,
        facets=facets(condition),
        regions=(ObservedRegion(region=EAST),),
        unreadable=("everything: throttled",),
    )
    assert not holds(condition, unknown)


@pytest.mark.parametrize("condition", SAMPLES, ids=lambda c: c.kind)
def test_facets_are_all_that_is_needed(condition: Condition) -> None:
    """What a condition says with its own facets it says with everything looked at."""
    for observed in (world.ready(SPEC), world.absent(SPEC)):
        narrow = replace(observed, facets=facets(condition))
        assert holds(condition, narrow) == holds(condition, observed)


def test_a_persons_word_counts_by_step() -> None:
    """Only the acknowledged step holds."""
    condition = conditions.Acknowledged(step="by-hand")
    assert holds(condition, world.absent(SPEC), frozenset({"by-hand"}))
    assert not holds(condition, world.absent(SPEC), frozenset({"another"}))


def test_an_older_canary_proves_another_build() -> None:
    """A canary counts for the build it went through, and from the moment it is asked for."""
    ready = world.ready(SPEC)
    assert holds(conditions.CanaryArrived(fingerprint=world.FINGERPRINT), ready)
    assert not holds(conditions.CanaryArrived(fingerprint="newer"), ready)
    late = conditions.CanaryArrived(fingerprint=world.FINGERPRINT, not_before=world.LATER)
    assert not holds(late, ready)
