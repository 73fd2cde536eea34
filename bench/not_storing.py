"""The http-handler answering 202 without storing: `python -m bench.not_storing`.

The same server, validation and answers; only the producer behind it takes everything at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.http_handler import __main__ as http_handler
from jobs.http_handler.sidecar_client import SidecarClient
from jobs.http_handler.wire import State, Status

if TYPE_CHECKING:
    from collections.abc import Sequence


class NotStoring(SidecarClient):
    """Says of every record that Kinesis has it."""

    def start(self) -> None:
        """There is nothing to connect to."""

    async def stop(self) -> None:
        """Nor to disconnect from."""

    async def put(self, records: Sequence[tuple[str, bytes]]) -> bytes:
        """STORED for each."""
        return bytes([Status.STORED]) * len(records)

    async def state(self) -> State:
        """Always usable."""
        return State(0, [], {})


if __name__ == "__main__":
    vars(http_handler)["SidecarClient"] = NotStoring
    http_handler.main()
