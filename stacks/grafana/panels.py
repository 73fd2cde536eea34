"""Panels with the platform's limits as their colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.builders.common import GraphThresholdsStyleConfig, ReduceDataOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard, Row, ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    GraphThresholdsStyleMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from grafana_foundation_sdk.cog.builder import Builder
    from grafana_foundation_sdk.cog.variants import Dataquery

    from videoctl.model import thresholds

GREEN: Final = "green"
ORANGE: Final = "orange"
RED: Final = "red"
WIDTH: Final = 24
"""Columns of a dashboard."""
HEIGHT: Final = 8
TILE_HEIGHT: Final = 4
SHORTEST_INTERVAL: Final = "1m"
"""A point is at least one session window."""

AnyPanel: TypeAlias = timeseries.Panel | stat.Panel | table.Panel
Panel = TypeVar("Panel", timeseries.Panel, stat.Panel, table.Panel)


def with_rows(dashboard: Dashboard, rows: Mapping[str, Iterable[AnyPanel]]) -> Dashboard:
    """A dashboard with open rows of panels, each row under its title.

    Panels stand beside their row rather than in it: those in a row are shown when it is clicked.
    """
    for title, shown in rows.items():
        dashboard = dashboard.with_row(Row(title))
        for panel in shown:
            dashboard = dashboard.with_panel(panel)
    return dashboard


def steps(limit: thresholds.Threshold) -> list[Threshold]:
    """The colours of a figure; a step begins at its value, as verdicts do."""
    if limit.worse == "above":
        return [
            Threshold(value=None, color=GREEN),
            Threshold(value=limit.warning, color=ORANGE),
            Threshold(value=limit.critical, color=RED),
        ]
    return [
        Threshold(value=None, color=RED),
        Threshold(value=limit.critical, color=ORANGE),
        Threshold(value=limit.warning, color=GREEN),
    ]


def time_series(
    title: str,
    description: str,
    unit: str,
    *,
    source: DataSourceRef,
    targets: Iterable[Builder[Dataquery]],
    width: int,
    limit: thresholds.Threshold | None = None,
) -> timeseries.Panel:
    """Lines over time, the limits as dashed lines."""
    panel = timeseries.Panel().show_points(VisibilityMode.AUTO).min(0)
    panel = _common(panel, title, description, unit, source=source, targets=targets)
    panel = panel.height(HEIGHT).span(width).interval(SHORTEST_INTERVAL)
    if limit is None:
        return panel
    style = GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
    return panel.thresholds(_colours(limit)).thresholds_style(style)


def tile(
    title: str,
    description: str,
    unit: str,
    *,
    source: DataSourceRef,
    targets: Iterable[Builder[Dataquery]],
    width: int,
    limit: thresholds.Threshold | None = None,
) -> stat.Panel:
    """The newest figure of each region, in the colour of its verdict."""
    panel = stat.Panel().graph_mode(BigValueGraphMode.NONE).color_mode(BigValueColorMode.VALUE)
    panel = _common(panel, title, description, unit, source=source, targets=targets)
    newest = ReduceDataOptions().calcs(["lastNotNull"]).values(False)
    panel = panel.reduce_options(newest).height(TILE_HEIGHT).span(width)
    return panel if limit is None else panel.thresholds(_colours(limit))


def rows(
    title: str,
    description: str,
    *,
    source: DataSourceRef,
    targets: Iterable[Builder[Dataquery]],
    sort_by: str,
    units: dict[str, str],
) -> table.Panel:
    """The rows of all regions as one table.

    Args:
        title: the panel's.
        description: what its figures are.
        source: of the targets.
        targets: queries with the same columns.
        sort_by: column, largest first.
        units: Grafana's units by column.

    """
    panel = _common(table.Panel(), title, description, "", source=source, targets=targets)
    newest_first: Any = {"fields": {}, "sort": [{"field": sort_by, "desc": True}]}
    panel = panel.height(HEIGHT).span(WIDTH)
    panel = panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    panel = panel.with_transformation(DataTransformerConfig(id_val="sortBy", options=newest_first))
    for column, unit in units.items():
        override = DynamicConfigValue(id_val="unit", value=unit)
        panel = panel.override_by_name(column, [override])
    return panel


def _colours(limit: thresholds.Threshold) -> ThresholdsConfig:
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps(limit))


def _common(
    panel: Panel,
    title: str,
    description: str,
    unit: str,
    *,
    source: DataSourceRef,
    targets: Iterable[Builder[Dataquery]],
) -> Panel:
    panel = panel.title(title).description(description).datasource(source)
    if unit:
        panel = panel.unit(unit)
    for target in targets:
        panel = panel.with_target(target)
    return panel
