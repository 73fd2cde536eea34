"""Putting the provider where the engine finds it: an executable `pulumi-resource-aws`."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Final

PLUGIN_NAME: Final = "pulumi-resource-aws"
_ROOT: Final = Path(__file__).resolve().parents[2]


def install_plugin(directory: Path) -> Path:
    """Writes the executable into `directory` (made when missing) and returns its path.

    It runs this provider with the running interpreter. The engine uses it when `directory` is on
    its PATH. Writing it again is harmless while it runs.
    """
    directory.mkdir(parents=True, exist_ok=True)
    interpreter, root = shlex.quote(sys.executable), shlex.quote(str(_ROOT))
    script = (
        "#!/bin/sh\n"
        f"PYTHONPATH={root}${{PYTHONPATH:+:$PYTHONPATH}} "
        f'exec {interpreter} -m sandbox.provider "$@"\n'
    )
    path = directory / PLUGIN_NAME
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(script, encoding="utf-8")
    fresh.chmod(0o755)
    fresh.replace(path)
    return path
