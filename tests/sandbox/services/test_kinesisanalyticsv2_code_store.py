"""Tests of the code objects the service keeps."""

from __future__ import annotations

from pathlib import Path

from sandbox.services.kinesisanalyticsv2 import code
from sandbox.services.kinesisanalyticsv2.code_store import CodeStore
from tests.sandbox.services.calling import Caller
from tests.sandbox.services.flink_doubles import NAME, OPTIONS, RecordingRunner, archive, started


def test_what_is_named_is_kept(tmp_path: Path) -> None:
    """By the CodeMD5 of a description; what no version names any more goes."""
    store = CodeStore(tmp_path / "code")
    store.prune([])
    for content in (b"one", b"two"):
        store.keep(content)
        store.keep(content)
    kept = code.facts(b"one")
    store.prune([{"versions": {"1": {"code_facts": kept}, "2": {"code_facts": {}}}}])
    assert store.get(kept["CodeMD5"]) == b"one"
    assert store.get(code.facts(b"two")["CodeMD5"]) is None


def test_s3_is_not_read_again(flink: Caller, runner: RecordingRunner, tmp_path: Path) -> None:
    """A start runs what CreateApplication fetched; UpdateApplication fetches what it names."""
    flink.service.lifecycle.code_store = CodeStore(tmp_path)
    original, changed = archive(*OPTIONS.values()), archive(*OPTIONS.values(), "more.py")
    started(flink)
    flink.host.services.objects = {"agg.zip": changed}

    def ran() -> bytes:
        flink("StopApplication", ApplicationName=NAME)
        flink.settle()
        flink("StartApplication", ApplicationName=NAME)
        flink.settle()
        (job,) = runner.running.values()
        return job.code

    assert ran() == original
    name = {"ApplicationName": NAME}
    flink("UpdateApplication", **name, CurrentApplicationVersionId=1)
    flink.settle()
    assert ran() == original
    location = {"S3ContentLocationUpdate": {"FileKeyUpdate": "agg.zip"}}
    update = {"ApplicationCodeConfigurationUpdate": {"CodeContentUpdate": location}}
    flink(
        "UpdateApplication",
        **name,
        CurrentApplicationVersionId=2,
        ApplicationConfigurationUpdate=update,
    )
    flink.settle()
    assert ran() == changed
