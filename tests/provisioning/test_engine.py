"""Where the engine is looked for, and what is not taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from videoctl.provisioning import engine
from videoctl.provisioning.engine import Attempt, Engine, find_engine, inspect


def fake_pulumi(root: Path, says: str = "v3.259.0", code: int = 0) -> Path:
    """A `pulumi` that only knows its version."""
    executable = root / "bin" / "pulumi"
    executable.parent.mkdir(parents=True)
    executable.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    executable.chmod(0o755)
    return executable


def environ(tmp_path: Path, **more: str) -> dict[str, str]:
    """Variables under which nothing is found."""
    empty = tmp_path / "empty"
    empty.mkdir(exist_ok=True)
    return {"PATH": str(empty), "VIDEOCTL_CACHE": str(tmp_path / "cache"), **more}


def test_the_variable_comes_before_the_path_and_the_path_before_the_cache(tmp_path: Path) -> None:
    """All three hold an engine: the order of the search decides."""
    named, on_path = fake_pulumi(tmp_path / "named"), fake_pulumi(tmp_path / "path")
    variables = environ(tmp_path)
    cached = fake_pulumi(engine.cached_root(variables))
    assert find_engine(variables) == Engine(cached, (3, 259, 0), "cache")
    variables["PATH"] = str(on_path.parent)
    assert find_engine(variables) == Engine(on_path, (3, 259, 0), "path")
    variables["VIDEOCTL_ENGINE_ROOT"] = str(tmp_path / "named")
    assert find_engine(variables) == Engine(named, (3, 259, 0), "environment")


def test_a_wrong_variable_is_not_passed_over(tmp_path: Path) -> None:
    """Who names an engine means that one: a bad VIDEOCTL_ENGINE_ROOT ends the search."""
    variables = environ(tmp_path, VIDEOCTL_ENGINE_ROOT=str(tmp_path / "nowhere"))
    variables["PATH"] = str(fake_pulumi(tmp_path / "path").parent)
    (attempt,) = _attempts(find_engine(variables))
    assert attempt.way == "VIDEOCTL_ENGINE_ROOT"
    assert "does not exist" in attempt.reason
    assert attempt.cure is not None


def _attempts(found: Engine | tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    assert not isinstance(found, Engine)
    return found


def test_an_engine_on_path_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    """3.249 does not serve; the cache is looked at next, and both reasons are kept."""
    old = fake_pulumi(tmp_path / "path", "v3.249.9")
    variables = environ(tmp_path, PATH=str(old.parent))
    reasons = [attempt.reason for attempt in _attempts(find_engine(variables))]
    assert reasons[1] == "is v3.249.9; wanted: v3.250.0 or newer, below v4"
    assert reasons[2] == "does not exist"


@pytest.mark.parametrize(
    ("says", "code", "serves"),
    [
        ("v3.250.0", 0, True),
        ("3.300.1", 0, True),
        ("v3.260.0-alpha.1", 0, True),
        ("v4.0.0", 0, False),
        ("v2.99.0", 0, False),
        ("hello", 0, False),
        ("v3.259.0", 1, False),
    ],
)
def test_versions_that_serve(tmp_path: Path, says: str, code: int, serves: bool) -> None:
    """3.250 or newer of the same major version, from a binary that ends well."""
    found = inspect(fake_pulumi(tmp_path, says, code), "path")
    assert isinstance(found, Engine) is serves


@pytest.mark.parametrize("content", [b"", b"\x7fELF\x02\x01\x01", b"#!/nonexistent\n"])
def test_a_truncated_binary_is_told_from_an_engine(tmp_path: Path, content: bytes) -> None:
    """A half-written file is found out by running it, not by its presence."""
    executable = tmp_path / "pulumi"
    executable.write_bytes(content)
    executable.chmod(0o755)
    found = inspect(executable, "cache")
    assert isinstance(found, Attempt)
    assert "cannot be run" in found.reason or "is broken" in found.reason


def test_a_hanging_binary_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `pulumi` that answers nothing does not stop the search for ever."""
    monkeypatch.setattr(engine, "VERSION_TIMEOUT_SECONDS", 0.2)
    executable = tmp_path / "pulumi"
    executable.write_text("#!/bin/sh\nexec sleep 30\n")
    executable.chmod(0o755)
    found = inspect(executable, "path")
    assert isinstance(found, Attempt)
    assert "no version within" in found.reason
