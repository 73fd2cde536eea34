"""MiniStack as a library: set up before it is imported, and put right where it is slow or wrong.

MiniStack reads its settings from environment variables when its modules are imported, and keeps
state in module globals; `prepare` must therefore run before `application`. The version is pinned
(requirements/sandbox.in), so its module-level names can be relied on here, and only here and in
`sandbox.durability`, `sandbox.kinesis` and `sandbox.counting`.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from sandbox.account import ACCOUNT_ID, DEFAULT_REGION, client_environment
from sandbox.kinesis import mappings, reading, shards, subscriptions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

    from sandbox.home import Home


_NOT_BOTO3_NAMES = frozenset({"ecs-metadata", "imds", "lambda-core", "appsync-events"})


def prepare(home: Home, port: int) -> None:
    """Set the environment MiniStack reads at import."""
    os.environ.update(
        {
            # Functions run as children of the server: their clients find the sandbox by these.
            **client_environment(f"http://127.0.0.1:{port}"),
            "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
            "MINISTACK_REGION": DEFAULT_REGION,
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "LOG_LEVEL": "WARNING",
            # sandbox.durability saves state itself: after every change instead of at shutdown only.
            "PERSIST_STATE": "0",
            "STATE_DIR": str(home.state),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(home.objects),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "DOCKER_HOST": "unix:///nonexistent",  # Docker is neither needed nor touched
        }
    )


def module() -> ModuleType:
    """MiniStack's application module, imported on first use."""
    return importlib.import_module("ministack.app")


def application() -> Callable[..., Awaitable[None]]:
    """MiniStack's ASGI application."""
    app: Callable[..., Awaitable[None]] = module().app
    return app


def service_module(name: str) -> ModuleType:
    """One of MiniStack's service modules, such as `kinesis`."""
    found: ModuleType = module()._get_module(name)
    return found


def module_of(signing_name: str) -> str | None:
    """Name of the module that answers requests signed for a service; None when there is none."""
    app = module()
    name = app.SERVICE_NAME_ALIASES.get(signing_name, signing_name)
    entry = app.SERVICE_REGISTRY.get(name)
    return str(entry["module"]) if entry else None


def loaded_modules() -> list[str]:
    """Names of the service modules that have state, imported so far."""
    names: dict[str, Any] = module()._state_map
    return sorted({name for name in names.values() if f"ministack.services.{name}" in sys.modules})


def responses() -> ModuleType:
    """MiniStack's account and region of the request that is answered."""
    return importlib.import_module("ministack.core.responses")


def persistence() -> ModuleType:
    """MiniStack's encoding of state as JSON."""
    return importlib.import_module("ministack.core.persistence")


def apply_corrections() -> None:
    """Replace the functions of MiniStack that are too slow here, or that fall short."""
    _correct_kinesis(service_module("kinesis"))


def _correct_kinesis(kinesis: Any) -> None:
    """Shards that close instead of vanishing, and reading that keeps nothing in memory."""
    reads = reading.Reading(kinesis)
    kinesis._expire_records = shards.expire
    kinesis._route_to_shard = shards.route
    kinesis._shard_out = shards.described
    kinesis._list_shards = reads.list_shards
    kinesis._get_shard_iterator = reads.get_shard_iterator
    kinesis._get_records = reads.get_records
    kinesis._subscribe_to_shard = subscriptions.Subscriptions(kinesis).subscribe
    mappings.install(service_module("lambda_svc"), kinesis)


def service_names() -> list[str]:
    """boto3's names of the services MiniStack answers, as far as they are known to botocore."""
    return [name for name in module().SERVICE_REGISTRY if name not in _NOT_BOTO3_NAMES]


def reset() -> None:
    """Empty every service of MiniStack."""
    module()._reset_all_state()


def regional_records(module_name: str, store: str) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Records of a region-scoped store of MiniStack by (account id, region, key); read only."""
    records: dict[tuple[str, str, str], dict[str, Any]] = getattr(
        service_module(module_name), store
    )._data
    return records


def has_event_sources() -> bool:
    """Whether functions poll streams or queues, so that their positions move by themselves."""
    if "ministack.services.lambda_svc" not in sys.modules:
        return False
    return bool(service_module("lambda_svc")._esms.has_any())


def restore_replication_status() -> None:
    """Give objects back their replication status: MiniStack saves it with the versions only."""
    s3 = service_module("s3")
    for (account_id, bucket), record in s3._buckets._data.items():
        for key, current in record["objects"].items():
            versions = s3._object_versions.get_scoped(account_id, "", (bucket, key)) or []
            for version in versions:
                if version.get("version_id") == current.get("version_id"):
                    status = version.get("replication_status")
                    if status is not None:
                        current["replication_status"] = status
