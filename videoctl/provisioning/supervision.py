"""The supervisor's side of an operation: start its process, follow, stop, bury what it leaves.

Ctrl-C once asks the engine to finish what it began; twice ends everything at once. The deadline
does the first, and after a grace the second. Events reach the caller on the calling thread.
"""

from __future__ import annotations

import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pydantic import ValidationError

from videoctl.provisioning.engine import cache_directory
from videoctl.provisioning.events import CancelRequested, Event, OperationEnded, event_from_line
from videoctl.provisioning.request import OperationRequest, request_to_line
from videoctl.provisioning.run_record import end_leftovers, read_record

Listener: TypeAlias = Callable[[Event], None]

GRACEFULLY: Final = 1
AT_ONCE: Final = 2
POLL_SECONDS: Final = 0.1
ENGINE_END_SECONDS: Final = 30.0
"""How long an engine whose operation process died may take to write its state and stop."""

MEMORY_SETTINGS: Final[Mapping[str, str]] = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": "100000",
}
"""Of glibc's malloc (mallopt(3)); other C libraries do not know them."""

_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class Followed:
    """What came of following an operation to its end.

    Attributes:
        events: everything it told, in order.
        ended: its last event; None when its process died without one.
        interrupts: how often it was asked to stop: 1 gracefully, 2 at once.
        timed_out: the deadline asked, not a person.

    """

    events: list[Event] = field(default_factory=list)
    ended: OperationEnded | None = None
    interrupts: int = 0
    timed_out: bool = False


@dataclass(slots=True, kw_only=True)
class Supervision:
    """How to follow an operation.

    Attributes:
        on_event: takes each event; what it raises is logged and goes no further.
        interrupts: how many times the caller was asked to stop so far; KeyboardInterrupt counts
            too, so that a plain Ctrl-C works without it.
        deadline_seconds: from start to the graceful stop; None: no limit.
        grace_seconds: from the graceful stop to the end at once, when the deadline passed.

    """

    on_event: Listener = lambda _: None
    interrupts: Callable[[], int] = lambda: 0
    deadline_seconds: float | None = None
    grace_seconds: float = 120.0


class Follower:
    """Follows one operation's process.

    Args:
        request: the operation.
        how: as the caller wants it; its deadline may be set while the operation runs.
        listener: takes each event before the caller does.

    """

    def __init__(
        self, request: OperationRequest, how: Supervision, listener: Listener = lambda _: None
    ) -> None:
        self._request = request
        self._how = how
        self._listener = listener
        self._followed = Followed()
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        self._keyboard = 0

    def follow(self) -> Followed:
        """Run the operation to its end, whatever that is; nothing of it runs afterwards."""
        process = self._start()
        reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        reader.start()
        started = time.monotonic()
        try:
            while not self._take():
                self._check(process, time.monotonic() - started)
        finally:
            self._bury(process)
            reader.join(timeout=5)
        return self._followed

    def _start(self) -> subprocess.Popen[bytes]:
        self._request.log_file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._request.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as log:
            # A session of its own: the terminal's Ctrl-C reaches videoctl alone.
            process = subprocess.Popen(
                [sys.executable, "-m", "videoctl.provisioning.operation"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env=_own_variables(),
            )
        assert process.stdin is not None
        try:
            process.stdin.write(request_to_line(self._request))
            process.stdin.flush()
        except BrokenPipeError:
            _LOG.warning("the operation's process ended before it read its request")
        return process

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._lines.put(line)
        self._lines.put(None)

    def _take(self) -> bool:
        """Hand on what was told; true once the process has nothing more to say."""
        try:
            line = self._lines.get(timeout=POLL_SECONDS)
        except queue.Empty:
            return False
        except KeyboardInterrupt:
            self._keyboard += 1
            return False
        if line is None:
            return True
        try:
            event = event_from_line(line)
        except ValidationError:
            _LOG.warning("not an event: %r", line[:200])
            return False
        self._tell(event)
        return False

    def _tell(self, event: Event) -> None:
        self._followed.events.append(event)
        if isinstance(event, OperationEnded):
            self._followed.ended = event
        self._listener(event)
        try:
            self._how.on_event(event)
        except KeyboardInterrupt:
            self._keyboard += 1
        except Exception:  # noqa: BLE001 (a receiver must not end the engine)
            _LOG.exception("the receiver of engine events failed")

    def _check(self, process: subprocess.Popen[bytes], elapsed: float) -> None:
        """Pass a wish to stop on, once for each level."""
        wanted = max(self._keyboard, self._how.interrupts())
        deadline = self._how.deadline_seconds
        if deadline is not None and elapsed >= deadline and not wanted:
            self._followed.timed_out = True
            is_over = elapsed >= deadline + self._how.grace_seconds
            wanted = AT_ONCE if is_over else GRACEFULLY
        if wanted > self._followed.interrupts:
            if self._followed.interrupts == 0:
                self._ask(process)
            if wanted >= AT_ONCE:
                process.kill()
                end_leftovers(self._request.run_id)
            self._followed.interrupts = min(wanted, AT_ONCE)

    def _ask(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        try:
            process.stdin.write(b"cancel\n")
            process.stdin.flush()
        except BrokenPipeError:
            self._tell(CancelRequested(reason="the operation is already ending"))

    def _bury(self, process: subprocess.Popen[bytes]) -> None:
        """Make sure that nothing of the operation runs on.

        A process that died before its engine leaves the engine finishing what it began (its guard
        told it to); plugins that outlive the engine are killed.
        """
        assert process.stdin is not None
        try:
            process.stdin.close()
        except BrokenPipeError:
            _LOG.debug("the operation's process was gone already")
        process.wait()
        if self._followed.ended is not None and process.returncode >= 0:
            return
        record = read_record(self._request.run_record)
        at_once = self._followed.interrupts == AT_ONCE
        if record is not None and record.run_id == self._request.run_id and not at_once:
            limit = time.monotonic() + ENGINE_END_SECONDS
            while record.is_running and time.monotonic() < limit:
                time.sleep(POLL_SECONDS)
        end_leftovers(self._request.run_id)


def _own_variables() -> dict[str, str]:
    """Own variables, but with compiled modules kept and freed memory given back.

    Compiling the AWS SDK's modules anew costs each operation 3 to 4 s of CPU time. Where the
    operator wants no bytecode beside the sources, it goes to the cache directory. The C library
    would keep what hundreds of resources leave behind, a tenth of all memory of an update.
    """
    environ = dict(os.environ)
    if environ.pop("PYTHONDONTWRITEBYTECODE", None):
        environ.setdefault("PYTHONPYCACHEPREFIX", str(cache_directory(environ) / "bytecode"))
    return {**MEMORY_SETTINGS, **environ}
