"""Every document Grafana needs for one environment, by the path it is written to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from stacks.grafana.alert_rules import alert_rules
from stacks.grafana.live_sessions import live_sessions
from stacks.grafana.pipeline_health import pipeline_health
from stacks.grafana.sources import Subject, provisioned_sources
from videoctl.model.thresholds import thresholds

if TYPE_CHECKING:
    from videoctl.model.specification import EnvironmentSpecification

DASHBOARDS_PATH: Final = "/var/lib/grafana/dashboards"
"""Where a Grafana finds the dashboards directory: mount it there."""


def documents(specification: EnvironmentSpecification) -> dict[str, str]:
    """JSON texts by relative path; the same specification always gives the same texts.

    `dashboards/` holds dashboards as they are imported; `provisioning/` is a provisioning
    directory of Grafana's. Every name has the environment in it: several environments share one.
    """
    subject = Subject(specification)
    limits = thresholds().for_delivery(specification.delivery)
    name = subject.environment
    built: dict[str, Any] = {
        f"dashboards/{name}-live-sessions.json": live_sessions(subject, limits).build(),
        f"dashboards/{name}-pipeline-health.json": pipeline_health(subject, limits).build(),
        f"provisioning/alerting/{name}.json": alert_rules(subject, limits),
        # YAML files to Grafana, which JSON texts are.
        f"provisioning/datasources/{name}.yaml": provisioned_sources(subject),
        "provisioning/dashboards/videoctl.yaml": _dashboard_provider(),
    }
    return {path: _text(document) for path, document in sorted(built.items())}


def _dashboard_provider() -> dict[str, Any]:
    provider = {
        "name": "videoctl",
        "folder": "videoctl",
        "type": "file",
        "allowUiUpdates": False,
        "options": {"path": DASHBOARDS_PATH},
    }
    return {"apiVersion": 1, "providers": [provider]}


def _text(document: Any) -> str:
    return json.dumps(document, cls=JSONEncoder, indent=2) + "\n"
