"""The alert rules: they fire where verdicts say so, and say what to do."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from stacks.grafana.alert_rules import RULE_UID_LENGTH
from stacks.grafana.export import documents
from tests.stacks.grafana.viewers import MINUTE_MS, RegionStore, lambda_event
from videoctl.model.specification import EnvironmentSpecification
from videoctl.model.thresholds import thresholds

Rule = dict[str, Any]
CONCERNS = {"no-data", "stale", "stall-ratio", "error-ratio", "late-ratio"}
LIMITS = thresholds()


@pytest.fixture(scope="module")
def rules(exported: Any) -> list[Rule]:
    """Every rule of both regions."""
    return [
        rule
        for group in exported["provisioning/alerting/prod.json"]["groups"]
        for rule in group["rules"]
    ]


def rule_of(rules: list[Rule], concern: str, severity: str) -> Rule:
    """One rule of us-east-1."""
    (found,) = (
        one
        for one in rules
        if one["labels"]["concern"] == concern
        and one["labels"]["severity"] == severity
        and one["labels"]["region"] == "us-east-1"
    )
    return found


def fires(rule: Rule, store: RegionStore | None, metric: list[float]) -> bool | None:
    """What Grafana makes of a rule; None: there is no figure.

    Args:
        rule: the rule.
        store: answers its Timestream queries.
        metric: points that its CloudWatch query gives.

    """
    values: dict[str, Any] = {}
    for query in rule["data"]:
        model, ref_id = query["model"], query["refId"]
        if "rawQuery" in model:
            assert store is not None
            values[ref_id] = _number(
                store.select(model["rawQuery"].replace("video-prod", "video-dev"))
            )
        elif model.get("queryMode") == "Metrics":
            values[ref_id] = metric
        elif model["type"] == "reduce":
            points = values[model["expression"]]
            reducers = {"last": lambda points: points[-1], "sum": math.fsum}
            values[ref_id] = reducers[model["reducer"]](points) if points else None
        else:
            values[ref_id] = _arithmetic(model["expression"], values)
    result = values[rule["condition"]]
    return None if result is None else bool(result)


def _number(rows: list[dict[str, str | None]]) -> float | None:
    """The one number of a table of one row; its texts are labels."""
    if not rows:
        return None
    (row,) = rows
    (number,) = (value for name, value in row.items() if name != "region")
    assert number is not None
    return float(number)


def _arithmetic(expression: str, values: dict[str, Any]) -> Any:
    names = re.findall(r"\$(\w)", expression)
    if any(values[name] is None for name in names):
        return None
    plain = re.sub(r"\$(\w)", lambda found: repr(float(values[found[1]])), expression)
    assert re.fullmatch(r"[\d.e+\-/()<>= ]+", plain)
    try:
        return eval(plain)
    except ZeroDivisionError:
        return None


def newest_minute_ms() -> int:
    """Where the newest window begins that has closed."""
    return int(datetime.now(UTC).timestamp()) // 60 * MINUTE_MS - MINUTE_MS


def fill(store: RegionStore, start: int, count: int, **fields: Any) -> None:
    """As many sessions in one minute; again, they are corrections of those before."""
    windows = [
        {
            "session_id": f"s-{number}", "content_id": "c", "region": "us-east-1",
            "window_start_ms": start, "window_end_ms": start + MINUTE_MS,
            "events": 100, "errors": 0, "stalls": 0, "stall_ms": 0, **fields,
        }
        for number in range(count)
    ]  # fmt: skip
    assert store.sink.process(lambda_event(windows, start))["batchItemFailures"] == []


def _stalled(ratio: float) -> dict[str, int]:
    return {"stall_ms": round(MINUTE_MS * ratio)}


def _failed(ratio: float) -> dict[str, int]:
    return {"errors": round(100 * ratio)}


def test_every_concern_has_both_severities_in_every_region(rules: list[Rule]) -> None:
    """No region is forgotten, and no two rules share a uid."""
    found = [
        (one["labels"]["concern"], one["labels"]["severity"], one["labels"]["region"])
        for one in rules
    ]
    severities, regions = ("warning", "critical"), ("us-east-1", "us-west-2")
    assert sorted(found) == sorted(itertools.product(CONCERNS, severities, regions))
    uids = {rule["uid"] for rule in rules}
    assert len(uids) == len(rules)


def test_uids_fit_the_longest_name(specification: EnvironmentSpecification) -> None:
    """Grafana refuses longer ones, and so would an environment of twelve letters."""
    longest = dataclasses.replace(specification, name="longestname1")
    every = {path: json.loads(text) for path, text in documents(longest).items()}
    uids = [
        rule["uid"]
        for group in every["provisioning/alerting/longestname1.json"]["groups"]
        for rule in group["rules"]
    ]
    uids += [
        one["uid"] for one in every["provisioning/datasources/longestname1.yaml"]["datasources"]
    ]
    uids += [one["uid"] for path, one in every.items() if path.startswith("dashboards/")]
    assert max(map(len, uids)) <= RULE_UID_LENGTH


def test_every_query_has_its_source(rules: list[Rule], exported: Any) -> None:
    """What a rule asks is a data source of this environment, or Grafana's own arithmetic."""
    sources = {one["uid"] for one in exported["provisioning/datasources/prod.yaml"]["datasources"]}
    for rule in rules:
        assert {query["datasourceUid"] for query in rule["data"]} <= sources | {"__expr__"}
        assert rule["condition"] in {query["refId"] for query in rule["data"]}
        for query in rule["data"]:
            assert query["model"]["refId"] == query["refId"]
            assert query["model"]["datasource"]["uid"] == query["datasourceUid"]


def test_texts_hold_nothing_that_provisioning_expands(rules: list[Rule]) -> None:
    """A `$` in a text would be replaced by an environment variable of Grafana's process."""
    for rule in rules:
        for text in (*rule["annotations"].values(), *rule["labels"].values(), rule["title"]):
            assert "$" not in text
        assert rule["annotations"]["description"]


@pytest.mark.parametrize("severity", ["warning", "critical"])
@pytest.mark.parametrize(
    ("concern", "fields", "limit"),
    [
        (
            "stall-ratio",
            lambda ratio: {"stall_ms": round(60_000 * ratio)},
            LIMITS.session_stall_ratio,
        ),
        ("error-ratio", lambda ratio: {"errors": round(100 * ratio)}, LIMITS.session_error_ratio),
    ],
    ids=["stall-ratio", "error-ratio"],
)
def test_a_ratio_fires_at_its_limit(
    rules: list[Rule],
    empty_store: RegionStore,
    concern: str,
    fields: Any,
    limit: Any,
    severity: str,
) -> None:
    """Just under the limit it is quiet, at the limit it fires; without viewers it says nothing."""
    value, start = getattr(limit, severity), newest_minute_ms()
    rule = rule_of(rules, concern, severity)
    fill(empty_store, start, 40, **fields(value - 0.01))
    assert fires(rule, empty_store, []) is False
    fill(empty_store, start, 40, **fields(value))
    assert fires(rule, empty_store, []) is True
    assert rule["noDataState"] == "OK"


def test_no_data_fires_when_the_raw_stream_is_silent(rules: list[Rule]) -> None:
    """The newest five minutes count; a metric that is missing altogether is an alert as well."""
    critical, warning = (rule_of(rules, "no-data", one) for one in ("critical", "warning"))
    assert fires(critical, None, [500, 0]) is True
    assert fires(critical, None, [0, 1]) is False
    assert fires(warning, None, [500, 4]) is True
    assert fires(warning, None, [0, 5]) is False
    assert fires(critical, None, []) is None
    assert critical["noDataState"] == "Alerting"


def test_stale_sessions_fire(rules: list[Rule], empty_store: RegionStore) -> None:
    """An empty table is stale, a table with the newest minute is not."""
    rule = rule_of(rules, "stale", "critical")
    assert fires(rule, empty_store, []) is True
    fill(empty_store, newest_minute_ms(), 1)
    assert fires(rule, empty_store, []) is False


def test_the_late_share_is_of_all_events(rules: list[Rule], empty_store: RegionStore) -> None:
    """Late events over late and counted ones; no late event at all is no alert."""
    fill(empty_store, newest_minute_ms(), 19)  # 1900 events
    rule = rule_of(rules, "late-ratio", "critical")
    assert fires(rule, empty_store, [50.0, 49.0]) is False
    assert fires(rule, empty_store, [50.0, 50.0]) is True
    assert fires(rule, empty_store, []) is None
    assert rule["noDataState"] == "OK"


def test_where_nobody_need_watch_old_windows_are_quiet(
    specification: EnvironmentSpecification,
) -> None:
    """In an environment of development traffic the rule is there, paused; no other one is."""
    quiet = dataclasses.replace(
        specification, kind="development", traffic_class="development", protected=False
    )
    for one, expected in ((specification, set()), (quiet, {"stale"})):
        text = documents(one)["provisioning/alerting/prod.json"]
        every = [rule for group in json.loads(text)["groups"] for rule in group["rules"]]
        assert {rule["labels"]["concern"] for rule in every if rule["isPaused"]} == expected
