"""kinesis-data: small pipelines composed of the same modules as the environments."""
