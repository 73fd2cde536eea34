"""The catalogue of modules against the programs it speaks of."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from stacks.catalog import modules, modules_of
from stacks.composition import SYSTEM_SOURCES
from stacks.programs import SYSTEM_PROGRAMS

PREDECESSOR = {
    "datamart_destination_east_only", "datamart_east_only", "ecr", "firehose", "kda",
    "kds-consumer", "lambda-kds-notifier", "lambda-s3-notifier", "ondemand-kds",
    "provisioned-kds", "s3-kda", "s3-lambda", "slow_prod_destination_east_only",
    "slow_prod_east_only", "sns-event", "video_destination", "video_detail", "video_env",
    "video_source",
}  # fmt: skip
CLASS_OF = {row.component.split(".")[2]: row.component.rpartition(".")[2] for row in modules()}


def test_the_19_modules_of_the_predecessor_are_there() -> None:
    """Each has a row, and a file of its name in snake case."""
    rows = modules()
    assert len(rows) == 19
    assert {row.module for row in rows} == PREDECESSOR
    for row in rows:
        assert row.component.split(".")[2] == row.module.replace("-", "_")


def test_every_module_is_used() -> None:
    """No module exists for its own sake."""
    assert [row.module for row in modules() if not row.used_by] == []


def test_the_rows_name_classes_that_exist() -> None:
    """The component paths can be imported."""
    for row in modules():
        package, _, name = row.component.rpartition(".")
        assert name in vars(importlib.import_module(package))


@pytest.mark.slow
def test_the_rows_say_what_the_programs_do(recordings: Any) -> None:
    """A module is listed for an environment or system exactly when its program contains it."""
    for row in modules():
        name = row.component.rpartition(".")[2]
        users = {user for user, recording in recordings.items() if name in recording.components()}
        assert set(row.used_by) == users, row.module


@pytest.mark.slow
@settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(data=st.data())
def test_any_specification_contains_the_modules_the_catalogue_says(
    data: Any, specifications: Any, record: Any
) -> None:
    """The reading of sources agrees with the running of programs, whatever is specified."""
    specification = data.draw(specifications)
    contained = record(specification).components() & set(CLASS_OF.values())
    assert {CLASS_OF[module] for module in modules_of(specification)} == contained


def test_systems_have_a_program_and_a_source() -> None:
    """Nothing is run that the catalogue does not know."""
    assert set(SYSTEM_PROGRAMS) == set(SYSTEM_SOURCES)


def test_the_catalogue_needs_no_pulumi() -> None:
    """Listing modules does not load the engine's SDK."""
    program = "import sys, stacks.catalog as c; c.modules(); sys.exit('pulumi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
