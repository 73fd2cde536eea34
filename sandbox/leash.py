"""Becomes the given command after asking the kernel to kill it when its parent dies.

Run as a script, with neither site packages nor arguments of its own, so that starting a task costs
milliseconds. Elsewhere than on Linux it only becomes the command.
"""

from __future__ import annotations

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def _die_with(parent: int) -> None:
    import ctypes  # noqa: PLC0415 - only where it is used

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it died before the kernel was asked
        sys.exit("the parent is gone already")


def main() -> None:
    """Run `leash.py PARENT_PID COMMAND...`."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        _die_with(parent)
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
