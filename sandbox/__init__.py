"""The local AWS: MiniStack, what it lacks, and the Pulumi provider stand-in.

__main__, lifecycle    the background process: start, find, stop, its documents
server, router         one port for all services; faults, request log, durable state
protocol/              AWS's wire protocols from botocore's models
metrics/               what happened, counted and published; how a service publishes a metric
counting/              MiniStack's functions wrapped, so that what they do is counted
services/              services that MiniStack lacks or does otherwise; how to add one
front_door/            anycast edge and load balancers, a process of its own
provider/              `pulumi-resource-aws` for the engine
"""
