"""CloudWatch: metrics over what `sandbox.metrics` publishes; alarms are MiniStack's."""

from sandbox.services.cloudwatch.service import CloudWatch

__all__ = ["CloudWatch"]
