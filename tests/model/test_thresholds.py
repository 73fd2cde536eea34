"""The one file of limits."""

from __future__ import annotations

from dataclasses import fields, replace
from importlib.resources import files

import pytest
from pydantic import ValidationError

from videoctl.model.specification import DeliverySpecification
from videoctl.model.thresholds import Threshold, Thresholds, parse_thresholds, thresholds
from videoctl.planning.plan import Verdict

ABOVE = Threshold(title="t", unit="u", worse="above", warning=1, critical=3)
BELOW = Threshold(title="t", unit="u", worse="below", warning=3, critical=1)
TEXT = files("videoctl.model").joinpath("thresholds.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("limit", "value", "verdict"),
    [
        (ABOVE, None, "unknown"),
        (ABOVE, 0.9, "pass"),
        (ABOVE, 1, "warn"),
        (ABOVE, 2.9, "warn"),
        (ABOVE, 3, "fail"),
        (BELOW, 3, "pass"),
        (BELOW, 2.9, "warn"),
        (BELOW, 1, "warn"),
        (BELOW, 0.9, "fail"),
        (BELOW, None, "unknown"),
    ],
)
def test_a_value_is_judged_by_its_limits(
    limit: Threshold, value: float | None, verdict: str
) -> None:
    """At or above a limit, or under one, it warns or fails; the words are those of checks."""
    assert Verdict(limit.verdict(value)) == verdict


def test_every_figure_has_its_unit_in_its_name_or_counts() -> None:
    """A name ends with its unit where the figure has one, so that nobody compares ms with s."""
    for field in fields(Thresholds):
        limit = getattr(thresholds(), field.name)
        counts = {"invocations", "requests", "restarts", "checkpoints"}
        assert field.name.endswith(f"_{limit.unit}") or limit.unit in counts, field.name


def test_a_limit_that_is_missing_unknown_or_out_of_order_is_named() -> None:
    """All faults of the file come at once, each with its key."""
    text = TEXT.replace("[late_ratio]", "[latte_ratio]").replace(
        'worse = "below"\nwarning = 5', 'worse = "below"\nwarning = 0'
    )
    with pytest.raises(ValidationError) as caught:
        parse_thresholds(text)
    places = {error["loc"][0] for error in caught.value.errors()}
    assert places == {"late_ratio", "latte_ratio", "raw_arrivals_records"}


def test_a_long_buffer_raises_the_freshness_limits() -> None:
    """Data that Firehose may still hold back is not late; short buffers keep AWS's own limit."""
    usual = thresholds()
    assert usual.for_delivery(DeliverySpecification(buffer_seconds=60)) == usual
    raised = usual.for_delivery(DeliverySpecification(buffer_seconds=900))
    assert raised.delivery_freshness_seconds.verdict(1349) == "pass"
    assert raised == replace(usual, delivery_freshness_seconds=raised.delivery_freshness_seconds)
