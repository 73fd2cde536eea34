"""`python -m sandbox`: the local AWS as a background process.

up, ensure     start it unless it runs; `ensure` prints how a target reaches it
down           stop it and everything it started
status         what runs, where, with which faults
reset          empty all state and keep running
fault          add, list and clear faults
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import lifecycle
from sandbox.home import Home
from sandbox.lifecycle import Running, SandboxError

if TYPE_CHECKING:
    from collections.abc import Sequence

TARGET_SCHEMA = "videoctl/sandbox-target/v1"
STATUS_SCHEMA = "videoctl/sandbox-status/v1"
ERROR_SCHEMA = "videoctl/error/v1"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; gives the exit code."""
    options = _parser().parse_args(arguments)
    home = Home(Path(options.home).resolve())
    if options.verb == "serve":
        return _serve(home, options)
    try:
        document = _run(home, options)
    except SandboxError as error:
        _print_error(error, options.output)
        return error.exit_code
    if options.output == "json":
        print(json.dumps(document))  # noqa: T201 - stdout is the product
    else:
        print(_as_text(document))  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--home", required=True, help="directory of this sandbox")
    common.add_argument("-o", "--output", choices=("json", "text"), default="text")
    parser = argparse.ArgumentParser(prog="sandbox", description="The local AWS.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("up", "ensure"):
        starting = verbs.add_parser(verb, parents=[common])
        starting.add_argument("--port", type=int, help="port of the AWS endpoint")
    for verb in ("down", "status", "reset"):
        verbs.add_parser(verb, parents=[common])
    serve = verbs.add_parser("serve", parents=[common])
    serve.add_argument("--endpoint-descriptor", type=int, required=True)
    serve.add_argument("--front-door-descriptor", type=int, required=True)
    _add_fault_verbs(verbs.add_parser("fault"), common)
    return parser


def _add_fault_verbs(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="fault_verb", required=True)
    for verb in ("list", "clear"):
        verbs.add_parser(verb, parents=[common])
    add = verbs.add_parser("add", parents=[common])
    add.add_argument("kind")
    add.add_argument("--region")
    add.add_argument("--service", help="boto3's name, such as kinesis")
    add.add_argument("--operation", help="such as PutRecords")
    add.add_argument("--rate", type=float, default=1.0, help="share of the requests, 0 to 1")
    add.add_argument("--delay-ms", type=int)
    add.add_argument("--times", type=int, help="requests it hits until it ends")
    add.add_argument("--for", dest="for_seconds", type=float, help="seconds until it ends")


def _serve(home: Home, options: argparse.Namespace) -> int:
    from sandbox import server  # noqa: PLC0415 - the other verbs must start fast

    sockets = [
        socket.socket(fileno=descriptor)
        for descriptor in (options.endpoint_descriptor, options.front_door_descriptor)
    ]
    for listening in sockets:  # a child that outlived the server would keep its port
        listening.set_inheritable(False)
    server.serve(home, *sockets)
    return 0


def _run(home: Home, options: argparse.Namespace) -> dict[str, Any]:
    match options.verb:
        case "ensure":
            return _target(home, *lifecycle.ensure(home, options.port))
        case "up":
            lifecycle.ensure(home, options.port)
        case "down":
            lifecycle.stop(home)
        case "reset":
            _live(home).call("POST", "reset")
        case "fault":
            _fault(_live(home), options)
    return _status(home)


def _fault(running: Running, options: argparse.Namespace) -> None:
    if options.fault_verb == "clear":
        running.call("DELETE", "faults")
    elif options.fault_verb == "add":
        names = (
            "kind", "region", "service", "operation", "rate", "delay_ms", "times", "for_seconds",
        )  # fmt: skip
        running.call("POST", "faults", {name: getattr(options, name) for name in names})


def _live(home: Home) -> Running:
    running = lifecycle.find(home)
    if running is None:
        raise SandboxError(
            "the sandbox is not running", hint="videoctl sandbox up", code="sandbox-not-running"
        )
    return running


def _target(home: Home, running: Running, started: bool) -> dict[str, Any]:
    from sandbox.account import ACCOUNT_ID, client_environment  # noqa: PLC0415
    from sandbox.flink import distribution  # noqa: PLC0415
    from sandbox.provider.install import install_plugin  # noqa: PLC0415

    install_plugin(home.plugins)
    return {
        "schema": TARGET_SCHEMA,
        "endpoint_url": running.endpoint_url,
        "account_id": ACCOUNT_ID,
        "started": started,
        "pid": running.pid,
        "environment": client_environment(running.endpoint_url),
        "plugin_directories": [str(home.plugins)],
        "parts": [asdict(part) for part in distribution.parts()],
        "front_door_url_template": (
            f"http://127.0.0.1:{running.front_door_port}/{{dns_name}}/v1/events"
        ),
    }


def _status(home: Home) -> dict[str, Any]:
    running = lifecycle.find(home)
    if running is None:
        seen: dict[str, Any] = {
            "running": False, "endpoint_url": None, "pid": None, "uptime_seconds": None,
            "services": [], "faults": [],
        }  # fmt: skip
    else:
        try:
            seen = running.call("GET", "status")
        except OSError as error:
            raise SandboxError(
                f"the sandbox (pid {running.pid}) does not answer: {error}",
                hint="videoctl sandbox down, then videoctl sandbox up",
                code="sandbox-unresponsive",
            ) from error
    return {"schema": STATUS_SCHEMA, **seen, "log_file": str(home.log_file)}


def _as_text(document: dict[str, Any]) -> str:
    if document["schema"] == TARGET_SCHEMA:
        return str(document["endpoint_url"])
    if not document["running"]:
        return "not running"
    size = f"{document['uptime_seconds']:.0f} s, {len(document['services'])} services"
    lines = [f"running at {document['endpoint_url']} (pid {document['pid']}, {size})"]
    for fault in document["faults"]:
        where = " ".join(
            str(fault[key]) for key in ("region", "service", "operation") if fault[key]
        )
        lines.append(f"fault {fault['id']}: {fault['kind']} {where} rate {fault['rate']}")
    return "\n".join(lines)


def _print_error(error: SandboxError, output: str) -> None:
    if output == "json":
        document = {
            "schema": ERROR_SCHEMA, "code": error.code, "exit_code": error.exit_code,
            "message": error.message, "hint": error.hint, "details": [],
        }  # fmt: skip
        print(json.dumps(document))  # noqa: T201
    else:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
