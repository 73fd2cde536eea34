"""One environment for all scenarios: real from the front door to the sessions table."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.command_line import Ran, end_all
from tests.end_to_end.conftest import Place
from tests.end_to_end.conservation.arrived import ENVIRONMENT, PREFIX, Ends
from tests.end_to_end.conservation.players import HOUR_MS, MINUTE_MS, Players
from tests.end_to_end.conservation.ways import Backlog, FrontDoor, Ledger, Meanwhile
from tests.sandbox.services.real import eventually

SPECIFICATION: Final = Path(__file__).with_name(f"{ENVIRONMENT}.toml")
LATENESS_MS: Final = 1_000 * int(
    tomllib.loads(SPECIFICATION.read_text())["flink"]["allowed_lateness_seconds"]
)
APPLICATION: Final = f"{PREFIX}-agg"
COMMAND_SECONDS: Final = 600.0
SEEDS: Final = int(os.environ.get("CONSERVATION_SEEDS", "2"))
"""How many seeds each scenario has, side by side; more of them take longer, and find more."""


@dataclass(slots=True, repr=False)
class Pipeline:
    """The environment, what was sent into it and what comes out.

    Attributes:
        runs: the runs of each scenario that was played.
        refusals: requests that a fault refused, by service and operation.

    """

    place: Place
    specifications: Path
    ends: Ends
    ledger: Ledger
    runs: dict[str, list[str]] = field(default_factory=dict)
    refusals: Counter[tuple[str, str]] = field(default_factory=Counter)
    _url: str = ""
    _control: httpx.Client | None = None

    def videoctl(self, *words: str) -> Ran:
        """One command line to its good end."""
        ran = self.place(
            *words,
            "-o",
            "json",
            timeout=COMMAND_SECONDS,
            VIDEOCTL_ENVIRONMENTS=str(self.specifications),
        )
        assert ran.code == 0, ran.stdout + ran.stderr
        return ran

    def specify(self, **values: str) -> None:
        """Change keys of the specification."""
        file = self.specifications / SPECIFICATION.name
        text = file.read_text()
        for key, value in values.items():
            text, count = re.subn(rf"^{key} = .*$", f"{key} = {value}", text, flags=re.MULTILINE)
            assert count == 1, key
        file.write_text(text)

    @property
    def door(self) -> FrontDoor:
        """The front door."""
        if not self._url:
            shown = self.videoctl("env", "show", ENVIRONMENT).document
            self._url = str(shown["front_door"])
        return FrontDoor(self._url, self.ledger)

    @property
    def backlog(self) -> Backlog:
        """Straight into the raw stream."""
        return Backlog(self.ends.client("kinesis"), f"{PREFIX}-raw", self.ledger)

    def past(self, scenario: str, start_ms: int, span_ms: int, events: int) -> list[Players]:
        """Players of a time that is over, a run for each seed."""
        return [self._players(scenario, seed, start_ms, span_ms, events) for seed in self._seeds()]

    def sending(self, scenario: str, *, events: int = 400, seconds: float) -> Meanwhile:
        """While inside, players send to the front door; ends when all is acknowledged."""
        (first, *others) = [
            self._players(scenario, seed, _now_ms() - 20_000, 20_000, events, soon=True)
            for seed in self._seeds()
        ]
        return Meanwhile(self.door, first, *others, seconds=seconds)

    def _players(
        self, scenario: str, seed: int, start_ms: int, span_ms: int, events: int, *,
        soon: bool = False,
    ) -> Players:  # fmt: skip
        run = f"{scenario}-{seed}"
        self.runs.setdefault(scenario, []).append(run)
        return Players(
            run=run, seed=seed, events=events, start_ms=start_ms, span_ms=span_ms,
            lateness_ms=LATENESS_MS, is_closing_soon=soon,
        )  # fmt: skip

    def _seeds(self) -> range:
        return range(1, SEEDS + 1)

    @property
    def control(self) -> httpx.Client:
        """The sandbox's own paths."""
        if self._control is None:
            self._control = httpx.Client(base_url=f"{self.ends.endpoint_url}/_sandbox", timeout=60)
        return self._control

    def close(self) -> None:
        """End the connections."""
        self.ends.close()
        if self._control is not None:
            self._control.close()

    def fault(self, kind: str, service: str, **limits: Any) -> None:
        """Put a fault in force, until it ends by itself or all are cleared."""
        answer = self.control.post("/faults", json={"kind": kind, "service": service, **limits})
        assert answer.status_code == 200, answer.text

    @contextmanager
    def faults(self, *faults: dict[str, Any]) -> Iterator[None]:
        """While inside, these are in force; what they refused is counted."""
        self.control.delete("/requests")
        for fault in faults:
            self.fault(**fault)
        try:
            yield
        finally:
            self.control.delete("/faults")
            for entry in self.control.get("/requests").json()["requests"]:
                if entry["fault"]:
                    self.refusals[entry["service"], entry["operation"]] += 1

    def wait(self, probe: Callable[[], Any], seconds: float = 240.0) -> None:
        """Until it is true, or the time is over: the assertions then say what is missing."""
        deadline = time.monotonic() + seconds
        while not probe() and time.monotonic() < deadline:
            time.sleep(1)

    def acknowledged(self, scenario: str) -> int:
        """Events of a scenario that were acknowledged so far."""
        sessions = list(self.ledger.acknowledged.items())
        return sum(len(names) for name, names in sessions if name.startswith(f"{scenario}-"))

    def late_events(self, scenario: str) -> int:
        """How many the job has written so far; it writes them as soon as it reads them."""
        return sum(session.startswith(f"{scenario}-") for session, _ in self.ends.written().late)

    def delivered(self, scenario: str) -> int:
        """Events of a scenario that lie in raw S3."""
        return sum(f'"{scenario}-'.encode() in line for line in self.ends.bucket("raw"))

    def was_refused(self, operation: str) -> bool:
        """Whether a fault has hit an operation since it was put in force."""
        requests = self.control.get("/requests").json()["requests"]
        return any(entry["operation"] == operation and entry["fault"] for entry in requests)

    def kill_task_manager(self) -> None:
        """`kill -9` of the application's TaskManager."""
        (pid,) = _processes("TaskManagerRunner", str(self.place.home))
        os.kill(pid, signal.SIGKILL)

    def application(self) -> dict[str, Any]:
        """The ApplicationDetail now."""
        answer = self.ends.client("kinesisanalyticsv2").describe_application(
            ApplicationName=APPLICATION
        )
        found: dict[str, Any] = answer["ApplicationDetail"]
        return found

    def operate(self, operation: str, **parameters: Any) -> None:
        """An operation of the application, to its successful end."""
        flink = self.ends.client("kinesisanalyticsv2")
        answer = getattr(flink, operation)(ApplicationName=APPLICATION, **parameters)

        def status() -> str:
            found = flink.describe_application_operation(
                ApplicationName=APPLICATION, OperationId=answer["OperationId"]
            )["ApplicationOperationInfoDetails"]
            status = str(found["OperationStatus"])
            assert status in {"IN_PROGRESS", "SUCCESSFUL"}, found
            return status

        eventually(lambda: status() == "SUCCESSFUL", COMMAND_SECONDS)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _processes(*words: str) -> list[int]:
    """Process ids by words of their command lines."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                line = (process / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if all(word in line for word in words):
                found.append(int(process.name))
    return found


@pytest.fixture(scope="module")
def start_ms() -> int:
    """Where the past begins that is made up: a whole minute, hours ago."""
    return (_now_ms() - 4 * HOUR_MS) // MINUTE_MS * MINUTE_MS


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The environment built, its application READY; ended with its sandbox."""
    root = Path(tmp_path_factory.mktemp("conservation"))
    place, specifications = Place(root / "home"), root / "environments"
    specifications.mkdir()
    shutil.copy(SPECIFICATION, specifications)
    found = Pipeline(place, specifications, Ends(place, root / "objects"), Ledger())
    try:
        found.videoctl("env", "create", ENVIRONMENT, "--yes", "--skip-canary")
        yield found
    finally:
        found.close()
        end_all(place.started)
        assert place("sandbox", "down").code == 0
