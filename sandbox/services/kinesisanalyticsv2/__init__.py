"""Amazon Managed Service for Apache Flink: the control plane of Flink applications.

Their jobs run on the clusters of `sandbox.flink`. `lifecycle` holds what happens between two
statuses, `upkeep` what the service does by itself, `observation` what CloudWatch is told.
"""

from __future__ import annotations

from sandbox.services.kinesisanalyticsv2.service import KinesisAnalyticsV2

__all__ = ["KinesisAnalyticsV2"]
