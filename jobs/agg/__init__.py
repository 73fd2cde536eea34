"""The Flink job. In its zip the modules of this directory stand at the root."""
