"""Player events in, aggregated Kinesis records out: the ingest task of the platform."""
