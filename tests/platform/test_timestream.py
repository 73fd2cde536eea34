"""Timestream's query gateway against the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.platform.conftest import Place
from videoctl.aws.errors import AwsError
from videoctl.aws.timestream_query import TimestreamQueryGateway, quoted, table_name
from videoctl.model.regions import Region

pytestmark = pytest.mark.sandbox
WEST = Region.US_WEST_2


def test_a_table_answers_in_text_and_knows_only_columns_it_was_given(place: Place) -> None:
    """Values and NULLs row by row; a column that no record had yet answers nothing."""
    database, table = place.spec.name, "sessions"
    store = place.session.client("timestream-write", WEST)
    store.call("CreateDatabase", DatabaseName=database)
    store.call("CreateTable", DatabaseName=database, TableName=table)
    gateway = TimestreamQueryGateway(place.session.client("timestream-query", WEST))
    query = f"SELECT session_id, NULL FROM {table_name(database, table)}"
    assert list(gateway.rows(query)) == []
    store.call(
        "WriteRecords",
        DatabaseName=database,
        TableName=table,
        Records=[
            {
                "Dimensions": [{"Name": "session_id", "Value": "it's one"}],
                "MeasureName": "canary",
                "MeasureValueType": "BIGINT",
                "MeasureValue": "1",
                "Time": str(int(datetime.now(UTC).timestamp() * 1000)),
            }
        ],
    )
    wanted = query + " WHERE session_id = " + quoted("it's one")
    assert list(gateway.rows(wanted)) == [("it's one", None)]
    with pytest.raises(AwsError, match="ValidationException"):
        list(gateway.rows("SELECT FROM WHERE"))
