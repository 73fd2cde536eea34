"""Tests of endpoint discovery, through boto3."""

from __future__ import annotations

import pytest

from tests.sandbox.services.real import RealSandbox


@pytest.mark.sandbox
def test_boto3_finds_the_cell(server: RealSandbox) -> None:
    """The address given is the sandbox itself; regions have databases of their own."""
    east, west = (
        server.client("timestream-write", region) for region in ("us-east-1", "us-west-2")
    )
    (endpoint,) = east.describe_endpoints()["Endpoints"]
    assert server.endpoint_url.endswith(endpoint["Address"])
    assert endpoint["CachePeriodInMinutes"] == 1440
    east.create_database(DatabaseName="discovered")
    names = [one["DatabaseName"] for one in west.list_databases()["Databases"]]
    assert "discovered" not in names
    with pytest.raises(east.exceptions.ConflictException):
        east.create_database(DatabaseName="discovered")
