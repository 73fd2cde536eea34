"""Tests of the code object and its submission."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.flink import package
from sandbox.flink.directories import RunDirectory
from sandbox.flink.jobs import JobError
from tests.sandbox.flink.jobs import job


def test_the_code_is_unpacked_with_its_properties(tmp_path: Path) -> None:
    """The uber jar goes to the class path, the property groups lie beside the code."""
    run = RunDirectory(tmp_path)
    one = job()
    assert package.unpack(one, run) == [run.code / "lib" / "pyflink-dependencies.jar"]
    assert (run.code / "main.py").exists()
    assert json.loads(run.properties.read_text()) == one.property_groups


def test_the_submission(tmp_path: Path) -> None:
    """The program with its files, from its state where there is one, and no jar."""
    run = RunDirectory(tmp_path)
    fresh = package.submission(job(), run)
    assert fresh == [
        "run", "--detached", "--python", f"{run.code}/main.py",
        "--pyFiles", f"{run.code}/a.py,{run.code}/b.py",
    ]  # fmt: skip
    restored = package.submission(job(restore_from="file:///s", allow_non_restored_state=True), run)
    assert restored[2:5] == ["--fromSavepoint", "file:///s", "--allowNonRestoredState"]


def test_java_applications_are_refused(tmp_path: Path) -> None:
    """Without run options there is no Python program."""
    with pytest.raises(JobError, match="Python applications"):
        package.unpack(job(run_options=None), RunDirectory(tmp_path))
