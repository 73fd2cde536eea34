"""AWS Lambda: the session function and its event source mapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from videoctl.aws.errors import NotFound

if TYPE_CHECKING:
    from videoctl.aws.client import AwsClient


@dataclass(frozen=True, kw_only=True)
class EventSourceMapping:
    """A mapping; `state` is Lambda's word, such as Enabled or Disabling."""

    uuid: str
    state: str
    event_source_arn: str


class LambdaGateway:
    """Lambda of one region."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def function_state(self, function: str) -> str | None:
        """The function's State (Active, Pending, Inactive, Failed); None when there is none."""
        try:
            answer = self._client.call("GetFunctionConfiguration", FunctionName=function)
        except NotFound:
            return None
        state: str = answer.get("State", "Active")
        return state

    def event_source_mapping(
        self, function: str, event_source_arn: str
    ) -> EventSourceMapping | None:
        """The mapping from `event_source_arn` to `function`."""
        try:
            found = list(
                self._client.items(
                    "ListEventSourceMappings",
                    "EventSourceMappings",
                    FunctionName=function,
                    EventSourceArn=event_source_arn,
                )
            )
        except NotFound:
            return None
        for mapping in found:
            return EventSourceMapping(
                uuid=mapping["UUID"],
                state=mapping["State"],
                event_source_arn=mapping["EventSourceArn"],
            )
        return None

    def set_event_source_mapping(self, uuid: str, *, enabled: bool) -> None:
        """Enable or disable a mapping; Lambda takes a while."""
        self._client.call("UpdateEventSourceMapping", UUID=uuid, Enabled=enabled)
