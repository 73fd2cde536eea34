"""Counts of the front door until the server has taken them."""

from __future__ import annotations

import msgspec
import pytest

from sandbox.front_door.traffic import Count, Traffic
from tests.sandbox.services.doubles import Clock


@pytest.fixture
def clock() -> Clock:
    """A clock that is set by hand."""
    return Clock()


NAME = "lb.us-east-1.elb.amazonaws.com"


def test_counts_are_by_minute(clock: Clock) -> None:
    """What happens after the turn of the minute belongs to the next one."""
    clock.now = 119.0
    traffic = Traffic(clock)
    traffic.add("load_balancer", NAME, "RequestCount", 1)
    clock.now = 120.0
    traffic.add("load_balancer", NAME, "RequestCount", 1)
    assert [(one.minute, one.point.total) for one in traffic.take()] == [(60, 1), (120, 1)]
    assert traffic.take() == []


def test_what_could_not_be_told_is_kept() -> None:
    """Counts that are given back are merged with what came meanwhile."""
    traffic = Traffic(lambda: 60.0)
    traffic.add("load_balancer", NAME, "RequestCount", 1)
    untold = traffic.take()
    traffic.add("load_balancer", NAME, "RequestCount", 1)
    traffic.give_back(untold)
    assert [one.point.total for one in traffic.take()] == [2]


def test_a_report_is_read_as_it_was_written() -> None:
    """Kind, names, minute and samples survive the way to the server."""
    traffic = Traffic(lambda: 60.0)
    traffic.add("accelerator", NAME, "ProcessedBytesIn", 12.5, region="us-west-2")
    counts = traffic.take()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(counts), type=list[Count]) == counts
