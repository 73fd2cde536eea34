"""Limits of the platform: one file for dashboards, alert rules, alarms, checks and governors."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from pydantic import ConfigDict, TypeAdapter

if TYPE_CHECKING:
    from videoctl.model.specification import DeliverySpecification

DYNAMIC_PARTITIONING_FACTOR: Final = 1.5
"""Firehose may hold a partitioned buffer half as long again as its hint says."""


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """The limits of one figure.

    Attributes:
        title: what the figure is.
        unit: of the limits and the figure; a ratio is between 0 and 1.
        worse: `above`: at the limit and above it is bad; `below`: under it.
        warning: from here somebody should look.
        critical: from here somebody must act.

    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    title: str
    unit: str
    worse: Literal["above", "below"]
    warning: float
    critical: float

    def __post_init__(self) -> None:
        """Hold the order of the two limits."""
        first, second = self.warning, self.critical
        if self.worse == "below":
            first, second = second, first
        if first >= second:
            raise ValueError(f"critical must be {self.worse} warning")

    def verdict(self, value: float | None) -> Literal["pass", "warn", "fail", "unknown"]:
        """What a value means; no value is unknown."""
        if value is None:
            return "unknown"
        if self._is_beyond(value, self.critical):
            return "fail"
        return "warn" if self._is_beyond(value, self.warning) else "pass"

    def _is_beyond(self, value: float, limit: float) -> bool:
        return value >= limit if self.worse == "above" else value < limit


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Every limit there is; `thresholds.toml` says what each is and where it comes from."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kinesis_iterator_age_milliseconds: Threshold
    kinesis_throttled_records: Threshold
    delivery_freshness_seconds: Threshold
    delivery_source_lag_milliseconds: Threshold
    flink_lag_milliseconds: Threshold
    flink_restarts: Threshold
    flink_failed_checkpoints: Threshold
    flink_checkpoint_milliseconds: Threshold
    function_errors: Threshold
    function_throttles: Threshold
    store_rejected_records: Threshold
    store_failed_requests: Threshold
    raw_arrivals_records: Threshold
    session_age_seconds: Threshold
    session_stall_ratio: Threshold
    session_error_ratio: Threshold
    session_startup_milliseconds: Threshold
    late_ratio: Threshold

    def for_delivery(self, delivery: DeliverySpecification) -> Thresholds:
        """The limits where delivery buffers as long as `delivery` says."""
        longest = delivery.buffer_seconds * DYNAMIC_PARTITIONING_FACTOR
        freshness = self.delivery_freshness_seconds
        if longest <= freshness.warning:
            return self
        raised = replace(freshness, warning=longest, critical=max(freshness.critical, 2 * longest))
        return replace(self, delivery_freshness_seconds=raised)


def parse_thresholds(text: str) -> Thresholds:
    """The limits in a TOML text.

    Raises:
        tomllib.TOMLDecodeError: it is no TOML.
        pydantic.ValidationError: names every limit that is unknown, missing or out of order.

    """
    return TypeAdapter(Thresholds).validate_python(tomllib.loads(text))


@cache
def thresholds() -> Thresholds:
    """The packaged limits."""
    packaged = files("videoctl.model").joinpath("thresholds.toml")
    return parse_thresholds(packaged.read_text(encoding="utf-8"))
