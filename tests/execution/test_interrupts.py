"""Ctrl-C as a real signal."""

from __future__ import annotations

import os
import signal

import pytest

from videoctl.execution.clock import SystemClock
from videoctl.execution.interrupts import Interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_a_request_and_the_second_stops(number: int) -> None:
    """One signal tells the subscribers; two raise KeyboardInterrupt, after telling them again."""
    told: list[int] = []
    before = signal.getsignal(number)
    with Interrupts().on_signals() as interrupts:
        interrupts.subscribe(lambda: told.append(1))
        os.kill(os.getpid(), number)
        assert interrupts.requested
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert told == [1, 1]
    assert signal.getsignal(number) is before


def test_a_sleep_is_cut_short() -> None:
    """A signal does not have to wait for a poll to be over."""
    clock = SystemClock()
    began = clock.monotonic()
    clock.wake()
    clock.sleep(60)
    assert clock.monotonic() - began < 5
    assert clock.now().tzinfo is not None
