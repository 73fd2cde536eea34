"""Global Accelerator: accelerators and listeners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sandbox.provider.framework import (
    ResourceType,
    changed,
    key_value_tags,
    resource,
    tag_changes,
    tags_from_pairs,
)
from sandbox.provider.mapping import Field, to_members, to_properties
from sandbox.provider.types.globalaccelerator_common import (
    HOME_REGION,
    accelerator_of,
    deployed,
)

if TYPE_CHECKING:
    from sandbox.provider.framework import Context, Properties

_HOSTED_ZONE_ID: Final = "Z2BJ6XQ5FK7U4H"
_ATTRIBUTES: Final = (
    Field("flowLogsEnabled", "FlowLogsEnabled"),
    Field("flowLogsS3Bucket", "FlowLogsS3Bucket"),
    Field("flowLogsS3Prefix", "FlowLogsS3Prefix"),
)
_NO_FLOW_LOGS: Final = {"flowLogsEnabled": False, "flowLogsS3Bucket": "", "flowLogsS3Prefix": ""}
_RANGE: Final = (Field("fromPort", "FromPort"), Field("toPort", "ToPort"))


@resource(
    "aws:globalaccelerator/accelerator:Accelerator",
    named="name",
    replace_on=("ipAddresses",),
    defaults={"enabled": True, "ipAddressType": "IPV4"},
    adopted=("attributes", "ipAddresses"),
    home_region=HOME_REGION,
)
class Accelerator(ResourceType):
    """An accelerator with its two static addresses."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the accelerator, waits until it is deployed, then sets its flow logs."""
        client = context.client("globalaccelerator")
        optional: dict[str, Any] = {}
        if inputs.get("ipAddresses"):
            optional["IpAddresses"] = inputs["ipAddresses"]
        if inputs.get("tagsAll"):
            optional["Tags"] = key_value_tags(inputs["tagsAll"])
        accelerator = client.create_accelerator(
            Name=inputs["name"],
            Enabled=inputs["enabled"],
            IpAddressType=inputs["ipAddressType"],
            IdempotencyToken=uuid4().hex,
            **optional,
        )["Accelerator"]
        arn = accelerator["AcceleratorArn"]
        context.made(arn, _accelerator_outputs(accelerator))
        accelerator = deployed(context, arn)
        if inputs.get("attributes"):
            self._set_attributes(context, arn, inputs["attributes"])
        attributes = {"attributes": {**_NO_FLOW_LOGS, **(inputs.get("attributes") or {})}}
        return arn, _accelerator_outputs(accelerator) | attributes

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The accelerator, its attributes and tags."""
        del inputs
        client = context.client("globalaccelerator")
        accelerator = client.describe_accelerator(AcceleratorArn=resource_id)["Accelerator"]
        attributes = client.describe_accelerator_attributes(AcceleratorArn=resource_id)
        tags = client.list_tags_for_resource(ResourceArn=resource_id).get("Tags", [])
        found = to_properties(_ATTRIBUTES, attributes["AcceleratorAttributes"])
        outputs = {
            **_accelerator_outputs(accelerator),
            "attributes": {**_NO_FLOW_LOGS, **found},
            "tags": tags_from_pairs(tags),
        }
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Name, whether it is enabled, address type, flow logs, tags."""
        client = context.client("globalaccelerator")
        if changed(old, new, "name", "enabled", "ipAddressType"):
            client.update_accelerator(
                AcceleratorArn=resource_id,
                Name=new["name"],
                Enabled=new["enabled"],
                IpAddressType=new["ipAddressType"],
            )
            deployed(context, resource_id)
        if new.get("attributes") and changed(old, new, "attributes"):
            self._set_attributes(context, resource_id, new["attributes"])
        set_tags, removed = tag_changes(old, new)
        if removed:
            client.untag_resource(ResourceArn=resource_id, TagKeys=removed)
        if set_tags:
            client.tag_resource(ResourceArn=resource_id, Tags=key_value_tags(set_tags))
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Disables the accelerator, waits, and removes it."""
        del outputs
        client = context.client("globalaccelerator")
        accelerator = client.describe_accelerator(AcceleratorArn=resource_id)["Accelerator"]
        if accelerator["Enabled"]:
            client.update_accelerator(AcceleratorArn=resource_id, Enabled=False)
        deployed(context, resource_id)
        client.delete_accelerator(AcceleratorArn=resource_id)

    def _set_attributes(self, context: Context, arn: str, attributes: Properties) -> None:
        given = {key: value for key, value in attributes.items() if value not in (None, "")}
        context.client("globalaccelerator").update_accelerator_attributes(
            AcceleratorArn=arn, **to_members(_ATTRIBUTES, given)
        )
        deployed(context, arn)


def _accelerator_outputs(accelerator: dict[str, Any]) -> Properties:
    ip_sets = [
        {"ipAddresses": one.get("IpAddresses", []), "ipFamily": one.get("IpAddressFamily", "IPv4")}
        for one in accelerator.get("IpSets", [])
    ]
    return {
        "arn": accelerator["AcceleratorArn"],
        "name": accelerator["Name"],
        "enabled": accelerator["Enabled"],
        "ipAddressType": accelerator.get("IpAddressType", "IPV4"),
        "dnsName": accelerator.get("DnsName"),
        "dualStackDnsName": accelerator.get("DualStackDnsName", ""),
        "hostedZoneId": _HOSTED_ZONE_ID,
        "ipSets": ip_sets,
    }


@resource(
    "aws:globalaccelerator/listener:Listener",
    replace_on=("acceleratorArn",),
    defaults={"clientAffinity": "NONE"},
    unordered=("portRanges",),
    home_region=HOME_REGION,
)
class Listener(ResourceType):
    """The ports an accelerator listens on."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the listener and waits until the accelerator has it everywhere."""
        listener = context.client("globalaccelerator").create_listener(
            AcceleratorArn=inputs["acceleratorArn"],
            IdempotencyToken=uuid4().hex,
            **self._terms(inputs),
        )["Listener"]
        arn = listener["ListenerArn"]
        context.made(arn, {"arn": arn})
        deployed(context, inputs["acceleratorArn"])
        return arn, {"arn": arn}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The listener as Global Accelerator describes it."""
        del inputs
        client = context.client("globalaccelerator")
        listener = client.describe_listener(ListenerArn=resource_id)["Listener"]
        outputs = {
            "arn": resource_id,
            "acceleratorArn": accelerator_of(resource_id),
            "protocol": listener["Protocol"],
            "clientAffinity": listener.get("ClientAffinity", "NONE"),
            "portRanges": [to_properties(_RANGE, one) for one in listener["PortRanges"]],
        }
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Ports, protocol and affinity."""
        del old
        context.client("globalaccelerator").update_listener(
            ListenerArn=resource_id, **self._terms(new)
        )
        deployed(context, new["acceleratorArn"])
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the listener."""
        context.client("globalaccelerator").delete_listener(ListenerArn=resource_id)
        deployed(context, outputs["acceleratorArn"])

    def _terms(self, inputs: Properties) -> dict[str, Any]:
        return {
            "Protocol": inputs["protocol"],
            "ClientAffinity": inputs["clientAffinity"],
            "PortRanges": [to_members(_RANGE, one) for one in inputs["portRanges"]],
        }
