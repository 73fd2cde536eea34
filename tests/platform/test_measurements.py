"""Figures of hops from a real sandbox: what CloudWatch says of what was really done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.platform.conftest import Place, Sandbox
from videoctl.measurements import Measurements, measure
from videoctl.model.names import Names, StreamKind
from videoctl.model.regions import Region

pytestmark = pytest.mark.sandbox

EAST, WEST = Region.US_EAST_1, Region.US_WEST_2


@pytest.fixture
def streams(place: Place) -> Place:
    """The environment's raw stream in both regions."""
    name = Names(place.spec.name, place.session.account_id).stream(StreamKind.RAW)
    for region in (EAST, WEST):
        client = place.session.client("kinesis", region)
        client.call("CreateStream", StreamName=name, ShardCount=1)
        while (
            client.call("DescribeStreamSummary", StreamName=name)["StreamDescriptionSummary"][
                "StreamStatus"
            ]
            != "ACTIVE"
        ):
            pass
    return place


def put(place: Place, region: Region, count: int) -> None:
    """Records into the raw stream."""
    name = Names(place.spec.name, place.session.account_id).stream(StreamKind.RAW)
    records = [{"Data": b"x", "PartitionKey": str(number)} for number in range(count)]
    place.session.client("kinesis", region).call("PutRecords", StreamName=name, Records=records)


def measured(place: Place, sandbox: Sandbox) -> Measurements:
    """The figures as they are when the present minute is over."""
    observed = place.platform.look()
    httpx.post(f"{sandbox.endpoint_url}/_sandbox/metrics").raise_for_status()
    now = datetime.now(UTC) + timedelta(seconds=60)
    return measure(place.spec, observed, place.session, now)


def test_rates_are_the_records_put(streams: Place, sandbox: Sandbox) -> None:
    """Records of one minute, or of two at its turn, by region; what nobody measured is unknown."""
    put(streams, EAST, 120)
    put(streams, WEST, 30)
    found = measured(streams, sandbox)
    rates = {region: found.by_hop["raw-stream", region].rate_per_second for region in (EAST, WEST)}
    assert rates == {EAST: 2, WEST: 0.5}
    assert found.by_hop["late-stream", EAST].rate_per_second is None
    assert found.unreadable == ()


def test_a_dark_region_leaves_only_its_own_figures_unknown(
    streams: Place, sandbox: Sandbox
) -> None:
    """The east's figures stand; the west's are unknown and it is said why."""
    put(streams, EAST, 60)
    sandbox.fault("add", "region-down", "--region", WEST.value)
    try:
        found = measured(streams, sandbox)
    finally:
        sandbox.fault("clear")
    assert found.by_hop["raw-stream", EAST].rate_per_second == 1
    west = [one for (_, region), one in found.by_hop.items() if region is WEST]
    assert west
    assert {(one.rate_per_second, one.lag_seconds) for one in west} == {(None, None)}
    assert [line.partition(":")[0] for line in found.unreadable] == ["figures in us-west-2"]
