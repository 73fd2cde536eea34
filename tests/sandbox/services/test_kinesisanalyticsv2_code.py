"""Tests of what starting an application says of its code."""

from __future__ import annotations

import pytest

from sandbox.services.kinesisanalyticsv2.code import RUN_OPTIONS
from tests.sandbox.services.calling import Caller
from tests.sandbox.services.flink_doubles import (
    NAME,
    OPTIONS,
    RecordingRunner,
    archive,
    creation,
    error_of,
    operation,
    refused,
    started,
    status,
)


@pytest.mark.parametrize(
    ("members", "options", "message"),
    [
        (("main.py",), OPTIONS, "lib/pyflink-dependencies.jar, named by the run option jarfile"),
        (("lib/pyflink-dependencies.jar",), OPTIONS, "main.py, named by the run option python"),
        (("main.py",), {"jarfile": "main.py"}, "The property python is missing"),
        (("main.py",), {"python": "main.py", "pyModule": "m"}, "pyModule is not supported"),
        (("main.py",), {"python": "main.py", "pyFiles": "agg/"}, "agg/, named by"),
    ],
)
def test_starting_says_what_is_missing(
    flink: Caller,
    runner: RecordingRunner,
    members: tuple[str, ...],
    options: dict[str, str],
    message: str,
) -> None:
    """The operation fails with the file or option by name, and the application is READY again."""
    flink.host.services.objects = {"agg.zip": archive(*members)}
    group = {"PropertyGroupId": RUN_OPTIONS, "PropertyMap": options}
    properties = {"EnvironmentProperties": {"PropertyGroups": [group]}}
    flink("CreateApplication", **creation(configuration=properties))
    answer = flink("StartApplication", ApplicationName=NAME)
    assert status(flink) == "STARTING"
    flink.settle()
    assert message in error_of(operation(flink, answer["OperationId"]))
    assert status(flink) == "READY"
    assert not runner.running


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a zip", "not a zip file"),
        (archive(*OPTIONS.values()).replace(b"content", b"CONTENT", 1), "damaged at main.py"),
    ],
)
def test_a_broken_zip_is_told(flink: Caller, content: bytes, message: str) -> None:
    """What cannot be unpacked cannot be started."""
    flink.host.services.objects = {"agg.zip": content}
    assert message in error_of(started(flink))


def test_a_java_application_needs_a_jar(flink: Caller) -> None:
    """Without run options the code must be or hold a jar."""
    flink.host.services.objects = {"agg.zip": archive("readme.txt")}
    flink(
        "CreateApplication",
        **creation(configuration={"EnvironmentProperties": {"PropertyGroups": []}}),
    )
    answer = flink("StartApplication", ApplicationName=NAME)
    flink.settle()
    assert "No valid JAR file found" in error_of(operation(flink, answer["OperationId"]))


def test_without_a_runner_nothing_pretends_to_run(flink: Caller) -> None:
    """A complete application is told that there is no cluster; it never says RUNNING."""
    assert "no Flink cluster" in error_of(started(flink))
    assert status(flink) == "READY"


def test_an_application_without_code_does_not_start(flink: Caller) -> None:
    """StartApplication refuses what has no code configuration."""
    request = creation()
    del request["ApplicationConfiguration"]["ApplicationCodeConfiguration"]
    flink("CreateApplication", **request)
    error = refused(flink, "StartApplication", ApplicationName=NAME)
    assert error.code == "InvalidApplicationConfigurationException"
