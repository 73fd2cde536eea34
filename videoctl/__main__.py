"""Entry point of the `videoctl` command and of `python -m videoctl`."""

from __future__ import annotations

import sys


def main() -> None:
    """Answer `--version` without loading anything; hand everything else to the command line."""
    if sys.argv[1:] == ["--version"]:
        from videoctl import __version__

        sys.stdout.write(f"videoctl {__version__}\n")
        return
    from videoctl.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
