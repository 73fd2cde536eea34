"""The engine's protocol: what goes over the wire, and the process that answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.provider import sdk
from sandbox.provider.comparison import Change, Difference
from sandbox.provider.failures import ProviderError, UnfinishedError
from sandbox.provider.install import PLUGIN_NAME, install_plugin
from sandbox.provider.service import ProviderService
from sandbox.provider.values import UNKNOWN, from_struct, to_struct

URN = "urn:pulumi:test::toy::toy:module:Thing$aws:ec2/vpc:Vpc::the::vpc"


class Recorder:
    """Stands for the provider: notes what it is asked, answers what the test says."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.answers: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        def answer(*arguments: Any, **named: Any) -> Any:
            self.asked.append((name, arguments, named))
            found = self.answers.get(name)
            if isinstance(found, Exception):
                raise found
            return found

        return answer


@pytest.fixture
def provider() -> Recorder:
    """What the service asks."""
    return Recorder()


@pytest.fixture
def engine(provider: Recorder) -> Iterator[Any]:
    """What the engine has: a stub of the service at a port."""
    server = grpc.server(ThreadPoolExecutor(max_workers=16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(
        ProviderService(provider),  # type: ignore[arg-type]
        server,
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    server.stop(None).wait()


def test_a_creation(engine: Any, provider: Recorder) -> None:
    """Type and name come from the URN; id and outputs go back."""
    provider.answers["create"] = ("vpc-1", {"arn": "a", "tags": {"x": "y"}, "none": None})
    request = provider_pb2.CreateRequest(
        urn=URN, properties=to_struct({"cidrBlock": "10.0.0.0/16"}), timeout=30
    )
    answer = engine.Create(request)
    assert answer.id == "vpc-1"
    assert from_struct(answer.properties) == {"arn": "a", "tags": {"x": "y"}}
    name, arguments, named = provider.asked[0]
    assert (name, arguments) == (
        "create",
        ("aws:ec2/vpc:Vpc", "the::vpc", {"cidrBlock": "10.0.0.0/16"}),
    )
    assert named == {"timeout_seconds": 30}


def test_previews_ask_for_no_change(engine: Any, provider: Recorder) -> None:
    """A preview is answered with what is known before, unknown values and all."""
    provider.answers["preview_create"] = {"arn": UNKNOWN}
    provider.answers["preview_update"] = {"arn": "a"}
    created = engine.Create(provider_pb2.CreateRequest(urn=URN, preview=True))
    assert from_struct(created.properties) == {"arn": UNKNOWN}
    updated = engine.Update(provider_pb2.UpdateRequest(urn=URN, preview=True))
    assert from_struct(updated.properties) == {"arn": "a"}
    assert [name for name, _, _ in provider.asked] == ["preview_create", "preview_update"]


def test_a_difference(engine: Any, provider: Recorder) -> None:
    """Each path with its kind; what replaces, and whether the old resource goes first."""
    changes = (
        Change("tags.Name", "add", replaces=False),
        Change("cidrBlock", "update", replaces=True),
        Change("rules[0].port", "delete", replaces=False),
    )
    provider.answers["diff"] = Difference(changes, delete_first=True)
    request = provider_pb2.DiffRequest(
        urn=URN,
        id="vpc-1",
        olds=to_struct({"arn": "a"}),
        old_inputs=to_struct({"b": 1}),
        news=to_struct({"b": 2}),
    )
    answer = engine.Diff(request)
    assert provider.asked[0][1] == ("aws:ec2/vpc:Vpc", {"arn": "a"}, {"b": 1}, {"b": 2})
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(answer.diffs) == ["cidrBlock", "rules", "tags"]
    assert list(answer.replaces) == ["cidrBlock"]
    assert answer.deleteBeforeReplace
    kinds = {path: found.kind for path, found in answer.detailedDiff.items()}
    kind = provider_pb2.PropertyDiff
    assert kinds == {
        "tags.Name": kind.ADD,
        "cidrBlock": kind.UPDATE_REPLACE,
        "rules[0].port": kind.DELETE,
    }
    provider.answers["diff"] = Difference(())
    assert engine.Diff(request).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_faulty_inputs(engine: Any, provider: Recorder) -> None:
    """Faults go back beside the inputs."""
    provider.answers["check"] = ({"a": 1}, [("b", "is wrong")])
    answer = engine.Check(provider_pb2.CheckRequest(urn=URN, randomSeed=b"s"))
    assert from_struct(answer.inputs) == {"a": 1}
    assert [(one.property, one.reason) for one in answer.failures] == [("b", "is wrong")]
    assert provider.asked[0][1][-1] == b"s"


def test_a_read_of_what_is_gone(engine: Any, provider: Recorder) -> None:
    """An empty id tells the engine that the resource is gone."""
    provider.answers["read"] = None
    assert engine.Read(provider_pb2.ReadRequest(urn=URN, id="vpc-1")).id == ""
    provider.answers["read"] = ("vpc-1", {"arn": "a"}, {"b": 1})
    answer = engine.Read(provider_pb2.ReadRequest(urn=URN, id="vpc-1"))
    assert (answer.id, from_struct(answer.properties), from_struct(answer.inputs)) == (
        "vpc-1",
        {"arn": "a"},
        {"b": 1},
    )


def test_an_update_and_a_deletion(engine: Any, provider: Recorder) -> None:
    """State and old inputs reach the provider apart."""
    provider.answers["update"] = {"arn": "b"}
    request = provider_pb2.UpdateRequest(
        urn=URN,
        id="vpc-1",
        olds=to_struct({"arn": "a"}),
        old_inputs=to_struct({"b": 1}),
        news=to_struct({"b": 2}),
    )
    assert from_struct(engine.Update(request).properties) == {"arn": "b"}
    expected = {"state": {"arn": "a"}, "olds": {"b": 1}, "news": {"b": 2}, "timeout_seconds": 0}
    assert provider.asked[0][2] == expected
    engine.Delete(provider_pb2.DeleteRequest(urn=URN, id="v", properties=to_struct({"arn": "a"})))
    assert provider.asked[1][1] == ("aws:ec2/vpc:Vpc", "the::vpc", "v", {"arn": "a"}, 0)


def test_an_error_is_its_text(engine: Any, provider: Recorder) -> None:
    """The operator sees the provider's words and nothing around them."""
    provider.answers["create"] = ProviderError("creating it: no")
    with pytest.raises(grpc.RpcError) as caught:
        engine.Create(provider_pb2.CreateRequest(urn=URN))
    assert caught.value.details() == "creating it: no"


def test_a_half_made_resource(engine: Any, provider: Recorder) -> None:
    """Id and state travel in the error's details, where the engine looks for them."""
    provider.answers["create"] = UnfinishedError("too late", "vpc-1", {"arn": "a"})
    with pytest.raises(grpc.RpcError) as caught:
        engine.Create(provider_pb2.CreateRequest(urn=URN))
    metadata = dict(caught.value.trailing_metadata())
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    assert (detail.id, list(detail.reasons)) == ("vpc-1", ["too late"])
    assert from_struct(detail.properties) == {"arn": "a"}


def test_requests_run_side_by_side(engine: Any, provider: Recorder) -> None:
    """Sixteen creations at once are under way at once, not one after the other."""
    together = threading.Barrier(16, timeout=20)

    def create(*_: Any, **__: Any) -> tuple[str, dict[str, Any]]:
        together.wait()
        return "id", {}

    provider.create = create  # type: ignore[attr-defined]
    calls = [engine.Create.future(provider_pb2.CreateRequest(urn=URN)) for _ in range(16)]
    assert {call.result(timeout=30).id for call in calls} == {"id"}


def test_the_provider_says_what_it_stands_for(engine: Any, provider: Recorder) -> None:
    """Version and package; it takes no secrets, so that the engine keeps them."""
    assert engine.GetPluginInfo(empty_pb2.Empty()).version == sdk.sdk_version()
    schema = json.loads(engine.GetSchema(provider_pb2.GetSchemaRequest()).schema)
    assert (schema["name"], schema["version"]) == ("aws", sdk.sdk_version())
    assert not engine.Handshake(provider_pb2.ProviderHandshakeRequest()).accept_secrets
    configured = engine.Configure(provider_pb2.ConfigureRequest(args=to_struct({"region": "r"})))
    assert (configured.acceptSecrets, configured.supportsPreview) == (False, True)
    assert provider.asked == [("configure", ({"region": "r"},), {})]


def test_configuration_is_checked_and_compared(engine: Any) -> None:
    """A faulty configuration is refused, a changed one needs no other provider."""
    request = provider_pb2.CheckRequest(news=to_struct({"region": "us-east-1", "token": "x"}))
    assert [one.property for one in engine.CheckConfig(request).failures] == ["token"]
    changed = provider_pb2.DiffRequest(olds=to_struct({"a": 1}), news=to_struct({"a": 2}))
    answer = engine.DiffConfig(changed)
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(answer.replaces) == []


def test_functions_are_refused_by_name(engine: Any) -> None:
    """A data source that a program asks for is named in the error."""
    with pytest.raises(grpc.RpcError) as caught:
        engine.Invoke(provider_pb2.InvokeRequest(tok="aws:index/getRegion:getRegion"))
    assert "aws:index/getRegion:getRegion" in caught.value.details()


def test_cancel_reaches_the_provider(engine: Any, provider: Recorder) -> None:
    """The engine's Cancel ends the waits."""
    engine.Cancel(empty_pb2.Empty())
    assert provider.asked == [("cancel", (), {})]


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """The installed executable, in a directory whose name needs quoting."""
    return install_plugin(tmp_path / "plug ins")


def _started(command: list[str]) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd="/")
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_the_plugin_starts_answers_and_ends(plugin: Path) -> None:
    """It prints its port, answers there, and ends at once when the engine interrupts it."""
    assert plugin.name == PLUGIN_NAME
    process, port = _started([str(plugin), "127.0.0.1:1"])
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        assert stub.GetPluginInfo(empty_pb2.Empty()).version == sdk.sdk_version()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=4)  # the engine kills a plugin that stays for 5 s
    assert process.returncode == 0


def test_the_plugin_does_not_outlive_its_engine(plugin: Path) -> None:
    """When its parent is killed, the process ends within seconds."""
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(plugin)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate(timeout=10)
    assert psutil.wait_procs([child], timeout=10)[1] == []


_PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.argv[1], "127.0.0.1:1"], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


def test_installing_again_replaces_the_executable(plugin: Path) -> None:
    """A second installation leaves one executable that works."""
    assert install_plugin(plugin.parent) == plugin
    assert [path.name for path in plugin.parent.iterdir()] == [PLUGIN_NAME]
    assert os.access(plugin, os.X_OK)


def test_nothing_heavy_is_loaded_at_start() -> None:
    """Neither the SDK beyond its protocol nor boto3: the provider starts at every preview."""
    code = (
        "import sys; from sandbox.provider import __main__ as main;"
        "main._use_protocol_without_sdk();"
        "import sandbox.provider.service, sandbox.provider.provider;"
        "print(sorted({'pulumi.automation', 'pulumi_aws', 'boto3', 'botocore.session'}"
        " & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
