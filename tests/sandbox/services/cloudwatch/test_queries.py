"""GetMetricData: queries, expressions, order and pages."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.protocol.errors import ServiceError
from tests.sandbox.services.calling import Caller
from tests.sandbox.services.cloudwatch.asking import at, math, metric, put, read, values


def test_many_metrics_at_once(cloudwatch: Caller) -> None:
    """Each query has its own statistic and period; a metric that is not there has no values."""
    put(cloudwatch, "m", {0: 1, 1: 3}, stream="a")
    put(cloudwatch, "n", {1: 5})
    found = values(
        cloudwatch,
        metric("a", "m", dimensions={"stream": "a"}, Label="sum"),
        metric("b", "m", "Maximum", 300, dimensions={"stream": "a"}, Label="max"),
        metric("c", "n", "p50", Label="half"),
        metric("d", "nothing", Label="none"),
    )
    assert found == {"sum": {0: 1, 1: 3}, "max": {0: 3}, "half": {1: 5}, "none": {}}


def test_newest_first_unless_said_otherwise(cloudwatch: Caller) -> None:
    """The default order is TimestampDescending."""
    put(cloudwatch, "m", {0: 1, 1: 2})
    (result,) = read(cloudwatch, metric("a", "m"), ScanBy="TimestampDescending")[
        "MetricDataResults"
    ]
    assert result["Values"] == [2, 1]
    assert (result["Label"], result["StatusCode"]) == ("m", "Complete")


def test_the_window_is_half_open_and_begins_on_its_minute(cloudwatch: Caller) -> None:
    """The minute of StartTime belongs to it, that of EndTime does not."""
    put(cloudwatch, "m", {0: 1, 1: 2, 2: 4})
    asked = {"MetricDataQueries": [metric("a", "m")], "StartTime": at(0.7), "EndTime": at(2)}
    (result,) = cloudwatch("GetMetricData", **asked)["MetricDataResults"]
    assert sum(result["Values"]) == 3


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_pages_hold_each_value_once(cloudwatch: Caller, limit: int) -> None:
    """Whatever fits a page, all pages together are the whole, empty series included."""
    put(cloudwatch, "m", {minute: minute for minute in range(5)})
    put(cloudwatch, "n", {minute: 10 + minute for minute in range(3)})
    queries = [metric("a", "m"), metric("b", "nothing"), metric("c", "n")]
    found: dict[str, list[float]] = {}
    statuses: dict[str, str] = {}
    token: dict[str, str] = {}
    while True:
        page = read(cloudwatch, *queries, MaxDatapoints=limit, **token)
        for result in page["MetricDataResults"]:
            found.setdefault(result["Id"], []).extend(result["Values"])
            statuses[result["Id"]] = result["StatusCode"]
        assert sum(len(one["Values"]) for one in page["MetricDataResults"]) <= limit
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == {"a": [0, 1, 2, 3, 4], "b": [], "c": [10, 11, 12]}
    assert set(statuses.values()) == {"Complete"}


def test_a_token_belongs_to_its_request(cloudwatch: Caller) -> None:
    """Another request with the token of the first is refused, as is nonsense."""
    put(cloudwatch, "m", {0: 1, 1: 2})
    token = read(cloudwatch, metric("a", "m"), MaxDatapoints=1)["NextToken"]
    for query, wrong in ((metric("b", "m"), token), (metric("a", "m"), "nonsense")):
        with pytest.raises(ServiceError) as caught:
            read(cloudwatch, query, MaxDatapoints=1, NextToken=wrong)
        assert caught.value.code == "InvalidNextToken"


@pytest.mark.parametrize(
    "queries",
    [
        [],
        [metric("a", "m"), metric("a", "n")],
        [metric("A", "m")],
        [{"Id": "a"}],
        [{**metric("a", "m"), "Expression": "1"}],
        [metric("a", "m", ReturnData=False)],
        [metric("a", "m", "Median")],
        [metric("a", "m", period=45)],
        [metric(f"m{number}", "m") for number in range(501)],
    ],
)
def test_bad_queries(cloudwatch: Caller, queries: list[Any]) -> None:
    """What CloudWatch refuses is refused as a whole."""
    with pytest.raises(ServiceError) as caught:
        read(cloudwatch, *queries)
    assert caught.value.code == "ValidationError"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m * 2 + 1", {0: 3, 1: 9, 3: 5}),
        ("-m", {0: -1, 1: -4, 3: -2}),
        ("m / n", {0: 0.5, 3: 1}),
        ("m ^ 2", {0: 1, 1: 16, 3: 4}),
        ("m / SUM(m)", {0: 1 / 7, 1: 4 / 7, 3: 2 / 7}),
        ("SUM([m, n])", {0: 3, 1: 4, 2: 0, 3: 4}),
        ("SUM(METRICS())", {0: 3, 1: 4, 2: 0, 3: 4}),
        ("MAX([m, n])", {0: 2, 1: 4, 2: 0, 3: 2}),
        ("AVG([m, n])", {0: 1.5, 1: 4, 2: 0, 3: 2}),
        ("DIFF(m)", {1: 3, 3: -2}),
        ("RATE(m)", {1: 3 / 60, 3: -2 / 120}),
        ("FILL(m, 0)", {0: 1, 1: 4, 2: 0, 3: 2}),
        ("FILL(m, REPEAT)", {0: 1, 1: 4, 2: 4, 3: 2}),
        ("FILL(m, LINEAR)", {0: 1, 1: 4, 2: 3, 3: 2}),
        ("RUNNING_SUM(m)", {0: 1, 1: 5, 3: 7}),
        ("m > 1", {0: 0, 1: 1, 3: 1}),
        ("m >= 2 AND n > 1", {0: 0, 3: 1}),
        ("m > 3 || n > 1", {0: 1, 3: 1}),
        ("IF(m > 1, m, 0)", {0: 0, 1: 4, 3: 2}),
        ("IF(m > 1, m)", {1: 4, 3: 2}),
        ("m / PERIOD(m)", {0: 1 / 60, 1: 4 / 60, 3: 2 / 60}),
        ("ABS(0 - m)", {0: 1, 1: 4, 3: 2}),
        ("CEIL(m / 3)", {0: 1, 1: 2, 3: 1}),
    ],
)
def test_metric_math(cloudwatch: Caller, expression: str, expected: dict[int, float]) -> None:
    """Operators have values where both sides do; a division by zero has none."""
    put(cloudwatch, "m", {0: 1, 1: 4, 3: 2})
    put(cloudwatch, "n", {0: 2, 2: 0, 3: 2})
    found = math(cloudwatch, expression, metric("m", "m"), metric("n", "n"), minutes=4)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    "expression",
    ["m +", "1 + 1", "unknown", "e", "MEDIAN(m)", "m.real", "__import__('os')", "m if m else n",
     "RATE(1)", "lambda: m", "True", "SEARCH('nonsense', 'Sum', 60)"],
)  # fmt: skip
def test_expressions_that_are_none(cloudwatch: Caller, expression: str) -> None:
    """Nothing but metric math is evaluated; the message names the expression or the id."""
    put(cloudwatch, "m", {0: 1})
    with pytest.raises(ServiceError) as caught:
        math(cloudwatch, expression, metric("m", "m"), metric("n", "m"))
    assert caught.value.code == "ValidationError"


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("{Test,stream}", {"raw-a Incoming", "raw-b Incoming", "late-a Outgoing"}),
        ('{Test,stream} MetricName="Incoming"', {"raw-a Incoming", "raw-b Incoming"}),
        ('{Test,stream} MetricName="incoming"', set()),
        ("{Test,stream} raw", {"raw-a Incoming", "raw-b Incoming"}),
        ("{Test,stream} stream=-A", {"raw-a Incoming", "late-a Outgoing"}),
        ('{Test,stream} raw stream="raw-b"', {"raw-b Incoming"}),
        ("{Test}", {"Incoming"}),
        ("{Other,stream}", set()),
    ],
)
def test_search(cloudwatch: Caller, search: str, found: set[str]) -> None:
    """SEARCH finds metrics by namespace, names of dimensions and words."""
    put(cloudwatch, "Incoming", {0: 1}, stream="raw-a")
    put(cloudwatch, "Incoming", {0: 2}, stream="raw-b")
    put(cloudwatch, "Outgoing", {0: 4}, stream="late-a")
    put(cloudwatch, "Incoming", {0: 8})
    asked = {"Id": "e", "Expression": f"SEARCH('{search}', 'Sum', 60)"}
    results = read(cloudwatch, asked)["MetricDataResults"]
    labels = {one["Label"] for one in results}
    assert (labels if len(results) > 1 else {*map(len, labels)}) == (
        found if len(found) > 1 else {len("e")} if found else set()
    )


def test_a_sum_over_a_search(cloudwatch: Caller) -> None:
    """What a search finds can be added up."""
    for stream in ("a", "b"):
        put(cloudwatch, "Incoming", {0: 1, 1: 2}, stream=stream)
    expression = "SUM(SEARCH('{Test,stream} Incoming', 'Sum', 60))"
    assert math(cloudwatch, expression) == {0: 2, 1: 4}
