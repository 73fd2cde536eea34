"""An environment of two regions: its documents, and half an hour of viewers in its stores."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.home import Home
from stacks.grafana.export import documents
from tests.stacks.grafana.viewers import Made, RegionStore, fill
from videoctl.model.names import Names
from videoctl.model.specification import EnvironmentSpecification
from videoctl.model.specification_file import parse_specification

ENVIRONMENTS = Path(__file__).parents[3] / "stacks" / "environments"


@pytest.fixture(scope="session")
def specification() -> EnvironmentSpecification:
    """Production: both regions."""
    text = (ENVIRONMENTS / "prod.toml").read_text()
    return parse_specification(text, file="prod.toml", name="prod")


@pytest.fixture(scope="session")
def exported(specification: EnvironmentSpecification) -> dict[str, Any]:
    """Every document by path, as JSON."""
    return {path: json.loads(text) for path, text in documents(specification).items()}


@pytest.fixture(scope="session")
def stores(
    specification: EnvironmentSpecification, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[RegionStore, Made]]]:
    """Each region's Timestream with what was written into it."""
    names = Names(specification.name, account_id="")
    home = Home(tmp_path_factory.mktemp("timestream"))
    home.prepare()
    found = {}
    for seed, region in enumerate(specification.regions):
        store = RegionStore(home, region, names.timestream_database, names.sessions_table)
        made = fill(store, region, int(time.time() * 1000), seed)
        found[str(region)] = (store, made)
    yield found
    for store, _ in found.values():
        store.close()


@pytest.fixture
def empty_store(tmp_path: Path) -> Iterator[RegionStore]:
    """A sessions table into which nothing was ever written."""
    home = Home(tmp_path)
    home.prepare()
    store = RegionStore(home, "us-east-1", "video-dev", "sessions")
    yield store
    store.close()
