"""EC2: MiniStack's, put right where the platform's networks need it; all else is passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.services.ec2.endpoints import Endpoints
from sandbox.services.ec2.rules import SecurityGroupRules

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call

_METRICS: Final = "EnableNetworkAddressUsageMetrics"


class ComputeCloud(Endpoints, SecurityGroupRules):
    """VPC endpoints, security group rules, and a VPC's metric switch."""

    name = "ec2"
    passes_on = True
    validation_code = "InvalidParameterValue"

    async def modify_vpc_attribute(self, call: Call, request: Json) -> Json:
        """The metric switch; the others are MiniStack's."""
        if _METRICS in request:
            await self.describe_vpc_attribute(
                call, {"VpcId": request["VpcId"], "Attribute": "enableNetworkAddressUsageMetrics"}
            )
            self.table(call, "metrics")[request["VpcId"]] = bool(request[_METRICS].get("Value"))
            return {}
        return await self.host.aws(call.region).pass_on("ec2", "ModifyVpcAttribute", request)

    async def describe_vpc_attribute(self, call: Call, request: Json) -> Json:
        """One attribute of a VPC."""
        answer = await self.host.aws(call.region).pass_on("ec2", "DescribeVpcAttribute", request)
        if _METRICS in answer:
            answer[_METRICS] = {"Value": self.table(call, "metrics").get(request["VpcId"], False)}
        return answer
