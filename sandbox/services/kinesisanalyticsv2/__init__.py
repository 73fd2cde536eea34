"""Amazon Managed Service for Apache Flink: the control plane of Flink applications."""

from __future__ import annotations

from sandbox.services.kinesisanalyticsv2.service import KinesisAnalyticsV2

__all__ = ["KinesisAnalyticsV2"]
