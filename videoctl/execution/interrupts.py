"""Ctrl-C: once, and the run stops after what it is doing; twice, and it stops at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


class Interrupts:
    """Counts requests to stop.

    Args:
        on_first: told at the first request: asks the change under way to end early, wakes sleepers.

    """

    def __init__(self, on_first: Callable[[], None] | None = None) -> None:
        self._on_first: list[Callable[[], None]] = [on_first] if on_first else []
        self._requested = threading.Event()

    @property
    def requested(self) -> bool:
        """Whether somebody asked the run to stop."""
        return self._requested.is_set()

    def subscribe(self, on_first: Callable[[], None]) -> None:
        """Also tell `on_first`."""
        self._on_first.append(on_first)

    def request(self) -> None:
        """Ask to stop: the first time in order, the second at once.

        Raises:
            KeyboardInterrupt: at the second request.

        """
        if self._requested.is_set():
            raise KeyboardInterrupt
        self._requested.set()
        for told in self._on_first:
            told()

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[Interrupts]:
        """While inside, Ctrl-C and SIGTERM are requests; only the main thread can."""

        def handle(_signal: int, _frame: FrameType | None) -> None:
            self.request()

        caught = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, handle) for number in caught]
        try:
            yield self
        finally:
            for number, handler in zip(caught, before, strict=True):
                signal.signal(number, handler)
