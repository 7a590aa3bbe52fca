"""Trade of other years, and back-casts beside published volumes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import isthmus as ist
from isthmus.analysis.evidence import backcast
from isthmus.analysis.evidence.past import _changes
from isthmus.errors import InputError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def two(shipped):
    """Two years without congestion: fast."""
    cost = ist.GeneralizedCost(shipped)
    return backcast(shipped, cost, (2021, 2023), method="all_or_nothing")


def test_the_recipe_of_growth_gives_what_is_committed():
    command = [sys.executable, "recipes/demand_years.py", "--check"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0


def test_a_flow_grows_by_its_pair_else_by_the_mean_of_its_ends(shipped):
    base, then = shipped.demand(2024).flows, shipped.demand(2021).flows
    land = shipped["zones"].set_index("zone_id")["territory_id"]
    growth = {
        (r.origin_territory_id, r.destination_territory_id): r.factor
        for r in shipped["trade_growth"].itertuples()
        if r.year == 2021
    }
    ratio = then["tonnes_t_yr"] / base["tonnes_t_yr"]
    for (o, d), factor in {
        ("CHN", "RUS"): growth["CHN", "RUS"],
        ("KAZ", "TUR"): np.sqrt(growth["KAZ", ""] * growth["", "TUR"]),
        ("EGY", "KOR"): 1.0,
    }.items():
        here = base["origin_zone_id"].map(land).eq(o) & base["destination_zone_id"].map(land).eq(d)
        if here.any():
            assert ratio[here].to_numpy() == pytest.approx(factor)
    assert growth["CHN", "RUS"] == pytest.approx(67.5 / 115.49 * 1.13, rel=0.05)


def test_a_year_of_no_trade_names_those_there_are(shipped):
    with pytest.raises(InputError, match="2024; with growth: 2019, 2020"):
        shipped.demand(1999)
    with pytest.raises(InputError, match="twice"):
        backcast(shipped, ist.GeneralizedCost(shipped), (2021, 2021))


def test_volumes_are_those_of_the_paths_over_the_elements(shipped, two):
    found = ist.assign(
        shipped.network("2021-07-01"),
        shipped.demand(2021),
        ist.GeneralizedCost(shipped),
        method="all_or_nothing",
    )
    arcs = found.virtual.arcs["crossing_id"]
    here = arcs.isin(["rail:yalama:AZE-RUS", "rail:yalama:RUS-AZE"]).to_numpy()
    row = two.table[two.table["measure_id"].eq("yalama") & two.table["year"].eq(2021)].iloc[0]
    assert row["modelled"] == pytest.approx(found.arc_flow[:, here].sum() / 1e6)


def test_the_northern_route_loses_and_the_middle_corridor_gains_after_february_2022(two):
    """Out of dated restrictions and trade alone: no flow is set."""
    value = two.table.set_index(["measure_id", "year"])["modelled"]
    assert value["northern-route", 2023] < 0.9 * value["northern-route", 2021]
    assert value["middle-corridor", 2023] > value["middle-corridor", 2021]


def test_growth_and_direction_on_numbers_made_up():
    table = pd.DataFrame(
        {
            "measure_id": ["a"] * 3,
            "name": ["A"] * 3,
            "year": [2019, 2021, 2023],
            "modelled": [2.0, 3.0, 2.7],
            "published": [10.0, 5.0, 4.0],
        }
    )
    found = _changes(table)
    assert found["modelled"].tolist() == pytest.approx([1.5, 0.9])
    assert found["published"].tolist() == pytest.approx([0.5, 0.8])
    assert found["agrees"].tolist() == [False, True]
