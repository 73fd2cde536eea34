"""What becomes of the records of one lane's turn, by what Kinesis said of its entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.http_handler.aggregation import Entry, UserRecord
from jobs.http_handler.kinesis import PERMANENT_CODES, PutOutcome
from jobs.http_handler.lanes import Lane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.http_handler.shards import ShardMap


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

    def end(self, outcomes: Sequence[PutOutcome], fresh: ShardMap | None, now: float) -> None:
        """Settle what is decided, and put the rest back into the lane.

        Args:
            outcomes: one an entry.
            fresh: the shards as listed after the put, where they differ from the lanes'.
            now: monotonic seconds.

        """
        failed: list[UserRecord] = []
        records = 0
        for entry, outcome in zip(self.entries, outcomes, strict=True):
            records += len(entry.records)
            failed.extend(self._settle(entry, outcome, fresh))
        self.lane.end_turn(failed, now, is_progress=len(failed) < records)

    def _settle(
        self, entry: Entry, outcome: PutOutcome, fresh: ShardMap | None
    ) -> Sequence[UserRecord]:
        """The records that have to be put again."""
        if outcome.error_code is not None:
            if outcome.error_code not in PERMANENT_CODES:
                return entry.records
            _settle_all(entry.records, is_stored=False)
        elif self._has_strayed(entry, outcome):
            return _settle_strayed(entry, outcome, fresh)
        else:
            _settle_all(entry.records, is_stored=True)
        return ()

    def _has_strayed(self, entry: Entry, outcome: PutOutcome) -> bool:
        is_elsewhere = outcome.shard_id not in {None, self.lane.shard.shard_id}
        return entry.is_aggregate and is_elsewhere


def _settle_strayed(
    entry: Entry, outcome: PutOutcome, fresh: ShardMap | None
) -> Sequence[UserRecord]:
    """Consumers drop the records outside the shard's range: those are put again."""
    shard = fresh.by_id(outcome.shard_id or "") if fresh is not None else None
    failed = []
    for record in entry.records:
        if shard is not None and shard.holds(record.hash_key):
            record.settle(True)
        else:
            failed.append(record)
    return failed


def _settle_all(records: Sequence[UserRecord], *, is_stored: bool) -> None:
    for record in records:
        record.settle(is_stored)
