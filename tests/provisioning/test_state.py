"""The state as a deployment document and a history tell it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from videoctl.provisioning.state import LocalFiles, UnknownFormatError, digest, read_deployment

SECRET = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    "ciphertext": "v1:x",
}
STACK = {
    "urn": "urn:pulumi:dev::videoctl::pulumi:pulumi:Stack::videoctl-dev",
    "type": "pulumi:pulumi:Stack",
    "custom": False,
    "outputs": {"dns": "x.example", "password": SECRET, "deep": [{"key": SECRET}]},
}
BUCKET = {
    "urn": "urn:pulumi:dev::videoctl::aws:s3/bucket:Bucket::raw",
    "type": "aws:s3/bucket:Bucket",
    "custom": True,
    "id": "b",
    "protect": True,
    "outputs": {"region": "us-west-2"},
    "modified": "2026-11-21T10:00:00Z",
}
UPDATE = {
    "kind": "update",
    "result": "succeeded",
    "message": "videoctl fingerprint abc123",
    "endTime": "2026-11-21T10:00:05Z",
}


def deployment(written: str = "2026-11-21T10:00:05.9Z", **more: Any) -> dict[str, Any]:
    """A deployment written then, with a stack and a bucket."""
    return {"manifest": {"time": written}, "resources": [STACK, BUCKET], **more}


def test_outputs_are_told_and_secrets_masked() -> None:
    """At any depth."""
    outputs = read_deployment(deployment(), None, ()).outputs
    assert outputs == {
        "dns": "x.example",
        "password": "[secret]",
        "deep": [{"key": "[secret]"}],
    }


def test_resources_carry_id_region_and_protection() -> None:
    """Components have no id."""
    stack, bucket = read_deployment(deployment(), None, ()).resources
    assert (stack.id, stack.is_protected) == (None, False)
    assert (bucket.name, bucket.id, bucket.region) == ("raw", "b", "us-west-2")
    assert bucket.is_protected


def test_the_fingerprint_is_that_of_the_last_update() -> None:
    """The checkpoint is written just after the second the history tells."""
    assert read_deployment(deployment(), UPDATE, ()).fingerprint == "abc123"


@pytest.mark.parametrize(
    ("history", "document"),
    [
        (None, deployment()),
        ({**UPDATE, "result": "failed"}, deployment()),
        ({**UPDATE, "kind": "destroy"}, deployment()),
        ({**UPDATE, "kind": "refresh"}, deployment()),
        ({**UPDATE, "message": "by hand"}, deployment()),
        (UPDATE, deployment("2026-11-21T10:00:09Z")),
        ({**UPDATE, "checkpointIsCurrent": False}, deployment()),
        (
            UPDATE,
            deployment(pending_operations=[{"type": "creating", "resource": BUCKET}]),
        ),
    ],
)
def test_there_is_no_fingerprint_once_something_else_happened(
    history: dict[str, Any] | None, document: dict[str, Any]
) -> None:
    """Failed, destroyed, refreshed, by hand, cut short: what is there is not what was built."""
    assert read_deployment(document, history, ()).fingerprint is None


def test_the_digest_follows_content_not_time() -> None:
    """Writing the same again keeps the digest; another id changes it."""
    again = deployment("2026-12-01T00:00:00Z")
    again["resources"] = [STACK, {**BUCKET, "modified": "2026-12-01T00:00:00Z"}]
    assert digest(again) == digest(deployment())
    assert digest({"resources": [STACK, {**BUCKET, "id": "c"}]}) != digest(deployment())


def test_no_stack_is_told_as_such() -> None:
    """Nothing is made up for a stack that does not exist."""
    state = read_deployment(None, None, ())
    assert (state.exists, state.resources, state.fingerprint) == (False, (), None)


def checkpoint(backend: Path, content: object) -> LocalFiles:
    """A backend whose stack `dev` has this checkpoint."""
    files = LocalFiles(backend)
    files.checkpoint("dev").parent.mkdir(parents=True)
    files.checkpoint("dev").write_text(json.dumps(content))
    return files


def test_a_new_stack_has_an_empty_deployment(tmp_path: Path) -> None:
    """The engine writes no `latest` before the first operation."""
    files = checkpoint(tmp_path, {"version": 3, "checkpoint": {"stack": "dev"}})
    assert files.deployment("dev") == {}
    assert files.deployment("other") is None


@pytest.mark.parametrize("content", [{"version": 4, "checkpoint": {}}, {"version": 3}, {}])
def test_another_format_is_not_guessed_at(tmp_path: Path, content: object) -> None:
    """The caller then asks the engine."""
    with pytest.raises(UnknownFormatError):
        checkpoint(tmp_path, content).deployment("dev")


def test_an_unreadable_checkpoint_is_not_an_absent_stack(tmp_path: Path) -> None:
    """A truncated file must never look like "nothing is there"."""
    files = checkpoint(tmp_path, {})
    files.checkpoint("dev").write_text('{"version": 3, "check')
    with pytest.raises(UnknownFormatError):
        files.deployment("dev")


def test_half_written_files_of_a_killed_engine_are_removed(tmp_path: Path) -> None:
    """An empty sidecar would make the stack unreadable; other stacks are not touched."""
    files = checkpoint(tmp_path, {"version": 3, "checkpoint": {}})
    directory = files.checkpoint("dev").parent
    for name in ("dev.json.18ea.tmp", "dev.json.attrs", "dev.json.bak", "other.json.1.tmp"):
        (directory / name).write_text("")
    (directory / "dev.json.bak.attrs").write_text("{}")
    files.tidy("dev")
    assert sorted(file.name for file in directory.iterdir()) == [
        "dev.json",
        "dev.json.bak",
        "dev.json.bak.attrs",
        "other.json.1.tmp",
    ]
