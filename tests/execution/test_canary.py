"""Canaries: followed hop by hop, within a deadline, valid as players' events are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import jsonschema
import pytest

from tests.conftest import SCHEMAS, validate
from tests.fakes import world
from tests.fakes.clock import FakeClock
from videoctl.errors import FailedError, TransientError
from videoctl.execution.canary import (
    CanaryProbe,
    canary_document,
    canary_event,
    canary_id_of,
)
from videoctl.model.regions import Region
from videoctl.planning.canary import Stop, canary_route, route_seconds

EAST, WEST = Region.US_EAST_1, Region.US_WEST_2
NEVER = 10.0**6


@dataclass
class Pipeline:
    """A front door, and hops that see a canary so many seconds after it was posted."""

    clock: FakeClock
    after: Mapping[str, float] = field(default_factory=dict)
    region: Region = WEST
    errors: list[Exception] = field(default_factory=list)
    posted: list[Mapping[str, Any]] = field(default_factory=list)

    def post(self, event: Mapping[str, Any]) -> None:
        """Take an event."""
        if self.errors:
            raise self.errors.pop(0)
        self.posted.append(event)

    def sees(self, stop: Stop, region: Region, canary_id: str, since: datetime) -> bool:
        """Whether it is there by now."""
        assert since == world.NOW
        assert any(event["event_id"] == canary_id for event in self.posted)
        there = (EAST if self.region is WEST else WEST) if stop.is_replica else self.region
        return region is there and self.clock.elapsed >= self.after.get(stop.hop, 1.0)


def fly(
    pipeline: Pipeline, *, stopped: bool = False, flink: str = "RUNNING", two_regions: bool = True
) -> Any:
    """Send one canary through."""
    spec = world.specification(flink=flink, two_regions=two_regions)
    probe = CanaryProbe("dev", pipeline, pipeline, pipeline.clock, lambda: stopped)
    route = canary_route(spec, spec.regions)
    return probe.fly("plan-1/send-canary", route, lambda *_, **__: None)


def test_a_canary_is_seen_at_every_hop_with_its_latency() -> None:
    """Each hop in its own time, the region it came out in and, for replicas, the other one."""
    after = {"raw-bucket": 60.0, "raw-replica": 65.0, "flink": 3.0, "session-bucket": 64.0}
    result = fly(Pipeline(FakeClock(), {**after, "session-replica": 70.0, "session-store": 8.0}))
    assert result.complete
    assert result.lost_at is None
    assert [(hop.hop, hop.region, hop.latency_ms) for hop in result.hops] == [
        ("front-door", None, 0),
        ("raw-stream", WEST, 1000),
        ("raw-bucket", WEST, 60_000),
        ("raw-replica", EAST, 65_000),
        ("flink", WEST, 3000),
        ("session-stream", WEST, 3000),
        ("session-bucket", WEST, 64_000),
        ("session-replica", EAST, 70_000),
        ("session-store", WEST, 8000),
    ]


def test_an_environment_of_one_region_has_no_replicas() -> None:
    """The way is that of the specification."""
    result = fly(Pipeline(FakeClock(), region=EAST), two_regions=False)
    assert result.complete
    assert [hop.hop for hop in result.hops if "replica" in hop.hop] == []


def test_hops_behind_a_job_that_is_not_to_run_do_not_apply_and_say_why() -> None:
    """Without Flink what is behind the raw bucket is neither seen nor lost."""
    result = fly(Pipeline(FakeClock()), flink="READY")
    assert result.complete
    beyond = [hop for hop in result.hops if hop.seen is None]
    assert [hop.hop for hop in beyond] == [
        "flink",
        "session-stream",
        "session-bucket",
        "session-replica",
        "session-store",
    ]
    assert {hop.reason for hop in beyond} == {"the Flink application is READY by specification"}


def test_a_lost_canary_names_the_hop_it_did_not_pass() -> None:
    """At the end of that hop's time; what is behind it is not looked at, and no time waited for."""
    pipeline = Pipeline(FakeClock(), {"raw-stream": NEVER})
    result = fly(pipeline)
    assert not result.complete
    assert result.lost_at.hop == "raw-stream"
    assert result.lost_at.next_command == "videoctl env check dev"
    behind = [hop for hop in result.hops[2:] if hop.seen is False]
    assert len(behind) == 7
    assert behind[0].reason == "not looked for: raw-stream did not see it"
    assert pipeline.clock.elapsed == pytest.approx(60, abs=1)


def test_one_branch_that_is_lost_does_not_hide_the_other() -> None:
    """A job that writes nothing leaves raw objects and their replicas to be seen."""
    pipeline = Pipeline(FakeClock(), {"flink": NEVER, "raw-bucket": 60.0, "raw-replica": 400.0})
    result = fly(pipeline)
    assert result.lost_at.hop == "flink"
    assert result.lost_at.region is WEST
    assert result.lost_at.next_command == "videoctl flink status --env dev --region us-west-2"
    assert [hop.hop for hop in result.hops if hop.seen] == [
        "front-door",
        "raw-stream",
        "raw-bucket",
        "raw-replica",
    ]


def test_no_flight_takes_longer_than_its_way() -> None:
    """Each hop at its slowest: the step that waits for the flight is given that long."""
    spec = world.specification()
    after = {"front-door": 0.0, "raw-stream": 59.0, "raw-bucket": 208.0, "raw-replica": 1107.0}
    flink = {"flink": 178.0, "session-stream": 297.0, "session-bucket": 446.0}
    pipeline = Pipeline(FakeClock(), {**after, **flink, "session-replica": 1345.0})
    assert fly(pipeline).complete
    assert pipeline.clock.elapsed <= route_seconds(canary_route(spec, spec.regions))


def test_a_front_door_that_is_not_open_yet_is_tried_again() -> None:
    """Refused connections and 503 are waited for within the deadline."""
    pipeline = Pipeline(FakeClock(), errors=[TransientError("503")] * 3)
    assert fly(pipeline).complete
    assert len(pipeline.posted) == 1


def test_a_front_door_that_rejects_is_a_failure() -> None:
    """A 4xx is not waited for: the event will not become better."""
    with pytest.raises(FailedError):
        fly(Pipeline(FakeClock(), errors=[FailedError("400")]))


def test_a_request_to_stop_ends_the_flight() -> None:
    """Ctrl-C ends the looking at once."""
    pipeline = Pipeline(FakeClock(), {"raw-stream": NEVER})
    assert not fly(pipeline, stopped=True).complete
    assert pipeline.clock.elapsed == 0


def test_the_same_token_is_the_same_event() -> None:
    """A second attempt at a step posts the same id, as a player's retry does."""
    assert canary_id_of("plan-1/send-canary") == canary_id_of("plan-1/send-canary")
    assert canary_id_of("plan-2/send-canary") != canary_id_of("plan-1/send-canary")
    assert len(canary_id_of("x" * 1000)) <= 64


def test_the_event_is_valid_and_tagged() -> None:
    """The canary is an event the front door accepts, and is marked as one."""
    schema = json.loads((SCHEMAS / "contracts" / "event.schema.json").read_text())
    event = canary_event("canary-1", world.NOW)
    jsonschema.Draft202012Validator(schema).validate(event)
    assert event["canary"] is True


def test_the_document_fits_its_schema() -> None:
    """canary/v1 of a complete and of a lost flight."""
    for pipeline in (Pipeline(FakeClock()), Pipeline(FakeClock(), {"raw-stream": NEVER})):
        document = {"schema": "videoctl/canary/v1", **canary_document(fly(pipeline))}
        validate(json.loads(json.dumps(document)))
