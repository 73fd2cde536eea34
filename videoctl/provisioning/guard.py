"""Start a command that must not outlive its parent unseen: `guard.py PARENT COMMAND...`.

On Linux the kernel sends SIGINT to the command when its parent dies: the engine then finishes what
it began, writes its state and stops. The request is made here, after the fork and before the exec,
since running Python between the two in a process with threads is not safe. Elsewhere the command
starts unguarded, and the operation's watch on its standard input is the only one.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Ask for the signal, make sure the parent is still there, become the command."""
    parent, command = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0) != 0:
            sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
        if os.getppid() != parent:
            sys.exit("the parent is gone; not started")
    os.execv(command[0], command)  # noqa: S606 (an argument list, no shell)


if __name__ == "__main__":
    main(sys.argv[1:])
