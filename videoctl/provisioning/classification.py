"""What the engine and its providers say when they fail, as videoctl's errors with a cure each.

Everything is told by text: the engine's exit codes do not tell these apart. Each pattern was taken
from the engine's or the provider's source or from a real run; the tests hold the texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from videoctl.errors import (
    FailedError,
    IncompleteError,
    LockedError,
    NotAllowedError,
    RefusedError,
    VideoctlError,
)
from videoctl.provisioning.failure_signs import SIGNS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LINE_LIMIT: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What is known of a failed engine command.

    Attributes:
        stack: the stack it worked on.
        operation: what it did, such as `update` or `export`.
        texts: the errors it told, the most specific first.
        log_file: where all of it can be read.

    """

    stack: str
    operation: str
    texts: tuple[str, ...]
    log_file: Path | None = None


def classify(failure: Failure) -> VideoctlError:
    """The error for a failure: the first whose sign is in any text, else what was said."""
    for code, sign in SIGNS.items():
        for text in failure.texts:
            if found := sign.search(text):
                return _MAKERS[code](failure, found, _line(text, found))
    said = next((_first_line(text) for text in failure.texts if text.strip()), "nothing")
    return FailedError(
        f"{failure.operation} of stack {failure.stack} failed: {said}",
        hint=_log(failure) or f"videoctl env repair {failure.stack}",
        code="engine-failed",
    )


def _line(text: str, found: re.Match[str]) -> str:
    start = text.rfind("\n", 0, found.start()) + 1
    end = text.find("\n", found.end())
    return _short(text[start : end if end >= 0 else len(text)])


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error:")]
    return _short((errors or lines)[0].removeprefix("error:"))


def _short(line: str) -> str:
    line = " ".join(line.split()).lstrip("* ")
    return line if len(line) <= LINE_LIMIT else line[: LINE_LIMIT - 1] + "…"


def _log(failure: Failure) -> str | None:
    return f"the engine's own words are in {failure.log_file}" if failure.log_file else None


def _again(failure: Failure) -> str:
    return f"run the same command again: what is done stays done (stack {failure.stack})"


_LOCK_OWNER: Final = re.compile(
    r"created by (?P<user>[^@\s]+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<at>\S+)"
)


def lock_owners(text: str) -> tuple[tuple[str, str, int, str], ...]:
    """Every lock owner an engine's message names: (user, host, pid, time)."""
    return tuple(
        (found["user"], found["host"], int(found["pid"]), found["at"])
        for found in _LOCK_OWNER.finditer(text)
    )


def _locked(failure: Failure, _: re.Match[str], __: str) -> VideoctlError:
    owners = [owner for text in failure.texts for owner in lock_owners(text)]
    who = "; ".join(f"{user}@{host} (pid {pid}) since {at}" for user, host, pid, at in owners)
    return LockedError(
        f"stack {failure.stack} is locked by {who or 'another update'}",
        hint=f"wait for it, or once it is known to be dead: videoctl lock break --env"
        f" {failure.stack} --reason TEXT",
        code="stack-locked",
    )


def _passphrase_missing(failure: Failure, _: re.Match[str], __: str) -> VideoctlError:
    return NotAllowedError(
        f"the passphrase of stack {failure.stack}'s secrets is not set",
        hint="set PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it",
        code="passphrase-missing",
    )


def _passphrase_wrong(failure: Failure, _: re.Match[str], __: str) -> VideoctlError:
    return NotAllowedError(
        f"the passphrase given does not open stack {failure.stack}'s secrets",
        hint="restore the file it was made with: engine/TARGET/passphrase in VIDEOCTL_HOME, or the"
        " one PULUMI_CONFIG_PASSPHRASE_FILE names",
        code="passphrase-wrong",
    )


def _credentials_expired(failure: Failure, _: re.Match[str], line: str) -> VideoctlError:
    return NotAllowedError(
        f"AWS credentials have expired: {line}",
        hint=f"renew them (aws sso login), then {_again(failure)}",
        code="credentials-expired",
    )


def _credentials_missing(_: Failure, __: re.Match[str], line: str) -> VideoctlError:
    return NotAllowedError(
        f"no valid AWS credentials: {line}",
        hint="set AWS_PROFILE or the target's profile; `aws sts get-caller-identity` must answer",
        code="credentials-missing",
    )


_CALL: Final = re.compile(r"operation error (?P<service>[\w .-]+): (?P<call>\w+)")
_ACTION: Final = re.compile(r"not authorized to perform: (?P<action>[\w-]+:\w+)")


def _call(line: str) -> str:
    """The API call a provider's error names, such as `Kinesis: CreateStream`."""
    if found := _ACTION.search(line):
        return found["action"]
    found = _CALL.search(line)
    return f"{found['service']}: {found['call']}" if found else "a call"


def _access_denied(failure: Failure, _: re.Match[str], line: str) -> VideoctlError:
    return NotAllowedError(
        f"AWS refused {_call(line)}: {line}",
        hint=f"add the permission to the role in use, then {_again(failure)}",
        code="access-denied",
    )


def _account(failure: Failure, _: re.Match[str], line: str) -> VideoctlError:
    return NotAllowedError(
        f"the credentials belong to another account than stack {failure.stack}'s: {line}",
        hint="choose the profile of the target's account",
        code="account-mismatch",
    )


def _throttled(failure: Failure, _: re.Match[str], line: str) -> VideoctlError:
    return IncompleteError(
        f"AWS throttled {_call(line)} beyond the retries: {line}",
        hint=f"wait a minute, then {_again(failure)}",
        code="throttled",
    )


def _quota(failure: Failure, _: re.Match[str], line: str) -> VideoctlError:
    return FailedError(
        f"an AWS quota is used up by {_call(line)}: {line}",
        hint=f"raise the quota (Service Quotas) or free some, then {_again(failure)}",
        code="quota-exceeded",
    )


def _timestream(_: Failure, __: re.Match[str], line: str) -> VideoctlError:
    return RefusedError(
        f"this account may not use Timestream for LiveAnalytics: {line}",
        hint="AWS admits existing customers only: ask AWS Support for access, or use an account"
        " that has it",
        code="timestream-gated",
    )


def _plugin(_: Failure, found: re.Match[str], line: str) -> VideoctlError:
    name = next((value for value in found.groups() if value), "the provider")
    return FailedError(
        f"the engine has no usable plugin {name!r} and could not install it: {line}",
        hint=f"pulumi plugin install resource {name} (needs get.pulumi.com), or put"
        f" pulumi-resource-{name} on PATH",
        code="plugin-missing",
    )


def _pending(failure: Failure, _: re.Match[str], __: str) -> VideoctlError:
    return IncompleteError(
        f"stack {failure.stack} has pending operations of an interrupted update",
        hint=f"videoctl env repair {failure.stack}",
        code="pending-operations",
    )


def _unreachable(failure: Failure, _: re.Match[str], line: str) -> VideoctlError:
    return IncompleteError(
        f"an endpoint cannot be reached: {line}",
        hint=f"videoctl doctor; once it answers again, {_again(failure)}",
        code="endpoint-unreachable",
    )


def _stale_plan(failure: Failure, _: re.Match[str], line: str) -> VideoctlError:
    return RefusedError(
        f"the saved plan of stack {failure.stack} no longer fits: {line}",
        hint=f"videoctl env plan {failure.stack} --save FILE",
        code="plan-stale",
    )


def _exists(failure: Failure, _: re.Match[str], line: str) -> VideoctlError:
    return FailedError(
        f"AWS has a resource that stack {failure.stack} was to make: {line}",
        hint=f"remove it or give it another name, then {_again(failure)}",
        code="already-exists",
    )


def _program(failure: Failure, found: re.Match[str], _: str) -> VideoctlError:
    return FailedError(
        f"the program of stack {failure.stack} failed: {_short(found['said'])}",
        hint=_log(failure),
        code="program-failed",
    )


def _protected(failure: Failure, _: re.Match[str], line: str) -> VideoctlError:
    return RefusedError(
        f"a protected resource of stack {failure.stack} would go: {line}",
        hint="set protected = false in its specification and update it first, if that is meant",
        code="resource-protected",
    )


_MAKERS: Final[Mapping[str, Callable[[Failure, re.Match[str], str], VideoctlError]]] = {
    "stack-locked": _locked,
    "passphrase-missing": _passphrase_missing,
    "passphrase-wrong": _passphrase_wrong,
    "timestream-gated": _timestream,
    "account-mismatch": _account,
    "credentials-expired": _credentials_expired,
    "credentials-missing": _credentials_missing,
    "access-denied": _access_denied,
    "throttled": _throttled,
    "quota-exceeded": _quota,
    "plugin-missing": _plugin,
    "pending-operations": _pending,
    "plan-stale": _stale_plan,
    "resource-protected": _protected,
    "already-exists": _exists,
    "program-failed": _program,
    "endpoint-unreachable": _unreachable,
}
