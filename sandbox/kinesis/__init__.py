"""Streams on MiniStack's records: shards that close, reading, positions of mappings, the disk.

The control plane is in `sandbox.services.kinesis`.
"""
