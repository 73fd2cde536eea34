"""Making an engine: the ways in order, in one piece or not at all, one at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.provisioning.test_engine import environ, fake_pulumi
from videoctl.provisioning import engine_build, engine_install
from videoctl.provisioning.engine import Attempt, Engine, EngineMissingError, cached_root
from videoctl.provisioning.engine_build import source_directory
from videoctl.provisioning.engine_install import ensure_engine

FAKE_GO = """#!/bin/sh
if [ "$1" = version ]; then echo "go version go{version} linux/amd64"; exit 0; fi
echo "go: downloading something" >&2
while [ "$1" != -o ]; do shift; done
{spoil}
mkdir -p "$(dirname "$2")"
printf '#!/bin/sh\\necho v3.259.0\\n' > "$2"
chmod +x "$2"
echo built >> "{log}"
"""


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The official installer fails as it does without a network, and the machine has no Go."""

    def fail(*_: object) -> Attempt:
        return Attempt("the official installer", "https://get.pulumi.com: no such host", "connect")

    monkeypatch.setattr(engine_install, "_install", fail)
    monkeypatch.setattr(engine_build, "USUAL_GO_DIRECTORIES", ())
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def with_go(tmp_path: Path, version: str = "1.26.0", spoil: str = ":") -> dict[str, str]:
    """Variables under which `go` is a script that builds an engine, or spoils it."""
    directory = tmp_path / "go"
    directory.mkdir()
    go = directory / "go"
    go.write_text(FAKE_GO.format(version=version, spoil=spoil, log=tmp_path / "builds"))
    go.chmod(0o755)
    return {**environ(tmp_path), "PATH": f"{directory}{os.pathsep}{os.defpath}"}


@pytest.mark.usefixtures("no_network")
def test_go_builds_what_the_installer_could_not_fetch(tmp_path: Path) -> None:
    """The build's lines are progress; the engine lies in the cache; the next call is silent."""
    lines: list[str] = []
    variables = with_go(tmp_path)
    found = ensure_engine(lines.append, variables)
    assert found == Engine(cached_root(variables) / "bin" / "pulumi", (3, 259, 0), "build")
    assert any("no such host" in line for line in lines)
    assert "go: downloading something" in lines
    lines.clear()
    assert ensure_engine(lines.append, variables).found_by == "cache"
    assert lines == []


@pytest.mark.usefixtures("no_network")
def test_a_truncated_engine_in_the_cache_is_built_anew(tmp_path: Path) -> None:
    """What a full disk or a kill left in the cache is replaced."""
    variables = with_go(tmp_path)
    broken = fake_pulumi(cached_root(variables))
    broken.write_bytes(b"\x7fELF")
    assert ensure_engine(lambda _: None, variables).found_by == "build"
    assert broken.read_text().startswith("#!/bin/sh")
    assert [item.name for item in cached_root(variables).parent.glob(".*")] == [".install-lock"]


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    "spoil", ["echo no space left on device >&2; exit 1", 'touch "$2"; exit 0']
)
def test_a_failed_build_leaves_nothing(tmp_path: Path, spoil: str) -> None:
    """A build that fails, or makes something that does not run, never reaches the cache."""
    variables = with_go(tmp_path, spoil=spoil)
    with pytest.raises(EngineMissingError):
        ensure_engine(lambda _: None, variables)
    assert not cached_root(variables).exists()


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("version", [None, "1.21.0"])
def test_when_nothing_works_every_way_is_named(tmp_path: Path, version: str | None) -> None:
    """One error: each way, why it failed, and the line that cures it."""
    variables = with_go(tmp_path, version) if version else environ(tmp_path)
    with pytest.raises(EngineMissingError) as told:
        ensure_engine(lambda _: None, variables)
    ways = [attempt.way for attempt in told.value.attempts]
    assert ways[0] == "VIDEOCTL_ENGINE_ROOT"
    assert ways[1] == "pulumi on PATH"
    assert ways[3:] == ["the official installer", "go build"]
    for attempt in told.value.attempts:
        assert attempt.reason in told.value.message
    assert told.value.code == "engine-missing"
    assert told.value.hint == "connect"
    assert "go.dev" in str(told.value.attempts[-1].cure)


@pytest.mark.usefixtures("no_network")
def test_two_installs_at_once_make_one_engine(tmp_path: Path) -> None:
    """The second waits for the first, says so, and takes what it made."""
    variables = with_go(tmp_path, spoil="sleep 0.5")
    lines: list[str] = []
    found: list[Engine] = []

    def install() -> None:
        found.append(ensure_engine(lines.append, variables))

    threads = [threading.Thread(target=install) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(item.found_by for item in found) == ["build", "cache"]
    assert (tmp_path / "builds").read_text() == "built\n"
    assert any("waiting for it" in line for line in lines)


def test_a_named_engine_that_is_missing_is_not_replaced_by_a_made_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong VIDEOCTL_ENGINE_ROOT is an error, not a reason to build for minutes."""

    def make(*_: object) -> None:
        pytest.fail("nothing is to be made")

    monkeypatch.setattr(engine_install, "_make", make)
    variables = environ(tmp_path, VIDEOCTL_ENGINE_ROOT=str(tmp_path))
    with pytest.raises(EngineMissingError, match="VIDEOCTL_ENGINE_ROOT"):
        ensure_engine(lambda _: None, variables)


def test_the_installer_fails_fast_where_its_host_is_unreachable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK's installer runs in a process with a deadline; its last line is the reason."""
    monkeypatch.setattr(engine_install, "INSTALLER_TIMEOUT_SECONDS", 20)
    variables: Mapping[str, str] = {
        **os.environ,
        "https_proxy": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "",
    }
    failed = engine_install._install(tmp_path, lambda _: None, variables)
    assert failed is not None
    assert failed.reason.startswith("https://get.pulumi.com/install.sh: ")
    assert failed.cure is not None


def test_the_engines_source_is_found_in_a_checkout() -> None:
    """go.mod, go.sum and the file that imports the command lie together."""
    source = source_directory()
    assert source is not None
    assert {"go.mod", "go.sum", "tools.go"} <= {item.name for item in source.iterdir()}


def test_the_pinned_version_is_the_sdks_and_the_modules() -> None:
    """Engine, module file and SDK are one version."""
    from importlib import metadata

    from videoctl.provisioning.engine import ENGINE_VERSION, version_text

    source = source_directory()
    assert source is not None
    assert metadata.version("pulumi") == version_text(ENGINE_VERSION).removeprefix("v")
    wanted = f"github.com/pulumi/pulumi/pkg/v3 {version_text(ENGINE_VERSION)}"
    assert wanted in (source / "go.mod").read_text()


def test_finding_an_engine_loads_no_sdk() -> None:
    """`doctor` and `--help` may look for the engine without paying for the SDK's import."""
    script = (
        "import sys, videoctl.provisioning.engine_install, videoctl.provisioning.gateway;"
        "assert not {'pulumi', 'boto3', 'pulumi_aws'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
