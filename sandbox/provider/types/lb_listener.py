"""Elastic Load Balancing v2: listeners of application load balancers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.framework import ResourceType, changed, key_value_tags, resource
from sandbox.provider.mapping import Field, to_members, to_properties
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

_FORWARD: Final = (
    Field(
        "targetGroups",
        "TargetGroups",
        many=True,
        fields=(Field("arn", "TargetGroupArn"), Field("weight", "Weight")),
    ),
    Field(
        "stickiness",
        "TargetGroupStickinessConfig",
        fields=(Field("enabled", "Enabled"), Field("duration", "DurationSeconds")),
    ),
)
_ACTION: Final = (
    Field("type", "Type"),
    Field("order", "Order"),
    Field("targetGroupArn", "TargetGroupArn"),
    Field("forward", "ForwardConfig", fields=_FORWARD),
    Field(
        "fixedResponse",
        "FixedResponseConfig",
        fields=(
            Field("contentType", "ContentType"),
            Field("messageBody", "MessageBody"),
            Field("statusCode", "StatusCode"),
        ),
    ),
    Field(
        "redirect",
        "RedirectConfig",
        fields=(
            Field("host", "Host"),
            Field("path", "Path"),
            Field("port", "Port"),
            Field("protocol", "Protocol"),
            Field("query", "Query"),
            Field("statusCode", "StatusCode"),
        ),
    ),
)
_TERMS: Final = (
    Field("port", "Port"),
    Field("protocol", "Protocol"),
    Field("sslPolicy", "SslPolicy"),
    Field("defaultActions", "DefaultActions", fields=_ACTION, many=True),
)
_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")


def _header(way: str, header: str, what: str) -> Attribute:
    """`Request`, `XAmznTlsVersion`, `HeaderName`: an attribute of the listener's headers."""
    names = [_CAPITAL.sub("_", name).lower() for name in (way, header, what)]
    return Attribute(f"routingHttp{way}{header}{what}", f"routing.http.{'.'.join(names)}", "")


_ATTRIBUTES: Final = (
    Attribute("routingHttpResponseServerEnabled", "routing.http.response.server.enabled", True),
    *(
        _header("Request", header, "HeaderName")
        for header in (
            "XAmznMtlsClientcert",
            "XAmznMtlsClientcertIssuer",
            "XAmznMtlsClientcertLeaf",
            "XAmznMtlsClientcertSerialNumber",
            "XAmznMtlsClientcertSubject",
            "XAmznMtlsClientcertValidity",
            "XAmznTlsCipherSuite",
            "XAmznTlsVersion",
        )
    ),
    *(
        _header("Response", header, "HeaderValue")
        for header in (
            "AccessControlAllowCredentials",
            "AccessControlAllowHeaders",
            "AccessControlAllowMethods",
            "AccessControlAllowOrigin",
            "AccessControlExposeHeaders",
            "AccessControlMaxAge",
            "ContentSecurityPolicy",
            "StrictTransportSecurity",
            "XContentTypeOptions",
            "XFrameOptions",
        )
    ),
)
_HEADERS: Final = tuple(one.property for one in _ATTRIBUTES)
_ACTION_TYPES: Final = ("forward", "fixed-response", "redirect")


@resource(
    "aws:lb/listener:Listener",
    replace_on=("loadBalancerArn",),
    adopted=("protocol", "sslPolicy", "defaultActions.order", *_HEADERS),
    supports=("loadBalancerArn", "certificateArn", *(one.property for one in _TERMS), *_HEADERS),
)
class Listener(ResourceType):
    """A port of a load balancer and what it does with requests."""

    def validate(self, inputs: Properties) -> list[tuple[str, str]]:
        """Each action is of a kind that is implemented."""
        actions = inputs["defaultActions"]
        kinds = [one.get("type") for one in actions if isinstance(one, dict)] if actions else []
        return [
            (f"defaultActions[{index}].type", f"expected one of {', '.join(_ACTION_TYPES)}")
            for index, kind in enumerate(kinds)
            if isinstance(kind, str) and kind not in _ACTION_TYPES
        ]

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the listener; a certificate may still be on its way through ACM."""
        terms = self._terms(inputs)
        if inputs.get("tagsAll"):
            terms["Tags"] = key_value_tags(inputs["tagsAll"])
        elb = context.client("elbv2")
        listener = context.retry(
            lambda: elb.create_listener(LoadBalancerArn=inputs["loadBalancerArn"], **terms),
            on=("CertificateNotFound",),
            timeout_seconds=60,
        )["Listeners"][0]
        arn, outputs = listener["ListenerArn"], _outputs(listener, inputs)
        context.made(arn, outputs)
        self._set_attributes(context, arn, {}, inputs)
        unset = attribute_properties(_ATTRIBUTES, [])
        given = {name: inputs[name] for name in _HEADERS if name in inputs}
        return arn, {**outputs, **unset, **given}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The listener and its tags."""
        answer = context.client("elbv2").describe_listeners(ListenerArns=[resource_id])
        listener = first(answer["Listeners"])
        if listener is None:
            return None
        elb = context.client("elbv2")
        attributes = elb.describe_listener_attributes(ListenerArn=resource_id)["Attributes"]
        outputs = _outputs(listener, inputs) | attribute_properties(_ATTRIBUTES, attributes)
        outputs["tags"] = tags_of(context, resource_id)
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Port, protocol, certificate, actions, tags."""
        update_tags(context, resource_id, old, new)
        given = {name: value for name, value in old.items() if name in new}
        self._set_attributes(context, resource_id, given, new)
        if not changed(old, new, "certificateArn", *(field.property for field in _TERMS)):
            return {}
        answer = context.client("elbv2").modify_listener(
            ListenerArn=resource_id, **self._terms(new)
        )
        return _outputs(answer["Listeners"][0], new)

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the listener."""
        del outputs
        context.client("elbv2").delete_listener(ListenerArn=resource_id)

    def _set_attributes(self, context: Context, arn: str, old: Properties, new: Properties) -> None:
        wanted = attribute_changes(_ATTRIBUTES, old, new)
        if wanted:
            context.client("elbv2").modify_listener_attributes(ListenerArn=arn, Attributes=wanted)

    def _terms(self, inputs: Properties) -> dict[str, Any]:
        terms = to_members(_TERMS, inputs)
        if inputs.get("certificateArn"):
            terms["Certificates"] = [{"CertificateArn": inputs["certificateArn"]}]
        return terms


def _outputs(listener: dict[str, Any], inputs: Properties) -> Properties:
    outputs = to_properties(_TERMS, listener)
    given = inputs.get("defaultActions") or []
    actions = outputs.get("defaultActions", [])
    for index, action in enumerate(actions):
        _as_written(action, given[index] if index < len(given) else {})
        action.setdefault("order", index + 1)
    certificate = first(listener.get("Certificates", []))
    outputs |= {
        "arn": listener["ListenerArn"],
        "loadBalancerArn": listener["LoadBalancerArn"],
        "certificateArn": certificate["CertificateArn"] if certificate else None,
    }
    return outputs


def _as_written(action: Properties, given: Properties) -> None:
    """AWS tells a forward to one group in two ways: keeps the one that the program used."""
    groups = action.get("forward", {}).get("targetGroups", [])
    if "forward" in given:
        action.pop("targetGroupArn", None)
    elif len(groups) == 1:
        action["targetGroupArn"] = groups[0]["arn"]
        del action["forward"]
