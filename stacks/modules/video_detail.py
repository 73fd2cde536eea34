"""Most of one region: front door, ingest, streams, delivery, aggregation, session store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

from stacks.components.bucket import SecureBucket
from stacks.components.ingest_service import IngestService, IngestServiceArgs
from stacks.components.load_balancer import IngestLoadBalancer, IngestLoadBalancerArgs
from stacks.components.network import Network, NetworkArgs
from stacks.components.session_aggregation import SessionAggregation, SessionAggregationArgs
from stacks.components.session_sink import SessionSink, SessionSinkArgs
from stacks.components.session_store import SessionStore, SessionStoreArgs
from stacks.containers import HANDLER_CONTAINER, HANDLER_PORT, SIDECAR_CONTAINER
from stacks.modules.ecr import ContainerRepository, ContainerRepositoryArgs
from stacks.modules.firehose import SORTING_QUERIES, DeliveryStream, DeliveryStreamArgs
from stacks.modules.ondemand_kds import OnDemandDataStream, OnDemandDataStreamArgs
from stacks.modules.provisioned_kds import ProvisionedDataStream, ProvisionedDataStreamArgs
from stacks.sites import Site
from videoctl.model.names import BucketKind, StreamKind
from videoctl.model.specification import EnvironmentSpecification

if TYPE_CHECKING:
    from stacks.components.data_stream import DataStream


@dataclass(frozen=True, kw_only=True)
class VideoDetailArgs:
    """One region of an environment.

    Attributes:
        site: where it is.
        specification: what the environment is like.
        key_arn: the region's key.
        buckets: the region's buckets.
        certificate_arn: for HTTPS; None: HTTP.
        images: image URIs of `http_handler` and `kpl_sidecar`.
        artifacts: zips of `flink_code` and `session_function` on this machine.

    """

    site: Site
    specification: EnvironmentSpecification
    key_arn: pulumi.Output[str]
    buckets: Mapping[BucketKind, SecureBucket]
    certificate_arn: str | None
    images: Mapping[str, str]
    artifacts: Mapping[str, Path]


class VideoDetail(pulumi.ComponentResource):
    """Counterpart of the `video_detail` Terraform module.

    Everything of a region but its key and buckets, which the replication sides own.

    Attributes:
        balancer: the accelerator's endpoint in this region.
        network: the region's network.
        sessions_table_arn: the region's sessions table.

    """

    balancer: IngestLoadBalancer
    network: Network
    sessions_table_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: VideoDetailArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:video:VideoDetail", name, None, opts)
        streams = {kind: self._stream(name, args, kind) for kind in StreamKind}
        self._ingest(name, args)
        for kind in StreamKind:
            self._delivery(name, args, kind, streams[kind])
        self._aggregation(name, args, streams)
        self._session_store(name, args, streams[StreamKind.SESSION])
        self.register_outputs({"load_balancer_arn": self.balancer.arn})

    def _stream(self, name: str, args: VideoDetailArgs, kind: StreamKind) -> DataStream:
        specification = getattr(args.specification.streams, kind)
        options = pulumi.ResourceOptions(parent=self)
        common = {
            "site": args.site,
            "kind": kind,
            "retention_hours": specification.retention_hours,
            "encryption": specification.encryption,
            "key_arn": args.key_arn,
        }
        if specification.shards is None:
            on_demand = OnDemandDataStreamArgs(**common)
            return OnDemandDataStream(f"{name}-{kind}", on_demand, options)
        provisioned = ProvisionedDataStreamArgs(**common, shard_count=specification.shards)
        return ProvisionedDataStream(f"{name}-{kind}", provisioned, options)

    def _ingest(self, name: str, args: VideoDetailArgs) -> None:
        site, options = args.site, pulumi.ResourceOptions(parent=self)
        for image in (HANDLER_CONTAINER, SIDECAR_CONTAINER):
            repository_args = ContainerRepositoryArgs(site=site, image=image, key_arn=args.key_arn)
            ContainerRepository(f"{name}-{image}", repository_args, options)
        network_args = NetworkArgs(site=site, specification=args.specification.network)
        self.network = Network(f"{name}-network", network_args, options)
        balancer_args = IngestLoadBalancerArgs(
            site=site,
            network=self.network,
            target_port=HANDLER_PORT,
            certificate_arn=args.certificate_arn,
        )
        self.balancer = IngestLoadBalancer(f"{name}-ingest", balancer_args, options)
        service_args = IngestServiceArgs(
            site=site,
            specification=args.specification.fargate,
            network=self.network,
            balancer=self.balancer,
            key_arn=args.key_arn,
            images=args.images,
            with_ticks=args.specification.flink.desired_status == "RUNNING",
        )
        IngestService(f"{name}-ingest", service_args, options)

    def _delivery(
        self, name: str, args: VideoDetailArgs, kind: StreamKind, stream: DataStream
    ) -> None:
        delivery_args = DeliveryStreamArgs(
            site=args.site,
            kind=kind,
            stream_arn=stream.arn,
            bucket=args.buckets[BucketKind(kind)],
            key_arn=args.key_arn,
            buffering=args.specification.delivery,
            sorting_query=SORTING_QUERIES.get(kind),
        )
        DeliveryStream(
            f"{name}-{kind}-delivery", delivery_args, pulumi.ResourceOptions(parent=self)
        )

    def _aggregation(
        self, name: str, args: VideoDetailArgs, streams: Mapping[StreamKind, DataStream]
    ) -> None:
        aggregation_args = SessionAggregationArgs(
            site=args.site,
            specification=args.specification.flink,
            artifacts_bucket=args.buckets[BucketKind.ARTIFACTS],
            package=args.artifacts["flink_code"],
            streams=streams,
            key_arn=args.key_arn,
        )
        SessionAggregation(f"{name}-agg", aggregation_args, pulumi.ResourceOptions(parent=self))

    def _session_store(self, name: str, args: VideoDetailArgs, stream: DataStream) -> None:
        site, options = args.site, pulumi.ResourceOptions(parent=self)
        store_args = SessionStoreArgs(
            site=site,
            specification=args.specification.session_store,
            ops_bucket=args.buckets[BucketKind.OPS],
            key_arn=args.key_arn,
        )
        store = SessionStore(f"{name}-sessions", store_args, options)
        self.sessions_table_arn = store.table_arn
        sink_args = SessionSinkArgs(
            site=site,
            specification=args.specification.session_function,
            artifacts_bucket=args.buckets[BucketKind.ARTIFACTS],
            package=args.artifacts["session_function"],
            stream_arn=stream.arn,
            table_arn=store.table_arn,
            key_arn=args.key_arn,
        )
        SessionSink(f"{name}-sessions", sink_args, options)
