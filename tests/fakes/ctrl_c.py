"""Become a command that hears Ctrl-C, or does not: `ctrl_c.py heard|ignored COMMAND...`.

A shell that runs tests in the background has SIGINT ignored, and every process they start with it;
what a test starts must not depend on that.
"""

from __future__ import annotations

import os
import signal
import sys

if __name__ == "__main__":
    how, *command = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_DFL if how == "heard" else signal.SIG_IGN)
    os.execv(command[0], command)
