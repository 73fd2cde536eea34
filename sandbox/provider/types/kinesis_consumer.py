"""Enhanced fan-out consumers of Kinesis data streams."""

from __future__ import annotations

from typing import Any, Final

from sandbox.provider.framework import (
    Context,
    Properties,
    ResourceType,
    resource,
    tag_changes,
    tags_from_pairs,
)
from sandbox.provider.mapping import TIMESTAMP, Field, Table, to_properties
from sandbox.provider.waits import await_absence, await_status

_CONSUMER: Final[Table] = (
    Field("name", "ConsumerName"),
    Field("streamArn", "StreamARN"),
    Field("arn", "ConsumerARN"),
    Field("creationTimestamp", "ConsumerCreationTimestamp", codec=TIMESTAMP),
)


@resource(
    "aws:kinesis/streamConsumer:StreamConsumer", named="name", replace_on=("name", "streamArn")
)
class StreamConsumer(ResourceType):
    """An enhanced fan-out consumer; its ARN ends in its creation time, so it is never the same."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Registers and waits until the consumer may subscribe."""
        kinesis = context.client("kinesis")
        tags = {"Tags": inputs["tagsAll"]} if inputs.get("tagsAll") else {}
        answer = kinesis.register_stream_consumer(
            StreamARN=inputs["streamArn"], ConsumerName=inputs["name"], **tags
        )["Consumer"]
        arn = answer["ConsumerARN"]
        context.made(arn, to_properties(_CONSUMER, answer))
        found = await_status(
            context,
            f"consumer {arn}",
            lambda: _described(kinesis, arn),
            wanted=("ACTIVE",),
            passing=("CREATING",),
        )
        return arn, found

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The consumer and its tags; the id is the ARN."""
        del inputs
        kinesis = context.client("kinesis")
        outputs = _described(kinesis, resource_id)[1]
        tags = kinesis.list_tags_for_resource(ResourceARN=resource_id)["Tags"]
        outputs["tags"] = tags_from_pairs(tags)
        return {"name": outputs["name"], "streamArn": outputs["streamArn"]}, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Tags alone can change."""
        kinesis = context.client("kinesis")
        added, removed = tag_changes(old, new)
        if added:
            kinesis.tag_resource(ResourceARN=resource_id, Tags=added)
        if removed:
            kinesis.untag_resource(ResourceARN=resource_id, TagKeys=removed)
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Deregisters and waits until the consumer is gone."""
        del outputs
        kinesis = context.client("kinesis")
        kinesis.deregister_stream_consumer(ConsumerARN=resource_id)
        await_absence(context, f"consumer {resource_id}", lambda: _described(kinesis, resource_id))


def _described(kinesis: Any, arn: str) -> tuple[str, Properties]:
    """The consumer's status and its outputs."""
    found = kinesis.describe_stream_consumer(ConsumerARN=arn)["ConsumerDescription"]
    return found["ConsumerStatus"], to_properties(_CONSUMER, found)
