"""What accelerators, listeners and endpoint groups share: looking up, deploying, listing."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sandbox.protocol.errors import ServiceError
from sandbox.services.base import Call, Service
from sandbox.services.elbv2 import LoadBalancing
from sandbox.services.paging import page

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.protocol.wire import Json

DEPLOYMENT_SECONDS = 1.0
"""How long an accelerator is IN_PROGRESS after a change; AWS takes seconds to minutes."""
_PAGE_SIZE = 10


class AcceleratorTables(Service):
    """The tables `accelerators`, `listeners` and `endpoint_groups`, by ARN."""

    @property
    def load_balancing(self) -> LoadBalancing:
        """The service whose load balancers are the endpoints."""
        assert self.host.registry is not None
        service = self.host.registry.get("elbv2")
        assert isinstance(service, LoadBalancing)
        return service

    def health(self, account_id: str, region: str, endpoint_id: str) -> tuple[str, str | None]:
        """Health state of an endpoint and the reason when it is not healthy."""
        return self.load_balancing.endpoint_health(account_id, region, endpoint_id)

    def accelerator(self, call: Call, arn: str) -> Json:
        """An accelerator's record by its ARN or the ARN of anything below it."""
        arn = arn.partition("/listener/")[0]
        found: Json | None = self.table(call, "accelerators").get(arn)
        if found is None:
            raise ServiceError("AcceleratorNotFoundException", f"Accelerator {arn} not found")
        return found

    def listener(self, call: Call, arn: str) -> Json:
        """A listener's record by its ARN."""
        found: Json | None = self.table(call, "listeners").get(arn)
        if found is None:
            raise ServiceError("ListenerNotFoundException", f"Listener {arn} not found")
        return found

    def endpoint_group(self, call: Call, arn: str) -> Json:
        """An endpoint group's record by its ARN."""
        found: Json | None = self.table(call, "endpoint_groups").get(arn)
        if found is None:
            raise ServiceError("EndpointGroupNotFoundException", f"Endpoint group {arn} not found")
        return found

    def is_deploying(self, call: Call, accelerator: Json) -> bool:
        """Whether a change of the accelerator is still on its way to the edge."""
        return bool(call.now() < accelerator["DeployedAt"])

    def refuse_while_deploying(self, call: Call, accelerator: Json) -> None:
        """Raise what AWS answers to a second change while the first is deployed."""
        if self.is_deploying(call, accelerator):
            raise ServiceError(
                "TransactionInProgressException",
                "There's already a transaction in progress. Another transaction can't be "
                "processed.",
            )

    def deploy(self, call: Call, accelerator: Json) -> None:
        """A change was made: IN_PROGRESS for a while."""
        now = call.now()
        accelerator.update(LastModifiedTime=now, DeployedAt=now + DEPLOYMENT_SECONDS)
        self.host.routes_changed()

    def remembered(self, call: Call, request: Json, create: Callable[[], str]) -> str:
        """ARN that an idempotency token led to before, else that of what `create` makes."""
        tokens = self.table(call, "idempotency_tokens")
        token = f"{call.operation}:{request['IdempotencyToken']}"
        if token not in tokens:
            tokens[token] = create()
        return str(tokens[token])

    def below(self, call: Call, table: str, arn: str) -> list[Json]:
        """Records of a table whose ARN lies under `arn`."""
        prefix = f"{arn}/"
        return [record for key, record in self.table(call, table).items() if key.startswith(prefix)]

    @staticmethod
    def listed(
        request: Json, member: str, records: list[Json], describe: Callable[[Json], Json]
    ) -> Json:
        """A page of `records` under the name `member`."""
        limit = request.get("MaxResults", _PAGE_SIZE)
        shown, token = page(
            records, limit, request.get("NextToken"), error_code="InvalidNextTokenException"
        )
        answer: dict[str, Any] = {member: [describe(record) for record in shown]}
        if token:
            answer["NextToken"] = token
        return answer


def identifier(digits: int) -> str:
    """A random id of lower-case hexadecimal digits, as AWS puts in ARNs."""
    return secrets.token_hex(digits // 2)
