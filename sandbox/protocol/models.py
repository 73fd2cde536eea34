"""Which services and operations exist, from botocore's models, loaded when first needed."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal, TypeAlias
from urllib.parse import unquote

from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

Protocol: TypeAlias = Literal[
    "json", "cbor", "rpc-v2-cbor", "query", "ec2", "rest-json", "rest-xml"
]
"""How a request is written; `cbor` is json with CBOR bodies, as the Kinesis clients may use."""

_LOADER = Loader()
_HTTP_PLACEHOLDER = re.compile(r"\{(\w+)(\+?)\}")


@cache
def service_model(service: str) -> ServiceModel:
    """Model of a service by its boto3 name; raises `UnknownServiceError`."""
    return ServiceModel(_LOADER.load_service_model(service, "service-2"), service_name=service)


@cache
def is_known(service: str) -> bool:
    """Whether botocore knows a service of this name."""
    try:
        service_model(service)
    except UnknownServiceError:
        return False
    return True


@cache
def services() -> tuple[str, ...]:
    """Every service botocore has a model of."""
    return tuple(_LOADER.list_available_services("service-2"))


@cache
def method_name(operation: str) -> str:
    """Snake-case name of an operation, as boto3 spells it: `CreateAccelerator` to `create_...`."""
    return str(xform_name(operation))


@cache
def operations(service: str) -> dict[str, OperationModel]:
    """All operations of a service by name."""
    model = service_model(service)
    return {name: model.operation_model(name) for name in model.operation_names}


class _RestRoute:
    """One operation of a REST service: method, path pattern and the query keys that mark it."""

    def __init__(self, operation: OperationModel) -> None:
        uri, _, query = operation.http["requestUri"].partition("?")
        self.operation = operation
        self.method = operation.http.get("method", "POST")
        self.query = dict(part.partition("=")[::2] for part in query.split("&") if part)
        self.pattern = re.compile(_path_pattern(uri))
        placeholders = _HTTP_PLACEHOLDER.findall(uri)
        self.required_headers = _required(operation, "header")
        self.required_query = _required(operation, "querystring")
        self.specificity = (
            len(self.query) + len(self.required_query),
            len(self.required_headers),
            len(_HTTP_PLACEHOLDER.sub("", uri)),
            -len(placeholders),
            # S3 answers PutBucketLifecycle's request as the operation that took its place.
            not operation.deprecated,
        )

    def matches(self, path: str, query: dict[str, list[str]], headers: dict[str, str]) -> bool:
        """Whether a request of the right method is this operation."""
        if not all(
            key in query and (not value or value in query[key]) for key, value in self.query.items()
        ):
            return False
        if not all(name in query for name in self.required_query):
            return False
        if not all(name.lower() in headers for name in self.required_headers):
            return False
        return self.pattern.fullmatch(path) is not None


def _path_pattern(uri: str) -> str:
    pattern, position = "", 0
    for found in _HTTP_PLACEHOLDER.finditer(uri):
        greedy = ".+" if found[2] else "[^/]+"
        pattern += re.escape(uri[position : found.start()]) + f"(?P<{found[1]}>{greedy})"
        position = found.end()
    return pattern + re.escape(uri[position:]) + "/?"


def _required(operation: OperationModel, location: str) -> tuple[str, ...]:
    """Headers or query keys that tell operations of one path apart, such as S3's copy source."""
    shape = operation.input_shape
    if shape is None:
        return ()
    return tuple(
        str(member.serialization["name"])
        for name, member in shape.members.items()
        if member.serialization.get("location") == location and name in shape.required_members
    )


@cache
def _rest_routes(service: str) -> dict[str, list[_RestRoute]]:
    routes: dict[str, list[_RestRoute]] = {}
    for operation in operations(service).values():
        route = _RestRoute(operation)
        routes.setdefault(route.method, []).append(route)
    for candidates in routes.values():
        candidates.sort(key=lambda route: route.specificity, reverse=True)
    return routes


def rest_operation(
    service: str, method: str, path: str, query: dict[str, list[str]], headers: dict[str, str]
) -> OperationModel | None:
    """Operation a REST request means, the most specific first; None when there is none."""
    for route in _rest_routes(service).get(method, ()):
        if route.matches(path, query, headers):
            return route.operation
    return None


def path_parameters(operation: OperationModel, path: str) -> dict[str, Any]:
    """Values of the placeholders of an operation's path, unescaped."""
    uri = operation.http["requestUri"].partition("?")[0]
    found = re.fullmatch(_path_pattern(uri), path)
    return {name: unquote(value) for name, value in found.groupdict().items()} if found else {}
