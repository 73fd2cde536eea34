"""What is not loaded when it is not needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "boto3", "botocore", "pulumi", "pulumi_aws", "textual", "ministack", "httpx",
    "grafana_foundation_sdk",
)  # fmt: skip


def loaded_by(code: str) -> set[str]:
    """Top-level modules loaded after running some code in a fresh interpreter."""
    script = f"import sys\n{code}\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "words", [["--version"], ["--help"], ["env", "--help"], ["grafana", "export", "--help"]]
)
def test_help_and_version_load_nothing_heavy(words: list[str]) -> None:
    """`--version` and help never pay for boto3, pulumi or textual."""
    code = (
        f"sys.argv = ['videoctl', *{words!r}]\n"
        "from videoctl.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code"
    )
    assert loaded_by(code).isdisjoint(HEAVY)


def test_version_does_not_load_the_command_line_library() -> None:
    """`--version` answers before Typer is imported."""
    code = "sys.argv = ['videoctl', '--version']\nfrom videoctl.__main__ import main\nmain()"
    assert "typer" not in loaded_by(code)
