"""Who may invoke a function: one statement of its resource policy."""

from __future__ import annotations

import json
from typing import Any, Final

from sandbox.provider.framework import Context, Properties, ResourceType, resource
from sandbox.provider.mapping import Field, Table, to_members

_STATEMENT: Final[Table] = (
    Field("statementId", "StatementId"),
    Field("action", "Action"),
    Field("function", "FunctionName"),
    Field("principal", "Principal"),
    Field("qualifier", "Qualifier"),
    Field("sourceArn", "SourceArn"),
    Field("sourceAccount", "SourceAccount"),
    Field("eventSourceToken", "EventSourceToken"),
    Field("principalOrgId", "PrincipalOrgID"),
    Field("functionUrlAuthType", "FunctionUrlAuthType"),
    Field("invokedViaFunctionUrl", "InvokedViaFunctionUrl"),
)
_CONDITIONS: Final = {
    "aws:sourcearn": "sourceArn",
    "aws:sourceaccount": "sourceAccount",
    "aws:principalorgid": "principalOrgId",
    "lambda:eventsourcetoken": "eventSourceToken",
    "lambda:functionurlauthtype": "functionUrlAuthType",
}
"""Condition keys, which are case-insensitive, and the properties that set them."""


@resource(
    "aws:lambda/permission:Permission",
    named="statementId",
    replace_on=tuple(field.property for field in _STATEMENT),
    supports=tuple(field.property for field in _STATEMENT),
)
class Permission(ResourceType):
    """A statement; its id is the statement's, on import `function[:qualifier]/statement`."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Adds the statement."""
        context.client("lambda").add_permission(**to_members(_STATEMENT, inputs))
        return inputs["statementId"], {"statementIdPrefix": ""}

    def imported(self, context: Context, resource_id: str) -> tuple[str, Properties]:
        """The statement's id and the function it belongs to."""
        del context
        function, _, statement_id = resource_id.rpartition("/")
        name, _, qualifier = function.partition(":")
        return statement_id, {"function": name, "qualifier": qualifier or None}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The statement in the function's policy."""
        answer = context.client("lambda").get_policy(**_place(inputs))
        for statement in json.loads(answer["Policy"])["Statement"]:
            if statement["Sid"] == resource_id:
                found = {
                    "function": inputs["function"],
                    "qualifier": inputs.get("qualifier"),
                    "statementId": resource_id,
                    **_described(statement),
                }
                return found, {**found, "statementIdPrefix": ""}
        return None

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Never asked for a change: each one is a replacement."""
        del context, resource_id, old, new
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the statement."""
        context.client("lambda").remove_permission(**_place(outputs), StatementId=resource_id)


def _place(properties: Properties) -> dict[str, str]:
    """The function, and its version or alias, as arguments of a call."""
    place = {"FunctionName": properties["function"]}
    if properties.get("qualifier"):
        place["Qualifier"] = properties["qualifier"]
    return place


def _described(statement: dict[str, Any]) -> Properties:
    principal = statement["Principal"]
    if isinstance(principal, dict):
        principal = principal.get("Service") or principal["AWS"]
    found = {"action": statement["Action"], "principal": principal}
    for keys in statement.get("Condition", {}).values():
        for key, value in keys.items():
            if key.lower() in _CONDITIONS:
                found[_CONDITIONS[key.lower()]] = value
    return found
