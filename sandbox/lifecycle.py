"""Starting, finding and stopping the server of one home directory."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sandbox.children import OWNER_VARIABLE, is_same_process, sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.home import Home

FLINK_HOME_VARIABLE = "VIDEOCTL_FLINK_HOME"
"""A virtual environment with apache-flink; only needed where it is not `.venv-flink` beside us."""
START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 15.0
_POLL_SECONDS = 0.05
_LOG_LINES_SHOWN = 8
_CALL_TIMEOUT_SECONDS = 30.0
_BACKLOG = 1024
_ROOT = Path(__file__).resolve().parents[1]


class SandboxError(Exception):
    """Something the user can act on.

    Args:
        message: what happened.
        hint: what to do about it.
        code: stable word for machines.

    """

    def __init__(self, message: str, *, hint: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


@dataclass(frozen=True, slots=True)
class Running:
    """A live server: its pid, when it began (epoch seconds), its ports."""

    pid: int
    started: float
    port: int
    front_door_port: int

    @property
    def endpoint_url(self) -> str:
        """Where AWS clients find it."""
        return f"http://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Answer of a control path as JSON; raises `OSError` when the server is gone."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=_CALL_TIMEOUT_SECONDS
        )
        with contextlib.closing(connection):
            text = None if body is None else json.dumps(body)
            connection.request(method, f"/_sandbox/{path}", text)
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
            if response.status >= http.client.BAD_REQUEST:
                message = str(answer.get("message", answer))
                raise SandboxError(message, hint="see sandbox fault add --help", code="usage")
            return answer


def find(home: Home) -> Running | None:
    """The server of this home if it is alive; a pid that went to another process is not it."""
    try:
        document = json.loads(home.process_file.read_text())
        running = Running(**document)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return running if is_same_process(running.pid, running.started) else None


def ensure(home: Home, port: int | None = None) -> tuple[Running, bool]:
    """The running server, started if there is none; and whether this call started it."""
    running = find(home)
    if running is not None and port in {None, running.port} and _is_ready(running):
        return running, False
    home.prepare()
    with _locked(home):
        running = find(home)
        if running is None:
            return _start(home, port), True
        if port not in {None, running.port}:
            raise SandboxError(
                f"the sandbox runs on port {running.port} already, not on {port}",
                hint="sandbox down, then sandbox up with the other port",
                code="port-differs",
            )
        _wait_until_ready(home, running.pid)
        return running, False


def stop(home: Home) -> bool:
    """Stop the server and all its processes; gives whether there was one."""
    if not home.directory.exists():
        return False
    with _locked(home):
        running = find(home)
        if running is not None:
            _end(running)
        sweep(home.directory)
        home.process_file.unlink(missing_ok=True)
        return running is not None


def _end(running: Running) -> None:
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if not is_same_process(running.pid, running.started):
            return
        time.sleep(_POLL_SECONDS)
    os.kill(running.pid, signal.SIGKILL)
    while is_same_process(running.pid, running.started):
        time.sleep(_POLL_SECONDS)


@contextlib.contextmanager
def _locked(home: Home) -> Iterator[None]:
    """One start or stop at a time; the lock goes with the process that holds it."""
    with home.lock_file.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start(home: Home, port: int | None) -> Running:
    sweep(home.directory)
    remembered = _remembered_ports(home)
    endpoint = _listen(port, remembered.get("port"))
    front_door = _listen(None, remembered.get("front_door_port"))
    ports = {"port": endpoint.getsockname()[1], "front_door_port": front_door.getsockname()[1]}
    home.ports_file.write_text(json.dumps(ports))
    home.process_file.unlink(missing_ok=True)
    with endpoint, front_door, home.log_file.open("ab") as log:
        process = _spawn(home, endpoint, front_door, log)
    try:
        return _wait_until_ready(home, process.pid, process)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        raise


def _spawn(
    home: Home, endpoint: socket.socket, front_door: socket.socket, log: IO[bytes]
) -> subprocess.Popen[bytes]:
    descriptors = (endpoint.fileno(), front_door.fileno())
    command = [
        sys.executable, "-m", "sandbox", "serve", "--home", str(home.directory),
        "--endpoint-descriptor", str(descriptors[0]),
        "--front-door-descriptor", str(descriptors[1]),
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if _is_kept(name)}
    paths = [str(_ROOT), *filter(None, [environment.get("PYTHONPATH")])]
    environment[OWNER_VARIABLE] = str(home.directory)
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=environment,
        cwd=home.directory,
        pass_fds=descriptors,
        start_new_session=True,
    )


def _is_kept(name: str) -> bool:
    """Whether the server inherits a variable: no credentials, nothing that steers AWS clients."""
    if name == FLINK_HOME_VARIABLE:
        return True
    return not name.startswith(("AWS_", "PULUMI_", "VIDEOCTL_", "MINISTACK_"))


def _remembered_ports(home: Home) -> dict[str, int]:
    try:
        ports: dict[str, int] = json.loads(home.ports_file.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return ports


def free_socket(port: int = 0) -> socket.socket:
    """A socket that listens on 127.0.0.1, on any free port unless one is given."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def _listen(wanted: int | None, remembered: int | None) -> socket.socket:
    """A listening socket: on the wanted port or not at all, else where it was, else anywhere."""
    for port in (wanted,) if wanted else (remembered or 0, 0):
        with contextlib.suppress(OSError):
            return free_socket(port)
    raise SandboxError(
        f"port {wanted} on 127.0.0.1 is taken by another process",
        hint="choose another with --port, or leave --port out for a free one",
        code="port-taken",
    )


def _wait_until_ready(
    home: Home, pid: int, process: subprocess.Popen[bytes] | None = None
) -> Running:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise _start_failure(home, f"the sandbox ended at start with {process.returncode}")
        running = find(home)
        if running is not None and running.pid == pid and _is_ready(running):
            return running
        time.sleep(_POLL_SECONDS)
    raise _start_failure(home, f"the sandbox is not ready after {START_TIMEOUT_SECONDS:.0f} s")


def _start_failure(home: Home, message: str) -> SandboxError:
    try:
        lines = home.log_file.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
    except OSError:
        lines = []
    shown = "".join(f"\n  {line}" for line in lines)
    return SandboxError(message + shown, hint=f"read {home.log_file}", code="sandbox-start-failed")


def _is_ready(running: Running) -> bool:
    try:
        health = running.call("GET", "health")
    except (OSError, ValueError, http.client.HTTPException, SandboxError):
        return False
    return health == {"ready": True, "pid": running.pid}
