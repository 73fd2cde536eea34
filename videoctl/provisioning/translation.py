"""The engine's events turned into videoctl's: what began, ended, failed, would change."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, Literal

from videoctl.provisioning.changes import KIND_OF_OP, ChangeKind, ResourceChange
from videoctl.provisioning.events import (
    ChangeFound,
    Diagnostic,
    Event,
    Resource,
    ResourceFailed,
    ResourceStarted,
    ResourceSucceeded,
    Summary,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pulumi.automation import EngineEvent
    from pulumi.automation.events import DiagnosticEvent, StepEventMetadata

    from videoctl.provisioning.request import Operation

GLOBAL_PACKAGES: Final = ("aws:iam/", "aws:globalaccelerator/")
"""Types whose resources have no region, though their provider has one."""

_SEVERITY: Final[Mapping[str, Literal["info", "warning", "error"]]] = {
    "info": "info",
    "info#err": "info",
    "warning": "warning",
    "error": "error",
}
_CREATES: Final = frozenset({"create", "create-replacement"})
_CHOSEN_PLUGIN: Final = "from $PATH at"
"""The engine warns of plugins found on PATH; ours are there on purpose."""


class Translator:
    """Turns the events of one operation, in the order the engine sends them.

    Args:
        operation: previews tell what would change, the others what is being done.
        emit: takes each event; must not raise.

    """

    def __init__(self, operation: Operation, emit: Callable[[Event], None]) -> None:
        self._operation = operation
        self._emit = emit
        self._began: dict[str, float] = {}
        self._provider_regions: dict[str, str] = {}

    def take(self, event: EngineEvent) -> None:
        """Translate one event; the engine's events that say nothing new are dropped."""
        if event.resource_pre_event:
            self._began_step(event.resource_pre_event.metadata)
        elif event.res_outputs_event:
            self._ended_step(event.res_outputs_event.metadata)
        elif event.res_op_failed_event:
            self._failed_step(event.res_op_failed_event.metadata)
        elif event.diagnostic_event:
            self._said(event.diagnostic_event)
        elif event.summary_event:
            summary = event.summary_event
            counts = {str(getattr(k, "value", k)): v for k, v in summary.resource_changes.items()}
            self._emit(Summary(counts=counts, seconds=float(summary.duration_seconds)))

    def _began_step(self, step: StepEventMetadata) -> None:
        self._remember_region(step)
        op = step.op.value
        if self._operation.is_preview:
            if not self._tells_at_end:
                self._found(step)
            return
        self._began[step.urn] = time.monotonic()
        if KIND_OF_OP.get(op) is not ChangeKind.SAME or op == "refresh":
            self._emit(ResourceStarted(resource=self._resource(step), op=op))

    def _ended_step(self, step: StepEventMetadata) -> None:
        self._remember_region(step)
        op = step.op.value
        if self._operation.is_preview:
            if self._tells_at_end:
                self._found(step)
            return
        seconds = self._seconds(step.urn)
        if KIND_OF_OP.get(op) is not ChangeKind.SAME or self._operation.value == "refresh":
            self._emit(ResourceSucceeded(resource=self._resource(step), op=op, seconds=seconds))

    def _failed_step(self, step: StepEventMetadata) -> None:
        seconds = self._seconds(step.urn)
        resource, op = self._resource(step), step.op.value
        declared = _declared(step) if op in _CREATES else None
        self._emit(ResourceFailed(resource=resource, op=op, seconds=seconds, declared=declared))

    @property
    def _tells_at_end(self) -> bool:
        """A drift check knows what it found only once a resource was read."""
        return self._operation.value == "preview_refresh"

    def _found(self, step: StepEventMetadata) -> None:
        kind = KIND_OF_OP.get(step.op.value)
        if kind is None or kind is ChangeKind.SAME or _is_default_provider(step):
            return
        detailed = step.detailed_diff or {}
        reasons = [
            path for path, diff in detailed.items() if diff.diff_kind.value.endswith("replace")
        ]
        resource = self._resource(step)
        change = ResourceChange(
            urn=resource.urn,
            type=resource.type,
            name=resource.name,
            region=resource.region,
            change=kind,
            properties=tuple(detailed) or tuple(step.diffs or ()),
            replace_reasons=tuple(dict.fromkeys((*reasons, *(step.keys or ())))),
        )
        self._emit(ChangeFound(change=change))

    def _said(self, diagnostic: DiagnosticEvent) -> None:
        severity = _SEVERITY.get(diagnostic.severity)
        message = diagnostic.message.strip()
        if severity is None or not message or diagnostic.ephemeral:
            return
        if severity == "warning" and _CHOSEN_PLUGIN in message:
            severity = "info"
        self._emit(Diagnostic(severity=severity, message=message, urn=diagnostic.urn or None))

    def _seconds(self, urn: str) -> float:
        return round(time.monotonic() - self._began.pop(urn, time.monotonic()), 3)

    def _resource(self, step: StepEventMetadata) -> Resource:
        name = step.urn.rsplit("::", 1)[-1]
        return Resource(urn=step.urn, type=step.type, name=name, region=self._region(step))

    def _remember_region(self, step: StepEventMetadata) -> None:
        if step.type.startswith("pulumi:providers:") and (region := _property(step, "region")):
            self._provider_regions[step.urn] = region

    def _region(self, step: StepEventMetadata) -> str | None:
        if step.type.startswith(GLOBAL_PACKAGES):
            return _property(step, "endpointGroupRegion")
        own = _property(step, "region")
        return own or self._provider_regions.get(step.provider.rsplit("::", 1)[0])


def _declared(step: StepEventMetadata) -> dict[str, Any] | None:
    """What an interrupted create would have left pending, but for what it depends on."""
    new = step.new
    if new is None:
        return None
    known = {
        "urn": step.urn,
        "type": step.type,
        "custom": bool(new.custom),
        "inputs": dict(new.inputs or {}),
        "parent": new.parent,
        "provider": step.provider,
        "protect": bool(new.protect),
    }
    return {key: value for key, value in known.items() if value != ""}


def _is_default_provider(step: StepEventMetadata) -> bool:
    """Whether the engine made it up; it leaves these out of its counts as well."""
    return step.type.startswith("pulumi:providers:") and "::default" in step.urn


def _property(step: StepEventMetadata, name: str) -> str | None:
    for state in (step.new, step.old):
        for values in (state.inputs, state.outputs) if state else ():
            value: Any = (values or {}).get(name)
            if isinstance(value, str) and value:
                return value
    return None
