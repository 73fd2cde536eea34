"""What goes wrong around a command, and what it says."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Place

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]


def test_a_taken_port_is_named_with_its_cure(tmp_path: Path) -> None:
    """`sandbox up --port` on a port in use is one error, and nothing runs."""
    place = Place(tmp_path / "home")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = place("sandbox", "up", "--port", str(port), "-o", "json")
    assert ran.code == 1
    assert ran.document["code"] == "port-taken"
    assert str(port) in ran.document["message"]
    assert place("sandbox", "status", "-o", "json").document["running"] is False


def test_an_engine_that_is_nowhere_is_one_error(place: Place, tmp_path: Path) -> None:
    """With no engine and none to be had, `engine install` names each way and create refuses."""
    nowhere = str(tmp_path / "nowhere")
    install = place("engine", "install", "-o", "json", VIDEOCTL_ENGINE_ROOT=nowhere)
    assert install.code == 1
    assert install.document["code"] == "engine-missing"
    create = place("env", "create", "dev", "--yes", "-o", "json", VIDEOCTL_ENGINE_ROOT=nowhere)
    assert create.code == 3
    assert {fault["key"] for fault in create.document["details"]} == {"engine"}


def test_a_machine_without_flink_is_told_with_its_cure(place: Place, tmp_path: Path) -> None:
    """Doctor names where Flink was looked for and what installs it, and ends with 3."""
    nowhere = str(tmp_path / "nowhere")
    ran = place("doctor", "-o", "json", VIDEOCTL_FLINK_HOME=nowhere)
    assert ran.code == 3
    checks = {check["check"]: check for check in ran.document["checks"]}
    assert (checks["local-flink"]["verdict"], checks["local-flink"]["cure"]) == (
        "fail",
        "make setup",
    )
    assert nowhere in checks["local-flink"]["seen"]
    assert {checks[name]["verdict"] for name in ("local-java", "job-packages")} == {"pass"}


def test_no_terminal_and_no_flag_is_a_usage_error(place: Place) -> None:
    """Whatever would have asked fails with 2, names the flag, and changes nothing."""
    ran = place("env", "create", "dev", "-o", "json")
    assert ran.code == 2
    assert "--yes" in ran.document["hint"]
    assert place("env", "status", "dev", "-o", "json").document["state"] == "absent"


def test_production_needs_its_name(place: Place) -> None:
    """A protected environment is not created by --yes alone, nor fired at."""
    assert place("env", "create", "prod", "--yes", "-o", "json").code == 2
    fired = place("loadtest", "generate", "--to", "prod", "-o", "json")
    assert fired.code == 3
    assert fired.document["code"] == "target-protected"


@pytest.mark.parametrize(
    ("fault", "exit_code"),
    [
        (("deny", "--service", "s3"), 6),
        (("service-down", "--service", "s3"), 1),
        (("region-down", "--region", "us-east-1"), 1),
    ],
)
def test_a_target_that_refuses_is_told_as_it_is(
    place: Place, fault: tuple[str, ...], exit_code: int
) -> None:
    """Denied is 6, unreachable is 1; both in one document, with a hint."""
    added = place("sandbox", "fault", "add", *fault, "-o", "json")
    assert added.code == 0, added.stdout
    try:
        ran = place("env", "create", "dev", "--yes", "-o", "json")
        assert ran.code == exit_code, ran.stdout
        assert ran.document["message"]
        assert ran.document["hint"]
    finally:
        assert place("sandbox", "fault", "clear", "-o", "json").code == 0


def test_a_fault_that_lacks_its_place_is_a_usage_error(place: Place) -> None:
    """`region-down` without --region ends with 2, says so, and no fault is in force."""
    assert place("sandbox", "up", "-o", "json").code == 0
    ran = place("sandbox", "fault", "add", "region-down", "-o", "json")
    assert ran.code == 2
    assert (ran.document["exit_code"], ran.document["code"]) == (2, "usage")
    assert "region" in ran.document["message"]
    assert place("sandbox", "fault", "list", "-o", "json").document["faults"] == []


def test_a_home_that_cannot_be_written_is_said_before_anything_is_changed(
    place: Place, tmp_path: Path
) -> None:
    """A journal that cannot be written ends the run with nothing changed."""
    journal = place.home / "journal"
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.write_text("a file where the journal's directory should be")
    ran = place("env", "create", "dev", "--yes", "-o", "json")
    assert ran.code != 0
    assert "journal" in ran.document["message"]
    journal.unlink()
    assert place("env", "status", "dev", "-o", "json").document["state"] == "absent"
