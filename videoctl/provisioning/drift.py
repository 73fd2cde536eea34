"""Differences between state and world, together with what such a comparison cannot see."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from videoctl.provisioning.changes import (
    ChangeKind,
    ChangeSet,
    Drift,
    ResourceChange,
    Unchecked,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from videoctl.provisioning.events import Diagnostic

NOT_READABLE: Final[Mapping[str, str]] = {
    "aws:kms/key:Key": "key material; only the key's settings are read",
    "aws:lambda/function:Function": "the code AWS runs; only the recorded object key is compared",
    "aws:kinesisanalyticsv2/application:Application": "job state; only the configuration is read",
    "aws:s3/bucket:Bucket": "objects in the bucket",
}
"""Types of which a read tells less than everything, and what it leaves out."""


def drift_of(
    deployment: Mapping[str, Any], found: ChangeSet, diagnostics: tuple[Diagnostic, ...]
) -> Drift:
    """What a refresh preview found, with everything it could not compare."""
    resources = deployment.get("resources") or []
    real = [item for item in resources if _is_real(item)]
    patterns = {str(item["urn"]): _run_state_pattern(item) for item in real}
    changes = (_of_the_stack(change, patterns.get(change.urn)) for change in found.changes)
    return Drift(
        changes=tuple(change for change in changes if change is not None),
        checked=len(real),
        unchecked=(*_unreadable(real), *_run_state(real), *_failed(diagnostics)),
    )


def _is_real(item: Mapping[str, Any]) -> bool:
    return bool(item.get("custom")) and not item["type"].startswith("pulumi:")


def _name(item: Mapping[str, Any]) -> str:
    return str(item["urn"]).rsplit("::", 1)[-1]


def _run_state_pattern(item: Mapping[str, Any]) -> re.Pattern[str] | None:
    """The property paths of a resource that the stack does not own, with all below them."""
    paths = [
        re.escape(path).replace(r"\[\*\]", r"\[\d+\]") for path in item.get("ignoreChanges") or []
    ]
    return re.compile(rf"(?:{'|'.join(paths)})(?=$|[.\[])") if paths else None


def _of_the_stack(
    change: ResourceChange, run_state: re.Pattern[str] | None
) -> ResourceChange | None:
    """The change without run state, which is told as unchecked; None when nothing else is left."""
    if run_state is None or change.change is not ChangeKind.UPDATE:
        return change
    left = tuple(path for path in change.properties if run_state.match(path) is None)
    return replace(change, properties=left) if left or not change.properties else None


def _unreadable(resources: list[dict[str, Any]]) -> Iterator[Unchecked]:
    for type_token, reason in NOT_READABLE.items():
        names = [_name(item) for item in resources if item["type"] == type_token]
        if names:
            yield Unchecked(subject=", ".join(names), reason=reason)


def _run_state(resources: list[dict[str, Any]]) -> Iterator[Unchecked]:
    for item in resources:
        for path in item.get("ignoreChanges") or []:
            yield Unchecked(
                subject=f"{_name(item)}.{path}",
                reason="run state: videoctl's own commands change it, not the stack",
            )


def _failed(diagnostics: tuple[Diagnostic, ...]) -> Iterator[Unchecked]:
    for said in diagnostics:
        if said.severity != "info" and said.urn is not None:
            yield Unchecked(subject=said.urn.rsplit("::", 1)[-1], reason=said.message)
