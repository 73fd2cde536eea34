"""CloudWatch: metrics over what `sandbox.metrics` publishes, and alarms that watch them."""

from sandbox.services.cloudwatch.service import CloudWatch

__all__ = ["CloudWatch"]
