"""The fingerprint of an update."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from videoctl.provisioning import fingerprint as module
from videoctl.provisioning.fingerprint import fingerprint


@dataclass(frozen=True, kw_only=True)
class Given:
    size: int = 1
    artifacts: dict[str, Path] = field(default_factory=dict)


def test_equal_input_equal_fingerprint() -> None:
    """Twice the same is the same, in another process too: nothing random is in it."""
    assert fingerprint("environment", Given()) == fingerprint("environment", Given())
    assert len(fingerprint("environment", Given())) == module.LENGTH


def test_input_program_and_artefacts_count() -> None:
    """Anything that could change the result changes the fingerprint."""
    base = fingerprint("environment", Given())
    assert fingerprint("environment", Given(size=2)) != base
    assert fingerprint("other", Given()) != base


def test_an_artefact_counts_by_content_not_by_place(tmp_path: Path) -> None:
    """The same package built elsewhere needs no update."""
    one, two = tmp_path / "a.zip", tmp_path / "b.zip"
    one.write_bytes(b"x")
    two.write_bytes(b"x")
    before = fingerprint("e", Given(artifacts={"code": one}))
    assert fingerprint("e", Given(artifacts={"code": two})) == before
    two.write_bytes(b"y")
    assert fingerprint("e", Given(artifacts={"code": two})) != before


def test_the_programs_source_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed module of the stacks means another result."""
    before = fingerprint("environment", Given())
    sources = dict(module._sources("stacks"))
    assert "programs.py" in sources
    monkeypatch.setattr(module, "_sources", lambda _: [("programs.py", b"changed")])
    assert fingerprint("environment", Given()) != before
