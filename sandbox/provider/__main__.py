"""`python -m sandbox.provider ENGINE_ADDRESS`: the process behind `pulumi-resource-aws`.

The engine starts it, reads the port it prints, and talks gRPC to it until it ends it.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Final

_WORKERS: Final = 64
_LARGEST_MESSAGE_BYTES: Final = 400 * 1024 * 1024
_PARENT_POLL_SECONDS: Final = 0.5


def main() -> None:
    """Serves until the engine ends this process, or is gone itself."""
    parent = os.getppid()
    # The engine ends its plugins with SIGINT once nothing is under way, and waits 5 s for one that
    # stays; they are a process group of their own, which the terminal's Ctrl-C does not reach.
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    _use_protocol_without_sdk()

    import grpc  # noqa: PLC0415 - after the SDK's packages are in place
    from pulumi.runtime.proto import provider_pb2_grpc  # noqa: PLC0415

    from sandbox.provider.provider import Provider  # noqa: PLC0415
    from sandbox.provider.service import ProviderService  # noqa: PLC0415

    limits = ("grpc.max_receive_message_length", "grpc.max_send_message_length")
    server = grpc.server(
        ThreadPoolExecutor(max_workers=_WORKERS),
        options=[(limit, _LARGEST_MESSAGE_BYTES) for limit in limits],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(ProviderService(Provider()), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    threading.Thread(target=_import_botocore, daemon=True).start()
    while os.getppid() == parent:
        time.sleep(_PARENT_POLL_SECONDS)
    # The engine was killed: nobody would record what this process still makes.
    os._exit(1)


def _use_protocol_without_sdk() -> None:
    """Makes `pulumi.runtime.proto` importable without running the SDK's own `__init__`.

    The SDK's imports take 0.6 s, at each preview and update, and this process needs its protocol
    buffers only.
    """
    spec = importlib.util.find_spec("pulumi")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the provider needs the package pulumi", name="pulumi")
    root = Path(spec.origin).parent
    for name, place in (("pulumi", root), ("pulumi.runtime", root / "runtime")):
        package = ModuleType(name)
        package.__path__ = [str(place)]
        sys.modules[name] = package


def _import_botocore() -> None:
    import botocore.session  # noqa: F401, PLC0415 - while the engine still reads the program


if __name__ == "__main__":
    main()
