"""Samples of CloudWatch Logs resources."""

from __future__ import annotations

from tests.sandbox.provider.samples import Properties, Sample, World, unique

GROUP = "aws:cloudwatch/logGroup:LogGroup"


def _stream(world: World) -> Properties:
    group = world.make(GROUP, {"name": unique("/videoctl/group")})
    return {"logGroupName": group["name"], "name": "stream"}


SAMPLES = [
    Sample(
        GROUP,
        lambda _: {
            "name": unique("/videoctl/group"),
            "retentionInDays": 30,
            "tags": {"Name": "group"},
        },
        changes={"retentionInDays": 90, "tags": {"Name": "changed"}},
        replacements={"name": "another", "logGroupClass": "INFREQUENT_ACCESS"},
        absent=frozenset({"kmsKeyId", "namePrefix"}),
        not_imported=frozenset({"skipDestroy"}),
    ),
    Sample(
        "aws:cloudwatch/logStream:LogStream",
        _stream,
        replacements={"name": "another", "logGroupName": "another"},
        import_id=lambda made: f"{made['logGroupName']}:{made.id}",
    ),
]
