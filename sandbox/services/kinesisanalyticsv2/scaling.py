"""When the service scales a job by itself. Pure.

As documented: more than 75 % of the KPUs' processors for 15 minutes doubles the parallelism; less
than 10 % for six hours halves it, never below the configured Parallelism. Each is a restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_HIGH_PERCENT: Final = 75.0
_HIGH_SECONDS: Final = 15 * 60
_LOW_PERCENT: Final = 10.0
_LOW_SECONDS: Final = 6 * 3600
_MOST_KPUS: Final = 64
_MOST_PARALLELISM: Final = 128
"""maxParallelism, which a job with state cannot go beyond."""


@dataclass(frozen=True, slots=True)
class Load:
    """Since when the load of a job is high or low (epoch seconds); None when it is not."""

    high_since: float | None = None
    low_since: float | None = None


def seen(load: Load, cpu_percent: float, now: float) -> Load:
    """The load after one more sample of containerCPUUtilization."""
    is_high, is_low = cpu_percent > _HIGH_PERCENT, cpu_percent < _LOW_PERCENT
    return Load(
        high_since=(load.high_since or now) if is_high else None,
        low_since=(load.low_since or now) if is_low else None,
    )


def wanted_parallelism(
    load: Load, *, current: int, configured: int, per_kpu: int, now: float
) -> int:
    """The parallelism the job should have; `current` when nothing has to change."""
    if load.high_since is not None and now - load.high_since >= _HIGH_SECONDS:
        return max(current, min(current * 2, _MOST_KPUS * per_kpu, _MOST_PARALLELISM))
    if load.low_since is not None and now - load.low_since >= _LOW_SECONDS:
        return min(current, max(current // 2, configured))
    return current
