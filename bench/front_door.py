"""Events posted at slowprod's front door: rate, acknowledgement, and that none is missing."""

from __future__ import annotations

from typing import Final

from bench.homes import home
from bench.measure import Figure

EVENTS: Final = 100_000


def figures() -> list[Figure]:
    """One run of made-up viewers through everything up to S3."""
    with home() as place:
        place.run("env", "create", "slowprod", "--yes")
        report = place.run("loadtest", "generate", "--to", "slowprod", "--events", str(EVENTS))
    exact = report["sent"] == report["acknowledged"] == report["found"]["raw"] == EVENTS
    return [
        Figure(
            "events posted at the front door of slowprod, batches of 100, 8 connections",
            "stated; found in S3 = acknowledged, exactly",
            f"{report['rate_reached']:,.0f} events/s, acknowledgement p50"
            f" {report['latency_p50_ms']:.0f} ms, p99 {report['latency_p99_ms']:.0f} ms;"
            f" {report['acknowledged']:,} acknowledged, {report['found']['raw']:,} found",
            exact,
        )
    ]
