"""Records that wait to become objects, and what of the source is safely delivered."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sandbox.services.firehose.processing import Partition, Piece

if TYPE_CHECKING:
    from sandbox.services.firehose.configuration import Destination

_MAXIMUM_PARTITIONS: Final = 500
"""Active partitions of a delivery stream before records go to the error prefix."""


@dataclass(slots=True, eq=False)
class Position:
    """A place in a shard up to which records were read.

    Attributes:
        shard_id: the shard.
        sequence_number: of the last record read.
        outstanding: objects that hold records up to here and are not delivered yet.

    """

    shard_id: str
    sequence_number: str
    outstanding: int = 0


class Ledger:
    """Which positions are settled: everything up to them is delivered."""

    def __init__(self) -> None:
        self._open: dict[str, deque[Position]] = {}

    def opened(self, position: Position) -> None:
        """Note that records up to `position` were read."""
        self._open.setdefault(position.shard_id, deque()).append(position)

    def settled(self) -> dict[str, str]:
        """Sequence number to go on after, for each shard that got further since the last call."""
        further: dict[str, str] = {}
        for shard_id, positions in self._open.items():
            while positions and positions[0].outstanding == 0:
                further[shard_id] = positions.popleft().sequence_number
        return further


@dataclass(slots=True)
class Buffer:
    """Pieces of one future object.

    Attributes:
        partition: where the object goes.
        opened_at: monotonic seconds of the first piece.
        oldest_arrival: epoch seconds of the oldest record in it.

    """

    partition: Partition
    opened_at: float
    oldest_arrival: float
    pieces: list[bytes] = field(default_factory=list)
    size_bytes: int = 0
    positions: list[Position] = field(default_factory=list)

    def add(self, piece: Piece, position: Position) -> None:
        """Append a piece that was read up to `position`."""
        self.pieces.append(piece.data)
        self.size_bytes += len(piece.data)
        self.oldest_arrival = min(self.oldest_arrival, piece.arrived_at)
        if not self.positions or self.positions[-1] is not position:
            self.positions.append(position)
            position.outstanding += 1

    def delivered(self) -> None:
        """Note that the object is in its bucket."""
        for position in self.positions:
            position.outstanding -= 1


class Buffers:
    """All buffers of a delivery stream: one a partition, and the full ones."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self._filling: dict[Partition, Buffer] = {}
        self._full: list[Buffer] = []
        self.size_bytes = 0

    def add(self, piece: Piece, position: Position, now: float) -> None:
        """Put a piece where it belongs; `now` in monotonic seconds."""
        partition = self._admitted(piece.partition)
        buffer = self._filling.get(partition)
        if buffer is None:
            buffer = self._filling[partition] = Buffer(partition, now, piece.arrived_at)
        buffer.add(piece, position)
        self.size_bytes += len(piece.data)
        if buffer.size_bytes >= self._destination.buffer_bytes:
            self._full.append(self._filling.pop(partition))

    def _admitted(self, partition: Partition) -> Partition:
        crowded = self.is_crowded and partition not in self._filling
        if crowded and partition.error_output_type is None:
            return Partition(error_output_type="activePartitionExceeded")
        return partition

    def due(self, now: float, *, everything: bool = False) -> list[Buffer]:
        """Take the buffers to deliver: full, waiting long enough, or all of them."""
        deadline = now - self._destination.buffer_seconds
        for partition, buffer in list(self._filling.items()):
            if everything or buffer.opened_at <= deadline:
                self._full.append(self._filling.pop(partition))
        taken, self._full = self._full, []
        return taken

    def give_back(self, buffers: list[Buffer]) -> None:
        """Keep buffers that could not be delivered, to be taken first next time."""
        self._full = [*buffers, *self._full]

    def delivered(self, buffer: Buffer) -> None:
        """Note that a buffer that was taken is in its bucket."""
        buffer.delivered()
        self.size_bytes -= buffer.size_bytes

    @property
    def partition_count(self) -> int:
        """Partitions that hold something."""
        return len({buffer.partition for buffer in (*self._filling.values(), *self._full)})

    @property
    def is_crowded(self) -> bool:
        """Whether a record of another partition would go to the error prefix."""
        return len(self._filling) >= _MAXIMUM_PARTITIONS

    @property
    def oldest_arrival(self) -> float | None:
        """Epoch seconds of the oldest record that waits; None while none does."""
        every = (*self._filling.values(), *self._full)
        return min((buffer.oldest_arrival for buffer in every), default=None)

    def seconds_to_next(self, now: float) -> float | None:
        """Seconds until a filling buffer is due; None while nothing waits."""
        if not self._filling:
            return None
        oldest = min(buffer.opened_at for buffer in self._filling.values())
        return max(0.0, oldest + self._destination.buffer_seconds - now)
