"""GetMetricData: many queries at once, metrics and expressions over them, page by page."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, Final

from sandbox.metrics.series import Metric
from sandbox.protocol.errors import ServiceError
from sandbox.services.cloudwatch import expressions, reading, search
from sandbox.services.cloudwatch.data import dimensions_of
from sandbox.services.cloudwatch.reading import Values

if TYPE_CHECKING:
    from sandbox.metrics.series import MetricStore
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call

MOST_QUERIES: Final = 500
MOST_DATAPOINTS: Final = 100_800
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
_CODE: Final = "ValidationError"


def answer(store: MetricStore, call: Call, request: Json) -> Json:
    """Output of GetMetricData."""
    asked = Queries(store, call, request)
    results = [(query, one) for query in asked.returned() for one in asked.values(query["Id"])]
    rows = [_ordered(one, request.get("ScanBy", "TimestampDescending")) for _, one in results]
    limit = min(request.get("MaxDatapoints", MOST_DATAPOINTS), MOST_DATAPOINTS)
    start = _offset(request)
    end, position, shown = start + limit, 0, []
    for (query, one), row in zip(results, rows, strict=True):
        first, last = position, position + len(row)
        position = last
        if (first < end and last > start) or not (row or start):
            part = row[max(start - first, 0) : end - first]
            shown.append(_result(query, one, part, is_whole=not row or last <= end))
    output: Json = {"MetricDataResults": shown, "Messages": []}
    if position > end:
        output["NextToken"] = _token(request, end)
    return output


class Queries:
    """The queries of one request, each computed once."""

    def __init__(self, store: MetricStore, call: Call, request: Json) -> None:
        self._series = store.of(call.account_id, call.region)
        self._call = call
        self._window = reading.window(
            request["StartTime"].timestamp(), request["EndTime"].timestamp()
        )
        self._queries: list[Json] = request["MetricDataQueries"]
        self._by_id = {query["Id"]: query for query in self._queries}
        self._known: dict[str, list[Values]] = {}
        self._under_way: set[str] = set()
        self._check()

    def returned(self) -> list[Json]:
        """The queries whose values are asked for."""
        return [query for query in self._queries if query.get("ReturnData", True)]

    def values(self, query_id: str) -> list[Values]:
        """Series of a query: one of a metric, several of a search."""
        known = self._known.get(query_id)
        if known is not None:
            return known
        if query_id in self._under_way:
            raise _invalid(f"The expression {query_id} refers to itself.")
        self._under_way.add(query_id)
        query = self._by_id[query_id]
        found = self._of_metric(query) if "MetricStat" in query else self._of_expression(query)
        self._under_way.discard(query_id)
        self._known[query_id] = found
        return found

    def _check(self) -> None:
        if not self._queries:
            raise _invalid("The collection MetricDataQueries must not be empty.")
        if len(self._queries) > MOST_QUERIES:
            raise _invalid(f"MetricDataQueries must not have a size greater than {MOST_QUERIES}.")
        if len(self._by_id) != len(self._queries):
            raise _invalid("The values for parameter id in MetricDataQueries are not unique.")
        for query in self._queries:
            if not _ID.fullmatch(query["Id"]):
                raise _invalid(
                    f"The value {query['Id']} for parameter Id does not match {_ID.pattern}."
                )
            if ("MetricStat" in query) == ("Expression" in query):
                raise _invalid("Either MetricStat or Expression must be given, and not both.")
        if not self.returned():
            raise _invalid("At least one query must return data.")

    def _of_metric(self, query: Json) -> list[Values]:
        stat = query["MetricStat"]
        reading.check_period(stat["Period"], _CODE)
        reading.check_statistic(stat["Stat"], _CODE)
        asked = stat["Metric"]
        metric = Metric(
            self._call.account_id,
            self._call.region,
            asked.get("Namespace", ""),
            asked.get("MetricName", ""),
            dimensions_of(asked.get("Dimensions", [])),
        )
        label = query.get("Label", metric.name)
        return [self._read(metric, stat["Period"], stat["Stat"], label, stat.get("Unit"))]

    def _read(
        self, metric: Metric, period: int, statistic: str, label: str, unit: str | None = None
    ) -> Values:
        series = self._series.get(metric)
        found = reading.values(series, self._window, period, statistic, unit)
        return Values(label, period, found)

    def _of_expression(self, query: Json) -> list[Values]:
        around = expressions.Surroundings(self._lookup, self._metrics, self._search, self._window)
        found = expressions.evaluate(query["Expression"], around)
        if "Label" in query or len(found) == 1:
            label = str(query.get("Label", query["Id"]))
            return [Values(label, one.period, one.by_moment) for one in found]
        return found

    def _lookup(self, name: str) -> Any:
        if name not in self._by_id:
            raise _invalid(f"There is no query with the id {name}.")
        found = self.values(name)
        return found[0] if len(found) == 1 else found

    def _metrics(self) -> list[Values]:
        return [
            one
            for query in self._queries
            if "MetricStat" in query
            for one in self.values(query["Id"])
        ]

    def _search(self, text: str, statistic: str, period: int) -> list[Values]:
        reading.check_period(period, _CODE)
        reading.check_statistic(statistic, _CODE)
        return [
            self._read(metric, period, statistic, _search_label(metric))
            for metric in search.found(text, self._series)
        ]


def _search_label(metric: Metric) -> str:
    return " ".join((*(value for _, value in metric.dimensions), metric.name))


def _ordered(values: Values, scan_by: str) -> list[tuple[int, float]]:
    return sorted(values.by_moment.items(), reverse=scan_by == "TimestampDescending")


def _result(query: Json, values: Values, part: list[tuple[int, float]], *, is_whole: bool) -> Json:
    return {
        "Id": query["Id"],
        "Label": values.label,
        "Timestamps": [at for at, _ in part],
        "Values": [value for _, value in part],
        "StatusCode": "Complete" if is_whole else "PartialData",
    }


def _token(request: Json, offset: int) -> str:
    return base64.urlsafe_b64encode(f"{offset}:{_fingerprint(request)}".encode()).decode()


def _offset(request: Json) -> int:
    token = request.get("NextToken")
    if token is None:
        return 0
    try:
        offset, _, fingerprint = base64.urlsafe_b64decode(token).decode().partition(":")
        if fingerprint == _fingerprint(request):
            return int(offset)
    except (ValueError, binascii.Error):
        pass
    raise ServiceError("InvalidNextToken", "The NextToken is not valid for this request.")


def _fingerprint(request: Json) -> str:
    same = {name: value for name, value in request.items() if name != "NextToken"}
    return hashlib.sha256(json.dumps(same, default=str, sort_keys=True).encode()).hexdigest()[:16]


def _invalid(message: str) -> ServiceError:
    return ServiceError(_CODE, message)
