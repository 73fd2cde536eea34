"""`videoctl grafana`."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from tests.conftest import CommandLine

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "grafana-export.v1.json"


def test_export_writes_what_it_lists(videoctl: CommandLine, tmp_path: Path) -> None:
    """Each listed file is there and is JSON; a dry run writes none; a second run changes none."""
    directory = tmp_path / "grafana"
    words = ("grafana", "export", str(directory), "--env", "slowprod", "-o", "json")
    dry = videoctl(*words, "--dry-run").document
    assert not directory.exists()
    assert not dry["written"]
    first = videoctl(*words).document
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(first)
    assert first["files"] == dry["files"]
    assert {file["change"] for file in first["files"]} == {"new"}
    for file in first["files"]:
        json.loads((directory / file["path"]).read_text())
    again = videoctl(*words).document
    assert {file["change"] for file in again["files"]} == {"same"}


def test_a_file_that_was_changed_is_not_lost_unasked(videoctl: CommandLine, tmp_path: Path) -> None:
    """Without a terminal and --yes nothing is replaced; other files are never touched."""
    words = ("grafana", "export", str(tmp_path), "--env", "slowprod")
    videoctl(*words)
    edited = tmp_path / "dashboards" / "slowprod-live-sessions.json"
    edited.write_text("{}")
    (tmp_path / "dashboards" / "mine.json").write_text("mine")
    ran = videoctl(*words)
    assert ran.code == 2
    assert "slowprod-live-sessions.json" in ran.stderr
    assert edited.read_text() == "{}"
    assert videoctl(*words, "--yes").code == 0
    assert edited.read_text() != "{}"
    assert (tmp_path / "dashboards" / "mine.json").read_text() == "mine"
    assert not list(tmp_path.rglob(".*"))


def test_a_directory_that_cannot_be_used_is_said(videoctl: CommandLine, tmp_path: Path) -> None:
    """A file in the way is an error with its place and a cure."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    ran = videoctl("grafana", "export", str(blocked), "--env", "slowprod", "-o", "json")
    assert ran.code == 2
    assert ran.document["code"] == "directory-unusable"
    assert str(blocked) in ran.document["message"]


def test_an_unknown_environment_is_refused(videoctl: CommandLine, tmp_path: Path) -> None:
    """A mistyped name writes nothing."""
    ran = videoctl("grafana", "export", str(tmp_path), "--env", "slow-prod")
    assert ran.code == 2
    assert list(tmp_path.iterdir()) == []
