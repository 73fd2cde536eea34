"""One operation through the Automation API, without the calls it adds around each.

`Stack.up` runs five more commands than `pulumi up`: version, select, output twice, history. Each
costs 0.2 to 0.4 s (the passphrase is stretched anew each time), `output --show-secrets` reads
secrets in plain text, and all of it is in the event stream or the state already. What is left of
the API: the language server, the event server, the commands' arguments.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pulumi import automation as auto
from pulumi.automation import PulumiFn, UpdateSummary
from pulumi.automation._stack import StackInitMode

from videoctl.provisioning.request import Operation
from videoctl.provisioning.translation import Translator
from videoctl.provisioning.tuned_sdk import tune_sdk

if TYPE_CHECKING:
    from collections.abc import Callable

    from videoctl.provisioning.engine_process import EngineProcess
    from videoctl.provisioning.events import Event
    from videoctl.provisioning.request import OperationRequest


class _BareStack(auto.Stack):
    """A stack that is known to exist: nothing is selected, and nothing read back afterwards."""

    def __init__(self, name: str, workspace: auto.LocalWorkspace) -> None:
        self.name = name
        self.workspace = workspace
        self._mode = StackInitMode.SELECT

    def outputs(self) -> auto.OutputMap:
        """Nothing: the gateway reads outputs from the state, secrets masked."""
        return {}

    def info(self, show_secrets: bool = False) -> UpdateSummary | None:  # noqa: ARG002
        """What the API insists on; counts and result are in the event stream."""
        return UpdateSummary("", datetime.now(UTC), "", {}, {}, "")


class EngineStack:
    """Runs the operation of one request.

    Args:
        request: what to do.
        process: runs the engine's commands.
        program: declares the resources.
        report: takes each event; must not raise.

    """

    def __init__(
        self,
        request: OperationRequest,
        process: EngineProcess,
        program: PulumiFn,
        report: Callable[[Event], None],
    ) -> None:
        self._request = request
        self._process = process
        self._translator = Translator(request.operation, report)
        workspace = auto.LocalWorkspace(
            work_dir=str(request.work_directory), program=program, pulumi_command=process
        )
        self._stack = _BareStack(request.stack, workspace)

    def run(self) -> None:
        """Run it to its end.

        Raises:
            pulumi.automation.CommandError: when the engine says it failed.
            NotStartedError: when it was cancelled before it began.

        """
        tune_sdk()
        request = self._request
        if request.create_stack:
            create = ["stack", "init", request.stack, "--no-select"]
            create += ["--secrets-provider", request.secrets_provider]
            self._process.run(create, str(request.work_directory), {})
        _CALLS[request.operation](self._stack, request, self._options())

    def _options(self) -> dict[str, Any]:
        request = self._request
        return {
            "on_event": self._translator.take,
            "color": "never",
            "suppress_progress": True,
            "suppress_outputs": True,
            "parallel": request.parallel,
            "target": list(request.targets) or None,
            "message": request.message or None,
        }


def _preview(stack: auto.Stack, request: OperationRequest, options: dict[str, Any]) -> None:
    plan = str(request.engine_plan) if request.engine_plan else None
    stack.preview(plan=plan, refresh=request.refresh, **options)


def _update(stack: auto.Stack, request: OperationRequest, options: dict[str, Any]) -> None:
    plan = str(request.engine_plan) if request.engine_plan else None
    stack.up(plan=plan, refresh=request.refresh, show_secrets=False, **options)


def _refresh(stack: auto.Stack, _: OperationRequest, options: dict[str, Any]) -> None:
    stack.refresh(show_secrets=False, **options)


def _preview_refresh(stack: auto.Stack, _: OperationRequest, options: dict[str, Any]) -> None:
    stack.preview_refresh(**options)


def _destroy(stack: auto.Stack, request: OperationRequest, options: dict[str, Any]) -> None:
    stack.destroy(refresh=request.refresh, show_secrets=False, **options)


def _preview_destroy(stack: auto.Stack, request: OperationRequest, options: dict[str, Any]) -> None:
    stack.preview_destroy(refresh=request.refresh, **options)


_CALLS = {
    Operation.PREVIEW: _preview,
    Operation.UPDATE: _update,
    Operation.REFRESH: _refresh,
    Operation.PREVIEW_REFRESH: _preview_refresh,
    Operation.DESTROY: _destroy,
    Operation.PREVIEW_DESTROY: _preview_destroy,
}
