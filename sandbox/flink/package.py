"""A code object on disk, and the command line by which Flink's client submits its program."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from typing import TYPE_CHECKING

from sandbox.flink.jobs import JobError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.flink.directories import RunDirectory
    from sandbox.flink.jobs import Job


def unpack(job: Job, run: RunDirectory) -> list[Path]:
    """Put the code and the properties beside the job; gives the jars for the cluster's class path.

    Jars are not submitted with the program: each submission would load their classes anew, and a
    cluster that restarts its job would run out of metaspace.
    """
    if job.run_options is None:
        raise JobError(
            "The sandbox runs Python applications. Name the program in the property group "
            "kinesis.analytics.flink.run.options."
        )
    shutil.rmtree(run.code, ignore_errors=True)
    run.code.mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(job.code)) as archive:
        archive.extractall(run.code)  # the members' paths are made safe by zipfile
    run.properties.write_text(json.dumps(job.property_groups, indent=2))
    return [run.code / path for path in _paths(job, "jarfile")]


def submission(job: Job, run: RunDirectory) -> list[str]:
    """Arguments of Flink's client: run the program, from its state if there is one."""
    assert job.run_options is not None
    words = ["run", "--detached"]
    if job.restore_from is not None:
        words += ["--fromSavepoint", job.restore_from]
        if job.allow_non_restored_state:
            words.append("--allowNonRestoredState")
    words += ["--python", str(run.code / job.run_options["python"])]
    for option, flag in (("pyFiles", "--pyFiles"), ("pyArchives", "--pyArchives")):
        paths = list(_paths(job, option))
        if paths:
            words += [flag, ",".join(str(run.code / path) for path in paths)]
    return words


def _paths(job: Job, option: str) -> Iterator[str]:
    assert job.run_options is not None
    return filter(None, (path.strip() for path in job.run_options.get(option, "").split(",")))
