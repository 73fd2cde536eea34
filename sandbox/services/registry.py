"""Finds the services of this package and holds one of each."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

import sandbox.services as package
from sandbox.protocol import models
from sandbox.services.base import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from botocore.model import OperationModel


def discover() -> list[type[Service]]:
    """Every service class defined in a module or package under `sandbox.services`, by name."""
    found: dict[str, type[Service]] = {}
    for module_info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(module_info.name)
        for candidate in vars(module).values():
            if (
                isinstance(candidate, type)
                and issubclass(candidate, Service)
                and hasattr(candidate, "name")
                and candidate.__module__.startswith(module.__name__)
            ):
                found[candidate.name] = candidate
    return [found[name] for name in sorted(found)]


class Registry:
    """The running services, found by target prefix, signing name or name."""

    def __init__(self, services: list[Service]) -> None:
        self._services = {service.name: service for service in services}
        self._by_target: dict[str, list[Service]] = {}
        self._by_signing_name: dict[str, list[Service]] = {}
        for service in services:
            metadata = models.service_model(service.name).metadata
            signing_name = metadata.get("signingName") or metadata["endpointPrefix"]
            self._by_signing_name.setdefault(signing_name, []).append(service)
            if "targetPrefix" in metadata:
                self._by_target.setdefault(metadata["targetPrefix"], []).append(service)

    def __iter__(self) -> Iterator[Service]:
        return iter(self._services.values())

    def get(self, name: str) -> Service | None:
        """The service of that boto3 name, if it lives here."""
        return self._services.get(name)

    def by_target(self, prefix: str, operation: str) -> Service | None:
        """Service of an `X-Amz-Target`; two services may share a prefix (Timestream's halves).

        Of two that know the operation it is the one that has it: tags are the write half's.
        """
        candidates = self._by_target.get(prefix)
        if not candidates:
            return None
        knowing = [one for one in candidates if operation in models.operations(one.name)]
        method = models.method_name(operation)
        return next((one for one in knowing if hasattr(one, method)), (knowing or candidates)[0])

    def by_signing_name(self, signing_name: str) -> list[Service]:
        """Services that sign with this name."""
        return self._by_signing_name.get(signing_name, [])


def handler(service: Service, operation: OperationModel) -> Callable[..., Any] | None:
    """The service's method for an operation; None when it has none."""
    return getattr(service, models.method_name(operation.name), None)
