"""The state of an environment in one word, hop by hop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes import world
from tests.fakes.strategies import PENDING
from videoctl.model.regions import Region
from videoctl.model.specification import TrafficClass
from videoctl.planning.observation import (
    ABSENT,
    ObservedEnvironment,
    ObservedRegion,
    ObservedTargets,
)
from videoctl.planning.observed_flink import UNREADABLE, ObservedApplication, ObservedJob
from videoctl.planning.status import (
    EnvironmentState,
    HopState,
    LastRun,
    end_state,
    environment_status,
)

SPEC = world.specification()
EAST = Region.US_EAST_1
CREATING = LastRun(action="create", outcome=None, is_running=True)
DESTROYING = LastRun(action="destroy", outcome=None, is_running=True)
CRASHED = LastRun(action="create", outcome=None, is_running=False)
DONE = LastRun(action="create", outcome="done", is_running=False)
DEGRADED = world.in_region(
    world.ready(SPEC), EAST, targets=ObservedTargets(healthy_count=0, total_count=2)
)


@pytest.mark.parametrize(
    ("observed", "last_run", "state"),
    [
        (world.absent(SPEC), None, EnvironmentState.ABSENT),
        (world.absent(SPEC), CREATING, EnvironmentState.CREATING),
        (world.ready(SPEC), DONE, EnvironmentState.READY),
        (world.ready(SPEC), DESTROYING, EnvironmentState.DESTROYING),
        (DEGRADED, DONE, EnvironmentState.DEGRADED),
        (DEGRADED, CRASHED, EnvironmentState.FAILED),
    ],
)
def test_states(
    observed: ObservedEnvironment, last_run: LastRun | None, state: EnvironmentState
) -> None:
    """Each state follows from what is seen and from the last run."""
    assert environment_status(SPEC, observed, last_run=last_run).state is state


def test_what_could_not_be_read_is_named() -> None:
    """Also Timestream, whose refusal is an answer and not an error."""
    observed = replace(
        world.in_region(world.ready(SPEC), EAST, timestream_access="denied"),
        unreadable=("streams in us-east-1: kinesis:DescribeStreamSummary",),
    )
    status = environment_status(SPEC, observed, last_run=DONE)
    assert len(status.unreadable) == 2
    assert "timestream:ListDatabases" in status.unreadable[1]
    for line in status.unreadable:
        assert f"could not be read: {line}" in status.open_items


def test_a_job_that_could_not_be_read_is_named_and_its_hop_unknown() -> None:
    """RUNNING alone is no proof; what was refused or throttled is said once."""
    because = "kinesisanalyticsv2:CreateApplicationPresignedUrl in us-east-1: Rate exceeded"
    job = ObservedJob(state=UNREADABLE, reason=because)
    status = environment_status(
        SPEC, world.in_region(world.ready(SPEC), EAST, job=job), last_run=DONE
    )
    assert status.state is EnvironmentState.DEGRADED
    assert status.unreadable == (f"flink-job in us-east-1: {because}",)
    assert status.open_items == (f"could not be read: flink-job in us-east-1: {because}",)
    (hop,) = (one for one in status.hops if (one.hop, one.region) == ("flink", EAST))
    assert hop.state is HopState.UNKNOWN
    assert because in (hop.reason or "")


def test_production_is_ready_except_for_the_ticket() -> None:
    """Production traffic needs the Flink ticket verified; development needs none."""
    spec = world.specification(traffic_class=TrafficClass.PRODUCTION)
    status = environment_status(spec, world.ready(spec), last_run=DONE)
    assert status.state is EnvironmentState.READY_EXCEPT_TICKET
    assert any("ticket" in item for item in status.open_items)
    verified = environment_status(spec, world.ready(spec), last_run=DONE, ticket="verified")
    assert verified.state is EnvironmentState.READY
    assert environment_status(SPEC, world.ready(SPEC)).ticket == "not-needed"


def test_ready_by_specification_is_not_applicable() -> None:
    """An application that is meant to be READY degrades nothing."""
    spec = world.specification(flink="READY")
    start = world.ready(spec)
    for region in spec.regions:
        start = world.in_region(start, region, application=ObservedApplication(status="READY"))
    status = environment_status(spec, start)
    assert status.state is EnvironmentState.READY
    flink = [hop for hop in status.hops if hop.hop == "flink"]
    assert {hop.state for hop in flink} == {HopState.NOT_APPLICABLE}
    assert {hop.reason for hop in flink} == {"READY by specification"}


def test_pending_operations_are_never_ready() -> None:
    """All hops up but an interrupted operation: degraded, and said."""
    start = world.ready(SPEC)
    assert start.stack is not None
    stack = replace(start.stack, pending_operations=(PENDING,), fingerprint=None)
    status = environment_status(SPEC, replace(start, stack=stack))
    assert status.state is EnvironmentState.DEGRADED
    assert "1 resource operations were interrupted" in status.open_items


def test_what_could_not_be_read_is_unknown() -> None:
    """A region nobody could look into is unknown hop by hop, and named; it is not absent."""
    start = world.ready(SPEC)
    blind = replace(
        start,
        regions=(start.regions[0], ObservedRegion(region=Region.US_WEST_2)),
        unreadable=("service in us-west-2: no connection",),
    )
    status = environment_status(SPEC, blind)
    west = {hop.state for hop in status.hops if hop.region is Region.US_WEST_2}
    assert west == {HopState.UNKNOWN}
    assert status.state is EnvironmentState.DEGRADED
    assert "could not be read: service in us-west-2: no connection" in status.open_items


def test_rates_are_null_until_they_are_measured() -> None:
    """Unknown is null, never 0."""
    hops = environment_status(SPEC, world.ready(SPEC)).hops
    assert {(hop.rate_per_second, hop.lag_seconds) for hop in hops} == {(None, None)}
    assert {hop.seen_at for hop in hops} == {world.NOW}


def test_the_end_state_names_what_is_missing() -> None:
    """A run's end state lists what is not as it should be."""
    start = world.in_region(world.ready(SPEC), EAST, event_source_mapping_state=ABSENT)
    left = end_state(SPEC, start, CRASHED)
    assert left["state"] == "failed"
    assert "missing: event source mapping in us-east-1" in left["open_items"]


def test_many_failed_looks_are_told_as_one() -> None:
    """An unreachable endpoint is one open item and its reason, not one for each thing looked at."""
    lines = tuple(f"{what}: cannot be reached" for what in ("streams", "record", "stack"))
    seen = replace(world.absent(SPEC), accelerator=None, unreadable=lines)
    items = environment_status(SPEC, seen, last_run=DONE).open_items
    assert items[:2] == (
        "could not be read: streams, record, stack",
        "the first of these failed with: cannot be reached",
    )
    assert not any("unknown" in item for item in items)
    one = environment_status(SPEC, replace(seen, unreadable=lines[:1]), last_run=DONE).open_items
    assert "could not be read: streams: cannot be reached" in one
