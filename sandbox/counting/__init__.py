"""Counts what MiniStack does, where it does it: its functions wrapped, for `sandbox.metrics`.

kinesis      puts, polls and subscriptions of AWS/Kinesis
functions    invocations of AWS/Lambda
replication  S3 replication, and holding it back when a fault says so
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.counting import functions, kinesis, replication

if TYPE_CHECKING:
    from sandbox.faults import Faults
    from sandbox.metrics import Metrics


def install(metrics: Metrics, faults: Faults) -> None:
    """Wrap MiniStack's functions; once a process, before the first request."""
    kinesis.install(metrics)
    functions.install(metrics)
    replication.install(metrics, faults)
