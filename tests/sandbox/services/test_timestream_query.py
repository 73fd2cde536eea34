"""Tests of Timestream's queries over what WriteRecords stored."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sandbox.protocol.errors import ServiceError
from sandbox.services.timestream import access
from tests.sandbox.services.calling import Caller
from tests.sandbox.services.timestream_doubles import (
    MULTI,
    TABLE,
    record,
    select,
    sessions,
    write,
)


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


def test_integers_divide_as_integers(queries: Caller) -> None:
    """A bigint by a bigint is a bigint, as in Trino; one double makes a double."""
    assert select(queries, "SELECT 7 / 2, 7.0 / 2, CAST(7 AS DOUBLE) / 2") == [["3", "3.5", "3.5"]]


def test_columns_without_a_name_are_numbered(timestream: Caller, queries: Caller) -> None:
    """Expressions are `_col` and their number in the SELECT clause; columns keep their names."""
    sessions(timestream)
    text = "SELECT session, count(*), max(plays) AS most, 1 FROM video.sessions GROUP BY session"
    answer = queries("Query", QueryString=text)
    assert [column["Name"] for column in answer["ColumnInfo"]] == [
        "session", "_col1", "most", "_col3",
    ]  # fmt: skip


def test_times_of_text_and_numbers(queries: Caller) -> None:
    """ISO 8601 is read as UTC, with a zone or without; epoch seconds as they are."""
    text = (
        "SELECT from_iso8601_timestamp('2026-01-01T02:00:00+02:00'), "
        "from_iso8601_timestamp('2026-01-01T00:00:00Z'), from_unixtime(1767225600)"
    )
    assert select(queries, text) == [["2026-01-01 00:00:00.000000000"] * 3]


def test_a_measure_that_a_correction_lacks_is_gone(timestream: Caller, queries: Caller) -> None:
    """Records are replaced whole: the higher version's measures are all there are."""
    one = record(**MULTI, MeasureValues=[
        {"Name": "plays", "Value": "1", "Type": "BIGINT"},
        {"Name": "startup", "Value": "900", "Type": "BIGINT"},
    ])  # fmt: skip
    write(timestream, one)
    plays = [{"Name": "plays", "Value": "2", "Type": "BIGINT"}]
    write(timestream, {**one, "MeasureValues": plays, "Version": 2})
    assert select(queries, "SELECT plays, startup FROM video.sessions") == [["2", None]]


def test_columns_come_in_the_order_they_were_written(timestream: Caller, queries: Caller) -> None:
    """SELECT * has the same columns in the same place whenever it is asked."""
    sessions(timestream)
    answer = queries("Query", QueryString="SELECT * FROM video.sessions")
    assert [column["Name"] for column in answer["ColumnInfo"]] == [
        "measure_name", "time", "session", "plays", "seconds", "live",
    ]  # fmt: skip


def test_a_replaced_row_is_read_new(timestream: Caller, queries: Caller) -> None:
    """After an upsert only the higher version is seen."""
    one = record(value="1")
    write(timestream, one)
    write(timestream, {**one, "MeasureValue": "2", "Version": 2})
    assert select(queries, "SELECT measure_value::double FROM video.sessions") == [["2.0"]]


def test_what_is_older_than_retention_is_not_read(timestream: Caller, queries: Caller) -> None:
    """A shorter retention of the magnetic store takes rows away at once."""
    timestream(
        "UpdateTable", **TABLE, MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True}
    )
    old = str(int((time.time() - 3 * 86_400) * 1000))
    write(timestream, record(session="old", Time=old), record(session="new"))
    text = "SELECT session FROM video.sessions ORDER BY session"
    assert select(queries, text) == [["new"], ["old"]]
    retention = {
        "MemoryStoreRetentionPeriodInHours": 6,
        "MagneticStoreRetentionPeriodInDays": 1,
    }
    timestream("UpdateTable", **TABLE, RetentionProperties=retention)
    assert select(queries, text) == [["new"]]


def test_an_empty_table_has_its_columns(queries: Caller) -> None:
    """Before the first record a table has no rows, and is no error."""
    assert select(queries, "SELECT time, measure_name FROM video.sessions") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT FROM", "syntax"),
        ("SELECT 1; SELECT 2", "Only one"),
        ("DROP TABLE video.sessions", "Only one"),
        ("SELECT * FROM sessions", "must be given with its database"),
        ("SELECT * FROM video.other", "The table other does not exist"),
        ("SELECT * FROM other.sessions", "The database other does not exist"),
        ("SELECT nothing FROM video.sessions", "Column 'nothing' does not exist"),
        ("SELECT sum(plays) AS plays FROM video.sessions", "Column 'plays' does not exist"),
        ("SELECT measure_value::bigint FROM video.sessions", "Column 'measure_value::bigint'"),
        ("SHOW TABLES FROM other", "The database other does not exist"),
        ("DESCRIBE video.other", "The table other does not exist"),
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
