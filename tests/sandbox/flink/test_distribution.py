"""Tests of finding Flink and Java."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.flink import distribution
from sandbox.flink.jobs import JobError


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A virtual environment with an installed Flink."""
    home = tmp_path / "lib" / "python3.11" / "site-packages" / "pyflink"
    for name in ("lib/flink-dist-1.20.5.jar", "lib/flink-json-1.20.5.jar", "lib/zz.jar"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).touch()
    (home / "opt").mkdir()
    (home / "opt" / "flink-python-1.20.5.jar").touch()
    (home / "conf").mkdir()
    (home / "conf" / "config.yaml").write_text(
        "env:\n  java:\n    opts:\n      all: --add-exports=a --add-opens=b\n"
    )
    for program in (tmp_path / "bin" / "python", tmp_path / "jdk" / "bin" / "java"):
        program.parent.mkdir(parents=True)
        program.touch()
    return tmp_path


def test_the_variable_says_where(environment: Path) -> None:
    """Flink and Java by their variables, the distribution's jar last on the class path."""
    variables = {"VIDEOCTL_FLINK_HOME": str(environment), "JAVA_HOME": str(environment / "jdk")}
    found = distribution.found(variables)
    assert found.python == environment / "bin" / "python"
    assert found.java == environment / "jdk" / "bin" / "java"
    names = [Path(jar).name for jar in found.class_path(Path("uber.jar")).split(":")]
    assert names == [
        "flink-json-1.20.5.jar", "zz.jar", "uber.jar", "flink-python-1.20.5.jar",
        "flink-dist-1.20.5.jar",
    ]  # fmt: skip
    assert found.module_options() == ["--add-exports=a", "--add-opens=b"]


def test_a_missing_flink_says_what_to_run(environment: Path, tmp_path: Path) -> None:
    """The reason names the places that were looked at and the line that helps."""
    empty = tmp_path / "empty"
    variables = {"VIDEOCTL_FLINK_HOME": str(empty), "JAVA_HOME": str(environment / "jdk")}
    with pytest.raises(JobError, match="Run: make setup") as caught:
        distribution.found(variables)
    assert str(empty) in str(caught.value)


def test_a_missing_java_says_what_to_run() -> None:
    """Without java on PATH the reason names the package."""
    with pytest.raises(JobError, match="apt-get install"):
        distribution.found({"PATH": "/nonexistent"})


def test_what_is_missing_is_told_part_by_part(environment: Path, tmp_path: Path) -> None:
    """Each part with its place, or with the line that installs it; one missing hides no other."""
    there = {"VIDEOCTL_FLINK_HOME": str(environment), "JAVA_HOME": str(environment / "jdk")}
    assert [(one.part, one.cure) for one in distribution.parts(there)] == [
        ("java", None),
        ("flink", None),
    ]
    java, flink = distribution.parts(
        {"VIDEOCTL_FLINK_HOME": str(tmp_path / "empty"), "PATH": "/nonexistent"}
    )
    assert (java.seen, java.cure) == ("none on PATH", distribution.JAVA_CURE)
    assert (flink.seen, flink.cure) == (f"not in {tmp_path / 'empty'}", "make setup")
