"""The two Flink timeouts that only AWS Support can set: their keys, defaults, and durations.

Sources: Flink's RpcOptions and HeartbeatManagerOptions, its TimeUtils; AWS's page of modifiable
settings for Managed Service for Apache Flink.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

WANTED_MS: Final = 300_000
"""What production-level traffic needs: 300 s."""

HEARTBEAT_KEY: Final = "heartbeat.timeout"
ASK_KEY: Final = "pekko.ask.timeout"
OLD_ASK_KEY: Final = "akka.ask.timeout"
"""The same setting before Flink 1.18; later versions still read it."""

DEFAULT_MS: Final = {HEARTBEAT_KEY: 50_000, ASK_KEY: 10_000, OLD_ASK_KEY: 10_000}
"""What Flink does where nothing is set."""

_FIRST_PEKKO: Final = (1, 18)
_RUNTIME: Final = re.compile(r"^FLINK-(\d+)_(\d+)$")
_DURATION: Final = re.compile(r"^(\d+)\s*([a-zµ]*)$")
_ISO_DURATION: Final = re.compile(r"^pt(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$")
_UNIT_NS: Final = {
    1: ("ns", "nano", "nanosecond"),
    1_000: ("us", "µs", "micro", "microsecond"),
    1_000_000: ("", "ms", "milli", "millisecond"),
    1_000_000_000: ("s", "sec", "second"),
    60_000_000_000: ("m", "min", "minute"),
    3_600_000_000_000: ("h", "hour"),
    86_400_000_000_000: ("d", "day"),
}
_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Timeout:
    """One timeout as the running job has it.

    Attributes:
        key: its name in the runtime's version of Flink.
        effective_ms: what is in force; None: not known.
        wanted_ms: what shall be.
        in_force: whether they are equal; None: not known.
        source: whether the value stands in the job manager's configuration or is Flink's default.

    """

    key: str
    effective_ms: int | None
    wanted_ms: int
    in_force: bool | None
    source: Literal["configuration", "default"] | None


def keys(runtime_environment: str | None) -> tuple[str, str]:
    """Names of the two settings in a runtime, such as `FLINK-1_20`; of the newest, if unknown."""
    return HEARTBEAT_KEY, ASK_KEY if _has_pekko(runtime_environment) else OLD_ASK_KEY


def timeouts(
    runtime_environment: str | None, configuration: Mapping[str, str] | None
) -> tuple[Timeout, ...]:
    """Both timeouts, read from a job manager's configuration.

    Args:
        runtime_environment: the application's.
        configuration: the settings the job manager lists: those that are set, as written. None:
            it could not be asked.

    """
    return tuple(_timeout(key, configuration) for key in keys(runtime_environment))


def _timeout(key: str, configuration: Mapping[str, str] | None) -> Timeout:
    if configuration is None:
        return Timeout(key=key, effective_ms=None, wanted_ms=WANTED_MS, in_force=None, source=None)
    names = (key, OLD_ASK_KEY) if key == ASK_KEY else (key,)
    written = next((configuration[name] for name in names if name in configuration), None)
    effective = DEFAULT_MS[key] if written is None else duration_ms(written)
    return Timeout(
        key=key,
        effective_ms=effective,
        wanted_ms=WANTED_MS,
        in_force=None if effective is None else effective == WANTED_MS,
        source="default" if written is None else "configuration",
    )


def duration_ms(text: str) -> int | None:
    """A duration as Flink reads it, in milliseconds: `300000`, `300 s`, `5 min`, `PT5M`.

    A number without a unit is milliseconds. None: it is no duration.
    """
    words = text.strip().lower()
    if (iso := _ISO_DURATION.match(words)) and any(iso.groups()):
        hours, minutes, seconds = (int(part or 0) for part in iso.groups())
        return ((hours * 60 + minutes) * 60 + seconds) * 1000
    found = _DURATION.match(words)
    if found is None:
        return None
    unit = found[2] if len(found[2]) <= len("ms") else found[2].removesuffix("s")
    factor = next((ns for ns, names in _UNIT_NS.items() if unit in names), None)
    return None if factor is None else int(found[1]) * factor // _NS_PER_MS


def _has_pekko(runtime_environment: str | None) -> bool:
    found = _RUNTIME.match(runtime_environment or "")
    return found is None or (int(found[1]), int(found[2])) >= _FIRST_PEKKO
