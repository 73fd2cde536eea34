"""PutMetricData, GetMetricStatistics and ListMetrics."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.protocol.errors import ServiceError
from tests.sandbox.services.calling import Caller
from tests.sandbox.services.cloudwatch.asking import BEGIN, at, named, put

FOUR: dict[str, Any] = {"MetricName": "m", "Values": [1.0, 2.0], "Counts": [1.0, 3.0]}


def statistics(cloudwatch: Caller, name: str = "m", **more: Any) -> list[dict[str, Any]]:
    """Datapoints of a metric in the first ten minutes."""
    asked: dict[str, Any] = {"StartTime": at(0), "EndTime": at(10), "Period": 60, **more}
    if "Statistics" not in asked and "ExtendedStatistics" not in asked:
        asked["Statistics"] = ["Sum"]
    found: list[dict[str, Any]] = cloudwatch(
        "GetMetricStatistics", Namespace="Test", MetricName=name, **asked
    )["Datapoints"]
    return found


def test_several_statistics_of_a_period(cloudwatch: Caller) -> None:
    """Basic statistics and percentiles together, values counted as often as they came."""
    datum = {**FOUR, "Timestamp": at(2), "Unit": "Count"}
    cloudwatch("PutMetricData", Namespace="Test", MetricData=[datum])
    found = statistics(
        cloudwatch,
        Statistics=["SampleCount", "Sum", "Average", "Minimum", "Maximum"],
        ExtendedStatistics=["p50", "p99.9"],
    )
    assert found == [
        {
            "Timestamp": BEGIN + 120, "Unit": "Count", "SampleCount": 4, "Sum": 7,
            "Average": 1.75, "Minimum": 1, "Maximum": 2,
            "ExtendedStatistics": {"p50": 2, "p99.9": 2},
        }
    ]  # fmt: skip


def test_periods_gather_their_minutes(cloudwatch: Caller) -> None:
    """Points of five minutes are one datapoint, in order of time; gaps stay gaps."""
    put(cloudwatch, "m", {0: 1, 4: 2, 5: 4})
    found = statistics(cloudwatch, Period=300)
    assert [(one["Timestamp"] - BEGIN, one["Sum"]) for one in found] == [(0, 3), (300, 4)]


def test_a_statistic_set_is_kept_as_it_is(cloudwatch: Caller) -> None:
    """Sums and extremes are there; percentiles, which nobody knows, are left out."""
    given = {"SampleCount": 10.0, "Sum": 30.0, "Minimum": 1.0, "Maximum": 5.0}
    datum = {"MetricName": "m", "StatisticValues": given, "Timestamp": at(1)}
    cloudwatch("PutMetricData", Namespace="Test", MetricData=[datum])
    (found,) = statistics(cloudwatch, Statistics=list(given), ExtendedStatistics=["p50"])
    assert {name: found[name] for name in given} == given
    assert "ExtendedStatistics" not in found


def test_dimensions_make_metrics_apart(cloudwatch: Caller) -> None:
    """The metric without dimensions is one of its own, not the sum of the others."""
    put(cloudwatch, "m", {0: 1}, stream="a")
    put(cloudwatch, "m", {0: 2}, stream="b")
    assert statistics(cloudwatch) == []
    (found,) = statistics(cloudwatch, Dimensions=named(stream="b"))
    assert found["Sum"] == 2


def test_another_unit_is_another_metric(cloudwatch: Caller) -> None:
    """A unit that was never published finds nothing."""
    put(cloudwatch, "m", {0: 1})
    assert len(statistics(cloudwatch, Unit="Count")) == 1
    assert statistics(cloudwatch, Unit="Bytes") == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Namespace": "AWS/Kinesis"}, "InvalidParameterValue"),
        ({"MetricData": []}, "MissingParameter"),
        ({"MetricData": [FOUR] * 1001}, "InvalidParameterValue"),
        ({"MetricData": [{"MetricName": "m"}]}, "InvalidParameterCombination"),
        ({"MetricData": [{**FOUR, "Value": 1.0}]}, "InvalidParameterCombination"),
        ({"MetricData": [{**FOUR, "Counts": [1.0]}]}, "InvalidParameterValue"),
        ({"MetricData": [{**FOUR, "Values": [1.0, float("nan")]}]}, "InvalidParameterValue"),
        ({"MetricData": [{**FOUR, "Timestamp": at(60 * 24 * 20)}]}, "InvalidParameterValue"),
        ({"MetricData": [{**FOUR, "StorageResolution": 30}]}, "InvalidParameterValue"),
        (
            {"MetricData": [{**FOUR, "Dimensions": [*named(a="1"), *named(a="2")]}]},
            "InvalidParameterValue",
        ),
    ],
)
def test_bad_data_changes_nothing(cloudwatch: Caller, change: dict[str, Any], code: str) -> None:
    """One datum that is wrong refuses the whole request, in AWS's words."""
    good = {"MetricName": "good", "Value": 1.0}
    request = {"Namespace": "Test", "MetricData": [good], **change}
    if request["MetricData"] and request["MetricData"][0] is not good:
        request["MetricData"] = [good, *request["MetricData"]]
    with pytest.raises(ServiceError) as caught:
        cloudwatch("PutMetricData", **request)
    assert caught.value.code == code
    assert cloudwatch("ListMetrics") == {"Metrics": []}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Period": 61}, "InvalidParameterValue"),
        ({"EndTime": at(0)}, "InvalidParameterValue"),
        ({"Statistics": ["Total"]}, "InvalidParameterValue"),
        ({"Period": 1, "EndTime": at(60)}, "InvalidParameterCombination"),
    ],
)
def test_bad_questions(cloudwatch: Caller, change: dict[str, Any], code: str) -> None:
    """What CloudWatch refuses is refused."""
    with pytest.raises(ServiceError) as caught:
        statistics(cloudwatch, **change)
    assert caught.value.code == code


def test_metrics_are_listed_by_name_and_dimension(cloudwatch: Caller) -> None:
    """Filters narrow; a dimension without a value matches any."""
    put(cloudwatch, "m", {0: 1}, stream="a")
    put(cloudwatch, "m", {0: 1}, stream="b")
    put(cloudwatch, "n", {0: 1})

    def listed(**filters: Any) -> list[tuple[str, list[str]]]:
        found = cloudwatch("ListMetrics", **filters)["Metrics"]
        return [(one["MetricName"], [d["Value"] for d in one["Dimensions"]]) for one in found]

    assert listed() == [("m", ["a"]), ("m", ["b"]), ("n", [])]
    assert listed(MetricName="n") == [("n", [])]
    assert listed(Dimensions=[{"Name": "stream"}]) == [("m", ["a"]), ("m", ["b"])]
    assert listed(Dimensions=named(stream="b")) == [("m", ["b"])]
    assert listed(Namespace="Other") == []


def test_long_lists_come_in_pages(cloudwatch: Caller) -> None:
    """500 metrics at a time, each once."""
    for number in range(501):
        put(cloudwatch, f"m{number:03}", {0: 1})
    first = cloudwatch("ListMetrics")
    second = cloudwatch("ListMetrics", NextToken=first["NextToken"])
    assert len(first["Metrics"]) == 500
    assert [one["MetricName"] for one in second["Metrics"]] == ["m500"]
    assert "NextToken" not in second
