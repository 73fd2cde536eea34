"""How states are drawn: aligned, and unknown is a dash while zero is a zero."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.console import Console

from tests.fakes import world
from videoctl.model.regions import Region
from videoctl.planning.figures import HopMeasure
from videoctl.planning.status import EnvironmentStatus, environment_status
from videoctl.render import draw_canary, draw_status, rate, seconds

SPEC = world.specification(two_regions=False)
MEASURED = world.NOW - timedelta(seconds=20)
MEASURES = {
    ("raw-stream", Region.US_EAST_1): HopMeasure(
        rate_per_second=1234.5, rate_unit="records", lag_seconds=0.25, measured_at=MEASURED
    ),
    ("late-stream", Region.US_EAST_1): HopMeasure(
        rate_per_second=0.0, rate_unit="records", lag_seconds=0.0, measured_at=MEASURED
    ),
    ("flink", Region.US_EAST_1): HopMeasure(rate_unit="records"),
}


def lines(status: EnvironmentStatus) -> list[str]:
    """What is printed, line by line."""
    output = io.StringIO()
    draw_status(Console(file=output, width=160), status, world.NOW)
    return output.getvalue().splitlines()


def test_known_figures_are_numbers_and_unknown_ones_dashes() -> None:
    """Every row has its cells under their headings, numbers to the right."""
    status = environment_status(SPEC, world.ready(SPEC), measures=MEASURES)
    drawn = lines(status)
    head = next(line for line in drawn if line.startswith("HOP"))
    rows = {line.split()[0]: line for line in drawn if " us-east-1 " in line}
    end = head.index("RATE/s") + len("RATE/s")
    assert rows["raw-stream"].split()[3:6] == ["1,234", "records", "250"]
    assert rows["late-stream"].split()[3:6] == ["0", "records", "0"]
    assert rows["flink"].split()[3:6] == ["-", "-", "-"]
    assert {rows[hop][end - 1] for hop in ("raw-stream", "late-stream", "flink")} == {
        "4", "0", "-",
    }  # fmt: skip
    assert "20 s" in rows["raw-stream"]


def test_why_a_hop_is_not_up_ends_its_row() -> None:
    """The reason stands last, where it may be long."""
    blind = replace(world.ready(SPEC), regions=(), unreadable=("figures in us-east-1: denied",))
    drawn = lines(environment_status(SPEC, blind))
    assert any(line.rstrip().endswith("could not be read") for line in drawn)
    assert "  - could not be read: figures in us-east-1: denied" in drawn


def canary_lines(**lost: str | None) -> list[str]:
    """A table of two hops, the second one as told."""
    seen = {"hop": "raw-stream", "region": "us-east-1", "seen": True, "latency_ms": 1375}
    hop = {**seen, "hop": "flink", "seen": False, "latency_ms": None, **lost}
    output = io.StringIO()
    draw_canary(
        Console(file=output, width=160), [{**seen, "reason": None, "next_command": None}, hop]
    )
    return [line.rstrip() for line in output.getvalue().splitlines()]


def test_a_lost_canary_is_told_with_what_to_type() -> None:
    """The reason and the command are columns of their own, which are there only when needed."""
    head, raw, flink = canary_lines(reason="not seen", next_command="videoctl flink status")
    assert head.split() == ["HOP", "REGION", "CANARY", "AFTER", "WHY", "NEXT"]
    assert raw.endswith("1,375 ms")
    assert flink.endswith("videoctl flink status")
    assert canary_lines(reason="because", next_command=None)[0].endswith("WHY")
    assert canary_lines(reason=None, next_command=None)[0].endswith("AFTER")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, None), (0, "0"), (0.004, "<0.01"), (0.0167, "0.02"), (3.14159, "3.1"), (99.94, "99.9"),
     (150.4, "150"), (41_000, "41,000")],
)  # fmt: skip
def test_rates(value: float | None, text: str | None) -> None:
    """As many digits as say something; a little is never nothing."""
    assert rate(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, None), (0, "0 s"), (0.0002, "1 ms"), (0.25, "250 ms"), (2.54, "2.5 s"),
     (100, "100 s"), (119, "119 s"), (600, "10 min"), (7300, "2 h"), (200_000, "2 d")],
)  # fmt: skip
def test_spans(value: float | None, text: str | None) -> None:
    """The largest unit that says it."""
    assert seconds(value) == text
