"""The variables the engine runs with: the operator's own without any PULUMI_*, and ours."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videoctl.provisioning.request import OperationRequest

RUN_VARIABLE: Final = "VIDEOCTL_RUN_ID"
"""Marks the engine and every plugin it starts, so that what a killed run left can be told."""

ENGINE_SETTINGS: Final[Mapping[str, str]] = {
    "PULUMI_AUTOMATION_API": "true",
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    # Without it the engine knows no --event-log.
    "PULUMI_DEBUG_COMMANDS": "true",
    "PULUMI_DIY_BACKEND_NO_LEGACY_WARNING": "true",
    # Salt and key check are in the state too: another machine needs only the passphrase.
    "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
    "PULUMI_SUPPRESS_NEO_LINK": "true",
    "NO_COLOR": "1",
    # Twice the collections of the default: the engine writes the whole state hundreds of times, and
    # what each write leaves behind is most of its memory.
    "GOGC": "50",
}


def base_environment(own: Mapping[str, str]) -> dict[str, str]:
    """The process's variables with those of `own` on top.

    Inherited PULUMI_* variables are dropped: a PULUMI_BACKEND_URL left over from other work would
    silently move the state, PULUMI_SKIP_CHECKPOINTS would undo crash recovery.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    return {**inherited, **ENGINE_SETTINGS, **own}


def engine_environment(request: OperationRequest) -> dict[str, str]:
    """The variables of one operation's engine."""
    return {**base_environment(request.environment), RUN_VARIABLE: request.run_id}
