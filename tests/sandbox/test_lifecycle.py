"""Starting, finding, stopping and losing the server, as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from sandbox import lifecycle
from sandbox.children import OWNER_VARIABLE
from sandbox.home import Home
from tests.sandbox.services.real import RealSandbox, eventually

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sandbox


def run(home: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON document of one `python -m sandbox` command."""
    command = [sys.executable, "-m", "sandbox", *words, "--home", str(home), "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def marked(home: Path) -> list[int]:
    """Pids of live processes that belong to the sandbox of this home."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(
                OWNER_VARIABLE
            ) == str(home):
                found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def test_up_status_down(own: RealSandbox, tmp_path: Path) -> None:
    """Each verb answers with the status document, and down leaves no process."""
    code, before = run(tmp_path, "status")
    assert (code, before["running"], before["services"]) == (0, False, [])
    code, up = run(tmp_path, "up")
    assert code == 0
    assert up["schema"] == "videoctl/sandbox-status/v1"
    assert up["running"]
    assert up["pid"] in marked(tmp_path)
    assert {"s3", "kinesis", "globalaccelerator", "ecs"} <= set(up["services"])
    assert up["faults"] == []
    assert up["uptime_seconds"] >= 0
    code, down = run(tmp_path, "down")
    assert (code, down["running"]) == (0, False)
    assert marked(tmp_path) == []


def test_ensure_tells_how_to_reach_it(own: RealSandbox, tmp_path: Path) -> None:
    """The target document has everything a client and the engine need."""
    _, first = run(tmp_path, "ensure")
    _, second = run(tmp_path, "ensure")
    assert first["schema"] == "videoctl/sandbox-target/v1"
    assert (first.pop("started"), second.pop("started")) == (True, False)
    assert first == second
    assert first["environment"]["AWS_ENDPOINT_URL"] == first["endpoint_url"]
    assert first["account_id"] == "000000000000"
    assert "{dns_name}/v1/events" in first["front_door_url_template"]
    plugin = f"{first['plugin_directories'][0]}/pulumi-resource-aws"
    assert os.access(plugin, os.X_OK)


def test_it_listens_on_the_loopback_address_only(own: RealSandbox, tmp_path: Path) -> None:
    """Nothing outside this machine can reach a sandbox."""
    own.start()
    listening = {
        connection.laddr.ip
        for pid in marked(tmp_path)
        for connection in psutil.Process(pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_two_homes_run_side_by_side(tmp_path: Path) -> None:
    """Ports, state and processes are apart."""
    sandboxes = [RealSandbox(Home(tmp_path / name)) for name in ("one", "two")]
    try:
        for sandbox in sandboxes:
            sandbox.start()
        assert sandboxes[0].endpoint_url != sandboxes[1].endpoint_url
        sandboxes[0].client("s3").create_bucket(Bucket="only-in-one")
        assert sandboxes[1].client("s3").list_buckets()["Buckets"] == []
        sandboxes[0].stop()
        assert sandboxes[1].client("s3").list_buckets()["Buckets"] == []
    finally:
        for sandbox in sandboxes:
            sandbox.stop()


def test_a_taken_port_is_one_clear_error(tmp_path: Path) -> None:
    """It names the port and the cure, and starts nothing."""
    holder = lifecycle.free_socket()
    port = holder.getsockname()[1]
    code, error = run(tmp_path, "up", "--port", str(port))
    holder.close()
    assert code == 1
    assert error["schema"] == "videoctl/error/v1"
    assert error["code"] == "port-taken"
    assert str(port) in error["message"]
    assert "--port" in error["hint"]
    assert marked(tmp_path) == []


def test_the_wanted_port_is_used(own: RealSandbox, tmp_path: Path) -> None:
    """And another wish while it runs is refused."""
    probe = lifecycle.free_socket()
    port = probe.getsockname()[1]
    probe.close()
    _, up = run(tmp_path, "up", "--port", str(port))
    assert up["endpoint_url"] == f"http://127.0.0.1:{port}"
    code, error = run(tmp_path, "up", "--port", str(port + 1))
    assert (code, error["code"]) == (1, "port-differs")


def test_the_endpoint_is_the_same_after_a_restart(own: RealSandbox, tmp_path: Path) -> None:
    """Both ports are remembered; a remembered port that is taken gives way to a free one."""
    _, first = run(tmp_path, "ensure")
    run(tmp_path, "down")
    _, second = run(tmp_path, "ensure")
    assert second["endpoint_url"] == first["endpoint_url"]
    assert second["front_door_url_template"] == first["front_door_url_template"]
    run(tmp_path, "down")
    holder = lifecycle.free_socket(int(first["endpoint_url"].rpartition(":")[2]))
    _, third = run(tmp_path, "ensure")
    holder.close()
    assert third["endpoint_url"] != first["endpoint_url"]


def test_concurrent_calls_start_one_server(own: RealSandbox, tmp_path: Path) -> None:
    """Of five commands at once one starts it, and all are told the same."""
    command = [sys.executable, "-m", "sandbox", "ensure", "--home", str(tmp_path), "-o", "json"]
    calls = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(5)]
    documents = [json.loads(call.communicate()[0]) for call in calls]
    assert sum(document["started"] for document in documents) == 1
    assert len({document["pid"] for document in documents}) == 1


def test_a_recycled_pid_is_neither_trusted_nor_killed(own: RealSandbox, tmp_path: Path) -> None:
    """A pid file that points at somebody else's process is no server."""
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    home = Home(tmp_path)
    home.prepare()
    stale = {"pid": bystander.pid, "started": 1.0, "port": 1, "front_door_port": 2}
    home.process_file.write_text(json.dumps(stale))
    try:
        assert run(tmp_path, "status")[1]["running"] is False
        run(tmp_path, "down")
        assert bystander.poll() is None
        assert run(tmp_path, "ensure")[1]["pid"] != bystander.pid
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1}'])
def test_a_broken_pid_file_is_no_server(tmp_path: Path, content: str) -> None:
    """Whatever stands in it."""
    home = Home(tmp_path)
    home.prepare()
    home.process_file.write_text(content)
    assert lifecycle.find(home) is None


def test_a_server_that_lost_its_pid_file_is_replaced(own: RealSandbox, tmp_path: Path) -> None:
    """It is found by its mark, so that never two servers share a home."""
    own.start()
    first = lifecycle.find(own.home)
    assert first is not None
    own.home.process_file.unlink()
    own.start()
    assert not psutil.pid_exists(first.pid) or not lifecycle.is_same_process(
        first.pid, first.started
    )
    assert run(tmp_path, "status")[1]["pid"] != first.pid


def test_kill_9_of_the_server_leaves_no_orphans(own: RealSandbox, tmp_path: Path) -> None:
    """The front door dies with it at once, without anybody's help."""
    own.start()
    server = lifecycle.find(own.home)
    assert server is not None
    assert len(marked(tmp_path)) == 2
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: marked(tmp_path) == [], 10)
    assert run(tmp_path, "status")[1]["running"] is False


def test_a_front_door_that_dies_comes_back(own: RealSandbox, tmp_path: Path) -> None:
    """On the same port, without a restart of the server."""
    own.start()
    server = lifecycle.find(own.home)
    assert server is not None
    (front_door,) = [pid for pid in marked(tmp_path) if pid != server.pid]
    os.kill(front_door, signal.SIGKILL)
    eventually(lambda: len([pid for pid in marked(tmp_path) if pid != front_door]) == 2)

    def answers() -> bool:
        url = f"http://127.0.0.1:{server.front_door_port}/nobody/x"
        try:
            return httpx.get(url, timeout=2).status_code == 404
        except httpx.TransportError:
            return False

    assert eventually(answers)


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The error shows the end of the log and where the rest is."""
    home = Home(tmp_path)
    home.prepare()
    (home.state / "kinesis.json").write_text("{ broken")
    code, error = run(tmp_path, "up")
    assert (code, error["code"]) == (1, "sandbox-start-failed")
    assert "kinesis.json" in error["message"] or "JSONDecodeError" in error["message"]
    assert str(home.log_file) in error["hint"]
    assert marked(tmp_path) == []


def test_commands_that_need_a_server_say_so(tmp_path: Path) -> None:
    """Reset and faults of a sandbox that does not run."""
    for words in (["reset"], ["fault", "list"], ["fault", "add", "slow"]):
        code, error = run(tmp_path, *words)
        assert (code, error["code"]) == (1, "sandbox-not-running")


def test_faults_are_added_listed_and_cleared(own: RealSandbox, tmp_path: Path) -> None:
    """Every option of the command line arrives; nonsense is refused with the reason."""
    own.start()
    words = ["--region", "us-east-1", "--service", "kinesis", "--operation", "PutRecords",
             "--rate", "0.5", "--delay-ms", "10", "--times", "3", "--for", "60"]  # fmt: skip
    code, added = run(tmp_path, "fault", "add", "throttle", *words)
    assert code == 0
    (fault,) = added["faults"]
    until = fault.pop("until")
    assert until is not None
    assert fault == {
        "id": 1, "kind": "throttle", "region": "us-east-1", "service": "kinesis",
        "operation": "PutRecords", "rate": 0.5, "delay_ms": 10, "times": 3,
    }  # fmt: skip
    assert run(tmp_path, "fault", "list")[1]["faults"] == [{**fault, "until": until}]
    code, error = run(tmp_path, "fault", "add", "meteor")
    assert (code, error["code"]) == (2, "usage")
    assert "meteor" in error["message"]
    assert run(tmp_path, "fault", "clear")[1]["faults"] == []


def test_reset_empties_everything_and_keeps_running(own: RealSandbox, tmp_path: Path) -> None:
    """Same pid, same port, nothing left, also after a restart."""
    own.start()
    own.client("s3").create_bucket(Bucket="gone-soon")
    own.client("s3").put_object(Bucket="gone-soon", Key="k", Body=b"x")
    own.client("kinesis").create_stream(StreamName="s", ShardCount=1)
    own.client("globalaccelerator", "us-west-2").create_accelerator(Name="a", IdempotencyToken="t")
    run(tmp_path, "fault", "add", "slow", "--delay-ms", "1")
    before = run(tmp_path, "status")[1]
    code, after = run(tmp_path, "reset")
    assert code == 0
    assert (after["pid"], after["faults"]) == (before["pid"], [])
    for restarted in (False, True):
        if restarted:
            own.stop()
            own.start()
        assert own.client("s3").list_buckets()["Buckets"] == []
        assert own.client("kinesis").list_streams()["StreamNames"] == []
        accelerators = own.client("globalaccelerator", "us-west-2").list_accelerators()
        assert accelerators["Accelerators"] == []
