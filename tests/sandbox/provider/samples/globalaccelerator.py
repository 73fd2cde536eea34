"""Samples of Global Accelerator resources."""

from __future__ import annotations

from tests.sandbox.provider.samples import Made, Properties, Sample, World, ec2, lb, unique

ACCELERATOR = "aws:globalaccelerator/accelerator:Accelerator"
LISTENER = "aws:globalaccelerator/listener:Listener"


def accelerator(world: World) -> Made:
    """An accelerator for others to hang on."""
    return world.make(ACCELERATOR, {"name": unique("accelerator")})


def _listener(world: World) -> Properties:
    return {
        "acceleratorArn": accelerator(world).id,
        "protocol": "TCP",
        "portRanges": [{"fromPort": 80, "toPort": 80}],
        "clientAffinity": "SOURCE_IP",
    }


def _group(world: World) -> Properties:
    listener = world.make(LISTENER, _listener(world))
    balancer = world.make(lb.BALANCER, lb.balancer_inputs(world, ec2.vpc(world)))
    return {
        "listenerArn": listener.id,
        "endpointGroupRegion": "us-east-1",
        "healthCheckPath": "/health",
        "healthCheckPort": 80,
        "healthCheckProtocol": "HTTP",
        "healthCheckIntervalSeconds": 10,
        "thresholdCount": 2,
        "endpointConfigurations": [{"endpointId": balancer.id, "weight": 128}],
    }


SAMPLES = [
    Sample(
        ACCELERATOR,
        lambda _: {"name": unique("accelerator"), "tags": {"Name": "accelerator"}},
        changes={"name": "changed", "enabled": False, "tags": {"Name": "changed"}},
        replacements={"ipAddresses": ["192.0.2.1"]},
        absent=frozenset({"ipAddresses"}),
    ),
    Sample(
        LISTENER,
        _listener,
        changes={"portRanges": [{"fromPort": 443, "toPort": 443}], "clientAffinity": "NONE"},
        replacements={"acceleratorArn": "arn:another"},
    ),
    Sample(
        "aws:globalaccelerator/endpointGroup:EndpointGroup",
        _group,
        changes={"trafficDialPercentage": 50, "thresholdCount": 3, "healthCheckPath": "/ready"},
        replacements={"endpointGroupRegion": "us-west-2", "listenerArn": "arn:another"},
        absent=frozenset({"portOverrides"}),
    ),
]
