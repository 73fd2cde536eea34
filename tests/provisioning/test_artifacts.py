"""Packages of jobs: the same bytes from the same sources."""

from __future__ import annotations

import os
import zipfile
from io import BytesIO
from pathlib import Path

from videoctl.provisioning.artifacts import JOBS, build_artifacts, pack


def sources(root: Path, *, text: str = "def handler(event, context): ...\n") -> Path:
    """A `jobs` directory with every job in it."""
    for job in JOBS.values():
        directory = root / job.directory
        (directory / "lib").mkdir(parents=True)
        (directory / job.entry_point).write_text(text)
        (directory / "lib" / "rows.py").write_text("x = 1\n")
        (directory / "__pycache__").mkdir()
        (directory / "__pycache__" / "rows.pyc").write_bytes(os.urandom(8))
    return root


def packed(directory: Path) -> bytes:
    """The zip of a directory."""
    target = BytesIO()
    pack(directory, target)
    return target.getvalue()


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    """Whatever the files' times, modes and order of creation are."""
    one, two = sources(tmp_path / "one"), sources(tmp_path / "two")
    job = next(iter(JOBS.values()))
    os.utime(two / job.directory / job.entry_point, (0, 0))
    (two / job.directory / job.entry_point).chmod(0o600)
    assert packed(one / job.directory) == packed(two / job.directory)


def test_the_entry_point_is_at_the_root_and_caches_are_left_out(tmp_path: Path) -> None:
    """Lambda and Flink start files by their path in the zip."""
    built = build_artifacts(tmp_path / "out", sources(tmp_path / "jobs"))
    with zipfile.ZipFile(built.paths["session_function"]) as archive:
        assert archive.namelist() == ["handler.py", "lib/rows.py"]
        assert archive.testzip() is None


def test_another_content_is_another_file(tmp_path: Path) -> None:
    """The name holds the hash that becomes part of the object's key; building again is idle."""
    out = tmp_path / "out"
    first = build_artifacts(out, sources(tmp_path / "one"))
    second = build_artifacts(out, sources(tmp_path / "two", text="changed\n"))
    again = build_artifacts(out, tmp_path / "one")
    assert first.paths == again.paths
    assert set(first.paths.values()).isdisjoint(second.paths.values())
    assert len(list(out.iterdir())) == 2 * len(JOBS)


def test_a_spoiled_package_is_written_anew(tmp_path: Path) -> None:
    """A half-written zip is not taken for the finished one."""
    built = build_artifacts(tmp_path / "out", sources(tmp_path / "jobs"))
    path = built.paths["session_function"]
    whole = path.read_bytes()
    path.write_bytes(whole[:20])
    build_artifacts(tmp_path / "out", tmp_path / "jobs")
    assert path.read_bytes() == whole


def test_a_job_without_its_entry_point_is_missing_with_the_reason(tmp_path: Path) -> None:
    """The caller refuses before anything is created."""
    (tmp_path / "jobs").mkdir()
    built = build_artifacts(tmp_path / "out", tmp_path / "jobs")
    assert built.paths == {}
    assert built.missing["flink_code"] == "jobs/agg/main.py does not exist"


def test_a_job_without_what_is_built_is_missing_with_the_line_to_run(tmp_path: Path) -> None:
    """The Flink job cannot start without its jar: said before anything is created."""
    jobs = sources(tmp_path / "jobs")
    built = build_artifacts(tmp_path / "out", jobs)
    lack = "jobs/agg/lib/pyflink-dependencies.jar is not built; run: make jobs"
    assert built.missing == {"flink_code": lack}
    (jobs / "agg" / "lib" / "pyflink-dependencies.jar").write_bytes(b"jar")
    assert build_artifacts(tmp_path / "out", jobs).missing == {}


def test_sources_and_texts_of_the_flink_job_stay_out_of_its_zip(tmp_path: Path) -> None:
    """A word in a README deploys no new job."""
    jobs = sources(tmp_path / "jobs")
    before = build_artifacts(tmp_path / "out", jobs).paths["flink_code"]
    (jobs / "agg" / "README.md").write_text("words\n")
    (jobs / "agg" / "src" / "main").mkdir(parents=True)
    (jobs / "agg" / "src" / "main" / "A.java").write_text("class A {}\n")
    assert build_artifacts(tmp_path / "out", jobs).paths["flink_code"] == before
