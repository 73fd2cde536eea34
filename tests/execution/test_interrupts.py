"""Ctrl-C as a real signal."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from videoctl.execution.clock import SystemClock
from videoctl.execution.interrupts import Interrupts


@pytest.fixture(autouse=True)
def _hears_ctrl_c() -> Iterator[None]:
    """As at a terminal, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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


def test_ctrl_c_stays_ignored_where_it_was() -> None:
    """A run that a script left in the background hears SIGTERM alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Interrupts().on_signals() as interrupts:
        os.kill(os.getpid(), signal.SIGINT)
        assert not interrupts.requested
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupts.requested
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_a_sleep_is_cut_short() -> None:
    """A signal does not have to wait for a poll to be over."""
    clock = SystemClock()
    began = clock.monotonic()
    clock.wake()
    clock.sleep(60)
    assert clock.monotonic() - began < 5
    assert clock.now().tzinfo is not None
