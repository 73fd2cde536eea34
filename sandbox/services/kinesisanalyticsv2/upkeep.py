"""What the service does by itself: clusters, scaling, maintenance, what Support puts into force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.flink.runner import LocalClusters
from sandbox.services.kinesisanalyticsv2 import applications, tuning
from sandbox.services.kinesisanalyticsv2.applications import Status
from sandbox.services.kinesisanalyticsv2.attachments import AttachmentOperations
from sandbox.services.kinesisanalyticsv2.base import APPLICATIONS
from sandbox.services.kinesisanalyticsv2.code_store import CodeStore
from sandbox.services.kinesisanalyticsv2.observation import Observation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.protocol.wire import Json
    from sandbox.store import Table


class Upkeep(AttachmentOperations):
    """The service's own doings; nobody calls these over the wire."""

    clusters: LocalClusters | None = None

    async def start(self) -> None:
        """Bring the clusters, then carry on where the last server ended."""
        if self.lifecycle.runner is None:
            self.clusters = LocalClusters(self.host)
            self.lifecycle.runner = self.clusters
            self.lifecycle.code_store = CodeStore(self.host.home.directory / "flink-code")
            self._prune_code()
        await super().start()
        self._observe()

    def _observe(self) -> None:
        if self.clusters is not None:
            observation = Observation(
                self.host, self.clusters, self.every_record, self.begin_scaling
            )
            self.spawn(observation.keep_shipping_logs(), "logs")
            self.spawn(observation.keep_publishing_metrics(), "metrics")

    def _prune_code(self) -> None:
        if self.lifecycle.code_store is not None:
            self.lifecycle.code_store.prune(record for _, record in self.every_record())

    async def _delete(self, table: Table, record: Json) -> None:
        await super()._delete(table, record)
        self._prune_code()

    async def stop(self) -> None:
        """Stop what is under way; the jobs' state is kept for the next server."""
        await super().stop()
        if self.clusters is not None:
            await self.clusters.close()

    async def reset(self) -> None:
        """End all jobs and delete what they wrote."""
        await super().stop()
        for _, record in self.every_record():
            await self.lifecycle.delete(record)
        if self.lifecycle.code_store is not None:
            self.lifecycle.code_store.prune(())
        self._observe()

    def begin_scaling(self, region: str, record: Json, parallelism: int) -> None:
        """AUTOSCALING: a RUNNING job restarts with another parallelism."""
        self._begin_restart(region, record, Status.AUTOSCALING, "AutoScaling", parallelism)

    def begin_maintenance(self, region: str, record: Json) -> None:
        """MAINTENANCE: a RUNNING job restarts on patched machines."""
        self._begin_restart(region, record, Status.MAINTENANCE, "Maintenance", None)

    def _begin_restart(
        self, region: str, record: Json, status: Status, name: str, parallelism: int | None
    ) -> None:
        if record["status"] != Status.RUNNING:
            return
        record["status"] = status.value
        operation = applications.begin_operation(record, name, self.lifecycle.clock.now())
        aws = self.host.aws(region)
        work = self.lifecycle.restart(aws, region, record, operation, parallelism)
        self.begin(record, work, name)

    def tune(
        self, account_id: str, region: str, name_prefix: str, settings: Mapping[str, str]
    ) -> list[str]:
        """What a support case asked for: settings for all applications of a name prefix.

        In force from each job's next start. Gives the applications' names; raises `ServiceError`
        for a setting that is not Support's to change.
        """
        table = self.store.table(account_id, region, APPLICATIONS)
        return tuning.apply(table.values(), name_prefix, settings)
