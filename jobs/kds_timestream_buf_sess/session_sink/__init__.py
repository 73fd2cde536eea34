"""Session windows from Kinesis records into the Timestream sessions table."""
