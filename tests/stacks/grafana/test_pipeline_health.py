"""The metrics of the pipeline's dashboard: AWS's names and shapes, the limits' colours."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any, get_args, get_type_hints

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from stacks.grafana.pipeline_metrics import RESTARTS
from tests.stacks.grafana.viewers import every_object
from videoctl.model.specification import FlinkSpecification
from videoctl.model.thresholds import thresholds

LISTED: dict[str, dict[str, set[frozenset[str]]]] = {
    "AWS/Kinesis": {
        "GetRecords.IteratorAgeMilliseconds": {frozenset({"StreamName"})},
        "IncomingRecords": {frozenset({"StreamName"})},
        "PutRecords.ThrottledRecords": {frozenset({"StreamName"})},
        "PutRecords.FailedRecords": {frozenset({"StreamName"})},
        "ReadProvisionedThroughputExceeded": {frozenset({"StreamName"})},
        "WriteProvisionedThroughputExceeded": {frozenset({"StreamName"})},
        "SubscribeToShardEvent.MillisBehindLatest": {frozenset({"StreamName", "ConsumerName"})},
    },
    "AWS/Firehose": {
        "DeliveryToS3.DataFreshness": {frozenset({"DeliveryStreamName"})},
        "KinesisMillisBehindLatest": {frozenset({"DeliveryStreamName"})},
    },
    "AWS/KinesisAnalytics": {
        "millisBehindLatest": {frozenset({"Application"})},
        "fullRestarts": {frozenset({"Application"})},
        "numberOfFailedCheckpoints": {frozenset({"Application"})},
        "lastCheckpointDuration": {frozenset({"Application"})},
    },
    "AWS/Lambda": {
        "Errors": {frozenset({"FunctionName"})},
        "Throttles": {frozenset({"FunctionName"})},
        "IteratorAge": {frozenset({"FunctionName"})},
    },
    "AWS/Timestream": {
        "MagneticStoreRejectedRecordCount": {frozenset({"DatabaseName", "TableName"})},
        "MagneticStoreRejectedUploadUserFailures": {frozenset({"DatabaseName", "TableName"})},
        "MagneticStoreRejectedUploadSystemFailures": {frozenset({"DatabaseName", "TableName"})},
        "SystemErrors": {frozenset({"Operation"})},
        "UserErrors": {frozenset({"Operation"})},
    },
}
"""Metrics and their dimensions, from the services' documentation."""
STATISTICS = {"Sum", "Maximum"}


@pytest.fixture(scope="module")
def panels(exported: Any) -> list[dict[str, Any]]:
    """Panels of the pipeline's dashboard, rows left out."""
    every = exported["dashboards/prod-pipeline-health.json"]["panels"]
    return [panel for panel in every if panel["type"] != "row"]


def metric_data_query(target: dict[str, Any]) -> dict[str, Any]:
    """What Grafana's CloudWatch data source asks for one target."""
    found: dict[str, Any] = {"Id": target["id"], "Label": target["label"]}
    found["ReturnData"] = not target.get("hide", False)
    if target["expression"]:
        return {**found, "Expression": target["expression"]}
    dimensions = target["dimensions"]
    if not target["matchExact"]:
        schema = ",".join([target["namespace"], *dimensions])
        pairs = " ".join(f'"{name}"="{value}"' for name, value in dimensions.items())
        search = f'{{{schema}}} MetricName="{target["metricName"]}" {pairs}'
        period, statistic = int(target["period"]), target["statistic"]
        return {**found, "Expression": f"SEARCH('{search}', '{statistic}', {period})"}
    metric = {
        "Namespace": target["namespace"],
        "MetricName": target["metricName"],
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
    return {
        **found,
        "MetricStat": {
            "Metric": metric,
            "Period": int(target["period"]),
            "Stat": target["statistic"],
        },
    }


def cloudwatch_targets(exported: Any) -> list[dict[str, Any]]:
    """Every CloudWatch query of every document."""
    return [
        one
        for document in exported.values()
        for one in every_object(document)
        if one.get("queryMode") == "Metrics"
    ]


def test_every_query_is_one_getmetricdata_takes(exported: Any, panels: Any) -> None:
    """Each panel's queries of a region are one valid request, with ids of their own."""
    model = ServiceModel(Loader().load_service_model("cloudwatch", "service-2"), "cloudwatch")
    shape = model.operation_model("GetMetricData").input_shape
    moment = datetime.now(UTC)
    for panel in panels:
        for region, group in itertools.groupby(panel["targets"], lambda one: one["region"]):
            queries = [metric_data_query(target) for target in group]
            request = {"MetricDataQueries": queries, "StartTime": moment, "EndTime": moment}
            report = ParamValidator().validate(request, shape)
            assert not report.has_errors(), report.generate_report()
            assert len({one["Id"] for one in queries}) == len(queries)
            assert region in {"us-east-1", "us-west-2"}


def test_every_metric_is_one_aws_publishes(exported: Any) -> None:
    """Names, dimensions and statistics are listed ones, and every listed metric is in use."""
    used = set()
    for target in cloudwatch_targets(exported):
        if target["expression"]:
            continue
        namespace, name = target["namespace"], target["metricName"]
        assert frozenset(target["dimensions"]) in LISTED[namespace][name]
        assert target["statistic"] in STATISTICS
        assert int(target["period"]) in {60, 300}
        used.add((namespace, name))
    assert used == {(namespace, name) for namespace in LISTED for name in LISTED[namespace]}


def test_resources_are_those_of_the_environment(exported: Any) -> None:
    """Each dimension names something this environment has, in the region that is asked."""
    values = {
        value
        for target in cloudwatch_targets(exported)
        for value in (target.get("dimensions") or {}).values()
    }
    assert values == {
        "video-prod", "video-prod-raw", "video-prod-session", "video-prod-late",
        "video-prod-raw-to-s3", "video-prod-session-to-s3", "video-prod-late-to-s3",
        "video-prod-agg", "video-prod-kds-timestream-buf-sess", "sessions", "WriteRecords",
    }  # fmt: skip


def test_expressions_are_of_queries_beside_them(panels: Any) -> None:
    """What a counter grew by is computed of a hidden query of the same region and period."""
    expressions = 0
    for panel in panels:
        by_id = {target["id"]: target for target in panel["targets"]}
        for target in panel["targets"]:
            if target["expression"]:
                expressions += 1
                name = target["expression"].partition("DIFF(")[2].partition(")")[0]
                assert by_id[name]["hide"]
                assert by_id[name]["region"] == target["region"]
                assert by_id[name]["period"] == target["period"]
    assert expressions == 4  # restarts and failed checkpoints, in two regions


def test_colours_change_where_verdicts_do(panels: Any) -> None:
    """On each side of a step the colour is that of the verdict the same limit gives."""
    words = {"green": "pass", "orange": "warn", "red": "fail"}
    by_title = {limit.title: limit for limit in vars(thresholds()).values()}
    assert panels
    for panel in panels:
        limit = by_title[panel["description"]]
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert steps[0]["value"] is None
        for step, before in zip(steps[1:], steps, strict=False):
            assert words[step["color"]] == limit.verdict(step["value"])
            assert words[before["color"]] == limit.verdict(step["value"] - 1e-9)


def test_every_runtime_has_its_counter_of_restarts() -> None:
    """A specification's runtime is one whose metric names are known."""
    runtimes = get_args(get_type_hints(FlinkSpecification)["runtime"])
    assert runtimes
    assert set(runtimes) <= set(RESTARTS)


def test_dashboards_fit_the_grid(exported: Any) -> None:
    """Panels lie beside and under each other, none over another, and no row hides any."""
    for path, dashboard in exported.items():
        if path.endswith(".json") and path.startswith("dashboards/"):
            cells: set[tuple[int, int]] = set()
            for panel in dashboard["panels"]:
                grid = panel["gridPos"]
                assert grid["x"] + grid["w"] <= 24
                mine = {
                    (grid["x"] + x, grid["y"] + y)
                    for x in range(grid["w"])
                    for y in range(grid["h"])
                }
                assert not mine & cells
                cells |= mine
                assert not panel.get("panels")
