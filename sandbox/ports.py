"""Free ports for child processes."""

from __future__ import annotations

import socket


def free_ports(count: int) -> list[int]:
    """Different ports on 127.0.0.1 that nothing listens on."""
    probes = []
    try:
        for _ in range(count):
            probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            probes.append(probe)
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
