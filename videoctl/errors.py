"""Every error videoctl raises on purpose, and the exit code each one ends with.

    VideoctlError
    ├── UsageError              2  the command line cannot be meant
    ├── ConfigurationError      2  a file or variable is wrong; carries every fault at once
    ├── RefusedError            3  a check said no; nothing was changed
    ├── IncompleteError         4  some steps done, or waiting for a person; resumable
    ├── LockedError             5  somebody else holds the lock
    ├── NotAllowedError         6  credentials or permission
    ├── DifferencesError        7  differences found
    ├── TimedOutError           8  the end state was read again and is in the message
    ├── InterruptedRunError   130  stopped by Ctrl-C
    └── FailedError             1  anything else a step can end with
        └── TransientError      1  throttled, unreachable, timed out: worth trying again

Only `videoctl.cli` turns these into output and exit codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Exit codes of every command: a contract with scripts and runbooks."""

    DONE = 0
    """Done, or nothing to do."""
    FAILED = 1
    """Failed; what state it left is printed."""
    USAGE = 2
    """Usage or configuration."""
    REFUSED = 3
    """Refused by a check: nothing was changed."""
    INCOMPLETE = 4
    """Some steps done, or waiting for a person; resumable."""
    LOCKED = 5
    """Somebody else holds the lock."""
    NOT_ALLOWED = 6
    """Credentials or permission."""
    DIFFERENCES = 7
    """Differences found (--exit-code, drift, verify)."""
    TIMED_OUT = 8
    """Timed out: the end state was read again and printed."""
    INTERRUPTED = 130
    """Interrupted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong in an input, with its place.

    Attributes:
        message: what is wrong and what would be allowed.
        file: the file it stands in, if any.
        line: 1-based line in that file.
        key: dotted key, such as `streams.raw.shards`.

    """

    message: str
    file: str | None = None
    line: int | None = None
    key: str | None = None


class VideoctlError(Exception):
    """An error with a stable code, one line for a person, and what to type next.

    Args:
        message: what happened and where, one line.
        hint: the next command or action; shown after `hint:`.
        code: stable kebab-case word for machines, such as `environment-unknown`.
        details: all faults of the input, when it was an input that was wrong.

    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED
    default_code: ClassVar[str] = "failed"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: str | None = None,
        details: tuple[Fault, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code
        self.details = details


class FailedError(VideoctlError):
    """An operation failed; the message says what state it left."""


class UsageError(VideoctlError):
    """The command line cannot be meant as it stands."""

    exit_code = ExitCode.USAGE
    default_code = "usage"


class ConfigurationError(VideoctlError):
    """A configuration or specification file is wrong; `details` holds every fault."""

    exit_code = ExitCode.USAGE
    default_code = "configuration-invalid"


class TransientError(FailedError):
    """The call may succeed when it is made again, and may have taken effect already."""

    default_code = "transient"


class RefusedError(VideoctlError):
    """A check refused; nothing was changed."""

    exit_code = ExitCode.REFUSED
    default_code = "refused"


class IncompleteError(VideoctlError):
    """Some steps are done or wait for a person; the run can be resumed."""

    exit_code = ExitCode.INCOMPLETE
    default_code = "incomplete"


class LockedError(VideoctlError):
    """Another run holds the lock."""

    exit_code = ExitCode.LOCKED
    default_code = "lock-held"


class NotAllowedError(VideoctlError):
    """Credentials are missing or expired, or a permission is lacking."""

    exit_code = ExitCode.NOT_ALLOWED
    default_code = "not-allowed"


class DifferencesError(VideoctlError):
    """Differences were found and the caller asked for an exit code."""

    exit_code = ExitCode.DIFFERENCES
    default_code = "differences"


class TimedOutError(VideoctlError):
    """A deadline passed; the end state was read again."""

    exit_code = ExitCode.TIMED_OUT
    default_code = "timed-out"


class InterruptedRunError(VideoctlError):
    """The operator interrupted the run."""

    exit_code = ExitCode.INTERRUPTED
    default_code = "interrupted"
