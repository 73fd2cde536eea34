"""Metric alarms: MiniStack keeps them and acts on their state; the state is found out here.

MiniStack evaluates against metrics of its own, whatever their dimensions, and forgets the queries
of an alarm on metric math; both are put right.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sandbox import ministack_runtime
from sandbox.metrics.meter import PUBLICATION_LAG_SECONDS
from sandbox.protocol.errors import ServiceError
from sandbox.services.base import Call
from sandbox.services.cloudwatch import alarm_rules, queries

if TYPE_CHECKING:
    from sandbox.host import Host
    from sandbox.protocol.wire import Json
    from sandbox.store import Store

EVALUATION_SECONDS: Final = 10
"""How often alarms are evaluated; AWS does it once a minute."""
_QUERIES: Final = "alarm_queries"
_OF_ONE_METRIC: Final = ("MetricName", "Namespace", "Dimensions", "Period", "Statistic", "Unit")


class Alarms:
    """Every metric alarm of the sandbox.

    Args:
        host: the server.
        store: keeps the queries of alarms on metric math.

    """

    def __init__(self, host: Host, store: Store) -> None:
        self._host = host
        self._store = store

    def keep(self, call: Call, request: Json) -> None:
        """Remember the queries of an alarm, or that it has none."""
        table = self._store.table(call.account_id, call.region, _QUERIES)
        table.pop(request["AlarmName"], None)
        if request.get("Metrics"):
            table[request["AlarmName"]] = request["Metrics"]

    def forget(self, call: Call, names: list[str]) -> None:
        """Alarms are gone."""
        table = self._store.table(call.account_id, call.region, _QUERIES)
        for name in names:
            table.pop(name, None)

    def complete(self, call: Call, described: list[Json]) -> None:
        """Give alarms on metric math their queries back, and take away what they never had."""
        table = self._store.table(call.account_id, call.region, _QUERIES)
        for alarm in described:
            if alarm["AlarmName"] in table:
                alarm["Metrics"] = table[alarm["AlarmName"]]
                for member in _OF_ONE_METRIC:
                    alarm.pop(member, None)

    async def keep_evaluating(self) -> None:
        """Evaluate all alarms every few seconds, for ever."""
        while True:
            await asyncio.sleep(EVALUATION_SECONDS)
            await self.evaluate(time.time())

    async def evaluate(self, now: float) -> None:
        """Set the state of every alarm whose state is another one."""
        records = ministack_runtime.regional_records("cloudwatch", "_alarms")
        for (account_id, region, name), alarm in list(records.items()):
            call = Call("cloudwatch", "SetAlarmState", region, account_id, "", is_internal=True)
            found = self._state(call, name, alarm, now)
            if found is not None and found[0] != alarm["StateValue"]:
                await self._host.aws(region).pass_on(
                    "cloudwatch",
                    "SetAlarmState",
                    {"AlarmName": name, "StateValue": found[0], "StateReason": found[1]},
                )

    def _state(
        self, call: Call, name: str, alarm: Json, now: float
    ) -> tuple[alarm_rules.State, str] | None:
        """State and reason; None where the alarm stays as it is or cannot be evaluated."""
        if not alarm_rules.is_known(alarm["ComparisonOperator"]):
            return None
        rule = _rule(alarm)
        asked = self._store.table(call.account_id, call.region, _QUERIES).get(name)
        try:
            values = self._values(call, asked or [_query(alarm)], rule, now)
        except ServiceError:
            return None  # an expression that gives no series has no state, as in AWS
        state = alarm_rules.state(rule, values)
        known = [value for value in values if value is not None][: rule.periods]
        if state is None:
            return None
        return state, f"Threshold Crossed: the last values {known} against {rule.threshold}."

    def _values(
        self, call: Call, asked: list[Json], rule: alarm_rules.Rule, now: float
    ) -> list[float | None]:
        """Values of the periods that are over and published, the newest first."""
        period = _period(asked)
        end = int(now - PUBLICATION_LAG_SECONDS) // period * period
        start = end - (rule.periods + alarm_rules.MORE_PERIODS) * period
        request = {
            "MetricDataQueries": asked,
            "StartTime": datetime.fromtimestamp(start, UTC),
            "EndTime": datetime.fromtimestamp(end, UTC),
        }
        answer = queries.answer(self._host.metrics.store, call, request)
        result = answer["MetricDataResults"][0]
        found = dict(zip(result["Timestamps"], result["Values"], strict=True))
        return [found.get(moment) for moment in range(end - period, start - period, -period)]


def _rule(alarm: Json) -> alarm_rules.Rule:
    periods = alarm["EvaluationPeriods"]
    return alarm_rules.Rule(
        comparison=alarm["ComparisonOperator"],
        threshold=alarm["Threshold"],
        periods=periods,
        datapoints=int(alarm.get("DatapointsToAlarm") or periods),
        missing=alarm.get("TreatMissingData", "missing"),
    )


def _query(alarm: Json) -> Json:
    metric = {name: alarm[name] for name in ("Namespace", "MetricName", "Dimensions")}
    statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
    stat: dict[str, Any] = {"Metric": metric, "Period": alarm["Period"], "Stat": statistic}
    if alarm.get("Unit"):
        stat["Unit"] = alarm["Unit"]
    return {"Id": "m", "MetricStat": stat}


def _period(asked: list[Json]) -> int:
    """The longest period of the queries, which is that of the alarm."""
    periods = (query.get("MetricStat", query).get("Period", 60) for query in asked)
    return int(max(periods))
