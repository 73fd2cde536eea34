"""Tests of answers that come in pages, and of the tokens and ids they carry."""

from __future__ import annotations

import pytest

from sandbox.protocol.errors import ServiceError
from tests.sandbox.services.calling import Caller
from tests.sandbox.services.timestream_doubles import record, select, write


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


def test_a_cancelled_query_has_no_more_pages(timestream: Caller, queries: Caller) -> None:
    """Its token is not valid any longer; cancelling it again is no error."""
    write(timestream, *(record(session=f"{number}") for number in range(3)))
    text = "SELECT session FROM video.sessions"
    page = queries("Query", QueryString=text, MaxRows=1)
    for _ in range(2):
        queries("CancelQuery", QueryId=page["QueryId"])
    with pytest.raises(ServiceError) as caught:
        queries("Query", QueryString=text, NextToken=page["NextToken"])
    assert caught.value.code == "ValidationException"


def test_a_page_says_how_far_the_query_is(timestream: Caller, queries: Caller) -> None:
    """One query keeps its id over its pages, and its progress grows to the end."""
    write(timestream, *(record(session=f"{number}") for number in range(3)))
    text = "SELECT session FROM video.sessions"
    first = queries("Query", QueryString=text, MaxRows=2)
    second = queries("Query", QueryString=text, MaxRows=2, NextToken=first["NextToken"])
    assert first["QueryId"] == second["QueryId"]
    assert 0 < first["QueryStatus"]["ProgressPercentage"] < 100
    assert second["QueryStatus"]["ProgressPercentage"] == 100
    assert "NextToken" not in second


def test_a_client_token_belongs_to_one_query(queries: Caller) -> None:
    """The same query again is no error, another one with its token is."""
    token = {"ClientToken": "t" * 32}
    for _ in range(2):
        assert queries("Query", QueryString="SELECT 1", **token)["Rows"]
    with pytest.raises(ServiceError) as caught:
        queries("Query", QueryString="SELECT 2", **token)
    assert caught.value.code == "ValidationException"
