"""The operations of CloudWatch metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from sandbox.metrics.series import Metric
from sandbox.protocol.errors import ServiceError
from sandbox.services.base import Call, Service
from sandbox.services.cloudwatch import data, queries, reading
from sandbox.services.cloudwatch.alarms import Alarms
from sandbox.services.paging import page

if TYPE_CHECKING:
    from sandbox.metrics.points import Point
    from sandbox.metrics.series import Series
    from sandbox.protocol.wire import Json

_LISTED: Final = 500
_LISTED_SECONDS: Final = 14 * 86400
_RECENT_SECONDS: Final = 3 * 3600
_MOST_DATAPOINTS: Final = 1440


class CloudWatch(Service):
    """Metrics of `host.metrics`, and the state of alarms; everything else is MiniStack's."""

    name: ClassVar[str] = "cloudwatch"
    passes_on: ClassVar[bool] = True
    validation_code: ClassVar[str] = "InvalidParameterValue"
    data_operations: ClassVar[frozenset[str]] = frozenset({"PutMetricData"})

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.alarms = Alarms(self.host, self.store)

    async def start(self) -> None:
        """Begin to evaluate alarms."""
        self.spawn(self.alarms.keep_evaluating(), "alarms")

    async def put_metric_alarm(self, call: Call, request: Json) -> Json:
        """An alarm on a metric or on metric math; evaluated from then on."""
        await self._pass_on(call, "PutMetricAlarm", request)
        self.alarms.keep(call, request)
        return {}

    async def delete_alarms(self, call: Call, request: Json) -> Json:
        """Alarms by name; those that are not there are ignored."""
        await self._pass_on(call, "DeleteAlarms", request)
        self.alarms.forget(call, request["AlarmNames"])
        return {}

    async def describe_alarms(self, call: Call, request: Json) -> Json:
        """Alarms with their state."""
        answer = await self._pass_on(call, "DescribeAlarms", request)
        self.alarms.complete(call, answer.get("MetricAlarms", []))
        return answer

    async def _pass_on(self, call: Call, operation: str, request: Json) -> Json:
        return await self.host.aws(call.region).pass_on(self.name, operation, request)

    def put_metric_data(self, call: Call, request: Json) -> Json:
        """Points an account publishes itself; all of a request or none."""
        self.host.metrics.put(data.entries(call, request))
        return {}

    def get_metric_data(self, call: Call, request: Json) -> Json:
        """Values of many metrics and of expressions over them."""
        return queries.answer(self.host.metrics.store, call, request)

    def get_metric_statistics(self, call: Call, request: Json) -> Json:
        """Several statistics of one metric, in order of time."""
        basic, extended = request.get("Statistics", []), request.get("ExtendedStatistics", [])
        if not basic and not extended:
            raise ServiceError(
                "MissingParameter", "Statistics or ExtendedStatistics must be given."
            )
        period, code = request["Period"], self.validation_code
        reading.check_period(period, code)
        for statistic in (*basic, *extended):
            reading.check_statistic(statistic, code)
        start, end = request["StartTime"].timestamp(), request["EndTime"].timestamp()
        if start >= end:
            raise data.invalid("The parameter StartTime must be less than the parameter EndTime.")
        if (end - start) / period > _MOST_DATAPOINTS:
            raise ServiceError(
                "InvalidParameterCombination",
                f"You have requested up to {int((end - start) / period)} datapoints, which exceeds "
                f"the limit of {_MOST_DATAPOINTS}.",
            )
        series = self.host.metrics.store.find(self._metric(call, request))
        groups = reading.grouped(series, reading.window(start, end), period, request.get("Unit"))
        return {
            "Label": request["MetricName"],
            "Datapoints": [
                _datapoint(moment, point, series, basic, extended)
                for moment, point in sorted(groups.items())
            ],
        }

    def list_metrics(self, call: Call, request: Json) -> Json:
        """Metrics with points in the last two weeks, 500 at a time."""
        recent = _RECENT_SECONDS if "RecentlyActive" in request else _LISTED_SECONDS
        oldest = call.now() - recent
        found = [
            metric
            for metric, series in sorted(
                self.host.metrics.store.of(call.account_id, call.region).items(),
                key=lambda one: one[0],
            )
            if series.newest >= oldest and _is_meant(metric, request)
        ]
        shown, token = page(
            found, _LISTED, request.get("NextToken"), error_code="InvalidParameterValue"
        )
        answer: Json = {"Metrics": [_described(metric) for metric in shown]}
        return {**answer, "NextToken": token} if token else answer

    @staticmethod
    def _metric(call: Call, request: Json) -> Metric:
        dimensions = data.dimensions_of(request.get("Dimensions", []))
        place = (call.account_id, call.region)
        return Metric(*place, request["Namespace"], request["MetricName"], dimensions)


def _datapoint(
    moment: int, point: Point, series: Series | None, basic: list[str], extended: list[str]
) -> Json:
    found: Json = {"Timestamp": moment, "Unit": series.unit if series else "None"}
    found |= {name: point.statistic(name) for name in basic}
    percentiles = {name: point.statistic(name) for name in extended}
    known = {name: value for name, value in percentiles.items() if value is not None}
    return {**found, "ExtendedStatistics": known} if known else found


def _is_meant(metric: Metric, request: Json) -> bool:
    if request.get("Namespace", metric.namespace) != metric.namespace:
        return False
    if request.get("MetricName", metric.name) != metric.name:
        return False
    named = dict(metric.dimensions)
    return all(
        wanted["Name"] in named and wanted.get("Value") in {None, named[wanted["Name"]]}
        for wanted in request.get("Dimensions", [])
    )


def _described(metric: Metric) -> Json:
    return {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
    }
