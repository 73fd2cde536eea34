"""What the programs deploy against what is packed for them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from stacks.program_input import SystemInput
from stacks.programs import SYSTEM_PROGRAMS
from tests.stacks.conftest import ACCOUNT, run_program
from videoctl.provisioning.artifacts import SYSTEM_JOBS, build_artifacts


@pytest.mark.parametrize("system", SYSTEM_PROGRAMS)
def test_a_system_finds_all_its_code_packed(system: str, tmp_path: Path) -> None:
    """The program runs with the packages made for it, and each function's handler is in one."""
    built = build_artifacts(tmp_path, jobs=SYSTEM_JOBS[system])
    assert built.missing == {}
    program = SystemInput(account_id=ACCOUNT, artifacts=built.paths)
    recording = run_program(lambda: SYSTEM_PROGRAMS[system](program))
    packed = set()
    for path in built.paths.values():
        with zipfile.ZipFile(path) as archive:
            packed |= set(archive.namelist())
    functions = recording.all("Function")
    assert functions
    for function in functions:
        assert f"{function.inputs['handler'].partition('.')[0]}.py" in packed
