"""Three things the Pulumi SDK does that an operation is better without.

Debug messages: one remote call each, six a resource; they reach the event log whatever its level,
and hold stack outputs in plain text, secrets too.

Stack traces: two thirds of a checkpoint's bytes, which the engine writes twice a resource, and
paths of the operator's machine in a shared state.

Waiting: while resources are made, the SDK waits for the first of all outstanding outputs, again
and again; with n of them that is n squared.

Measured on two cores. 300 resources of a provider that does nothing: 15.1 s of CPU time for a
first update, 10.4 s without messages and traces. The 342 of `dev`: 6.5 s in the program's process,
3.3 s without that waiting.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pulumi.log
from pulumi.runtime import resource, stack
from pulumi.runtime.proto import source_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable


def tune_sdk() -> None:
    """Switch all three off for this process; with another SDK than the pinned one, what fits."""
    pulumi.log.debug = _nothing
    # There are no public switches for these two; the tests hold that they take effect.
    if hasattr(resource, "_get_stack_trace"):
        resource._get_stack_trace = _no_trace  # noqa: SLF001
    if hasattr(stack, "asyncio"):
        stack.asyncio = _Asyncio()


def _nothing(*_arguments: Any, **_options: Any) -> None:
    """Take a debug message and drop it."""


def _no_trace() -> source_pb2.StackTrace:
    """Answer with no frames: the engine then records no source position either."""
    return source_pb2.StackTrace()


class _Asyncio:
    """The module asyncio for `pulumi.runtime.stack`, but for how it waits."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    @staticmethod
    async def wait(
        tasks: Iterable[asyncio.Task[Any]],
        return_when: str,  # noqa: ARG004 (FIRST_COMPLETED, which is what costs)
    ) -> tuple[set[asyncio.Task[Any]], set[asyncio.Task[Any]]]:
        """Wait until all are done or one has failed; a failure is raised as soon as before."""
        return await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
