"""Which resources an environment should have and were seen to be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from videoctl.planning.observation import ABSENT, ObservedEnvironment, ObservedRegion

if TYPE_CHECKING:
    from collections.abc import Iterator


def missing_resources(observed: ObservedEnvironment) -> tuple[str, ...]:
    """What was looked for and is not there, one line each; what was not looked for is left out.

    A state file can say that all is well while the world is empty (a stack deleted by hand, a
    sandbox reset): only looking tells.
    """
    missing = [line for seen in observed.regions for line in _missing_in(seen)]
    if observed.accelerator is not None and observed.accelerator.status == ABSENT:
        missing.append("accelerator")
    return tuple(missing)


def _missing_in(seen: ObservedRegion) -> Iterator[str]:
    region = seen.region
    yield from (f"bucket {b.name}" for b in seen.buckets or () if not b.exists)
    yield from (f"stream {s.name} in {region}" for s in seen.streams or () if s.status == ABSENT)
    yield from (
        f"delivery stream {d.name} in {region}"
        for d in seen.delivery_streams or ()
        if d.status == ABSENT
    )
    statuses = {
        "ingest service": seen.service.status if seen.service else None,
        "load balancer": seen.load_balancer_state,
        "Flink application": seen.application.status if seen.application else None,
        "session function": seen.function_state,
        "event source mapping": seen.event_source_mapping_state,
    }
    yield from (f"{what} in {region}" for what, status in statuses.items() if status == ABSENT)
    if seen.timestream_tables is not None and not seen.timestream_tables:
        yield f"Timestream tables in {region}"
