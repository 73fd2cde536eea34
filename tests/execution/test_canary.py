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
    CanaryFlight,
    CanaryProbe,
    canary_document,
    canary_event,
    canary_id_of,
)
from videoctl.model.regions import Region

EAST, WEST = Region.US_EAST_1, Region.US_WEST_2
FLIGHT = CanaryFlight(regions=(EAST, WEST), deadline_seconds=60)


@dataclass
class Pipeline:
    """A front door, a stream and a bucket that see a canary after so many seconds."""

    clock: FakeClock
    stream_after: float = 1.0
    bucket_after: float = 12.0
    region: Region = WEST
    errors: list[Exception] = field(default_factory=list)
    posted: list[Mapping[str, Any]] = field(default_factory=list)

    def post(self, event: Mapping[str, Any]) -> None:
        """Take an event."""
        if self.errors:
            raise self.errors.pop(0)
        self.posted.append(event)

    def stream_has(self, region: Region, canary_id: str, since: datetime) -> bool:
        """Whether it is in the stream of `region` by now."""
        return self._has(region, canary_id, since, self.stream_after)

    def bucket_has(self, region: Region, canary_id: str, since: datetime) -> bool:
        """Whether it is in the bucket of `region` by now."""
        return self._has(region, canary_id, since, self.bucket_after)

    def _has(self, region: Region, canary_id: str, since: datetime, after: float) -> bool:
        assert since == world.NOW
        was_posted = any(event["event_id"] == canary_id for event in self.posted)
        return was_posted and region is self.region and self.clock.elapsed >= after


def fly(pipeline: Pipeline, *, stopped: bool = False) -> Any:
    """Send one canary through."""
    probe = CanaryProbe(pipeline, pipeline, pipeline.clock, lambda: stopped)
    return probe.fly("plan-1/send-canary", FLIGHT, lambda *_, **__: None)


def test_a_canary_is_seen_at_every_hop_with_its_latency() -> None:
    """Front door, stream and bucket in order, the region it came out in, milliseconds since."""
    result = fly(Pipeline(FakeClock()))
    assert result.complete
    seen = [(hop.hop, hop.region, hop.latency_ms) for hop in result.hops if hop.seen]
    assert seen == [
        ("front-door", None, 0),
        ("raw-stream", WEST, 1000),
        ("raw-bucket", WEST, 12000),
    ]


def test_hops_that_carry_no_canary_do_not_apply_and_say_why() -> None:
    """What is behind the raw stream is neither seen nor lost."""
    result = fly(Pipeline(FakeClock()))
    beyond = [hop for hop in result.hops if hop.seen is None]
    assert [hop.hop for hop in beyond] == ["flink", "session-stream", "session-store"]
    assert all(hop.reason for hop in beyond)


def test_a_lost_canary_names_the_hop_it_did_not_pass() -> None:
    """Past the deadline the first hop that did not see it is told; later ones are not looked at."""
    pipeline = Pipeline(FakeClock(), stream_after=10**6)
    result = fly(pipeline)
    assert not result.complete
    assert [hop.hop for hop in result.hops if hop.seen is False] == ["raw-stream", "raw-bucket"]
    assert pipeline.clock.elapsed == pytest.approx(60, abs=1)


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
    pipeline = Pipeline(FakeClock(), stream_after=10**6)
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
    for pipeline in (Pipeline(FakeClock()), Pipeline(FakeClock(), stream_after=10**6)):
        document = {"schema": "videoctl/canary/v1", **canary_document(fly(pipeline))}
        validate(json.loads(json.dumps(document)))
