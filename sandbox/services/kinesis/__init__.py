"""Kinesis Data Streams: MiniStack's shards and records, and the control plane that it lacks."""

from sandbox.services.kinesis.service import Kinesis

__all__ = ["Kinesis"]
