"""Asks CloudWatch for the figures of every hop: one batched call a region, all at once."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from videoctl.aws.cloudwatch import CloudWatchGateway
from videoctl.errors import VideoctlError
from videoctl.model.names import Names
from videoctl.planning.figures import LOOK_BACK_SECONDS, HopMeasure, HopPlace, measures, questions
from videoctl.planning.status import hop_places

if TYPE_CHECKING:
    from datetime import datetime

    from videoctl.aws.session import AwsSession
    from videoctl.model.metrics import Datapoint, MetricQuery
    from videoctl.model.regions import Region
    from videoctl.model.specification import EnvironmentSpecification
    from videoctl.planning.observation import ObservedEnvironment


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """What CloudWatch said.

    Attributes:
        by_hop: the figures of each hop; unknown where CloudWatch has none.
        unreadable: a line for each region that could not be asked.

    """

    by_hop: Mapping[HopPlace, HopMeasure]
    unreadable: tuple[str, ...] = ()


def measure(
    specification: EnvironmentSpecification,
    observed: ObservedEnvironment,
    session: AwsSession,
    now: datetime,
) -> Measurements:
    """The figures of every hop; a region that does not answer leaves its own unknown."""
    names = Names(specification.name, session.account_id)
    asked = questions(hop_places(specification, observed), names, observed)
    by_region: dict[Region, dict[MetricQuery, None]] = {}
    for question in asked:
        for query in question.queries():
            by_region.setdefault(query.region, {})[query] = None
    answers: dict[MetricQuery, tuple[Datapoint, ...]] = {}
    unreadable: list[str] = []
    start = now - timedelta(seconds=LOOK_BACK_SECONDS)
    with ThreadPoolExecutor(max(1, len(by_region)), thread_name_prefix="measure") as pool:
        futures = {
            region: pool.submit(
                CloudWatchGateway(session.client("cloudwatch", region)).get_metric_data,
                tuple(queries),
                start,
                now,
            )
            for region, queries in by_region.items()
        }
        for region, future in futures.items():
            try:
                answers |= future.result()
            except VideoctlError as error:
                unreadable.append(f"figures in {region}: {error.message}")
    return Measurements(by_hop=measures(asked, answers, now), unreadable=tuple(unreadable))
