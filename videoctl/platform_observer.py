"""Looks at one environment with reading calls, all regions and services at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from videoctl.aws.ecs import EcsGateway
from videoctl.aws.elbv2 import Elbv2Gateway
from videoctl.aws.firehose import FirehoseGateway
from videoctl.aws.globalaccelerator import GlobalAcceleratorGateway
from videoctl.aws.kinesis import KinesisGateway
from videoctl.aws.lambda_ import LambdaGateway
from videoctl.aws.s3 import S3Gateway
from videoctl.aws.timestream_write import TimestreamWriteGateway
from videoctl.errors import VideoctlError
from videoctl.model.names import BucketKind, Names, StreamKind, stream_arn
from videoctl.model.regions import CONTROL_PLANE_REGION, Region
from videoctl.planning.observation import (
    ABSENT,
    ALL_FACETS,
    Facet,
    ObservedAccelerator,
    ObservedBucket,
    ObservedDeliveryStream,
    ObservedEndpointGroup,
    ObservedEnvironment,
    ObservedRegion,
    ObservedService,
    ObservedStream,
    ObservedTargets,
)
from videoctl.platform_flink import FlinkPlatform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from videoctl.aws.session import AwsSession
    from videoctl.execution.clock import Clock
    from videoctl.execution.platform import StackGateway
    from videoctl.execution.records import EnvironmentRecords
    from videoctl.model.specification import EnvironmentSpecification

THREADS: Final = 16
"""Calls in flight at once; an observation of two regions makes some forty."""

Fields = dict[str, Any]
"""Fields of an `ObservedRegion`, or of the `ObservedEnvironment` itself."""


class Observer:
    """Looks at one environment; what it sees is frozen data."""

    def __init__(
        self,
        specification: EnvironmentSpecification,
        session: AwsSession,
        stack: StackGateway,
        records: EnvironmentRecords,
        clock: Clock,
    ) -> None:
        self._specification = specification
        self._names = Names(specification.name, session.account_id)
        self._session = session
        self._flink = FlinkPlatform(self._names, session, clock)
        self._stack = stack
        self._records = records
        self._clock = clock
        self._regional: dict[Facet, Callable[[Region], Fields]] = {
            Facet.BUCKETS: self._buckets,
            Facet.STREAMS: self._streams,
            Facet.DELIVERY: self._delivery,
            Facet.SERVICE: self._service,
            Facet.FLINK: lambda region: {"application": self._flink.application(region)},
            Facet.FLINK_JOB: lambda region: {"job": self._flink.job(region)},
            Facet.FUNCTION: self._function,
            Facet.SESSION_STORE: self._session_store,
        }
        self._global: dict[Facet, Callable[[], Fields]] = {
            Facet.ACCOUNT: self._account,
            Facet.RECORD: lambda: {"record": self._records.read(self._names.environment)},
            Facet.STACK: lambda: {"stack": self._stack.facts()},
            Facet.ACCELERATOR: self._accelerator,
        }

    def observe(self, facets: frozenset[Facet]) -> ObservedEnvironment:
        """Look at some facets; the first error of any of them is raised."""
        return self._look(facets, tolerant=False)

    def look(self) -> ObservedEnvironment:
        """Look at every facet; what cannot be read stays unknown and is named."""
        return self._look(ALL_FACETS, tolerant=True)

    def _look(self, facets: frozenset[Facet], *, tolerant: bool) -> ObservedEnvironment:
        unreadable: list[str] = []
        seen: dict[Region | None, Fields] = {None: {}}
        observed_at = self._clock.now()
        with ThreadPoolExecutor(THREADS, thread_name_prefix="observe") as pool:
            futures = [
                (region, facet, pool.submit(task)) for region, facet, task in self._tasks(facets)
            ]
            for region, facet, future in futures:
                try:
                    seen.setdefault(region, {}).update(future.result())
                except VideoctlError as error:
                    if not tolerant:
                        pool.shutdown(wait=False, cancel_futures=True)
                        raise
                    where = f" in {region}" if region else ""
                    unreadable.append(f"{facet}{where}: {error.message}")
        of_environment = seen.pop(None)
        return ObservedEnvironment(
            environment=self._names.environment,
            observed_at=observed_at,
            facets=facets,
            regions=tuple(
                ObservedRegion(region=region, **seen.get(region, {}))
                for region in self._specification.regions
            ),
            unreadable=tuple(unreadable),
            **of_environment,
        )

    def _tasks(
        self, facets: frozenset[Facet]
    ) -> Iterator[tuple[Region | None, Facet, Callable[[], Fields]]]:
        for facet in sorted(facets):
            if facet in self._global:
                yield None, facet, self._global[facet]
                continue
            for region in self._specification.regions:
                yield region, facet, _bound(self._regional[facet], region)

    def _account(self) -> Fields:
        return {"account_id": self._session.caller_account_id(self._specification.primary)}

    def _accelerator(self) -> Fields:
        region = CONTROL_PLANE_REGION["globalaccelerator"]
        gateway = GlobalAcceleratorGateway(self._session.client("globalaccelerator", region))
        found = gateway.accelerator(self._names.accelerator)
        if found is None:
            return {"accelerator": ObservedAccelerator(status=ABSENT)}
        groups = tuple(
            ObservedEndpointGroup(
                region=group.region,
                traffic_dial_percentage=group.traffic_dial_percentage,
                weight=group.weight,
                health_state=group.health_state,
            )
            for group in gateway.endpoint_groups(found.arn)
        )
        return {
            "accelerator": ObservedAccelerator(
                status=found.status,
                arn=found.arn,
                dns_name=found.dns_name,
                endpoint_groups=groups,
            )
        }

    def _buckets(self, region: Region) -> Fields:
        gateway = S3Gateway(self._session.client("s3", region))

        def bucket(kind: BucketKind) -> ObservedBucket:
            name = self._names.bucket(kind, region)
            exists = gateway.bucket_exists(name)
            has_objects = gateway.has_objects(name) if exists else False
            return ObservedBucket(kind=kind, name=name, exists=exists, has_objects=has_objects)

        return {"buckets": tuple(map(bucket, BucketKind))}

    def _streams(self, region: Region) -> Fields:
        gateway = KinesisGateway(self._session.client("kinesis", region))

        def stream(kind: StreamKind) -> ObservedStream:
            name = self._names.stream(kind)
            found = gateway.describe_stream_summary(name)
            return ObservedStream(
                kind=kind,
                name=name,
                status=found.status if found else ABSENT,
                open_shard_count=found.open_shard_count if found else None,
                mode=found.mode if found else None,
                open_shard_ids=gateway.open_shard_ids(name)
                if found and kind is StreamKind.RAW
                else None,
            )

        return {"streams": tuple(map(stream, StreamKind))}

    def _delivery(self, region: Region) -> Fields:
        gateway = FirehoseGateway(self._session.client("firehose", region))

        def delivery(kind: StreamKind) -> ObservedDeliveryStream:
            name = self._names.delivery_stream(kind)
            status = gateway.delivery_stream_status(name) or ABSENT
            return ObservedDeliveryStream(kind=kind, name=name, status=status)

        return {"delivery_streams": tuple(map(delivery, StreamKind))}

    def _service(self, region: Region) -> Fields:
        """The service with its front: what makes a region answer."""
        found = EcsGateway(self._session.client("ecs", region)).describe_service(
            self._names.cluster, self._names.ingest_service
        )
        service = (
            ObservedService(
                status=found.status,
                desired_count=found.desired_count,
                running_count=found.running_count,
                pending_count=found.pending_count,
            )
            if found
            else ObservedService(status=ABSENT)
        )
        gateway = Elbv2Gateway(self._session.client("elbv2", region))
        balancer = gateway.load_balancer(self._names.load_balancer)
        health = gateway.target_health(self._names.load_balancer)
        return {
            "service": service,
            "load_balancer_state": balancer.state if balancer else ABSENT,
            "load_balancer_arn": balancer.arn if balancer else None,
            "target_group_arn": health.target_group_arn if health else None,
            "targets": ObservedTargets(
                healthy_count=health.healthy_count if health else 0,
                total_count=health.total_count if health else 0,
            ),
        }

    def _function(self, region: Region) -> Fields:
        gateway = LambdaGateway(self._session.client("lambda", region))
        function = self._names.session_function
        state = gateway.function_state(function)
        source = stream_arn(
            self._names.stream(StreamKind.SESSION), region, self._session.account_id
        )
        mapping = gateway.event_source_mapping(function, source) if state else None
        return {
            "function_state": state or ABSENT,
            "event_source_mapping_state": mapping.state if mapping else ABSENT,
        }

    def _session_store(self, region: Region) -> Fields:
        gateway = TimestreamWriteGateway(self._session.client("timestream-write", region))
        access = gateway.access()
        tables = gateway.table_names(self._names.timestream_database) if access == "open" else None
        return {"timestream_access": access, "timestream_tables": tables}


def _bound(look: Callable[[Region], Fields], region: Region) -> Callable[[], Fields]:
    return lambda: look(region)
