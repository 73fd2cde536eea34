"""Entry point of the function: Lambda imports this file from the root of its package."""

from __future__ import annotations

# Found next to this file, at the root of the package, which is not a path of this repository.
from session_sink.entry import handler  # type: ignore[import-not-found]

__all__ = ["handler"]
