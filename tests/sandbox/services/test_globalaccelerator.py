"""Global Accelerator: states and refusals of the control plane, and the traffic it steers."""

from __future__ import annotations

import uuid
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004

from sandbox import lifecycle
from tests.sandbox.services.real import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.services.real import RealSandbox

pytestmark = pytest.mark.sandbox

EAST, WEST = "us-east-1", "us-west-2"


@pytest.fixture
def client(running: RealSandbox) -> Any:
    """The API's only region."""
    return running.client("globalaccelerator", WEST)


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


def test_an_accelerator_has_two_addresses_and_a_name(client: Any) -> None:
    """And is IN_PROGRESS before it is DEPLOYED."""
    made = new_accelerator(client, Tags=[{"Key": "team", "Value": "video"}])
    assert made["Status"] == "IN_PROGRESS"
    assert made["Enabled"] is True
    assert len(made["IpSets"][0]["IpAddresses"]) == 2
    assert made["DnsName"].endswith(".awsglobalaccelerator.com")
    assert made["AcceleratorArn"].startswith("arn:aws:globalaccelerator::000000000000:accelerator/")
    assert deployed(client, made["AcceleratorArn"])["Name"] == "test"
    tags = client.list_tags_for_resource(ResourceArn=made["AcceleratorArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "video"}]


def test_the_api_is_in_one_region_only(running: RealSandbox) -> None:
    """Elsewhere there is no endpoint to talk to."""
    with pytest.raises((ConnectionError, HTTPClientError)):
        running.client("globalaccelerator", EAST).list_accelerators()


def test_an_idempotency_token_makes_one_accelerator(client: Any) -> None:
    """The same call twice gives the same ARN."""
    same = token()
    arns = {
        client.create_accelerator(Name="once", IdempotencyToken=same)["Accelerator"][
            "AcceleratorArn"
        ]
        for _ in range(2)
    }
    assert len(arns) == 1


def test_a_second_change_has_to_wait(client: Any) -> None:
    """TransactionInProgressException until the first one is deployed."""
    arn = new_accelerator(client)["AcceleratorArn"]
    with pytest.raises(ClientError) as caught:
        client.update_accelerator(AcceleratorArn=arn, Name="new")
    assert code_of(caught) == "TransactionInProgressException"
    deployed(client, arn)
    changed = client.update_accelerator(AcceleratorArn=arn, Name="new")["Accelerator"]
    assert (changed["Name"], changed["Status"]) == ("new", "IN_PROGRESS")


def test_deletion_goes_from_the_leaves_to_the_root(client: Any, balancers: Balancers) -> None:
    """Groups, listeners, then the disabled and deployed accelerator; else each refuses."""
    arn = new_accelerator(client)["AcceleratorArn"]
    listener = new_listener(client, arn)
    group = client.create_endpoint_group(
        ListenerArn=listener, EndpointGroupRegion=EAST, IdempotencyToken=token()
    )["EndpointGroup"]["EndpointGroupArn"]
    with pytest.raises(ClientError) as caught:
        client.delete_listener(ListenerArn=listener)
    assert code_of(caught) == "AssociatedEndpointGroupFoundException"
    with pytest.raises(ClientError) as caught:
        client.delete_accelerator(AcceleratorArn=arn)
    assert code_of(caught) == "AcceleratorNotDisabledException"
    deployed(client, arn)
    client.update_accelerator(AcceleratorArn=arn, Enabled=False)
    with pytest.raises(ClientError) as caught:
        client.delete_accelerator(AcceleratorArn=arn)
    assert code_of(caught) == "AssociatedListenerFoundException"
    client.delete_endpoint_group(EndpointGroupArn=group)
    client.delete_listener(ListenerArn=listener)
    with pytest.raises(ClientError) as caught:
        client.delete_accelerator(AcceleratorArn=arn)
    assert code_of(caught) == "TransactionInProgressException"
    deployed(client, arn)
    client.delete_accelerator(AcceleratorArn=arn)
    with pytest.raises(ClientError) as caught:
        client.describe_accelerator(AcceleratorArn=arn)
    assert code_of(caught) == "AcceleratorNotFoundException"


def test_listeners_share_no_ports(client: Any) -> None:
    """Overlapping ranges are refused, at creation and at update."""
    arn = new_accelerator(client)["AcceleratorArn"]
    new_listener(client, arn, 443)
    other = new_listener(client, arn, 80)
    ranges = [{"FromPort": 400, "ToPort": 500}]
    with pytest.raises(ClientError) as caught:
        client.update_listener(ListenerArn=other, PortRanges=ranges)
    assert code_of(caught) == "InvalidPortRangeException"
    assert len(client.list_listeners(AcceleratorArn=arn)["Listeners"]) == 2


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda c: c.describe_accelerator(AcceleratorArn="x"), "AcceleratorNotFoundException"),
        (lambda c: c.describe_listener(ListenerArn="x"), "ListenerNotFoundException"),
        (
            lambda c: c.describe_endpoint_group(EndpointGroupArn="x"),
            "EndpointGroupNotFoundException",
        ),
        (lambda c: c.list_accelerators(NextToken="%"), "InvalidNextTokenException"),
        (lambda c: c.list_accelerators(MaxResults=1000), "InvalidArgumentException"),
        (lambda c: c.tag_resource(ResourceArn="x", Tags=[]), "AcceleratorNotFoundException"),
    ],
)
def test_what_is_not_there_is_named(client: Any, call: Any, code: str) -> None:
    """Each kind of resource has its own error."""
    with pytest.raises(ClientError) as caught:
        call(client)
    assert code_of(caught) == code


def test_attributes_and_tags_can_be_changed(client: Any) -> None:
    """Flow logs need a bucket; tags come and go."""
    arn = new_accelerator(client)["AcceleratorArn"]
    deployed(client, arn)
    with pytest.raises(ClientError) as caught:
        client.update_accelerator_attributes(AcceleratorArn=arn, FlowLogsEnabled=True)
    assert code_of(caught) == "InvalidArgumentException"
    client.update_accelerator_attributes(
        AcceleratorArn=arn, FlowLogsEnabled=True, FlowLogsS3Bucket="b", FlowLogsS3Prefix="p"
    )
    found = client.describe_accelerator_attributes(AcceleratorArn=arn)["AcceleratorAttributes"]
    assert found == {"FlowLogsEnabled": True, "FlowLogsS3Bucket": "b", "FlowLogsS3Prefix": "p"}
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    client.untag_resource(ResourceArn=arn, TagKeys=["a"])
    tags = client.list_tags_for_resource(ResourceArn=arn)["Tags"]
    assert tags == [{"Key": "b", "Value": "2"}]


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


@pytest.fixture
def balancers(running: RealSandbox) -> Iterator[Balancers]:
    """A load balancer in each region."""
    made = Balancers(running)
    yield made
    made.close()


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


@pytest.fixture
def door(running: RealSandbox, client: Any, balancers: Balancers) -> FrontDoor:
    """An accelerator over both regions, both healthy."""
    made = FrontDoor(running, client, balancers)
    made.wait_for_health(us_east_1="HEALTHY", us_west_2="HEALTHY")
    return made


def test_dials_steer_traffic(door: FrontDoor) -> None:
    """Both at 100: both serve. One at 0: the other serves all. Both at 0: nobody does."""
    assert door.becomes(EAST, WEST)
    door.dial(WEST, 0)
    assert door.becomes(EAST)
    door.dial(EAST, 0)
    assert door.becomes("503")
    door.dial(WEST, 100)
    assert door.becomes(WEST)
    assert door.group(EAST)["TrafficDialPercentage"] == 0.0


def test_weight_zero_takes_an_endpoint_out(
    door: FrontDoor, client: Any, balancers: Balancers
) -> None:
    """Its group hands over, the dial of the other group being ignored."""
    door.dial(WEST, 0)
    client.update_endpoint_group(
        EndpointGroupArn=door.groups[EAST],
        EndpointConfigurations=[{"EndpointId": balancers.arns[EAST], "Weight": 0}],
    )
    assert door.becomes(WEST)


def test_failing_health_checks_move_traffic_without_the_control_plane(
    door: FrontDoor, balancers: Balancers
) -> None:
    """Unhealthy targets make the endpoint UNHEALTHY; recovery brings the traffic back."""
    door.dial(WEST, 0)
    balancers.sick.add(EAST)
    door.wait_for_health(us_east_1="UNHEALTHY")
    assert door.becomes(WEST)
    reason = door.group(EAST)["EndpointDescriptions"][0]["HealthReason"]
    assert reason == "Health checks failed"
    balancers.sick.clear()
    door.wait_for_health(us_east_1="HEALTHY")
    assert door.becomes(EAST)


def test_when_nothing_is_healthy_traffic_fails_open(door: FrontDoor, balancers: Balancers) -> None:
    """Sick targets get requests rather than nobody."""
    balancers.sick.update((EAST, WEST))
    door.wait_for_health(us_east_1="UNHEALTHY", us_west_2="UNHEALTHY")
    assert door.becomes(EAST, WEST)


def test_a_lost_region_loses_its_traffic_to_the_other(
    door: FrontDoor, running: RealSandbox
) -> None:
    """The fault region-down makes the region's endpoint unhealthy."""
    control = f"{running.endpoint_url}/_sandbox/faults"
    httpx.post(control, json={"kind": "region-down", "region": EAST})
    try:
        assert door.health(EAST) == "UNHEALTHY"
        assert door.becomes(WEST)
    finally:
        httpx.delete(control)
    assert door.becomes(EAST, WEST)


def test_an_established_connection_stays_where_it_is(door: FrontDoor) -> None:
    """A dial moves new connections only."""
    door.dial(WEST, 0)
    assert door.becomes(EAST)
    with httpx.Client() as client:
        assert client.get(door._url).text == EAST
        door.dial(EAST, 0)
        door.dial(WEST, 100)
        assert door.becomes(WEST)
        assert client.get(door._url).text == EAST


def test_endpoints_are_added_and_removed(
    door: FrontDoor, client: Any, balancers: Balancers
) -> None:
    """Adding keeps what is there, removing takes only what is named."""
    group = door.groups[EAST]
    accelerator = group.partition("/listener/")[0]
    deployed(client, accelerator)
    endpoint = {"EndpointId": balancers.arns[EAST]}
    client.remove_endpoints(EndpointGroupArn=group, EndpointIdentifiers=[endpoint])
    with pytest.raises(ClientError) as caught:
        client.add_endpoints(
            EndpointGroupArn=group, EndpointConfigurations=[{**endpoint, "Weight": 5}]
        )
    assert code_of(caught) == "TransactionInProgressException"
    assert door.group(EAST)["EndpointDescriptions"] == []
    assert door.becomes(WEST)
    deployed(client, accelerator)
    added = client.add_endpoints(
        EndpointGroupArn=group, EndpointConfigurations=[{**endpoint, "Weight": 5}]
    )["EndpointDescriptions"]
    assert [e["Weight"] for e in added] == [5]
    with pytest.raises(ClientError) as caught:
        client.update_endpoint_group(
            EndpointGroupArn=group, EndpointConfigurations=[{"EndpointId": "arn:aws:nothing"}]
        )
    assert code_of(caught) == "InvalidArgumentException"


def test_one_group_a_region(door: FrontDoor, client: Any) -> None:
    """A second group for the same region and listener is refused."""
    listener = door.groups[EAST].partition("/endpoint-group/")[0]
    with pytest.raises(ClientError) as caught:
        client.create_endpoint_group(
            ListenerArn=listener, EndpointGroupRegion=EAST, IdempotencyToken=token()
        )
    assert code_of(caught) == "EndpointGroupAlreadyExistsException"
    found = client.list_endpoint_groups(ListenerArn=listener)["EndpointGroups"]
    assert sorted(group["EndpointGroupRegion"] for group in found) == [EAST, WEST]
