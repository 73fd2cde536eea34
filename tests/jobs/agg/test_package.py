"""The checks of the Flink job's zip."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.jobs.agg.conftest import JAR as BUILT_JAR
from tools.lint_job_zip import (
    JAR,
    MANIFEST,
    RUNTIME,
    all_faults,
    manifest,
    property_faults,
    version_faults,
    zip_faults,
)

OPTIONS = {"python": "main.py", "jarfile": JAR, "pyFiles": "pipeline.py,properties.py"}
GOOD_JAR = {
    "Flink-Version": "1.20.0",
    "Kinesis-Connector-Version": "4.3.0-1.19",
    "Java-Release": "11",
}


def jar(attributes: dict[str, str] = GOOD_JAR) -> bytes:
    """A jar with nothing but a manifest."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        lines = [f"{name}: {value}\r\n" for name, value in attributes.items()]
        archive.writestr(MANIFEST, "Manifest-Version: 1.0\r\n" + "".join(lines))
    return written.getvalue()


def package(**changes: str | None) -> bytes:
    """A good zip; changes by path with `_` for `.`, None leaves a file out."""
    files: dict[str, str | bytes] = {
        "main.py": "x = 1\n",
        "pipeline.py": "",
        "properties.py": "",
        JAR: jar(),
    }
    for name, content in changes.items():
        path = name.replace("__", "/").replace("_", ".")
        files.pop(path, None)
        if content is not None:
            files[path] = content
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return written.getvalue()


def test_a_good_package_has_no_fault() -> None:
    """Entry point, named modules, one jar."""
    assert list(zip_faults(package(), OPTIONS)) == []
    assert list(version_faults(RUNTIME, manifest(package()), "1.20.5", "3.11")) == []


@pytest.mark.parametrize(
    ("changes", "options", "said"),
    [
        ({"main_py": None}, {}, "names main.py, which is not in the zip"),
        ({"lib__other_jar": "x"}, {}, "must hold one jar"),
        ({"extra_py": ""}, {}, "extra.py is in the zip and in no run option"),
        ({"README_md": ""}, {}, "README.md is no part of a package"),
        ({}, {"pyModule": "main"}, "run option pyModule is not supported"),
        ({"main_py": "c = 'heartbeat.timeout'\n"}, {}, "main.py:1: heartbeat.timeout is not among"),
        (
            {"main_py": "c = 'state.backend.type'\n"},
            {},
            "main.py:1: state.backend.type is not among",
        ),
    ],
)
def test_each_fault_of_a_zip_is_said(
    changes: dict[str, str | None], options: dict[str, str], said: str
) -> None:
    """What the service would refuse, or silently not do."""
    found = list(zip_faults(package(**changes), {**OPTIONS, **options}))
    assert any(said in fault for fault in found), found


def test_settings_that_code_may_change_are_allowed() -> None:
    """pipeline.* is the job's own affair."""
    source = "c = 'pipeline.object-reuse'\n"
    assert list(zip_faults(package(main_py=source), OPTIONS)) == []


@pytest.mark.parametrize(
    ("attributes", "flink", "python", "said"),
    [
        ({"Kinesis-Connector-Version": "5.0.0-1.20"}, "1.20.5", "3.11", "connector is 5.0.0-1.20"),
        ({"Flink-Version": "1.19.1"}, "1.20.5", "3.11", "compiled for Flink 1.19"),
        ({"Java-Release": "17"}, "1.20.5", "3.11", "for Java 17"),
        ({}, "2.2.0", "3.11", "apache-flink 2.2"),
        ({}, "1.20.5", "3.12", "Python is 3.12"),
    ],
)
def test_versions_that_do_not_go_together_are_said(
    attributes: dict[str, str], flink: str, python: str, said: str
) -> None:
    """Runtime, Flink, Python, Java and connector are one decision."""
    found = list(version_faults(RUNTIME, {**GOOD_JAR, **attributes}, flink, python))
    assert len(found) == 1
    assert said in found[0]


def test_a_property_that_the_job_does_not_know_is_said() -> None:
    """The stack and the job agree on the keys."""
    found = list(property_faults(frozenset({"a", "b", "c"}), frozenset({"a"}), frozenset({"b"})))
    assert len(found) == 1
    assert "property c is set by the stack" in found[0]


@pytest.mark.skipif(not BUILT_JAR.is_file(), reason="the jar is not built: make jobs")
def test_this_checkouts_package_has_no_fault() -> None:
    """What `env create` would upload."""
    assert all_faults() == []
