"""Tests of SHOW and DESCRIBE."""

from __future__ import annotations

from tests.sandbox.services.calling import Caller
from tests.sandbox.services.timestream_doubles import record, select, sessions, write


def test_what_there_is(timestream: Caller, queries: Caller) -> None:
    """SHOW and DESCRIBE answer from what was made and written."""
    sessions(timestream)
    assert select(queries, "SHOW DATABASES") == [["video"]]
    assert select(queries, 'SHOW TABLES FROM "video"') == [["sessions"]]
    write(timestream, record(session="one"))
    measures = select(queries, "SHOW MEASURES FROM video.sessions")
    assert [row[:2] for row in measures] == [["plays", "double"], ["session", "multi"]]
    described = select(queries, 'DESCRIBE "video"."sessions"')
    assert ["plays", "bigint", "MULTI"] in described
    assert ["time", "timestamp", "TIMESTAMP"] in described
    assert ["measure_name", "varchar", "MEASURE_NAME"] in described
    assert ["session", "varchar", "DIMENSION"] in described
    assert ["measure_value::double", "double", "MEASURE_VALUE"] in described


def test_measures_tell_their_dimensions(timestream: Caller, queries: Caller) -> None:
    """Each measure has the dimensions its records came with, as an array of rows."""
    extra = [{"Name": "session", "Value": "1"}, {"Name": "device", "Value": "tv"}]
    write(timestream, record(), record(MeasureName="stalls", Dimensions=extra))
    answer = queries("Query", QueryString="SHOW MEASURES FROM video.sessions")
    dimensions = {
        row["Data"][0]["ScalarValue"]: [
            [one["ScalarValue"] for one in dimension["RowValue"]["Data"]]
            for dimension in row["Data"][2]["ArrayValue"]
        ]
        for row in answer["Rows"]
    }
    assert dimensions == {
        "plays": [["session", "varchar"]],
        "stalls": [["session", "varchar"], ["device", "varchar"]],
    }
    item = answer["ColumnInfo"][2]["Type"]["ArrayColumnInfo"]["Type"]["RowColumnInfo"]
    assert [column["Name"] for column in item] == ["dimension_name", "data_type"]


def test_names_are_matched_by_patterns(timestream: Caller, queries: Caller) -> None:
    """LIKE chooses databases, tables and measures."""
    timestream("CreateDatabase", DatabaseName="other")
    timestream("CreateTable", DatabaseName="video", TableName="sess_ons")
    write(timestream, record(), record(MeasureName="stalls"))
    assert select(queries, "SHOW DATABASES LIKE 'vid%'") == [["video"]]
    assert select(queries, "SHOW TABLES FROM video LIKE 'sess_on_'") == [["sess_ons"], ["sessions"]]
    measures = select(queries, "SHOW MEASURES FROM video.sessions LIKE 's%'")
    assert [row[0] for row in measures] == ["stalls"]


def test_roles_survive_a_restart(timestream: Caller, queries: Caller) -> None:
    """What a column is, is kept with the rows."""
    write(timestream, record())
    timestream.service.engines.close()
    described = select(queries, "DESCRIBE video.sessions")
    assert ["session", "varchar", "DIMENSION"] in described
