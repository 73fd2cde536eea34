"""Amazon Timestream for LiveAnalytics."""

from __future__ import annotations

from sandbox.services.timestream.query import TimestreamQuery
from sandbox.services.timestream.write import TimestreamWrite

__all__ = ["TimestreamQuery", "TimestreamWrite"]
