"""Traffic for environments: made-up viewers, and the feed that counts what became of each event."""
