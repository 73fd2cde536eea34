"""The set of documents: complete, the same each time, and one environment's beside another's."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from stacks.grafana.export import documents
from videoctl.model.specification import EnvironmentSpecification


def test_the_same_specification_gives_the_same_texts(
    specification: EnvironmentSpecification,
) -> None:
    """A second export changes nothing."""
    assert documents(specification) == documents(specification)


def test_every_panel_names_a_source_that_is_provisioned(exported: Any) -> None:
    """No target of any panel asks a data source that nobody makes."""
    sources = {one["uid"] for one in exported["provisioning/datasources/prod.yaml"]["datasources"]}
    assert sources == {"prod-timestream-us-east-1", "prod-timestream-us-west-2", "prod-cloudwatch"}
    asked = {
        target["datasource"]["uid"]
        for path, document in exported.items()
        if path.startswith("dashboards/")
        for panel in document["panels"]
        for target in panel.get("targets", [])
    }
    assert asked == sources


def test_environments_share_a_directory(specification: EnvironmentSpecification) -> None:
    """Two environments' files differ in name, but for the one that is the same in both."""
    other = documents(dataclasses.replace(specification, name="other"))
    mine = documents(specification)
    shared = set(mine) & set(other)
    assert shared == {"provisioning/dashboards/videoctl.yaml"}
    assert all(mine[path] == other[path] for path in shared)


def test_no_secret_and_no_account_is_in_any_file(specification: EnvironmentSpecification) -> None:
    """Credentials are those of Grafana's own role; names carry no account."""
    for text in documents(specification).values():
        assert "secureJsonData" not in text
        assert not any(len(word) == 12 and word.isdigit() for word in text.split('"'))


def test_dashboards_name_what_they_are(exported: Any) -> None:
    """Titles, uids and tags tell environments apart, and nobody edits a generated dashboard."""
    for name in ("live-sessions", "pipeline-health"):
        dashboard = exported[f"dashboards/prod-{name}.json"]
        assert dashboard["uid"] == f"prod-{name}"
        assert "prod" in dashboard["tags"]
        assert dashboard["editable"] is False
        assert json.dumps(dashboard).count('"type": "row"') >= 3
