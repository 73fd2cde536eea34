"""The engine as a process this side owns: started, signalled, waited for, its words kept in a file.

The Automation API's own command runner hides the process, sets no deadline and reads its output
through pipes: a reader that dies blocks the engine, and a dead reader kills it with SIGPIPE in the
middle of a write. Here its output goes to the run's log file, which survives everything.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pulumi.automation import CommandError, CommandResult, PulumiCommand
from semver import VersionInfo

from videoctl.provisioning import guard
from videoctl.provisioning.engine_environment import engine_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from videoctl.provisioning.request import OperationRequest

GUARD: Final = str(Path(guard.__file__))
SDK_EVENTS_VERSION: Final = VersionInfo(3, 250, 0)
"""Told to the SDK in place of the engine's own version: discovery has held it to at least this."""


class NotStartedError(Exception):
    """The engine was not started, because the operation had been cancelled before."""


class EngineProcess(PulumiCommand):
    """Runs the engine's commands for one operation, one at a time.

    Args:
        request: the operation.
        on_started: told the process id of each command, before it can have done anything.

    """

    def __init__(self, request: OperationRequest, on_started: Callable[[int], None]) -> None:
        # The base class runs `pulumi version` first; discovery has done that already.
        self.command = str(request.engine)
        self.version = SDK_EVENTS_VERSION
        self.error_text = ""
        self.was_killed = False
        self._request = request
        self._on_started = on_started
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = False
        self._lock = threading.Lock()

    @property
    def is_cancelled(self) -> bool:
        """Whether the operation was asked to stop."""
        return self._cancelled

    def cancel(self) -> None:
        """Ask the engine to finish what it began and stop; asking again changes nothing."""
        with self._lock:
            first = not self._cancelled
            self._cancelled = True
            if first and self._process is not None and self._process.poll() is None:
                self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End the engine at once; what it was doing stays pending in the state."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.kill()
                self.was_killed = True

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> CommandResult:
        """Run one command to its end; output goes to the log, not to the callbacks.

        Raises:
            CommandError: when it failed; `error_text` then holds what it said.
            NotStartedError: when the operation was cancelled before.

        """
        del additional_env, on_output, on_error  # the request holds the whole environment
        errors = self._request.log_file.with_suffix(".stderr")
        with self._request.log_file.open("ab") as log, errors.open("w+b") as said:
            log.write(f"$ pulumi {' '.join(args)}\n".encode())
            log.flush()
            code = self._run(args, cwd, log, said)
            said.seek(0)
            self.error_text = said.read().decode("utf-8", "replace").strip()
            if code < 0:
                self.was_killed = True
                self.error_text += f"\nerror: the engine was ended by signal {-code}"
            log.write(self.error_text.encode() + b"\n" if self.error_text else b"")
        errors.unlink()
        result = CommandResult(stdout="", stderr=self.error_text, code=code)
        if code != 0:
            raise CommandError(result)
        return result

    def _run(self, args: list[str], cwd: str, log: Any, said: Any) -> int:
        command = [self.command, "--non-interactive", *args]
        guarded = [sys.executable, "-I", "-S", GUARD, str(os.getpid()), *command]
        with self._lock:
            if self._cancelled:
                raise NotStartedError
            process = self._process = subprocess.Popen(
                guarded,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=said,
                cwd=cwd,
                env=engine_environment(self._request),
            )
        self._on_started(process.pid)
        return process.wait()
