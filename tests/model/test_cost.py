"""Standing cost of an environment."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib.resources import files

from videoctl.model.cost import estimate, price_table
from videoctl.model.regions import Region
from videoctl.model.specification import EnvironmentSpecification
from videoctl.model.specification_file import parse_specification


def specification(name: str) -> EnvironmentSpecification:
    """One of the committed environments."""
    text = files("stacks.environments").joinpath(f"{name}.toml").read_text()
    assert tomllib.loads(text)["name"] == name
    return parse_specification(text, file=name, name=name)


def test_an_estimate_is_the_sum_of_its_lines() -> None:
    """The total is what the lines add up to, and names the date of the prices."""
    found = estimate(specification("dev"))
    total = sum(line.cost_per_month_usd for line in found.lines)
    assert found.cost_per_month_usd == round(total, 2)
    assert found.prices_date == price_table().date


def test_one_region_costs_about_half_of_two() -> None:
    """Everything but the accelerator exists once a region."""
    two = specification("dev")
    one = replace(two, regions=(Region.US_EAST_1,))
    accelerator = price_table().usd_per_hour["accelerator"] * price_table().hours_per_month
    both, half = estimate(two).cost_per_month_usd, estimate(one).cost_per_month_usd
    assert abs((both - accelerator) - 2 * (half - accelerator)) < 0.2


def test_a_grafana_workspace_costs_an_editor() -> None:
    """A workspace is billed for one editor at least; without one there is no such line."""
    without = specification("prod")
    with_one = replace(without, grafana=replace(without.grafana, workspace=True))
    difference = estimate(with_one).cost_per_month_usd - estimate(without).cost_per_month_usd
    assert difference == price_table().usd_per_month["grafana_editor"]
    assert "Managed Grafana editor" not in {line.item for line in estimate(without).lines}


def test_a_running_flink_application_is_billed_with_its_orchestration_kpu() -> None:
    """An application that is only created costs nothing; a running one a KPU more than it uses."""
    running = specification("dev")
    created = replace(running, flink=replace(running.flink, desired_status="READY"))
    kpu = {line.item: line.quantity for line in estimate(running).lines}
    assert "Managed Flink KPU" not in {line.item for line in estimate(created).lines}
    assert kpu["Managed Flink KPU"] == 2 * (running.flink.parallelism + 1)
