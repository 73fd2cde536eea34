"""Session windows from Kinesis into the Timestream sessions table."""
