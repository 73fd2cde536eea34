"""The two verbs the executor knows, and what it asks of the engine that owns the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from videoctl.planning.changes import Change
    from videoctl.planning.observation import Facet, ObservedEnvironment, StackFacts
    from videoctl.planning.request import StackPreview


class Progress(Protocol):
    """Told of what happens inside a step; must not raise.

    `message` is one line for a person, `detail` its values for a program.
    """

    def __call__(self, message: str, /, **detail: object) -> None:
        """Take note of one event."""


class Platform(Protocol):
    """One environment where it lives: looked at, and changed, nothing else."""

    def observe(self, facets: frozenset[Facet]) -> ObservedEnvironment:
        """Look, with reading calls only.

        Raises:
            TransientError: a call may succeed when made again.
            VideoctlError: it will not.

        """

    def look(self) -> ObservedEnvironment:
        """Look at everything; what cannot be read stays unknown and is named."""

    def apply(self, change: Change, *, token: str, progress: Progress) -> None:
        """Make one change, and return once it is accepted; the condition says when it is done.

        Args:
            change: what to do.
            token: the same for each attempt at one step of one plan: client token of calls that
                must not happen twice.
            progress: told of what happens meanwhile.

        Raises:
            TransientError: it may have taken effect; the same call may be made again.
            InterruptedRunError: it was stopped on request, in order.
            VideoctlError: it failed; the message says what state it left.

        """

    def request_stop(self) -> None:
        """Ask the change under way to end early and in order; the second time, at once.

        Called from a signal handler.
        """

    def withdraw_stop(self) -> None:
        """Forget requests to stop: they were about a change that has ended since."""


class StackGateway(Protocol):
    """The Pulumi stack of one environment."""

    def facts(self) -> StackFacts:
        """What the backend says of the stack, without running a program."""

    def preview(self, *, refresh: bool = False) -> StackPreview:
        """What an update would do."""

    def update(
        self,
        *,
        fingerprint: str,
        refresh: bool,
        accepted_replacements: tuple[str, ...],
        progress: Progress,
    ) -> None:
        """Bring the stack to the specification, and record `fingerprint` with its state.

        Refuses (RefusedError) when the update would replace or delete a resource that holds data
        and is not among `accepted_replacements`.
        """

    def recover(self, *, progress: Progress) -> None:
        """Take over or drop each pending operation, having looked what became of it."""

    def release_lock(self, owner: str) -> None:
        """Break the engine's lock if `owner` still holds it."""

    def lift_protection(self, *, progress: Progress) -> None:
        """Update the stack with its specification unprotected; no resource refuses to go then."""

    def destroy(self, *, progress: Progress) -> None:
        """Destroy every resource, then remove the stack."""

    def request_stop(self) -> None:
        """Ask the engine to finish what is in flight and stop; the second time, at once."""

    def withdraw_stop(self) -> None:
        """Forget requests to stop."""
