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
    """Requests to stop; who subscribes is told each of them, from a signal handler."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[], None]] = []
        self._requested = threading.Event()

    @property
    def requested(self) -> bool:
        """Whether somebody asked the run to stop."""
        return self._requested.is_set()

    def subscribe(self, told: Callable[[], None]) -> None:
        """Also tell `told`: the first time in order, the second time at once."""
        self._subscribers.append(told)

    def request(self) -> None:
        """Ask to stop: the first time in order, the second at once.

        Raises:
            KeyboardInterrupt: at the second request.

        """
        is_second = self._requested.is_set()
        self._requested.set()
        for told in self._subscribers:
            told()
        if is_second:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[Interrupts]:
        """While inside, Ctrl-C and SIGTERM are requests; only the main thread can.

        A signal that was ignored when the process began stays so: a script's `videoctl ... &` is
        started without Ctrl-C, which the terminal sends to the script's foreground as well as to
        it. SIGTERM stops such a run in order.
        """

        def handle(_signal: int, _frame: FrameType | None) -> None:
            self.request()

        asked = (signal.SIGINT, signal.SIGTERM)
        caught = [number for number in asked if signal.getsignal(number) is not signal.SIG_IGN]
        before = [signal.signal(number, handle) for number in caught]
        try:
            yield self
        finally:
            for number, handler in zip(caught, before, strict=True):
                signal.signal(number, handler)
