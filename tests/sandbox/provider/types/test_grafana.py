"""Grafana workspaces: what only their version can do."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.provider.samples import World, all_samples

TOKEN = "aws:grafana/workspace:Workspace"
pytestmark = pytest.mark.sandbox


def test_a_workspace_goes_on_to_a_higher_version(world: World) -> None:
    """The version changes in place, and its settings stay as they are."""
    made = world.make(TOKEN, all_samples()[TOKEN].inputs(world))
    news = {**made.inputs, "grafanaVersion": "12.4"}
    outputs = world.provider.update(
        TOKEN, "sample", made.id, state=made.outputs, olds=made.inputs, news=news
    )
    assert outputs["grafanaVersion"] == "12.4"
    assert json.loads(outputs["configuration"]) == {"unifiedAlerting": {"enabled": True}}
    made.outputs = outputs
