"""The local AWS: MiniStack, what it lacks, and the Pulumi provider stand-in."""
