"""Specification against the raw stream: more shards than subtasks, and no reshard by an update."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes import flink, world
from videoctl.model.names import StreamKind
from videoctl.model.regions import Region
from videoctl.model.specification import StreamMode, StreamSpecification
from videoctl.planning.environment import plan_update
from videoctl.planning.flink_specification import (
    specified_parallelism_check,
    specified_shards_check,
)
from videoctl.planning.observation import ObservedEnvironment, ObservedStream
from videoctl.planning.plan import Verdict
from videoctl.planning.status import HopState, environment_status

EAST = Region.US_EAST_1
SPEC = world.specification(two_regions=False)
ON_DEMAND = replace(
    SPEC,
    streams=replace(SPEC.streams, raw=StreamSpecification(mode=StreamMode.ON_DEMAND)),
    flink=replace(SPEC.flink, parallelism=4),
)

WIDER = replace(SPEC, streams=replace(SPEC.streams, raw=replace(SPEC.streams.raw, shards=2)))


def seen(shards: int | None, mode: str = "PROVISIONED") -> ObservedEnvironment:
    """An environment whose raw stream has so many open shards; None: there is no stream."""
    raw = ObservedStream(
        kind=StreamKind.RAW,
        name="raw",
        status="ABSENT" if shards is None else "ACTIVE",
        open_shard_count=shards,
        mode=None if shards is None else mode,
    )
    return world.in_region(world.ready(SPEC), EAST, streams=(raw,))


@pytest.mark.parametrize(
    ("specification", "shards", "verdict"),
    [
        (SPEC, 1, Verdict.PASS),
        (SPEC, 2, Verdict.WARN),
        (SPEC, None, Verdict.PASS),
        (WIDER, None, Verdict.WARN),
        (ON_DEMAND, 4, Verdict.PASS),
        (ON_DEMAND, 8, Verdict.WARN),
        (ON_DEMAND, None, Verdict.PASS),
        (replace(ON_DEMAND, flink=SPEC.flink), None, Verdict.WARN),
    ],
)
def test_more_open_shards_than_subtasks_are_a_warning(
    specification: object, shards: int | None, verdict: Verdict
) -> None:
    """Of a stream that is there its open shards count, of one to come those it begins with."""
    check = specified_parallelism_check(specification, seen(shards), EAST)  # type: ignore[arg-type]
    assert check.verdict is verdict
    assert (check.cure is not None) == (verdict is Verdict.WARN)


@pytest.mark.parametrize(
    ("specification", "found", "verdict"),
    [
        (SPEC, seen(1), Verdict.PASS),
        (SPEC, seen(2), Verdict.FAIL),
        (SPEC, seen(None), Verdict.NOT_APPLICABLE),
        (ON_DEMAND, seen(4, "ON_DEMAND"), Verdict.NOT_APPLICABLE),
        (SPEC, seen(4, "ON_DEMAND"), Verdict.NOT_APPLICABLE),
    ],
)
def test_an_update_does_not_reshard_the_raw_stream(
    specification: object, found: ObservedEnvironment, verdict: Verdict
) -> None:
    """Another shard count in the specification is carried out by `flink reshard` alone."""
    assert specified_shards_check(specification, found, EAST).verdict is verdict  # type: ignore[arg-type]


def test_env_update_refuses_a_reshard_and_names_the_command() -> None:
    """The plan is blocked, with the command that does it without loss."""
    blockers = plan_update(SPEC, seen(2), world.request()).blockers
    cures = {blocker.check.partition(":")[0]: blocker.cure for blocker in blockers}
    assert cures.keys() == {"raw-shards"}
    assert "videoctl flink reshard --env dev --shards 1" in (cures["raw-shards"] or "")


def test_a_dead_job_makes_the_hop_down() -> None:
    """RUNNING with a failed job carries nothing, and the environment says so."""
    found = world.in_region(seen(1), EAST, application=flink.application(), job=flink.job("FAILED"))
    status = environment_status(SPEC, found)
    (hop,) = (one for one in status.hops if one.hop == "flink")
    assert hop.state is HopState.DOWN
    assert "FAILED" in (hop.reason or "")
