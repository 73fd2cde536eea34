"""The only users of the Pulumi Automation API: engine, stack operations, recovery."""
