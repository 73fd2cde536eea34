"""AWS for the gateways' tests."""

from __future__ import annotations

from tests.fakes.ministack import ministack, session

__all__ = ["ministack", "session"]
