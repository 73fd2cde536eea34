"""How many examples property tests try: `--hypothesis-profile=check` fewer, `full` all of them.

The profile is chosen before test modules are read, so that a test may name its own number.
"""

from __future__ import annotations

from typing import Final

from hypothesis import settings

FULL: Final = 100
CHECK: Final = 20
"""Examples of a test that names no number, and the percentage of the number another one names."""


def register_profiles() -> None:
    """Make the profiles known to Hypothesis; `full` unless another one is asked for.

    No example has a deadline: it would measure the machine.
    """
    settings.register_profile("full", max_examples=FULL, deadline=None)
    settings.register_profile("check", max_examples=CHECK, deadline=None)
    settings.load_profile("full")


def examples(number: int) -> int:
    """`number` with the profile `full`, and its share with another."""
    return max(10, number * settings.default.max_examples // FULL)
