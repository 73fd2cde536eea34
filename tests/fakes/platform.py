"""A platform whose world changes by `world.effect`, and which fails where it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from tests.fakes import world
from videoctl.errors import VideoctlError
from videoctl.execution.platform import Progress
from videoctl.model.specification import EnvironmentSpecification
from videoctl.planning.changes import Change
from videoctl.planning.observation import Facet, ObservedEnvironment

Before = Callable[[Change], None]


class Killed(BaseException):
    """What kill -9 is to the code: nothing after it runs."""


@dataclass
class FakePlatform:
    """One environment in memory.

    Attributes:
        applied: (kind, token) of each call, in order.
        before: called before a change takes effect; may raise.
        after: called after it took effect; may raise: the answer is lost.
        delayed: kinds whose effect shows only after that many looks.
        look_errors: raised by the next looks, one each.

    """

    spec: EnvironmentSpecification
    seen: ObservedEnvironment
    before: Before = lambda _: None
    after: Before = lambda _: None
    delayed: dict[str, int] = field(default_factory=dict)
    look_errors: list[VideoctlError] = field(default_factory=list)
    applied: list[tuple[str, str]] = field(default_factory=list)
    looks: int = 0
    stops: int = 0
    _coming: list[tuple[int, Change]] = field(default_factory=list)

    def observe(self, facets: frozenset[Facet]) -> ObservedEnvironment:
        """Look; delayed effects come nearer with each look."""
        self.looks += 1
        if self.look_errors:
            raise self.look_errors.pop(0)
        due = [change for left, change in self._coming if left <= 0]
        self._coming = [(left - 1, change) for left, change in self._coming if left > 0]
        for change in due:
            self.seen = world.effect(change, self.seen, self.spec)
        return replace(self.seen, facets=facets)

    def look(self) -> ObservedEnvironment:
        """Everything."""
        return self.seen

    def apply(self, change: Change, *, token: str, progress: Progress) -> None:
        """Make one change."""
        self.applied.append((change.kind, token))
        self.before(change)
        progress(f"{change.kind} is under way", kind=change.kind)
        if change.kind in self.delayed:
            self._coming.append((self.delayed[change.kind], change))
        else:
            self.seen = world.effect(change, self.seen, self.spec)
        self.after(change)

    def request_stop(self) -> None:
        """Count requests."""
        self.stops += 1

    def withdraw_stop(self) -> None:
        """Forget them."""
        self.stops = 0

    @property
    def kinds(self) -> list[str]:
        """Kinds of the changes made, in order."""
        return [kind for kind, _ in self.applied]


def once(kind: str, error: BaseException) -> Before:
    """Raises `error` at the first change of that kind."""
    errors: Iterator[BaseException] = iter([error])

    def hook(change: Change) -> None:
        if change.kind == kind:
            for pending in errors:
                raise pending

    return hook


def always(kind: str, error: BaseException) -> Before:
    """Raises `error` at every change of that kind."""

    def hook(change: Change) -> None:
        if change.kind == kind:
            raise error

    return hook
