"""Tests of Timestream's queries over what WriteRecords stored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.protocol.errors import ServiceError
from sandbox.services.timestream import TimestreamQuery, access
from tests.sandbox.services.calling import Caller
from tests.sandbox.services.timestream_doubles import TABLE, record, select, write

MULTI = {"MeasureName": "session", "MeasureValueType": "MULTI", "MeasureValue": None}


@pytest.fixture
def queries(timestream: Caller) -> Iterator[Caller]:
    """The query service over the same account."""
    caller = Caller(TimestreamQuery)
    caller.service.host = SimpleNamespace(
        registry={"timestream-write": timestream.service}, endpoint_url="http://127.0.0.1:4566"
    )
    yield caller
    caller.close()


def sessions(timestream: Caller) -> int:
    """Three sessions, a minute apart, the last one just now; gives the last one's time in ms."""
    last = int(time.time() * 1000) // 60_000 * 60_000
    records = [
        record(
            session=f"s{number}",
            **MULTI,
            Time=str(last - (2 - number) * 60_000),
            MeasureValues=[
                {"Name": "plays", "Value": str(number + 1), "Type": "BIGINT"},
                {"Name": "seconds", "Value": str(10.5 * number), "Type": "DOUBLE"},
                {"Name": "live", "Value": "true", "Type": "BOOLEAN"},
            ],
        )
        for number in range(3)
    ]
    write(timestream, *records)
    return last


def test_rows_come_back_as_text(timestream: Caller, queries: Caller) -> None:
    """Every type is written as Timestream writes it, with its column info."""
    last = sessions(timestream)
    text = (
        'SELECT session, plays, seconds, live, time FROM "video"."sessions" '
        "WHERE measure_name = 'session' ORDER BY session"
    )
    rows = select(queries, text)
    assert [row[:4] for row in rows] == [
        ["s0", "1", "0.0", "true"],
        ["s1", "2", "10.5", "true"],
        ["s2", "3", "21.0", "true"],
    ]
    expected = time.strftime("%Y-%m-%d %H:%M:%S.000000000", time.gmtime(last / 1000))
    assert rows[2][4] == expected
    info = queries("Query", QueryString=text)["ColumnInfo"]
    assert [column["Type"]["ScalarType"] for column in info] == [
        "VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP",
    ]  # fmt: skip


def test_single_measures_have_a_column_of_their_type(timestream: Caller, queries: Caller) -> None:
    """`measure_value::double` is a column; a value a row lacks is null."""
    write(
        timestream,
        record(session="1", value="2.5"),
        record(session="2", value="7", MeasureValueType="BIGINT"),
    )
    text = (
        "SELECT measure_value::double, measure_value::bigint FROM video.sessions ORDER BY session"
    )
    assert select(queries, text) == [["2.5", None], [None, "7"]]


def test_time_functions(timestream: Caller, queries: Caller) -> None:
    """ago, bin, now, durations and interval literals mean what they mean in Timestream."""
    last = sessions(timestream)
    assert select(queries, "SELECT count(*) FROM video.sessions WHERE time > ago(15m)") == [["3"]]
    assert select(queries, "SELECT count(*) FROM video.sessions WHERE time > now() + 1h") == [["0"]]
    binned = select(
        queries,
        "SELECT to_milliseconds(bin(time, 5m)) AS t, sum(plays) FROM video.sessions "
        "WHERE time BETWEEN ago(interval '1' hour) AND now() GROUP BY bin(time, 5m) ORDER BY t",
    )
    expected: dict[int, int] = {}
    for number in range(3):
        start = (last - (2 - number) * 60_000) // 300_000 * 300_000
        expected[start] = expected.get(start, 0) + number + 1
    assert binned == [[str(start), str(plays)] for start, plays in sorted(expected.items())]


def test_whole_units_are_counted(timestream: Caller, queries: Caller) -> None:
    """date_diff counts units that have passed, not boundaries."""
    text = "SELECT date_diff('minute', from_milliseconds(59000), from_milliseconds(61000))"
    assert select(queries, text) == [["0"]]


def test_trino_functions(timestream: Caller, queries: Caller) -> None:
    """Aggregates and common table expressions of Trino work."""
    sessions(timestream)
    text = (
        "WITH recent AS (SELECT * FROM video.sessions WHERE time > ago(1h)) "
        "SELECT max_by(session, plays), count_if(plays > 1), approx_percentile(seconds, 0.5) "
        "FROM recent"
    )
    assert select(queries, text) == [["s2", "2", "10.5"]]


def test_a_replaced_row_is_read_new(timestream: Caller, queries: Caller) -> None:
    """After an upsert only the higher version is seen."""
    one = record(value="1")
    write(timestream, one)
    write(timestream, {**one, "MeasureValue": "2", "Version": 2})
    assert select(queries, "SELECT measure_value::double FROM video.sessions") == [["2.0"]]


def test_pages(timestream: Caller, queries: Caller) -> None:
    """MaxRows and NextToken give every row once; a token belongs to its query."""
    for start in range(0, 250, 100):
        stop = min(start + 100, 250)
        write(timestream, *(record(session=f"{number:03d}") for number in range(start, stop)))
    text = "SELECT session FROM video.sessions ORDER BY session"
    rows = select(queries, text, MaxRows=100)
    assert rows == [[f"{number:03d}"] for number in range(250)]
    token = queries("Query", QueryString=text, MaxRows=100)["NextToken"]
    with pytest.raises(ServiceError):
        queries("Query", QueryString="SELECT 1", NextToken=token)


def test_an_empty_table_has_its_columns(queries: Caller) -> None:
    """Before the first record a table has no rows, and is no error."""
    assert select(queries, "SELECT time, measure_name FROM video.sessions") == []


def test_what_there_is(timestream: Caller, queries: Caller) -> None:
    """SHOW and DESCRIBE answer from what was made and written."""
    sessions(timestream)
    assert select(queries, "SHOW DATABASES") == [["video"]]
    assert select(queries, 'SHOW TABLES FROM "video"') == [["sessions"]]
    assert select(queries, "SHOW MEASURES FROM video.sessions") == [["session"]]
    described = dict(select(queries, 'DESCRIBE "video"."sessions"'))
    assert described["plays"] == "bigint"
    assert described["time"] == "timestamp"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT FROM", "syntax"),
        ("SELECT 1; SELECT 2", "Only one"),
        ("DROP TABLE video.sessions", "Only one"),
        ("SELECT * FROM sessions", "must be given with its database"),
        ("SELECT * FROM video.other", "The table other does not exist"),
        ("SELECT * FROM other.sessions", "The database other does not exist"),
        ("SELECT nothing FROM video.sessions", "nothing"),
        ("SELECT interpolate_linear(1)", "has no function INTERPOLATE_LINEAR"),
        ("SELECT read_text('/etc/passwd')", "has no function"),
        ("SHOW TABLES", "needs FROM"),
    ],
)
def test_wrong_queries_are_refused(queries: Caller, text: str, message: str) -> None:
    """What is no query of Timestream's, or not of the sandbox's subset, says why."""
    with pytest.raises(ServiceError) as caught:
        queries("Query", QueryString=text)
    assert caught.value.code == "ValidationException"
    assert message in caught.value.message


def test_queries_read_no_files(queries: Caller) -> None:
    """DuckDB's own table functions reach nothing outside."""
    for text in ("SELECT * FROM '/etc/passwd'", "SELECT * FROM read_csv('/etc/passwd')"):
        with pytest.raises(ServiceError):
            queries("Query", QueryString=text)


def test_rows_are_deleted_with_their_table(timestream: Caller, queries: Caller) -> None:
    """A table of the same name begins empty."""
    write(timestream, record())
    timestream("DeleteTable", **TABLE)
    timestream("CreateTable", **TABLE)
    assert select(queries, "SELECT * FROM video.sessions") == []


def test_rows_survive_a_restart(timestream: Caller, queries: Caller) -> None:
    """What was acknowledged is read after the files were closed and opened again."""
    write(timestream, record(value="3"))
    timestream.service.engines.close()
    assert select(queries, "SELECT measure_value::double FROM video.sessions") == [["3.0"]]


def test_query_capacity_comes_in_steps(queries: Caller) -> None:
    """MaxQueryTCU is a multiple of four."""
    with pytest.raises(ServiceError):
        queries("UpdateAccountSettings", MaxQueryTCU=6)
    assert queries("UpdateAccountSettings", MaxQueryTCU=8)["MaxQueryTCU"] == 8
    assert queries("DescribeAccountSettings")["MaxQueryTCU"] == 8


def test_a_new_customer_cannot_query(queries: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The closed service is closed for queries, too."""
    monkeypatch.setenv(access.VARIABLE, "closed")
    calls: list[tuple[str, dict[str, Any]]] = [
        ("DescribeEndpoints", {}),
        ("Query", {"QueryString": "SELECT 1"}),
    ]
    for operation, parameters in calls:
        with pytest.raises(ServiceError) as caught:
            queries(operation, **parameters)
        assert caught.value.message == access.MESSAGE
