"""Input that cannot be meant, and a machine that gives out: one clear error, nothing changed."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.command_line import Ran
from tests.end_to_end.conftest import Place
from tests.end_to_end.counting import counted_in_aws, counted_in_state

ROOT: Final = Path(__file__).parents[2]
NAME: Final = "loadtest"
CREATE: Final = ("env", "create", NAME, "--yes", "--skip-canary")


@pytest.fixture(scope="module")
def place(place_without_flink: Place) -> Place:
    """Flink has no part in this."""
    return place_without_flink


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A home in which nothing was ever started, and nothing may be."""
    place = Place(tmp_path_factory.mktemp("bare") / "home")
    yield place
    assert place("sandbox", "status", "-o", "json").document["running"] is False
    assert not (place.home / "journal").exists()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A copy of the committed specifications."""
    copied = tmp_path / "specifications"
    shutil.copytree(ROOT / "stacks" / "environments", copied)
    return copied


def create(place: Place, directory: Path, name: str = NAME) -> Ran:
    """`env create` with specifications of the test's own."""
    return place("env", "create", name, "--yes", "-o", "json", VIDEOCTL_ENVIRONMENTS=str(directory))


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("create", "slow-prod", "--yes"), "slowprod"),
        (("status", "Prod"), "prod"),
        (("destroy", "datamrat", "--confirm", "datamrat"), "datamart"),
    ],
)
def test_an_unknown_environment_is_answered_with_the_nearest(
    bare: Place, words: tuple[str, ...], meant: str
) -> None:
    """Whatever the verb, a mistyped name gets the one that was meant and all there are."""
    ran = bare("env", *words, "-o", "json")
    assert (ran.code, ran.document["code"]) == (2, "environment-unknown")
    assert f"did you mean {meant}" in ran.document["hint"]
    assert "known: datamart, dev, loadtest, prod, slowprod" in ran.document["hint"]


def test_a_region_outside_the_pair_is_told_with_its_place(bare: Place, directory: Path) -> None:
    """File, line, key and the two regions there are."""
    path = directory / f"{NAME}.toml"
    text = path.read_text().replace('["us-east-1"]', '["us-east-1", "eu-west-1"]')
    path.write_text(text)
    ran = create(bare, directory)
    assert (ran.code, ran.document["code"]) == (2, "specification-invalid")
    (fault,) = ran.document["details"]
    assert (fault["file"], fault["key"]) == (str(path), "regions.1")
    assert text.splitlines()[fault["line"] - 1].startswith("regions = ")
    assert "us-east-1" in fault["message"]
    assert "us-west-2" in fault["message"]


def test_every_fault_of_a_file_is_told_and_nothing_started(bare: Place, directory: Path) -> None:
    """Three wrong keys are three faults in the order of their lines; no sandbox, no journal."""
    path = directory / f"{NAME}.toml"
    path.write_text(
        path.read_text()
        .replace("protected = false", 'protected = "no"')
        .replace("buffer_mib = 64", "buffer_mib = 1")
        .replace("[fargate]", "[fargate]\nnowhere = 1")
    )
    ran = create(bare, directory)
    assert ran.code == 2
    assert [fault["key"] for fault in ran.document["details"]] == [
        "protected",
        "delivery.buffer_mib",
        "fargate.nowhere",
    ]
    assert ran.document["message"].endswith("has 3 faults; nothing was changed")
    shown = bare("env", "create", NAME, "--yes", VIDEOCTL_ENVIRONMENTS=str(directory)).stderr
    assert shown.count("loadtest.toml:") == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name = '\xff'", "is no UTF-8: byte 0xff"),
        (b"name = '\x00'", "is no TOML"),
        (b"a = " + b"[" * 9000, "nested"),
        (b"#" * (1024 * 1024 + 1), "1,048,577 bytes"),
        (b"name = 'loadtest'\nname = 'loadtest'", "is given twice"),
        (b"", "is missing"),
    ],
    ids=["non-utf-8", "nul", "nested", "huge", "twice", "empty"],
)
def test_a_damaged_file_is_one_clear_error(
    bare: Place, directory: Path, content: bytes, message: str
) -> None:
    """Whatever the file holds: exit 2, the file named, nothing started."""
    path = directory / f"{NAME}.toml"
    path.write_bytes(content)
    ran = create(bare, directory)
    assert (ran.code, ran.document["code"]) == (2, "specification-invalid")
    assert any(message in fault["message"] for fault in ran.document["details"])
    assert {fault["file"] for fault in ran.document["details"]} == {str(path)}


def test_the_faults_of_all_files_come_at_once(bare: Place, directory: Path) -> None:
    """`env list` reads every file: each wrong one is named."""
    for name in ("dev", "prod"):
        (directory / f"{name}.toml").write_text("nowhere = 1\n")
    ran = bare("env", "list", "-o", "json", VIDEOCTL_ENVIRONMENTS=str(directory))
    assert ran.code == 2
    files = {Path(fault["file"]).name for fault in ran.document["details"]}
    assert files == {"dev.toml", "prod.toml"}


@pytest.mark.parametrize("content", ["", "{}", '{"schema": "videoctl/plan/v1"}', "\x00"])
@pytest.mark.sandbox
def test_a_file_that_is_no_plan_is_refused(place: Place, tmp_path: Path, content: str) -> None:
    """`--plan` with another file names it, says how to make one, and changes nothing."""
    path = tmp_path / "plan.json"
    path.write_text(content)
    ran = place(*CREATE[:-1], "--plan", str(path), "-o", "json")
    assert (ran.code, ran.document["code"]) == (2, "plan-unreadable")
    assert str(path) in ran.document["message"]
    assert "--save" in ran.document["hint"]


def limited(place: Place, largest_file_bytes: int) -> Ran:
    """`env create` on a machine that can make no larger file."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file_bytes, largest_file_bytes))

    done = subprocess.run(
        [sys.executable, "-m", "videoctl", *CREATE, "-o", "json"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=place.variables(),
        cwd=place.directory,
        preexec_fn=limit,
        timeout=300,
        check=False,
    )
    ran = Ran(done.returncode, done.stdout, done.stderr)
    ran.check("json")
    return ran


@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_a_journal_that_cannot_grow_stops_the_run_before_its_change(place: Place) -> None:
    """With no room for the plan's record nothing is made, and nobody holds the lock."""
    assert place("env", "plan", NAME, "-o", "json").code == 0
    none = limited(place, 1024)
    assert (none.code, none.document["code"]) == (1, "journal-unwritable")
    assert "VIDEOCTL_HOME" in none.document["hint"]
    assert place("env", "status", NAME, "-o", "json").document["state"] == "absent"
    assert counted_in_aws(place, NAME) == {}
    assert place("lock", "show", "--env", NAME, "-o", "json").document["held"] is False


def killed_sandbox(place: Place, process: subprocess.Popen[str], resources: int) -> None:
    """Kill the sandbox, without warning, once so many resources are done."""
    pid = place("sandbox", "status", "-o", "json").document["pid"]
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("detail", {}).get("done", 0) >= resources:
            break
    os.kill(pid, signal.SIGKILL)


@pytest.mark.sandbox
@pytest.mark.engine
@pytest.mark.timeout(900)
def test_a_target_that_dies_in_the_middle_is_told_and_the_same_command_completes_it(
    place: Place,
) -> None:
    """Killed with 40 resources made: incomplete, with what is left; then done, nothing twice."""
    assert place("sandbox", "up", "-o", "json").code == 0
    process = place.start(*CREATE, "-o", "ndjson")
    killed_sandbox(place, process, 40)
    out, talk = process.communicate(timeout=300)
    last: dict[str, Any] = json.loads(out.splitlines()[-1])
    assert process.returncode == 4, out + talk
    assert (last["outcome"], last["error"]["code"]) == ("incomplete", "endpoint-unreachable")
    assert f"videoctl env create {NAME}" in last["next"]
    again = place(*CREATE, "-o", "json", timeout=600)
    assert again.code == 0, again.stdout + again.stderr
    assert counted_in_state(place, NAME) == counted_in_aws(place, NAME)
    assert place("env", "drift", NAME, "-o", "json").code == 0
