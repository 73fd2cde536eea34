"""When environments expire: parsing `--ttl`, extending, and deciding what to reap. All pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from videoctl.errors import UsageError

if TYPE_CHECKING:
    from videoctl.planning.observation import EnvironmentRecord

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_TTL: Final = re.compile(r"^(?:\d+[mhd])+$")
_PART: Final = re.compile(r"(\d+)([mhd])")

MINIMUM_TTL: Final = timedelta(minutes=5)
"""Shorter, and an environment could expire while it is being made."""

MAXIMUM_TTL: Final = timedelta(days=90)
"""Longer than this is no longer a trial: leave `--ttl` out."""


@dataclass(frozen=True, kw_only=True)
class ReapDecision:
    """Whether one environment is to be destroyed for its age, and why.

    Attributes:
        overdue: how long it is past its time; None: it is not, or it never expires.

    """

    environment: str
    reap: bool
    reason: str
    overdue: timedelta | None = None


def parse_ttl(text: str) -> timedelta:
    """`8h`, `30m`, `2d` or `1d12h` as a duration.

    Raises:
        UsageError: another form, or outside `MINIMUM_TTL` to `MAXIMUM_TTL`.

    """
    hint = "write it as 30m, 8h, 2d or 1d12h"
    if not _TTL.match(text):
        raise UsageError(f"--ttl {text!r} is no duration", hint=hint)
    try:
        ttl = sum(
            (timedelta(**{_UNITS[unit]: int(count)}) for count, unit in _PART.findall(text)),
            timedelta(),
        )
    except OverflowError as error:
        raise UsageError(f"--ttl {text!r} is out of range", hint=hint) from error
    if not MINIMUM_TTL <= ttl <= MAXIMUM_TTL:
        raise UsageError(f"--ttl {text!r} is not between 5m and 90d", hint=hint)
    return ttl


def extended(record: EnvironmentRecord, ttl: timedelta, now: datetime) -> datetime:
    """The new expiry: `ttl` from now, and never earlier than it was.

    An environment that never expires is left so only by asking for an expiry; asking is what
    `env extend` does.
    """
    wanted = (now + ttl).replace(microsecond=0)
    if record.expires_at is None:
        return wanted
    return max(record.expires_at, wanted)


def decide_reap(
    record: EnvironmentRecord, now: datetime, *, protected: bool, in_use_by: str | None
) -> ReapDecision:
    """Whether to destroy an environment now.

    Args:
        record: what is recorded of it.
        now: the moment of deciding.
        protected: by its specification; a protected environment is never reaped.
        in_use_by: who holds its lock, if anybody.

    """

    def decision(reason: str, *, reap: bool = False) -> ReapDecision:
        expires_at = record.expires_at
        overdue = now - expires_at if expires_at is not None and expires_at <= now else None
        return ReapDecision(
            environment=record.environment, reap=reap, reason=reason, overdue=overdue
        )

    if record.expires_at is None:
        return decision("it never expires")
    if record.expires_at > now:
        return decision(f"it expires at {record.expires_at:%Y-%m-%d %H:%M:%SZ}")
    if protected:
        return decision("it is expired but protected: destroy it by hand")
    if in_use_by is not None:
        return decision(f"it is expired but in use by {in_use_by}")
    return decision(f"it expired at {record.expires_at:%Y-%m-%d %H:%M:%SZ}", reap=True)
