"""What becomes of the records of one lane's turn, by what Kinesis said of its entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from jobs.http_handler.aggregation import Entry, UserRecord
from jobs.http_handler.kinesis import PERMANENT_CODES, PutOutcome
from jobs.http_handler.lanes import Lane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.http_handler.shards import ShardMap

    Decision: TypeAlias = tuple[Sequence[UserRecord], Sequence[UserRecord], Sequence[UserRecord]]
    """Records that are stored, those given up, and those to put again."""


class Settle(Protocol):
    """Tells those who wait what became of their records."""

    def __call__(self, records: Sequence[UserRecord], *, is_stored: bool) -> None:
        """Events of one shard, or one tick; perhaps none."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A lane's share of one PutRecords request.

    Attributes:
        lane: the lane, busy until the turn ends.
        entries: what is put.

    """

    lane: Lane
    entries: list[Entry]

    def strayed(self, outcomes: Sequence[PutOutcome]) -> int:
        """Aggregates that are in another shard than the lane's: the stream was resharded."""
        return sum(
            self._has_strayed(entry, outcome)
            for entry, outcome in zip(self.entries, outcomes, strict=True)
        )

    def end(
        self, outcomes: Sequence[PutOutcome], fresh: ShardMap | None, now: float, settle: Settle
    ) -> None:
        """Settle what is decided, and put the rest back into the lane.

        Args:
            outcomes: one an entry.
            fresh: the shards as listed after the put, where they differ from the lanes'.
            now: monotonic seconds.
            settle: told of the records that are decided, those of an entry together.

        """
        failed: list[UserRecord] = []
        records = 0
        for entry, outcome in zip(self.entries, outcomes, strict=True):
            records += len(entry.records)
            stored, dropped, again = self._decide(entry, outcome, fresh)
            settle(stored, is_stored=True)
            settle(dropped, is_stored=False)
            failed.extend(again)
        self.lane.end_turn(failed, now, is_progress=len(failed) < records)

    def _decide(self, entry: Entry, outcome: PutOutcome, fresh: ShardMap | None) -> Decision:
        if outcome.error_code is None:
            if self._has_strayed(entry, outcome):
                return _of_strayed(entry, outcome, fresh)
            return entry.records, (), ()
        if outcome.error_code in PERMANENT_CODES:
            return (), entry.records, ()
        return (), (), entry.records

    def _has_strayed(self, entry: Entry, outcome: PutOutcome) -> bool:
        is_elsewhere = outcome.shard_id not in {None, self.lane.shard.shard_id}
        return entry.is_aggregate and is_elsewhere


def _of_strayed(entry: Entry, outcome: PutOutcome, fresh: ShardMap | None) -> Decision:
    """Consumers drop the records outside the shard's range: those are put again."""
    shard = fresh.by_id(outcome.shard_id or "") if fresh is not None else None
    if shard is None:
        return (), (), entry.records
    return (
        [record for record in entry.records if shard.holds(record.hash_key)],
        (),
        [record for record in entry.records if not shard.holds(record.hash_key)],
    )
