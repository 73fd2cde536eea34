"""Accelerators, load balancers with targets, and requests through the front door."""

from __future__ import annotations

import uuid
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx

from sandbox import lifecycle
from tests.sandbox.services.real import eventually

if TYPE_CHECKING:
    import pytest
    from botocore.exceptions import ClientError

    from tests.sandbox.services.real import RealSandbox

EAST, WEST = "us-east-1", "us-west-2"


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> str:
    """Error code of a failed call."""
    return str(caught.value.response["Error"]["Code"])


def token() -> str:
    """An idempotency token of its own."""
    return uuid.uuid4().hex


def deployed(client: Any, arn: str) -> dict[str, Any]:
    """The accelerator once it is DEPLOYED."""

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = client.describe_accelerator(AcceleratorArn=arn)["Accelerator"]
        return found if found["Status"] == "DEPLOYED" else None

    found = eventually(look)
    assert found is not None
    return found


def new_accelerator(client: Any, **more: Any) -> dict[str, Any]:
    """An accelerator."""
    made: dict[str, Any] = client.create_accelerator(Name="test", IdempotencyToken=token(), **more)[
        "Accelerator"
    ]
    return made


def new_listener(client: Any, arn: str, port: int = 443) -> str:
    """ARN of a listener."""
    return str(
        client.create_listener(
            AcceleratorArn=arn,
            PortRanges=[{"FromPort": port, "ToPort": port}],
            Protocol="TCP",
            IdempotencyToken=token(),
        )["Listener"]["ListenerArn"]
    )


class Balancers:
    """A load balancer in each region, with a target that answers the name of its region."""

    def __init__(self, sandbox: RealSandbox) -> None:
        self._sandbox = sandbox
        self._servers: list[tuple[ThreadingHTTPServer, Thread]] = []
        self.arns: dict[str, str] = {}
        self.groups: dict[str, str] = {}
        self.sick: set[str] = set()
        for region in (EAST, WEST):
            self._add(region)

    def _add(self, region: str) -> None:
        elb = self._sandbox.client("elbv2", region)
        name = f"t{uuid.uuid4().hex[:12]}"
        balancer = elb.create_load_balancer(Name=name)["LoadBalancers"][0]
        group = elb.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=80,
            TargetType="ip",
            HealthCheckPath="/health",
            UnhealthyThresholdCount=2,
            HealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        action = {"Type": "forward", "TargetGroupArn": group}
        arn = balancer["LoadBalancerArn"]
        elb.create_listener(LoadBalancerArn=arn, Port=80, DefaultActions=[action])
        port = self._serve(region)
        elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "127.0.0.1", "Port": port}])
        self.arns[region] = arn
        self.groups[region] = group

    def _serve(self, region: str) -> int:
        sick = self.sick

        class Answer(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                failing = self.path == "/health" and region in sick
                self.send_response(500 if failing else 200)
                self.send_header("content-length", str(len(region)))
                self.end_headers()
                self.wfile.write(region.encode())

            def log_message(self, *_arguments: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        thread = Thread(target=server.serve_forever)
        thread.start()
        self._servers.append((server, thread))
        return int(server.server_address[1])

    def close(self) -> None:
        """Stop the targets."""
        for server, thread in self._servers:
            server.shutdown()
            thread.join()
            server.server_close()


class FrontDoor:
    """An accelerator with a group in each region, and requests through it."""

    def __init__(self, sandbox: RealSandbox, client: Any, balancers: Balancers) -> None:
        self._client = client
        server = lifecycle.find(sandbox.home)
        assert server is not None
        made = new_accelerator(client)
        self._url = f"http://127.0.0.1:{server.front_door_port}/{made['DnsName']}/x"
        listener = new_listener(client, made["AcceleratorArn"])
        self.groups = {
            region: client.create_endpoint_group(
                ListenerArn=listener,
                EndpointGroupRegion=region,
                IdempotencyToken=token(),
                EndpointConfigurations=[{"EndpointId": arn, "Weight": 128}],
            )["EndpointGroup"]["EndpointGroupArn"]
            for region, arn in balancers.arns.items()
        }

    def group(self, region: str) -> dict[str, Any]:
        """The endpoint group of a region."""
        found: dict[str, Any] = self._client.describe_endpoint_group(
            EndpointGroupArn=self.groups[region]
        )["EndpointGroup"]
        return found

    def health(self, region: str) -> str:
        """Health state of the region's endpoint."""
        return str(self.group(region)["EndpointDescriptions"][0]["HealthState"])

    def wait_for_health(self, **states: str) -> None:
        """Until the regions (with underscores) have these health states."""
        wanted = {region.replace("_", "-"): state for region, state in states.items()}
        eventually(lambda: all(self.health(r) == state for r, state in wanted.items()))

    def dial(self, region: str, percentage: float) -> None:
        """Set a traffic dial."""
        self._client.update_endpoint_group(
            EndpointGroupArn=self.groups[region], TrafficDialPercentage=percentage
        )

    def ask(self, times: int = 20) -> Counter[str]:
        """Who answered how many of `times` new connections."""
        found: Counter[str] = Counter()
        for _ in range(times):
            try:
                answer = httpx.get(self._url, timeout=5)
                found[answer.text if answer.status_code == 200 else str(answer.status_code)] += 1
            except httpx.TransportError:
                found["broken"] += 1
        return found

    def becomes(self, *answers: str) -> bool:
        """Whether traffic soon goes to exactly these."""
        return bool(eventually(lambda: set(self.ask()) == set(answers), 10))
