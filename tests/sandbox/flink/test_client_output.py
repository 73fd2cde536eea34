"""Tests of reading why a program failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.flink import client_output, log_settings

PYTHON = """Traceback (most recent call last):
  File "main.py", line 24, in main
    raise ValueError(given["fail.with"])
ValueError: a wrong turn
org.apache.flink.client.program.ProgramAbortException: java.lang.RuntimeException: exited with 1
\tat org.apache.flink.client.python.PythonDriver.main(PythonDriver.java:140)
Caused by: java.lang.RuntimeException: Python process exits with code: 1
"""
JAVA = """Traceback (most recent call last):
  File "main.py", line 24, in main
py4j.protocol.Py4JJavaError: An error occurred while calling o8.executeSql.
: org.apache.flink.table.api.ValidationException: Unable to create a source.
\tat java.base/java.lang.Thread.run(Thread.java:840)
Caused by: org.apache.flink.table.api.ValidationException: Could not find any factory for 'kinesis'.
\t... 13 more

org.apache.flink.client.program.ProgramAbortException: java.lang.RuntimeException: exited with 1
"""


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (PYTHON, "ValueError: a wrong turn"),
        (
            JAVA,
            (
                "org.apache.flink.table.api.ValidationException: "
                "Could not find any factory for 'kinesis'."
            ),
        ),
        ("", "it printed nothing"),
    ],
)
def test_the_cause_is_one_line(tmp_path: Path, text: str, cause: str) -> None:
    """The exception of the program, not that of the client that ran it."""
    output = tmp_path / "client.out"
    output.write_text(text)
    expected = f"CodeError.InvalidApplicationCode: Run python process failed: {cause}"
    assert client_output.failure_of(output, 1) == expected


def test_a_program_without_a_job(tmp_path: Path) -> None:
    """A program that ends well and submits nothing is a failure too."""
    assert "submitted no job" in client_output.failure_of(tmp_path / "none", 0)


def test_log_events_are_bounded_json_lines() -> None:
    """The level is the application's; the pattern is one document a line."""
    text = log_settings.log4j_properties("WARN")
    assert "rootLogger.level = WARN\n" in text
    pattern = text.partition("layout.pattern = ")[2].splitlines()[0]
    assert pattern.startswith('{"timestamp":%d{UNIX_MILLIS},')
    assert pattern.endswith("}%n")
    assert log_settings.message_of('{"message":"m","throwableInformation":"t"}') == "m t"
    assert log_settings.message_of("no JSON") == "no JSON"
