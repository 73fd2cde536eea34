"""From a container definition to a local process: its command, environment and ports."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.protocol.wire import Json

ROOT = Path(__file__).resolve().parents[3]
"""Where the packages of this installation lie: what an image would hold."""
_PORT_SUFFIX = "_PORT"


def declared_ports(containers: Iterable[Json]) -> list[int]:
    """Every `containerPort` of a task definition, once each."""
    return list(
        dict.fromkeys(
            mapping["containerPort"]
            for container in containers
            for mapping in container.get("portMappings", [])
            if "containerPort" in mapping
        )
    )


def command(container: Json, override: Json) -> list[str]:
    """What the container runs; empty when only its image would tell."""
    return [
        *container.get("entryPoint", []),
        *(override.get("command") or container.get("command", [])),
    ]


def environment(
    container: Json, override: Json, ports: Mapping[int, int], aws: Mapping[str, str]
) -> dict[str, str]:
    """The process's whole environment.

    Tasks share one host here, so the value of a variable named `*_PORT` that equals a declared
    container port is replaced by the free port that stands for it.
    """
    own = {
        pair["name"]: pair.get("value", "")
        for source in (container, override)
        for pair in source.get("environment", [])
    }
    replaced = {
        name: str(ports.get(int(value), value))
        for name, value in own.items()
        if name.endswith(_PORT_SUFFIX) and value.isdigit()
    }
    return {
        **aws,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        **own,
        **replaced,
    }
