"""One environment built once, for the tests that look at it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.command_line import CommandLine, end_all

SPECIFICATIONS: Final = Path(__file__).parents[2] / "stacks" / "environments"


class Place(CommandLine):
    """A home for a whole module; every command runs in it."""

    def variables(self) -> dict[str, str]:
        """The environment of its commands."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("VIDEOCTL_")}
        kept = {
            key: os.environ[key]
            for key in ("VIDEOCTL_CACHE", "VIDEOCTL_ENGINE_ROOT")
            if key in os.environ
        }
        config = {"XDG_CONFIG_HOME": str(self.home.parent / "config")}
        return {**clean, **kept, **config, "VIDEOCTL_HOME": str(self.home)}

    @property
    def directory(self) -> Path:
        """Where its commands run: no project file is above it."""
        return self.home.parent

    def hanging(self, service: str, operation: str) -> AbstractContextManager[None]:
        """While inside, that operation takes effect and its answer does not come.

        What waits for it cannot get past it, however fast or slow the machine is.
        """
        return self._held("timeout-after-effect", service, operation, 600)

    def slowed(self, service: str, operation: str, seconds: int) -> AbstractContextManager[None]:
        """While inside, that operation takes so long, and is carried out and answered then."""
        return self._held("slow", service, operation, seconds)

    @contextmanager
    def _held(self, kind: str, service: str, operation: str, seconds: int) -> Iterator[None]:
        where = ("--service", service, "--operation", operation)
        delay = ("--delay-ms", str(seconds * 1000))
        assert self("sandbox", "up", "-o", "json").code == 0
        assert self("sandbox", "fault", "add", kind, *where, *delay, "-o", "json").code == 0
        try:
            yield
        finally:
            assert self("sandbox", "fault", "clear", "-o", "json").code == 0


Wanted = Callable[[dict[str, Any]], bool]


def read_until(process: subprocess.Popen[str], wanted: Wanted) -> None:
    """Read a run's NDJSON events up to the first that is wanted."""
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        event = json.loads(line)
        seen.append(event.get("message"))
        if wanted(event):
            return
    pytest.fail(f"it ended before: {seen}")


def has_made(resources: int) -> Wanted:
    """An event by which the run has so many resources done."""
    return lambda event: event.get("detail", {}).get("done", 0) >= resources


def is_making(name: str) -> Wanted:
    """The event that the engine has begun to make the resource whose name ends so."""

    def wanted(event: dict[str, Any]) -> bool:
        detail = event.get("detail", {})
        return detail.get("op") == "create" and str(detail.get("resource")).endswith(name)

    return wanted


def is_at_step(name: str) -> Wanted:
    """The event that a step has begun."""
    return lambda event: event.get("code") == "step-started" and event.get("step") == name


def without_flink(text: str) -> str:
    """A specification whose Flink application is created and not started."""
    changed, count = re.subn(
        r'^desired_status = "RUNNING"$', 'desired_status = "READY"', text, flags=re.MULTILINE
    )
    assert count == 1
    return changed


class PlaceWithoutFlink(Place):
    """A home for what Flink has no part in: a cluster takes half a minute and a gigabyte."""

    @property
    def specifications(self) -> Path:
        """The committed specifications, their applications left READY; tests may change them."""
        return self.home.parent / "specifications"

    def variables(self) -> dict[str, str]:
        """The environment of its commands."""
        return {**super().variables(), "VIDEOCTL_ENVIRONMENTS": str(self.specifications)}

    def write_specifications(self) -> None:
        """Copy them."""
        self.specifications.mkdir()
        for file in SPECIFICATIONS.glob("*.toml"):
            (self.specifications / file.name).write_text(without_flink(file.read_text()))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A home with a sandbox of its own, stopped at the end."""
    found = Place(tmp_path_factory.mktemp("place") / "home")
    with _ended(found):
        yield found


@pytest.fixture(scope="module")
def place_without_flink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaceWithoutFlink]:
    """The same, for environments whose Flink application is not started."""
    found = PlaceWithoutFlink(tmp_path_factory.mktemp("place") / "home")
    found.write_specifications()
    with _ended(found):
        yield found


@contextmanager
def _ended(place: Place) -> Iterator[None]:
    yield
    end_all(place.started)
    assert place("sandbox", "down").code == 0
