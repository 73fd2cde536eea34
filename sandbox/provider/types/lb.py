"""Elastic Load Balancing v2: application load balancers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.failures import ProviderError
from sandbox.provider.framework import ResourceType, changed, key_value_tags, resource
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

_ATTRIBUTES: Final = (
    Attribute("clientKeepAlive", "client_keep_alive.seconds", 3600),
    Attribute("idleTimeout", "idle_timeout.timeout_seconds", 60),
    Attribute("enableDeletionProtection", "deletion_protection.enabled", False),
    Attribute("enableHttp2", "routing.http2.enabled", True),
    Attribute("enableWafFailOpen", "waf.fail_open.enabled", False),
    Attribute("enableZonalShift", "zonal_shift.config.enabled", False),
    Attribute("desyncMitigationMode", "routing.http.desync_mitigation_mode", "defensive"),
    Attribute("dropInvalidHeaderFields", "routing.http.drop_invalid_header_fields.enabled", False),
    Attribute("preserveHostHeader", "routing.http.preserve_host_header.enabled", False),
    Attribute(
        "enableTlsVersionAndCipherSuiteHeaders",
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
        False,
    ),
    Attribute("enableXffClientPort", "routing.http.xff_client_port.enabled", False),
    Attribute("xffHeaderProcessingMode", "routing.http.xff_header_processing.mode", "append"),
    Attribute("accessLogs.enabled", "access_logs.s3.enabled", False),
    Attribute("accessLogs.bucket", "access_logs.s3.bucket", ""),
    Attribute("accessLogs.prefix", "access_logs.s3.prefix", ""),
    Attribute("connectionLogs.enabled", "connection_logs.s3.enabled", False),
    Attribute("connectionLogs.bucket", "connection_logs.s3.bucket", ""),
    Attribute("connectionLogs.prefix", "connection_logs.s3.prefix", ""),
)
_SCALARS: Final = tuple(one.property for one in _ATTRIBUTES if "." not in one.property)


@resource(
    "aws:lb/loadBalancer:LoadBalancer",
    replace_on=("name", "namePrefix", "internal", "loadBalancerType"),
    named="name",
    defaults={
        "loadBalancerType": "application",
        "enableCrossZoneLoadBalancing": False,
        "dnsRecordClientRoutingPolicy": "any_availability_zone",
        **{one.property: one.unset for one in _ATTRIBUTES if "." not in one.property},
    },
    unordered=("subnets", "securityGroups"),
    adopted=("internal", "ipAddressType", "securityGroups", "subnets", "subnetMappings"),
    supports=(
        "accessLogs",
        "connectionLogs",
        "internal",
        "ipAddressType",
        "loadBalancerType",
        "name",
        "namePrefix",
        "securityGroups",
        "subnets",
        *_SCALARS,
    ),
)
class LoadBalancer(ResourceType):
    """An application load balancer."""

    def validate(self, inputs: Properties) -> list[tuple[str, str]]:
        """The platform has application load balancers only."""
        if inputs["loadBalancerType"] != "application":
            return [("loadBalancerType", "the sandbox's provider makes application ones only")]
        return []

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the load balancer, sets its attributes and waits until it is active."""
        elb = context.client("elbv2")
        optional = {
            member: inputs[name]
            for name, member in (
                ("securityGroups", "SecurityGroups"),
                ("ipAddressType", "IpAddressType"),
            )
            if inputs.get(name)
        }
        if inputs.get("tagsAll"):
            optional["Tags"] = key_value_tags(inputs["tagsAll"])
        balancer = elb.create_load_balancer(
            Name=inputs["name"],
            Type="application",
            Scheme="internal" if inputs.get("internal") else "internet-facing",
            Subnets=inputs.get("subnets") or [],
            **optional,
        )["LoadBalancers"][0]
        arn = balancer["LoadBalancerArn"]
        context.made(arn, _outputs(balancer, []))
        attributes = self._set_attributes(context, arn, {}, inputs)
        if balancer["State"]["Code"] != "active":
            balancer = self._active(context, arn)
        return arn, _outputs(balancer, attributes)

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The load balancer with its attributes and tags."""
        del inputs
        elb = context.client("elbv2")
        balancer = self._described(context, resource_id)
        if balancer is None:
            return None
        attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=resource_id)
        outputs = _outputs(balancer, attributes["Attributes"])
        outputs["tags"] = tags_of(context, resource_id)
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Attributes, subnets, security groups, address type, tags."""
        elb = context.client("elbv2")
        self._set_attributes(context, resource_id, old, new)
        if new.get("subnets") and changed(old, new, "subnets"):
            elb.set_subnets(LoadBalancerArn=resource_id, Subnets=new["subnets"])
        if new.get("securityGroups") and changed(old, new, "securityGroups"):
            elb.set_security_groups(
                LoadBalancerArn=resource_id, SecurityGroups=new["securityGroups"]
            )
        if new.get("ipAddressType") and changed(old, new, "ipAddressType"):
            elb.set_ip_address_type(LoadBalancerArn=resource_id, IpAddressType=new["ipAddressType"])
        update_tags(context, resource_id, old, new)
        self._active(context, resource_id)
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the load balancer; AWS refuses while it is protected."""
        del outputs
        context.client("elbv2").delete_load_balancer(LoadBalancerArn=resource_id)

    def _set_attributes(
        self, context: Context, arn: str, old: Properties, new: Properties
    ) -> list[dict[str, str]]:
        wanted = attribute_changes(_ATTRIBUTES, old, new)
        if not wanted:
            return []
        answer = context.client("elbv2").modify_load_balancer_attributes(
            LoadBalancerArn=arn, Attributes=wanted
        )
        return list(answer["Attributes"])

    def _active(self, context: Context, arn: str) -> dict[str, Any]:
        def probe() -> dict[str, Any] | None:
            balancer = self._described(context, arn)
            state = balancer["State"] if balancer else {"Code": "failed"}
            if state["Code"] == "failed":
                raise ProviderError(f"load balancer {arn} failed: {state.get('Reason', '')}")
            return balancer if state["Code"] == "active" else None

        return context.wait(probe, until=f"load balancer {arn} to be active")

    def _described(self, context: Context, arn: str) -> dict[str, Any] | None:
        answer = context.client("elbv2").describe_load_balancers(LoadBalancerArns=[arn])
        return first(answer["LoadBalancers"])


def _outputs(balancer: dict[str, Any], attributes: list[dict[str, str]]) -> Properties:
    zones = balancer.get("AvailabilityZones", [])
    subnets = [zone["SubnetId"] for zone in zones if zone.get("SubnetId")]
    arn = balancer["LoadBalancerArn"]
    return {
        **attribute_properties(_ATTRIBUTES, attributes),
        "arn": arn,
        "arnSuffix": arn.partition(":loadbalancer/")[2],
        "dnsName": balancer["DNSName"],
        "zoneId": balancer.get("CanonicalHostedZoneId"),
        "vpcId": balancer.get("VpcId"),
        "name": balancer["LoadBalancerName"],
        "internal": balancer.get("Scheme") == "internal",
        "ipAddressType": balancer.get("IpAddressType", "ipv4"),
        "loadBalancerType": balancer.get("Type", "application"),
        "securityGroups": balancer.get("SecurityGroups", []),
        "subnets": subnets,
        "subnetMappings": [{"subnetId": subnet} for subnet in subnets],
    }
