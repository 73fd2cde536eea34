"""Amazon Data Firehose: the control plane and real delivery to S3."""

from __future__ import annotations

from sandbox.services.firehose.service import Firehose

__all__ = ["Firehose"]
