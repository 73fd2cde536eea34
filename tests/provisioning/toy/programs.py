"""Programs for the toy provider, in the form of `stacks.programs`."""

from __future__ import annotations

from dataclasses import dataclass, field

import pulumi


@dataclass(frozen=True, kw_only=True)
class Things:
    """What to declare: names of things (and their size), names of things with random ids."""

    things: dict[str, str] = field(default_factory=dict)
    random: tuple[str, ...] = ()
    buckets: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    secret: str = "hush"
    broken: bool = False


class Thing(pulumi.CustomResource):
    def __init__(
        self, type_token: str, name: str, properties: dict[str, str], ignored: tuple[str, ...]
    ) -> None:
        options = pulumi.ResourceOptions(version="1.0.0", ignore_changes=list(ignored))
        super().__init__(type_token, name, properties, options)


def things(given: Things) -> None:
    """Declare what is asked for, and export a secret."""
    for name, size in given.things.items():
        properties = {"name": name, "size": size, "region": "us-east-1"}
        Thing("toy:index:Thing", name, properties, given.ignored)
    for name in given.random:
        Thing("toy:index:Random", name, {"tag": name}, ())
    for name, bucket in given.buckets.items():
        Thing("toy:index:Bucket", name, {"name": bucket}, ())
    if given.broken:
        raise ValueError("the program is broken")
    pulumi.export("count", len(given.things))
    pulumi.export("password", pulumi.Output.secret(given.secret))


PROGRAMS = {"things": things}
