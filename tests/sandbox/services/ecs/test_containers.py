"""From container definitions to processes."""

from __future__ import annotations

from typing import Any

from sandbox.ports import free_ports
from sandbox.services.ecs import containers

HANDLER: dict[str, Any] = {
    "name": "http-handler",
    "portMappings": [{"containerPort": 8080}],
    "environment": [
        {"name": "HTTP_HANDLER_PORT", "value": "8080"},
        {"name": "KPL_SIDECAR_PORT", "value": "8081"},
        {"name": "OTHER_PORT", "value": "9999"},
        {"name": "LIMIT", "value": "8080"},
        {"name": "AWS_REGION", "value": "us-west-2"},
    ],
}
SIDECAR: dict[str, Any] = {"name": "kpl-sidecar", "portMappings": [{"containerPort": 8081}]}


def test_declared_ports_are_those_of_all_containers() -> None:
    """Each once, so that containers of a task agree on them."""
    assert containers.declared_ports([HANDLER, SIDECAR, HANDLER]) == [8080, 8081]


def test_only_port_variables_with_declared_ports_are_replaced() -> None:
    """Names end in _PORT and values equal a container port of the task; the rest stays."""
    aws = {"AWS_ENDPOINT_URL": "http://x", "AWS_REGION": "us-east-1"}
    found = containers.environment(HANDLER, {}, {8080: 40001, 8081: 40002}, aws)
    assert found["HTTP_HANDLER_PORT"] == "40001"
    assert found["KPL_SIDECAR_PORT"] == "40002"
    assert found["OTHER_PORT"] == "9999"
    assert found["LIMIT"] == "8080"
    assert found["AWS_ENDPOINT_URL"] == "http://x"
    assert found["AWS_REGION"] == "us-west-2"


def test_overrides_of_a_run_win() -> None:
    """Command and environment given to RunTask replace those of the definition."""
    override = {"command": ["b"], "environment": [{"name": "LIMIT", "value": "1"}]}
    assert containers.command({"command": ["a"], "entryPoint": ["e"]}, override) == ["e", "b"]
    assert containers.environment(HANDLER, override, {}, {})["LIMIT"] == "1"


def test_free_ports_are_different() -> None:
    """A task never gets the same port twice."""
    assert len(set(free_ports(20))) == 20
