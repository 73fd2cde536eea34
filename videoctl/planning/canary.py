"""The way of a canary: where it is looked for, after what, and for how long; pure data.

The way forks behind the raw stream: into the raw bucket, and through Flink. Each stop is waited for
from the moment the one before it has seen the canary, so that a lost canary is told where it was
lost and no sooner than that hop is allowed to take.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from videoctl.model.names import StreamKind
from videoctl.model.regions import Region
from videoctl.model.thresholds import DYNAMIC_PARTITIONING_FACTOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videoctl.model.specification import DeliverySpecification, EnvironmentSpecification

MARGIN_SECONDS: Final = 60.0
"""For every hop: the calls, the other clock, and a machine that is busy."""

FLINK_SECONDS: Final = 120.0
"""A job that has just started reads a little later than its application is RUNNING."""

REPLICATION_SECONDS: Final = 900.0
"""S3 promises replication within 15 minutes; mostly it takes seconds."""

FRONT_DOOR: Final = "front-door"
RAW_STREAM: Final = "raw-stream"
FLINK: Final = "flink"
SESSION_STREAM: Final = "session-stream"
SESSION_STORE: Final = "session-store"

NO_FLINK: Final = "the Flink application is READY by specification"


class Place(StrEnum):
    """What kind of place a canary is looked for in."""

    FRONT_DOOR = "front-door"
    STREAM = "stream"
    BUCKET = "bucket"
    STORE = "store"


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One hop a canary is looked for at.

    Attributes:
        hop: its name, as in `videoctl/canary/v1`.
        place: what it is.
        kind: which stream or bucket.
        after: the hop that sees the canary before it; None: it is the first.
        is_replica: it is in the other region than the one before it.
        within_seconds: how long after that hop it may see the canary.
        remedy: what to type when it does not; `{name}` and `{region}` are filled in.

    """

    hop: str
    place: Place
    kind: StreamKind = StreamKind.RAW
    after: str | None = None
    is_replica: bool = False
    within_seconds: float = MARGIN_SECONDS
    remedy: str = "videoctl env check {name}"


@dataclass(frozen=True, kw_only=True)
class Route:
    """A canary's way through one environment.

    Attributes:
        stops: in the order of an event's way; each after the one it names.
        regions: where it may come out: the accelerator decides.
        pair: the regions the environment spans.
        skipped: hops it does not pass, each with the reason.

    """

    stops: tuple[Stop, ...]
    regions: tuple[Region, ...]
    pair: tuple[Region, ...]
    skipped: tuple[tuple[str, str], ...] = ()

    def region_of(self, stop: Stop, before: Region) -> Region:
        """Where a stop is, for where the one before it saw the canary."""
        others = [region for region in self.pair if region is not before]
        return others[0] if stop.is_replica and others else before


def canary_route(specification: EnvironmentSpecification, regions: tuple[Region, ...]) -> Route:
    """The way of a canary through an environment that is built.

    Args:
        specification: the environment.
        regions: those that traffic is dialled to.

    """
    runs_flink = specification.flink.desired_status == "RUNNING"
    raw = _delivered(specification, StreamKind.RAW, after=RAW_STREAM)
    sessions = tuple(_sessions(specification))
    return Route(
        stops=(
            Stop(hop=FRONT_DOOR, place=Place.FRONT_DOOR),
            Stop(hop=RAW_STREAM, place=Place.STREAM, after=FRONT_DOOR),
            *raw,
            *(sessions if runs_flink else ()),
        ),
        regions=regions,
        pair=specification.regions,
        skipped=() if runs_flink else tuple((stop.hop, NO_FLINK) for stop in sessions),
    )


def _sessions(specification: EnvironmentSpecification) -> Iterator[Stop]:
    """Behind the raw stream: what the job writes, and who reads that.

    Flink itself shows no single record: that it passed one is seen by what it wrote.
    """
    restart = "videoctl flink status --env {name} --region {region}"
    for hop, after in ((FLINK, RAW_STREAM), (SESSION_STREAM, FLINK)):
        yield Stop(
            hop=hop,
            place=Place.STREAM,
            kind=StreamKind.SESSION,
            after=after,
            within_seconds=FLINK_SECONDS,
            remedy=restart,
        )
    yield from _delivered(specification, StreamKind.SESSION, after=SESSION_STREAM)
    window = specification.session_function.batching_window_seconds
    yield Stop(
        hop=SESSION_STORE,
        place=Place.STORE,
        kind=StreamKind.SESSION,
        after=SESSION_STREAM,
        within_seconds=window + MARGIN_SECONDS,
    )


def _delivered(
    specification: EnvironmentSpecification, kind: StreamKind, *, after: str
) -> Iterator[Stop]:
    """The bucket a stream is delivered to, and its replica where there are two regions."""
    yield Stop(
        hop=f"{kind}-bucket",
        place=Place.BUCKET,
        kind=kind,
        after=after,
        within_seconds=delivery_seconds(specification.delivery),
    )
    if specification.is_two_region:
        yield Stop(
            hop=f"{kind}-replica",
            place=Place.BUCKET,
            kind=kind,
            after=f"{kind}-bucket",
            is_replica=True,
            within_seconds=REPLICATION_SECONDS,
        )


def delivery_seconds(delivery: DeliverySpecification) -> float:
    """How long a record may take from its stream to an object in S3."""
    return delivery.buffer_seconds * DYNAMIC_PARTITIONING_FACTOR + MARGIN_SECONDS


def route_seconds(route: Route) -> float:
    """How long a canary may be under way: the longest of its ways, each hop at its slowest."""
    arrival: dict[str | None, float] = {None: 0.0}
    for stop in route.stops:
        arrival[stop.hop] = arrival[stop.after] + stop.within_seconds
    return max(arrival.values())


def remedy(stop: Stop, *, name: str, region: Region | None) -> str:
    """What to type where a stop did not see the canary."""
    if region is None:
        return stop.remedy.replace(" --region {region}", "").format(name=name)
    return stop.remedy.format(name=name, region=region)
