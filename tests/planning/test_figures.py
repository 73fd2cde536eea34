"""What is asked of each hop, and what the answers say: unknown is unknown, zero is measured."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.fakes import world
from videoctl.model.metrics import Datapoint, MetricQuery
from videoctl.model.names import Names
from videoctl.model.regions import Region
from videoctl.planning.figures import (
    FRESH_SECONDS,
    LOOK_BACK_SECONDS,
    SETTLED_SECONDS,
    HopMeasure,
    HopPlace,
    measures,
    questions,
)
from videoctl.planning.status import environment_status, hop_places

if TYPE_CHECKING:
    from datetime import datetime

    from videoctl.planning.figures import HopQuestions
    from videoctl.planning.observation import ObservedEnvironment

EAST, WEST = Region.US_EAST_1, Region.US_WEST_2
SPEC = world.specification()
NAMES = Names("dev", world.ACCOUNT)
NOW = world.NOW + timedelta(seconds=20)
BALANCER = (
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/video-dev-ingest/1a"
)
GROUP = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/video-dev-ingest/2b"
ACCELERATOR = "arn:aws:globalaccelerator::000000000000:accelerator/abc-1"


def seen() -> ObservedEnvironment:
    """A ready environment whose ARNs are known."""
    made = world.ready(SPEC)
    assert made.accelerator is not None
    made = replace(made, accelerator=replace(made.accelerator, arn=ACCELERATOR))
    return world.in_region(made, EAST, load_balancer_arn=BALANCER, target_group_arn=GROUP)


def asked(observed: ObservedEnvironment | None = None) -> dict[HopPlace, HopQuestions]:
    """Questions by hop."""
    observed = observed or seen()
    return {one.place: one for one in questions(hop_places(SPEC, observed), NAMES, observed)}


def ended(seconds_ago: float) -> datetime:
    """Begin of a minute that ended so long ago."""
    return NOW - timedelta(seconds=seconds_ago + 60)


def measure(hop: str, region: Region | None = EAST, **given: dict[float, float]) -> HopMeasure:
    """Figures of a hop, from values by metric name (dots as `__`) and age of the minute's end."""
    hops = asked()
    names = {name.replace("__", "."): values for name, values in given.items()}
    answers = {
        query: tuple(Datapoint(ended(age), value) for age, value in names[query.name].items())
        for query in hops[hop, region].queries()
        if query.name in names
    }
    return measures([hops[hop, region]], answers, NOW)[hop, region]


@pytest.mark.parametrize(
    ("hop", "region", "expected"),
    [
        (
            "front-door",
            None,
            {
                (WEST, "AWS/GlobalAccelerator", "NewFlowCount", "Accelerator=abc-1", "Sum"),
                (WEST, "AWS/GlobalAccelerator", "HealthyEndpointCount", "Accelerator=abc-1", "Sum"),
            },
        ),
        (
            "ingest",
            EAST,
            {
                (EAST, "AWS/ApplicationELB", "RequestCount",
                 "LoadBalancer=app/video-dev-ingest/1a", "Sum"),
                (EAST, "AWS/ApplicationELB", "HealthyHostCount",
                 "LoadBalancer=app/video-dev-ingest/1a TargetGroup=targetgroup/video-dev-ingest/2b",
                 "Maximum"),
                (EAST, "AWS/ApplicationELB", "TargetResponseTime",
                 "LoadBalancer=app/video-dev-ingest/1a", "p99"),
            },
        ),
        (
            "session-stream",
            EAST,
            {
                (EAST, "AWS/Kinesis", "IncomingRecords", "StreamName=video-dev-session", "Sum"),
                (EAST, "AWS/Kinesis", "GetRecords.Success", "StreamName=video-dev-session",
                 "SampleCount"),
                (EAST, "AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds",
                 "StreamName=video-dev-session", "Maximum"),
            },
        ),
        (
            "session-function",
            WEST,
            {
                (WEST, "AWS/Lambda", "Invocations",
                 "FunctionName=video-dev-kds-timestream-buf-sess", "Sum"),
                (WEST, "AWS/Lambda", "IteratorAge",
                 "FunctionName=video-dev-kds-timestream-buf-sess", "Maximum"),
            },
        ),
        ("ops-bucket", EAST, set()),
    ],
)  # fmt: skip
def test_each_hop_asks_for_its_own_metrics(
    hop: str, region: Region | None, expected: set[tuple[str, ...]]
) -> None:
    """Namespace, name, dimensions, statistic and region are the service's."""
    found = {
        (
            query.region,
            query.namespace,
            query.name,
            " ".join(f"{name}={value}" for name, value in query.dimensions),
            str(query.statistic),
        )
        for query in asked()[hop, region].queries()
    }
    assert found == expected


def test_replication_is_asked_where_it_arrives() -> None:
    """The latency of the east's bucket is a metric of the west, under the stack's rule id."""
    (query, _) = [one for one in asked()["raw-bucket", EAST].queries() if one.namespace == "AWS/S3"]
    assert query.region is WEST
    assert dict(query.dimensions) == {
        "SourceBucket": "video-dev-raw-us-east-1-000000000000",
        "DestinationBucket": "video-dev-raw-us-west-2-000000000000",
        "RuleId": "raw-to-us-west-2",
    }


def test_one_region_has_no_replication() -> None:
    """An east-only environment asks nothing of the west but the accelerator's metrics."""
    spec = world.specification(two_regions=False)
    made = replace(world.ready(spec), regions=seen().regions[:1])
    found = questions(hop_places(spec, made), NAMES, made)
    regions = {query.region for one in found for query in one.queries()}
    assert regions == {EAST}


def test_what_was_not_seen_is_not_asked_about() -> None:
    """Without the balancer's ARN there is no dimension, and the figure stays unknown."""
    hops = asked(world.ready(SPEC))
    assert list(hops["ingest", EAST].queries()) == []
    assert measures([hops["ingest", EAST]], {}, NOW)["ingest", EAST] == HopMeasure()


def test_every_question_is_asked_once_and_fits_one_call() -> None:
    """Two regions' hops make far fewer queries than one GetMetricData takes."""
    queries: dict[MetricQuery, None] = {}
    for one in asked().values():
        queries |= dict.fromkeys(one.queries())
    assert 40 < len(queries) < 500


def test_no_answer_is_unknown() -> None:
    """Nothing known is null: not zero, and of no moment."""
    found = measure("raw-stream")
    assert (found.rate_per_second, found.lag_seconds, found.measured_at) == (None, None, None)


def test_the_newest_minute_that_is_over_counts() -> None:
    """A sum becomes a rate; the minute under way is left out, older ones are passed over."""
    found = measure(
        "raw-stream",
        IncomingRecords={-40: 7, 20: 600, 80: 1200},
        GetRecords__IteratorAgeMilliseconds={20: 2500.0},
    )
    assert found == HopMeasure(
        rate_per_second=10,
        rate_unit="records",
        lag_seconds=2.5,
        measured_at=ended(20) + timedelta(seconds=60),
    )


def test_what_is_too_old_is_unknown() -> None:
    """A figure of long ago is never shown as if it were new."""
    fresh, old = {FRESH_SECONDS - 1.0: 60.0}, {FRESH_SECONDS + 1.0: 60.0}
    assert measure("raw-stream", IncomingRecords=fresh).rate_per_second == 1
    assert measure("raw-stream", IncomingRecords=old).rate_per_second is None


def test_zero_is_said_when_the_witness_was_there_without_it() -> None:
    """An idle stream that is polled carries 0 records; without polls nobody knows."""
    found = measure(
        "raw-stream",
        GetRecords__Success={SETTLED_SECONDS + 1.0: 60},
        GetRecords__IteratorAgeMilliseconds={SETTLED_SECONDS + 1.0: 0},
    )
    assert (found.rate_per_second, found.lag_seconds) == (0, 0)


def test_a_young_witness_says_nothing_yet() -> None:
    """While a minute's metrics may still be arriving, the last known figure stands."""
    found = measure(
        "raw-stream",
        IncomingRecords={80: 600},
        GetRecords__Success={SETTLED_SECONDS - 40.0: 60, 80: 60},
    )
    assert found.rate_per_second == 10
    assert found.measured_at == ended(80) + timedelta(seconds=60)


def test_traffic_that_stopped_becomes_zero() -> None:
    """Settled minutes with the witness alone follow the last one with records."""
    found = measure("raw-stream", IncomingRecords={140: 600}, GetRecords__Success={80: 60, 140: 60})
    assert found.rate_per_second == 0


def test_figures_of_a_hop_are_of_one_moment() -> None:
    """The age shown is that of the older one; a lag from before traffic stopped is not shown."""
    close = measure(
        "raw-stream", IncomingRecords={20: 600}, GetRecords__IteratorAgeMilliseconds={80: 100}
    )
    assert (close.lag_seconds, close.measured_at) == (0.1, ended(80) + timedelta(seconds=60))
    apart = measure("ingest", HealthyHostCount={70: 2}, TargetResponseTime={250: 0.2})
    assert (apart.rate_per_second, apart.lag_seconds) == (0, None)


def test_the_longest_lag_counts() -> None:
    """Polled consumers and the subscribed one: whoever is furthest behind."""
    found = measure(
        "raw-stream",
        GetRecords__IteratorAgeMilliseconds={20: 100},
        SubscribeToShardEvent__MillisBehindLatest={20: 9000},
    )
    assert found.lag_seconds == 9


def test_an_idle_delivery_has_nothing_waiting() -> None:
    """At the tip and nothing in the buffers: lag 0, though CloudWatch has no freshness."""
    found = measure("raw-delivery", KinesisMillisBehindLatest={70: 0})
    assert (found.rate_per_second, found.lag_seconds) == (0, 0)


def test_a_stuck_delivery_shows_the_age_of_what_waits() -> None:
    """Freshness grows while nothing is delivered."""
    found = measure(
        "raw-delivery",
        KinesisMillisBehindLatest={20: 0},
        DeliveryToS3__DataFreshness={20: 1800},
    )
    assert found.lag_seconds == 1800


def test_records_in_a_bucket_are_rated_over_ten_minutes() -> None:
    """Objects come in bursts: one burst in ten minutes is spread over them."""
    found = measure(
        "raw-bucket",
        DeliveryToS3__Records={260: 3000, 560: 3000, 860: 9000},
        KinesisMillisBehindLatest={80: 0},
    )
    assert found.rate_per_second == pytest.approx(6000 / 600)
    assert LOOK_BACK_SECONDS >= 600 + FRESH_SECONDS


def test_replication_that_is_done_has_no_lag() -> None:
    """Nothing pending in a settled minute: 0; before that the latency."""
    assert measure("raw-bucket", OperationsPendingReplication={70: 0}).lag_seconds == 0
    found = measure("raw-bucket", OperationsPendingReplication={70: 3}, ReplicationLatency={70: 42})
    assert found.lag_seconds == 42


def test_the_front_door_counts_flows() -> None:
    """Published by the accelerator in its own region, whatever regions carry the traffic."""
    found = measure("front-door", None, NewFlowCount={20: 30})
    assert (found.rate_per_second, found.rate_unit, found.lag_seconds) == (0.5, "flows", None)


def test_status_carries_the_figures() -> None:
    """Each hop has its own; those without stay null."""
    figures = {("raw-stream", WEST): HopMeasure(rate_per_second=3.0, lag_seconds=0.0)}
    hops = environment_status(SPEC, seen(), measures=figures).hops
    rates = {(hop.hop, hop.region): hop.rate_per_second for hop in hops}
    assert rates.pop(("raw-stream", WEST)) == 3
    assert set(rates.values()) == {None}
