"""What an operator asks of the Flink applications, and the statuses of the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from videoctl.model.regions import Region

PASSING: Final = frozenset({"STARTING", "UPDATING", "AUTOSCALING", "MAINTENANCE", "ROLLING_BACK"})
"""Something is under way that ends by itself, in RUNNING or in READY."""

ENDING: Final = frozenset({"STOPPING", "FORCE_STOPPING"})
"""On the way to READY."""

STARTABLE: Final = frozenset({"READY", "RUNNING"}) | PASSING | ENDING
"""From here a restart leads to RUNNING; not from DELETING, ROLLED_BACK or ABSENT."""

FORCIBLE: Final = frozenset({"STARTING", "UPDATING", "AUTOSCALING", "STOPPING", "RUNNING"})
"""Where the service accepts a forced stop."""


@dataclass(frozen=True, kw_only=True)
class FlinkRequest:
    """`flink snapshot`, `restart` and `reshard`.

    Attributes:
        account_id: the account the target is configured with.
        regions: where, one after another.
        protected: the environment is, by its specification.
        skip_snapshot: stop at once and without a snapshot; what was read since the last one is
            read again, if there is one.
        shards: open shards the raw stream shall have; of `reshard` only.

    """

    account_id: str
    regions: tuple[Region, ...]
    protected: bool = False
    skip_snapshot: bool = False
    shards: int | None = None
