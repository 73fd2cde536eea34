"""Grafana's data sources: a Timestream one for each region, and one for CloudWatch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from grafana_foundation_sdk.models.dashboard import DataSourceRef

from stacks.grafana.session_queries import SessionTable
from videoctl.model.names import Names
from videoctl.model.specification import EnvironmentSpecification

if TYPE_CHECKING:
    from videoctl.model.regions import Region

TIMESTREAM: Final = "grafana-timestream-datasource"
CLOUDWATCH: Final = "cloudwatch"
MIXED: Final = DataSourceRef(type_val="datasource", uid="-- Mixed --")
"""A panel whose targets each name their own source."""
EXPRESSION: Final = DataSourceRef(type_val="__expr__", uid="__expr__")
"""Grafana's own arithmetic over the results of other queries."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The environment that is watched.

    Args:
        specification: what it is like.

    """

    specification: EnvironmentSpecification

    @property
    def environment(self) -> str:
        """Its name."""
        return self.specification.name

    @property
    def regions(self) -> tuple[Region, ...]:
        """Its regions."""
        return self.specification.regions

    @property
    def names(self) -> Names:
        """Its names; nothing that Grafana asks for has the account in its name."""
        return Names(self.environment, account_id="")

    @property
    def sessions(self) -> SessionTable:
        """The sessions table, of the same name in each region."""
        return SessionTable(self.names.timestream_database, self.names.sessions_table)

    def timestream(self, region: Region) -> DataSourceRef:
        """The region's sessions table as a source."""
        return DataSourceRef(type_val=TIMESTREAM, uid=f"{self.environment}-timestream-{region}")

    def cloudwatch(self) -> DataSourceRef:
        """CloudWatch; each query names its region."""
        return DataSourceRef(type_val=CLOUDWATCH, uid=f"{self.environment}-cloudwatch")


def provisioned_sources(subject: Subject) -> dict[str, Any]:
    """The data sources as Grafana provisions them; credentials are those of its own role."""
    table = subject.sessions
    timestream = [
        _source(
            f"Timestream {subject.environment} {region}",
            subject.timestream(region),
            region,
            defaultDatabase=f'"{table.database}"',
            defaultTable=f'"{table.table}"',
        )
        for region in subject.regions
    ]
    cloudwatch = _source(
        f"CloudWatch {subject.environment}", subject.cloudwatch(), subject.specification.primary
    )
    return {"apiVersion": 1, "datasources": [*timestream, cloudwatch]}


def _source(name: str, reference: DataSourceRef, region: Region, **settings: str) -> dict[str, Any]:
    return {
        "name": name,
        "uid": reference.uid,
        "type": reference.type_val,
        "access": "proxy",
        "editable": False,
        "jsonData": {"authType": "default", "defaultRegion": str(region), **settings},
    }
