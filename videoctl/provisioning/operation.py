"""One engine operation in a process of its own: `python -m videoctl.provisioning.operation`.

Reads one request (a line of JSON) on standard input, writes one event a line on standard output.
The engine keeps global state and the SDK knows neither deadline nor cancel, so nothing else runs
here.

Standard input stays open: the word `cancel` asks the engine to finish what it began and stop; the
end of input means that videoctl is gone, and does the same, with a limit. So an operation goes on
unseen only as long as what had begun needs to end in the state.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, BinaryIO, get_type_hints

from pydantic import TypeAdapter

from videoctl.provisioning.events import (
    CancelRequested,
    Event,
    OperationEnded,
    OperationStarted,
    Outcome,
    event_to_line,
)
from videoctl.provisioning.request import OperationRequest, request_from_line
from videoctl.provisioning.run_record import (
    RunRecord,
    begin,
    end_leftovers,
    mark,
    write_record,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from videoctl.provisioning.engine_process import EngineProcess

CANCEL_WORD = b"cancel"


class Reporter:
    """Writes events; once nobody reads them any more it goes on in silence."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._reader_is_gone = False

    def __call__(self, event: Event) -> None:
        """Write one event; never raises, because the engine's callbacks must not."""
        with self._lock:
            if self._reader_is_gone:
                return
            try:
                self._stream.write(event_to_line(event))
                self._stream.flush()
            except OSError:
                self._reader_is_gone = True


class Program:
    """The program, imported while the engine starts: the AWS SDK alone takes seconds."""

    def __init__(self, request: OperationRequest) -> None:
        self._request = request
        self._error: BaseException | None = None
        self._run: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._load, daemon=True)

    def preload(self) -> None:
        """Begin the import.

        The SDK itself is imported first, by this thread: two threads that meet in its circular
        imports see a package without its parts.
        """
        importlib.import_module("pulumi.automation")
        if self._request.program is not None:
            self._thread.start()

    def __call__(self) -> None:
        """Declare the resources; called by the engine through the language server."""
        if self._request.program is None:
            return
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._run is not None
        self._run()

    def _load(self) -> None:
        try:
            module_name, _, attribute = self._request.registry.partition(":")
            registry: Mapping[str, Callable[[Any], None]]
            registry = getattr(importlib.import_module(module_name), attribute)
            name = str(self._request.program)
            if name not in registry:
                known = ", ".join(sorted(registry))
                raise LookupError(f"{module_name} has no program {name!r}; it has: {known}")  # noqa: TRY301
            program = registry[name]
            hints = get_type_hints(program)
            hints.pop("return", None)
            (expected,) = hints.values()
            given = TypeAdapter(expected).validate_json(json.dumps(self._request.program_input))
            self._run = partial(program, given)
            _load_lazy_modules(module_name.partition(".")[0])
        except BaseException as error:  # noqa: BLE001 (told when the engine asks for the program)
            self._error = error


def _load_lazy_modules(package: str) -> None:
    """Load what a package's modules imported lazily, such as the AWS SDK's services.

    They would be loaded one by one while the engine waits for the program.
    """
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == package:
            for value in list(vars(module).values()):
                if isinstance(value, ModuleType):
                    getattr(value, "__all__", None)  # any attribute loads it


def main() -> int:
    """Run the operation the standard input asks for; 0 when it succeeded."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # The supervisor decides; a handler, not SIG_IGN, which the engine would inherit.
        signal.signal(number, lambda *_: None)
    line = sys.stdin.buffer.readline()
    if not line:
        return 1
    request = request_from_line(line)
    events = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    with request.log_file.open("ab") as log:
        # What the program prints belongs to the log: standard output carries events alone.
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())
    report = Reporter(events)
    ended = run(request, report)
    report(ended)
    return 0 if ended.outcome is Outcome.SUCCEEDED else 1


def run(request: OperationRequest, report: Reporter) -> OperationEnded:
    """Run one operation to its end; every failure becomes the outcome, none escapes."""
    record = begin(request.run_id, request.stack, request.operation)
    write_record(request.run_record, record)
    program = Program(request)
    program.preload()
    # Imported here: what is imported above has to be quick, this takes half a second.
    from videoctl.provisioning.engine_process import EngineProcess, NotStartedError  # noqa: PLC0415
    from videoctl.provisioning.engine_stack import EngineStack  # noqa: PLC0415

    started = partial(_engine_started, request, record, report, [])
    process = EngineProcess(request, started)
    threading.Thread(target=_watch, args=(request, process, report), daemon=True).start()
    try:
        EngineStack(request, process, program, report).run()
    except NotStartedError:
        return OperationEnded(outcome=Outcome.CANCELLED)
    except Exception as error:  # noqa: BLE001 (the border of the process)
        said = process.error_text or f"{type(error).__name__}: {error}"
        outcome = Outcome.CANCELLED if process.is_cancelled else Outcome.FAILED
        return OperationEnded(outcome=outcome, error_text=said)
    finally:
        if process.was_killed:
            end_leftovers(request.run_id)
    return OperationEnded(outcome=Outcome.SUCCEEDED)


def _engine_started(
    request: OperationRequest, record: RunRecord, report: Reporter, pids: list[int], pid: int
) -> None:
    pids.append(pid)
    engines = tuple(mark(item) for item in pids)
    write_record(request.run_record, replace(record, engines=engines))
    report(OperationStarted(operation=request.operation, stack=request.stack, process_id=pid))


def _watch(request: OperationRequest, process: EngineProcess, report: Reporter) -> None:
    """Follow the standard input to its end."""
    for line in sys.stdin.buffer:
        if line.strip() == CANCEL_WORD:
            report(CancelRequested(reason="interrupted"))
            process.cancel()
    process.cancel()
    threading.Event().wait(request.cancel_grace_seconds)
    process.kill()


if __name__ == "__main__":
    # The engine has ended and everything is told; the SDK's servers would take a second to stop.
    os._exit(main())
