"""What a person sees while a plan is carried out: a tree on a terminal, plain lines otherwise."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from videoctl.execution.events import EventCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console, RenderableType

    from videoctl.execution.events import Event
    from videoctl.output import Output
    from videoctl.planning.plan import Plan

MARKS: Final = {
    "waiting": (".", "dim"),
    "running": (">", "bold cyan"),
    "done": ("+", "green"),
    "held": ("=", "dim"),
    "failed": ("x", "bold red"),
    "person": ("?", "yellow"),
}
"""One character and a style for each state of a step; plain ASCII, so that it reads anywhere."""

PLAIN_PROGRESS_SECONDS: Final = 5.0
_CHATTER: Final = frozenset({EventCode.STEP_PROGRESS, EventCode.STEP_WAITING})
_ENDINGS: Final = {EventCode.STEP_COMPLETED: ": done"}

_STATES: Final = {
    EventCode.STEP_STARTED: "running",
    EventCode.STEP_COMPLETED: "done",
    EventCode.STEP_SKIPPED: "held",
    EventCode.STEP_FAILED: "failed",
    EventCode.STEP_PENDING_APPROVAL: "person",
}


@contextmanager
def progress(output: Output, plan: Plan) -> Iterator[Callable[[Event], None]]:
    """A listener for one run, drawn the way this output is read."""
    if output.format == "ndjson":
        yield lambda event: output.event(event.document())
        return
    console = output.console(stderr=True)
    if output.quiet or output.is_machine:
        yield lambda _event: None
    elif console.is_terminal and os.environ.get("TERM") != "dumb":
        with _tree(console, plan) as listener:
            yield listener
    else:
        yield _plain(console)


def _plain(console: Console) -> Callable[[Event], None]:
    """A line for each event that matters; of what goes on inside a step, one in a while."""
    last = 0.0

    def listener(event: Event) -> None:
        nonlocal last
        if event.code in _CHATTER:
            if time.monotonic() - last < PLAIN_PROGRESS_SECONDS:
                return
            last = time.monotonic()
        moment = event.time.strftime("%H:%M:%S")
        where = f"{event.step}: " if event.step else ""
        console.print(
            f"{moment} {where}{event.message}{_ENDINGS.get(event.code, '')}", markup=False
        )

    return listener


class _Tree:
    """The steps with their state, elapsed time and the newest message of the one that runs."""

    def __init__(self, plan: Plan) -> None:
        self._titles = {step.name: step.title for step in plan.steps}
        self._states = dict.fromkeys(self._titles, "waiting")
        self._began: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._message: dict[str, str] = {}
        self._note = ""

    def take(self, event: Event) -> None:
        """Take one event in."""
        if event.step not in self._titles:
            if event.code is EventCode.INTERRUPT_REQUESTED:
                self._note = event.message
            return
        state = _STATES.get(event.code)
        if state == "running":
            self._began[event.step] = time.monotonic()
        if state in {"done", "failed"} and event.step in self._began:
            self._took[event.step] = time.monotonic() - self._began[event.step]
        if state is not None:
            self._states[event.step] = state
        self._message[event.step] = event.message

    def __rich__(self) -> RenderableType:
        from rich.table import Table  # noqa: PLC0415  (rich is not loaded for --version)
        from rich.text import Text  # noqa: PLC0415

        table = Table(box=None, show_header=False, pad_edge=False, show_edge=False)
        table.add_column(width=1)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", width=6)
        table.add_column(no_wrap=True, overflow="ellipsis", style="dim")
        for name, title in self._titles.items():
            state = self._states[name]
            mark, style = MARKS[state]
            message = self._message.get(name, "") if state in {"running", "failed"} else ""
            table.add_row(Text(mark, style=style), title, self._seconds(name), Text(message))
        if self._note:
            table.add_row("", Text(self._note, style="yellow"), "", "")
        return table

    def _seconds(self, name: str) -> str:
        if name in self._took:
            return f"{self._took[name]:.1f} s"
        if self._states[name] == "running":
            return f"{time.monotonic() - self._began[name]:.0f} s"
        return ""


@contextmanager
def _tree(console: Console, plan: Plan) -> Iterator[Callable[[Event], None]]:
    from rich.live import Live  # noqa: PLC0415  (rich is not loaded for --version)

    tree = _Tree(plan)
    with Live(tree, console=console, refresh_per_second=8, transient=False):
        yield tree.take


@contextmanager
def bar(output: Output, title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar that is told how far it is; a line at the end where there is no terminal."""
    console = output.console(stderr=True)
    if output.quiet or output.is_machine:
        yield lambda _done: None
        return
    if not console.is_terminal:
        reached = 0

        def take(done: int) -> None:
            nonlocal reached
            reached = done

        yield take
        console.print(f"{title}: {reached} of {total}", markup=False)
        return
    from rich.progress import Progress  # noqa: PLC0415  (rich is not loaded for --version)

    with Progress(console=console, transient=True) as drawn:
        task = drawn.add_task(title, total=total)
        yield lambda done: drawn.update(task, completed=done)
