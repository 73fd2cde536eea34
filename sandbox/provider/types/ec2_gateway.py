"""EC2: internet gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.provider.framework import ResourceType, resource, tags_from_pairs
from sandbox.provider.types.ec2_common import first, tag_specifications, update_tags

if TYPE_CHECKING:
    from sandbox.provider.framework import Context, Properties


@resource("aws:ec2/internetGateway:InternetGateway", adopted=("vpcId",))
class InternetGateway(ResourceType):
    """An internet gateway, attached to its VPC."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the gateway and attaches it."""
        ec2 = context.client("ec2")
        gateway = ec2.create_internet_gateway(**tag_specifications("internet-gateway", inputs))
        gateway_id = gateway["InternetGateway"]["InternetGatewayId"]
        outputs = self._known(context, gateway["InternetGateway"])
        context.made(gateway_id, outputs)
        self._attach(context, gateway_id, inputs.get("vpcId"))
        return gateway_id, outputs | {"vpcId": inputs.get("vpcId")}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The gateway and what it is attached to."""
        del inputs
        gateway = self._gateway(context, resource_id)
        if gateway is None:
            return None
        outputs = {
            **self._known(context, gateway),
            "tags": tags_from_pairs(gateway.get("Tags", [])),
            "vpcId": self._attached_to(gateway),
        }
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Another VPC is another attachment; the gateway stays."""
        del old
        gateway = self._gateway(context, resource_id) or {}
        present, wanted = self._attached_to(gateway), new.get("vpcId")
        if wanted and present != wanted:
            self._detach(context, resource_id, present)
            self._attach(context, resource_id, wanted)
        before = {"tagsAll": tags_from_pairs(gateway.get("Tags", []))}
        update_tags(context, resource_id, before, new)
        return {"vpcId": wanted or present}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Detaches the gateway and removes it."""
        ec2 = context.client("ec2")
        self._detach(context, resource_id, outputs.get("vpcId"))
        context.retry(
            lambda: ec2.delete_internet_gateway(InternetGatewayId=resource_id),
            on=("DependencyViolation",),
        )

    def _attach(self, context: Context, gateway_id: str, vpc_id: str | None) -> None:
        if vpc_id:
            context.client("ec2").attach_internet_gateway(
                InternetGatewayId=gateway_id, VpcId=vpc_id
            )

    def _detach(self, context: Context, gateway_id: str, vpc_id: str | None) -> None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - start-up time

        if not vpc_id:
            return
        ec2 = context.client("ec2")
        try:
            context.retry(
                lambda: ec2.detach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc_id),
                on=("DependencyViolation",),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "Gateway.NotAttached":
                raise

    def _gateway(self, context: Context, gateway_id: str) -> dict[str, Any] | None:
        answer = context.client("ec2").describe_internet_gateways(InternetGatewayIds=[gateway_id])
        return first(answer["InternetGateways"])

    def _attached_to(self, gateway: dict[str, Any]) -> str | None:
        attachment = first(gateway.get("Attachments", []))
        return attachment["VpcId"] if attachment else None

    def _known(self, context: Context, gateway: dict[str, Any]) -> Properties:
        return {
            "arn": context.arn("ec2", f"internet-gateway/{gateway['InternetGatewayId']}"),
            "ownerId": gateway.get("OwnerId", context.account_id),
        }
