"""Samples of load balancer resources."""

from __future__ import annotations

from tests.sandbox.provider.samples import Made, Properties, Sample, World, ec2, unique

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGETS = "aws:lb/targetGroup:TargetGroup"
LISTENER = "aws:lb/listener:Listener"


def balancer_inputs(world: World, place: Made) -> Properties:
    """An internal load balancer in two zones."""
    return {
        "name": unique("alb"),
        "internal": True,
        "loadBalancerType": "application",
        "subnets": [ec2.subnet(world, place, number).id for number in (1, 2)],
        "securityGroups": [ec2.group(world, place).id],
        "dropInvalidHeaderFields": True,
        "tags": {"Name": "balancer"},
    }


def target_inputs(place: Made) -> Properties:
    """Fargate tasks as targets."""
    return {
        "name": unique("targets"),
        "port": 8080,
        "protocol": "HTTP",
        "targetType": "ip",
        "vpcId": place.id,
        "deregistrationDelay": 30,
        "healthCheck": {"path": "/health", "interval": 10, "matcher": "200"},
        "tags": {"Name": "targets"},
    }


def _listener(world: World) -> Properties:
    place = ec2.vpc(world)
    balancer = world.make(BALANCER, balancer_inputs(world, place))
    targets = world.make(TARGETS, target_inputs(place))
    return {
        "loadBalancerArn": balancer.id,
        "port": 80,
        "protocol": "HTTP",
        "defaultActions": [{"type": "forward", "targetGroupArn": targets.id}],
        "tags": {"Name": "listener"},
    }


SAMPLES = [
    Sample(
        BALANCER,
        lambda world: balancer_inputs(world, ec2.vpc(world)),
        changes={
            "idleTimeout": 120,
            "dropInvalidHeaderFields": False,
            "tags": {"Name": "changed"},
        },
        replacements={"name": "another", "internal": False},
        absent=frozenset(
            {
                "customerOwnedIpv4Pool",
                "enablePrefixForIpv6SourceNat",
                "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
                "healthCheckLogs",
                "ipamPools",
                "minimumLoadBalancerCapacity",
                "namePrefix",
                "secondaryIpsAutoAssignedPerSubnet",
            }
        ),
    ),
    Sample(
        TARGETS,
        lambda world: target_inputs(ec2.vpc(world)),
        changes={
            "deregistrationDelay": 60,
            "healthCheck": {"path": "/ready", "interval": 15, "matcher": "200"},
            "tags": {"Name": "changed"},
        },
        replacements={
            "name": "another",
            "port": 9090,
            "protocol": "HTTPS",
            "targetType": "lambda",
            "vpcId": "vpc-2",
        },
        untold=frozenset({"ipAddressType", "protocolVersion"}),
        absent=frozenset(
            {
                "connectionTermination",
                "namePrefix",
                "preserveClientIp",
                "targetControlPort",
                "targetFailovers",
                "targetGroupHealth",
                "targetHealthStates",
            }
        ),
    ),
    Sample(
        LISTENER,
        _listener,
        changes={
            "port": 8080,
            "defaultActions": [
                {
                    "type": "fixed-response",
                    "fixedResponse": {
                        "contentType": "text/plain",
                        "messageBody": "moved",
                        "statusCode": "503",
                    },
                }
            ],
            "tags": {"Name": "changed"},
        },
        replacements={"loadBalancerArn": "arn:another"},
        absent=frozenset(
            {"alpnPolicy", "certificateArn", "mutualAuthentication", "sslPolicy"}
            | {"tcpIdleTimeoutSeconds"}
        ),
    ),
]
