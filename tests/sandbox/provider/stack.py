"""A small stack, run by the real engine in a process of its own: `python -m ... VERB < settings`.

Prints one JSON document: what the operation did, the stack's outputs, or the error.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import automation

from videoctl.provisioning.engine import Engine, find_engine


@dataclass
class Settings:
    """What differs between the runs of a test."""

    work: str
    environment: dict[str, str]
    name: str = "toy"
    cidr: str = "10.70.0.0/16"
    retention: int = 30
    tags: dict[str, str] = field(default_factory=dict)
    default_tags: dict[str, str] = field(default_factory=dict)
    account_ids: list[str] = field(default_factory=list)
    description: str = "made by a test"
    group_name: str = "first"
    secret: str = "hidden"
    many: int = 0
    ignore_tags: bool = False
    import_group: str | None = None
    refresh: bool = False


def main() -> None:
    """One operation of the engine."""
    verb, settings = sys.argv[1], Settings(**json.load(sys.stdin))
    stack = _stack(settings)
    try:
        result = _run(stack, verb, settings)
    except automation.CommandError as error:
        result = {"error": str(error)}
    sys.stdout.write(json.dumps(result))


def _run(stack: automation.Stack, verb: str, settings: Settings) -> dict[str, Any]:
    events: list[str] = []

    def note(event: automation.EngineEvent) -> None:
        if event.resource_pre_event is not None:
            step = event.resource_pre_event.metadata
            events.append(f"{step.op.value} {step.type}")

    options: dict[str, Any] = {"on_event": note}
    if verb == "preview":
        found = stack.preview(**options)
        summary = {str(key): count for key, count in found.change_summary.items()}
    elif verb == "destroy":
        summary = dict(stack.destroy(show_secrets=False, **options).summary.resource_changes or {})
    elif verb == "refresh":
        summary = dict(stack.refresh(show_secrets=False, **options).summary.resource_changes or {})
    else:
        done = stack.up(show_secrets=False, refresh=settings.refresh, **options)
        summary = dict(done.summary.resource_changes or {})
    outputs = {key: value.value for key, value in stack.outputs().items()}
    return {"summary": summary, "events": events, "outputs": outputs}


def _stack(settings: Settings) -> automation.Stack:
    engine = find_engine()
    assert isinstance(engine, Engine), engine
    work = Path(settings.work)
    (work / "state").mkdir(parents=True, exist_ok=True)
    return automation.create_or_select_stack(
        "test",
        project_name="toy",
        program=lambda: _program(settings),
        opts=automation.LocalWorkspaceOptions(
            pulumi_command=automation.PulumiCommand(root=str(engine.executable.parent.parent)),
            pulumi_home=str(work / "home"),
            project_settings=automation.ProjectSettings(
                "toy",
                "python",
                backend=automation.ProjectBackend(f"file://{work / 'state'}"),
            ),
            env_vars={
                **settings.environment,
                "PULUMI_CONFIG_PASSPHRASE": "test",
                "PULUMI_SKIP_UPDATE_CHECK": "1",
            },
        ),
    )


def _program(settings: Settings) -> None:
    provider = aws.Provider(
        "aws",
        region="us-east-1",
        allowed_account_ids=settings.account_ids or None,
        default_tags={"tags": settings.default_tags} if settings.default_tags else None,
    )
    options = pulumi.ResourceOptions(provider=provider)
    name = settings.name
    vpc = aws.ec2.Vpc(
        "vpc", cidr_block=settings.cidr, tags={"Name": name, **settings.tags}, opts=options
    )
    west = aws.ec2.Vpc(
        "west", cidr_block="10.71.0.0/16", region="us-west-2", tags={"Name": name}, opts=options
    )
    group = aws.ec2.SecurityGroup(
        "group",
        name=settings.group_name,
        vpc_id=vpc.id,
        tags={"Name": name},
        opts=pulumi.ResourceOptions(
            provider=provider, ignore_changes=["tags"] if settings.ignore_tags else None
        ),
    )
    aws.vpc.SecurityGroupIngressRule(
        "rule",
        security_group_id=group.id,
        ip_protocol="tcp",
        from_port=80,
        to_port=80,
        cidr_ipv4=vpc.cidr_block,
        opts=options,
    )
    imported = settings.import_group
    aws.cloudwatch.LogGroup(
        "logs",
        name=imported or f"/{name}/logs",
        retention_in_days=settings.retention,
        opts=pulumi.ResourceOptions(provider=provider, import_=imported),
    )
    role = aws.iam.Role(
        "role",
        name=f"{name}-role",
        description=pulumi.Output.secret(settings.secret),
        assume_role_policy=_TRUST,
        opts=options,
    )
    for number in range(settings.many):
        aws.cloudwatch.LogGroup(f"more-{number}", name=f"/{name}/more/{number}", opts=options)
    for key, value in {
        "vpc_id": vpc.id,
        "west_arn": west.arn,
        "group_id": group.id,
        "role_arn": role.arn,
        "tags": vpc.tags_all,
    }.items():
        pulumi.export(key, value)


_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)

if __name__ == "__main__":
    main()
