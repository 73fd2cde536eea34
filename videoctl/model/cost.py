"""What an environment costs while nobody uses it: standing cost from a small dated price table."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from videoctl.model.specification import ON_DEMAND_OPEN_SHARDS, StreamMode

if TYPE_CHECKING:
    from videoctl.model.specification import EnvironmentSpecification, StreamSpecification

INTERFACE_ENDPOINTS: Final = 5
"""Interface VPC endpoints a region (ECR API and registry, logs, Kinesis, STS)."""

FLINK_ORCHESTRATION_KPU: Final = 1
FLINK_STORAGE_GB_PER_KPU: Final = 50
RETENTION_INCLUDED_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class PriceTable:
    """List prices with their date and source; money in USD."""

    date: str
    source: str
    hours_per_month: int
    usd_per_hour: dict[str, float]
    usd_per_month: dict[str, float]


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of an estimate, over all regions of the environment."""

    item: str
    quantity: float
    cost_per_month_usd: float


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """A standing-cost estimate: no traffic, no storage, no requests."""

    lines: tuple[CostLine, ...]
    prices_date: str
    prices_source: str

    @property
    def cost_per_month_usd(self) -> float:
        """The sum, rounded to cents."""
        return round(sum(line.cost_per_month_usd for line in self.lines), 2)

    @property
    def cost_per_hour_usd(self) -> float:
        """The sum an hour, rounded to a tenth of a cent."""
        return round(self.cost_per_month_usd / price_table().hours_per_month, 3)


@cache
def price_table() -> PriceTable:
    """The packaged price table."""
    text = files("videoctl.model").joinpath("prices.toml").read_text(encoding="utf-8")
    return PriceTable(**tomllib.loads(text))


def estimate(specification: EnvironmentSpecification) -> CostEstimate:
    """The standing cost of one environment, both regions summed."""
    prices = price_table()
    regions = len(specification.regions)

    def hourly(item: str, price: str, quantity: float) -> CostLine:
        per_month = quantity * prices.usd_per_hour[price] * prices.hours_per_month
        return CostLine(item, quantity, round(per_month, 2))

    def monthly(item: str, price: str, quantity: float) -> CostLine:
        return CostLine(item, quantity, round(quantity * prices.usd_per_month[price], 2))

    tasks = specification.fargate.desired_count * regions
    flink = specification.flink
    running = flink.desired_status == "RUNNING"
    kpus = (math.ceil(flink.parallelism / flink.parallelism_per_kpu) if running else 0) * regions
    billed_kpus = kpus + (FLINK_ORCHESTRATION_KPU * regions if running else 0)
    streams = (
        specification.streams.raw,
        specification.streams.session,
        specification.streams.late,
    )
    shards = sum(stream.shards or 0 for stream in streams) * regions
    extended = sum(_extended_shards(stream) for stream in streams) * regions
    on_demand = sum(stream.mode is StreamMode.ON_DEMAND for stream in streams) * regions
    fan_out = (specification.streams.raw.shards or ON_DEMAND_OPEN_SHARDS) * regions
    zones = INTERFACE_ENDPOINTS * specification.network.availability_zones * regions
    memory_gb = tasks * specification.fargate.memory_mib / 1024
    lines = (
        hourly("Fargate vCPU", "fargate_vcpu", tasks * specification.fargate.cpu_units / 1024),
        hourly("Fargate memory GB", "fargate_gb", memory_gb),
        hourly("Kinesis shards", "kinesis_shard", shards),
        hourly("Kinesis extended retention shards", "kinesis_shard_extended_retention", extended),
        hourly("Kinesis on-demand streams", "kinesis_on_demand_stream", on_demand),
        hourly("Kinesis fan-out consumer shards", "kinesis_fan_out_consumer_shard", fan_out),
        hourly("Managed Flink KPU", "flink_kpu", billed_kpus),
        monthly(
            "Managed Flink running storage GB",
            "flink_running_storage_gb",
            kpus * FLINK_STORAGE_GB_PER_KPU,
        ),
        hourly("Application Load Balancer", "load_balancer", regions),
        hourly("Interface endpoint zones", "interface_endpoint_zone", zones),
        hourly("Global Accelerator", "accelerator", 1),
        monthly("KMS keys", "kms_key", regions),
        monthly("Managed Grafana editor", "grafana_editor", int(specification.grafana.workspace)),
    )
    billed = tuple(line for line in lines if line.quantity)
    return CostEstimate(billed, prices.date, prices.source)


def _extended_shards(stream: StreamSpecification) -> int:
    return (stream.shards or 0) if stream.retention_hours > RETENTION_INCLUDED_HOURS else 0
