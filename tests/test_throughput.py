"""Vehicles a day against tonnes a year: the worked examples of docs/model.md."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from isthmus.cost.parameters import Parameters
from isthmus.cost.throughput import capacity_t_yr, throughput_t_yr, vehicles_day
from isthmus.errors import InputError
from isthmus.facts.tables import package_root

PAGE = Path(__file__).resolve().parents[1] / "docs" / "model.md"


@pytest.fixture(scope="module")
def parameters(shipped):
    return Parameters(shipped["parameters"])


@pytest.fixture(scope="module")
def observed():
    return pd.read_csv(package_root() / "observations.csv").set_index("id")


def printed(place):
    """Formula, published tonnes and ratio that the page prints of a place."""
    row = next(x for x in PAGE.read_text(encoding="utf-8").splitlines() if f"| {place}" in x)
    cells = row.split("|")
    return [float(re.search(r"[\d.]+", cells[i]).group()) for i in (3, 4, 5)]


def test_a_railway(parameters, observed):
    row = observed.loc["ts024"]
    assert "10 pairs" in row["note"]
    ours = capacity_t_yr(parameters, "rail", 10) / 1e6
    assert printed("Samur–Yalama") == pytest.approx(
        [ours, row["value"], ours / row["value"]], rel=0.02
    )


def test_a_port(parameters, observed):
    row = observed.loc["W083"]
    assert "0.566 Mt road (23,652 vehicles)" in row["note"]
    days = 304  # January to October
    working = parameters.get("working_days_yr")
    ours = throughput_t_yr(parameters, "road", 23_652 / days) / working * days / 1e6
    assert printed("Kuryk") == pytest.approx([ours, 0.566, ours / 0.566], rel=0.02)


def test_a_road_crossing(parameters, observed):
    row = observed.loc["W207"]
    assert "400-450 trucks/day" in row["note"]
    ours = throughput_t_yr(parameters, "road", 425) / 1e6
    assert printed("Norduz–Agarak") == pytest.approx(
        [ours, row["value"], ours / row["value"]], rel=0.02
    )


def test_there_and_back(parameters):
    for mode in ("rail", "road"):
        tonnes = throughput_t_yr(parameters, mode, 37.0)
        assert vehicles_day(parameters, mode, tonnes) == pytest.approx(37.0)
        assert capacity_t_yr(parameters, mode, 37.0) < tonnes


def test_a_ship_is_no_train(parameters):
    with pytest.raises(InputError, match="sea"):
        throughput_t_yr(parameters, "sea", 1.0)
