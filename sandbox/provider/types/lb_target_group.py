"""Elastic Load Balancing v2: target groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.framework import ResourceType, changed, key_value_tags, resource
from sandbox.provider.mapping import Codec, Field, to_members, to_properties
from sandbox.provider.types.lb_common import (
    Attribute,
    attribute_changes,
    attribute_properties,
    first,
    tags_of,
    update_tags,
)

if TYPE_CHECKING:
    from sandbox.provider.framework import Context, Properties

_MATCHER: Final = Codec(
    lambda text: {"HttpCode": text},
    lambda matcher: matcher.get("HttpCode") or matcher.get("GrpcCode"),
)
_FIXED: Final = (
    Field("name", "TargetGroupName"),
    Field("port", "Port"),
    Field("protocol", "Protocol"),
    Field("protocolVersion", "ProtocolVersion"),
    Field("targetType", "TargetType"),
    Field("vpcId", "VpcId"),
    Field("ipAddressType", "IpAddressType"),
)
_HEALTH: Final = (
    Field("enabled", "HealthCheckEnabled"),
    Field("interval", "HealthCheckIntervalSeconds"),
    Field("path", "HealthCheckPath"),
    Field("port", "HealthCheckPort"),
    Field("protocol", "HealthCheckProtocol"),
    Field("timeout", "HealthCheckTimeoutSeconds"),
    Field("healthyThreshold", "HealthyThresholdCount"),
    Field("unhealthyThreshold", "UnhealthyThresholdCount"),
    Field("matcher", "Matcher", codec=_MATCHER),
)
_ATTRIBUTES: Final = (
    Attribute("deregistrationDelay", "deregistration_delay.timeout_seconds", 300),
    Attribute("slowStart", "slow_start.duration_seconds", 0),
    Attribute("loadBalancingAlgorithmType", "load_balancing.algorithm.type", "round_robin"),
    Attribute(
        "loadBalancingAnomalyMitigation", "load_balancing.algorithm.anomaly_mitigation", "off"
    ),
    Attribute(
        "loadBalancingCrossZoneEnabled",
        "load_balancing.cross_zone.enabled",
        "use_load_balancer_configuration",
    ),
    Attribute("stickiness.enabled", "stickiness.enabled", False),
    Attribute("stickiness.type", "stickiness.type", "lb_cookie"),
    Attribute("stickiness.cookieDuration", "stickiness.lb_cookie.duration_seconds", 86400),
)
_ADOPTED: Final = (
    "protocolVersion",
    "ipAddressType",
    "healthCheck",
    "stickiness",
    "loadBalancingAlgorithmType",
    "loadBalancingAnomalyMitigation",
    "loadBalancingCrossZoneEnabled",
    "targetGroupHealth",
    *(f"healthCheck.{field.property}" for field in _HEALTH),
    *(one.property for one in _ATTRIBUTES if "." in one.property),
)


@resource(
    "aws:lb/targetGroup:TargetGroup",
    replace_on=(
        "name",
        "namePrefix",
        "port",
        "protocol",
        "protocolVersion",
        "targetType",
        "vpcId",
        "ipAddressType",
    ),
    named="name",
    defaults={
        "deregistrationDelay": 300,
        "lambdaMultiValueHeadersEnabled": False,
        "proxyProtocolV2": False,
        "slowStart": 0,
        "targetType": "instance",
    },
    adopted=_ADOPTED,
    supports=(
        "namePrefix",
        "healthCheck",
        "stickiness",
        *(field.property for field in _FIXED),
        *(one.property for one in _ATTRIBUTES if "." not in one.property),
    ),
)
class TargetGroup(ResourceType):
    """The targets of a listener, with their health check."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the group and sets the attributes that are not AWS's own."""
        terms = to_members(_FIXED, {**inputs, "name": None})
        terms |= to_members(_HEALTH, inputs.get("healthCheck") or {})
        if inputs.get("tagsAll"):
            terms["Tags"] = key_value_tags(inputs["tagsAll"])
        group = context.client("elbv2").create_target_group(Name=inputs["name"], **terms)
        described = group["TargetGroups"][0]
        arn = described["TargetGroupArn"]
        context.made(arn, _outputs(described, []))
        attributes = self._set_attributes(context, arn, {}, inputs)
        return arn, _outputs(described, attributes)

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The group with its attributes and tags."""
        del inputs
        elb = context.client("elbv2")
        group = first(elb.describe_target_groups(TargetGroupArns=[resource_id])["TargetGroups"])
        if group is None:
            return None
        attributes = elb.describe_target_group_attributes(TargetGroupArn=resource_id)
        outputs = _outputs(group, attributes["Attributes"])
        outputs["tags"] = tags_of(context, resource_id)
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Health check, attributes, tags."""
        elb, health = context.client("elbv2"), new.get("healthCheck")
        if health and changed(old, new, "healthCheck"):
            elb.modify_target_group(TargetGroupArn=resource_id, **to_members(_HEALTH, health))
        self._set_attributes(context, resource_id, old, new)
        update_tags(context, resource_id, old, new)
        group = elb.describe_target_groups(TargetGroupArns=[resource_id])["TargetGroups"][0]
        attributes = elb.describe_target_group_attributes(TargetGroupArn=resource_id)
        return _outputs(group, attributes["Attributes"])

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the group, once no listener uses it any more."""
        del outputs
        elb = context.client("elbv2")
        context.retry(
            lambda: elb.delete_target_group(TargetGroupArn=resource_id),
            on=("ResourceInUse",),
            timeout_seconds=120,
        )

    def _set_attributes(
        self, context: Context, arn: str, old: Properties, new: Properties
    ) -> list[dict[str, str]]:
        wanted = attribute_changes(_ATTRIBUTES, old, new)
        if not wanted:
            return []
        answer = context.client("elbv2").modify_target_group_attributes(
            TargetGroupArn=arn, Attributes=wanted
        )
        return list(answer["Attributes"])


def _outputs(group: dict[str, Any], attributes: list[dict[str, str]]) -> Properties:
    arn = group["TargetGroupArn"]
    return {
        **attribute_properties(_ATTRIBUTES, attributes),
        **to_properties(_FIXED, group),
        "healthCheck": to_properties(_HEALTH, group),
        "arn": arn,
        "arnSuffix": arn.rpartition(":")[2],
        "loadBalancerArns": group.get("LoadBalancerArns", []),
    }
