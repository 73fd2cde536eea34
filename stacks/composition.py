"""Which modules a specification asks for: what programs and catalogue both go by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from videoctl.model.specification import (
    EnvironmentSpecification,
    StreamMode,
    StreamSpecification,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def environment_module(specification: EnvironmentSpecification) -> str:
    """The module an environment is built from, such as `video_env`.

    Two regions always mean `video_env`; with one region the kind decides.
    """
    if specification.is_two_region:
        return "video_env"
    match specification.kind:
        case "data-mart":
            return "datamart_east_only"
        case "slow-production" | "load-test":
            return "slow_prod_east_only"
        case "development" | "production":
            return "video_env"


def _streams(specification: EnvironmentSpecification) -> tuple[StreamSpecification, ...]:
    streams = specification.streams
    return (streams.raw, streams.session, streams.late)


def _has_stream(mode: StreamMode) -> Callable[[EnvironmentSpecification], bool]:
    return lambda specification: any(stream.mode is mode for stream in _streams(specification))


OPTIONAL_MODULES: Final[dict[str, Callable[[EnvironmentSpecification], bool]]] = {
    "ondemand_kds": _has_stream(StreamMode.ON_DEMAND),
    "provisioned_kds": _has_stream(StreamMode.PROVISIONED),
    "sns_event": lambda specification: bool(specification.features.snowflake_topics),
    "video_source": lambda specification: specification.is_two_region,
}
"""Modules that the code can use but only some specifications do."""

SYSTEM_SOURCES: Final = {"kinesis-data-3": "stacks.kinesis_data.part3_objects_to_function"}
"""The Python module each of the other systems is built from."""
