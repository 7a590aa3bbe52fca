"""The trade matrix is what its recipe derives, and keeps to what was observed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[1]
TOLERANCE = 0.005  # of an observed total, rounding and pruning included


def _recipe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recipe_demand", ROOT / "recipes" / "demand.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["recipe_demand"] = module
    spec.loader.exec_module(module)
    return module


demand = _recipe()


@pytest.fixture(scope="module")
def derived():
    return demand.derive()


@pytest.fixture(scope="module")
def matrix(derived) -> pd.DataFrame:
    return derived[0]


def test_the_committed_matrix_is_what_the_recipe_derives(matrix):
    committed = (ROOT / "data" / "demand.csv").read_text(encoding="utf-8")
    assert demand.text_of(matrix) == committed


def test_the_committed_page_is_what_the_recipe_derives(derived):
    committed = (ROOT / "docs" / "demand.md").read_text(encoding="utf-8")
    assert demand.page(derived[0], derived[1]) == committed


def test_observed_totals_are_reproduced(derived):
    fitted = derived[1].query("kind == 'fitted'").set_index("id")
    off = fitted[(fitted["ratio"] - 1).abs() > TOLERANCE]
    assert off.empty, off[["observed_mt", "reproduced_mt", "ratio"]]
    assert len(fitted) >= 20


def test_largest_land_flows_lie_between_their_bounds(derived):
    checks = derived[1].query("kind == 'check' and id.str.startswith('land-')")
    inside = checks["reproduced_mt"].between(checks["low_mt"] * 0.98, checks["high_mt"] * 1.02)
    assert inside.all(), checks[~inside]


def test_every_assumption_is_used_and_says_why(derived):
    inputs = derived[2]
    assert sorted(set(inputs.assumptions.index) - inputs.used) == []
    for column in ("value", "unit", "why", "source"):
        assert (inputs.assumptions[column] != "").all(), column


def test_an_assumption_lies_between_its_low_and_high(derived):
    rows = derived[2].assumptions.query("low != ''")
    low, value, high = (rows[c].astype(float) for c in ("low", "value", "high"))
    assert ((low <= value) & (value <= high)).all(), rows[(low > value) | (value > high)]


def test_evidence_lies_between_its_low_and_high(derived):
    rows = derived[2].evidence.query("teu_m == ''")
    low, central, high = (rows[c].astype(float) for c in ("low_mt", "central_mt", "high_mt"))
    assert ((low > 0) & (low <= central) & (central <= high)).all()


def test_sourced_evidence_cites_flows(derived):
    evidence = derived[2].evidence
    assert (evidence.query("basis == 'sourced'")["flow_ids"] != "").all()


def test_shares_of_a_group_and_of_a_mix_add_up_to_one(derived):
    inputs = derived[2]
    for shares in [*inputs._shares.values(), *inputs._mixes.values()]:
        assert sum(shares.values()) == pytest.approx(1)


def test_zones_and_commodities_are_enough_and_known(matrix, derived):
    zones = set(matrix["origin_zone_id"]) | set(matrix["destination_zone_id"])
    assert len(zones) >= 45
    assert matrix["commodity_id"].nunique() >= 8
    assert zones <= derived[2].zone_ids


def test_every_zone_both_sends_and_receives(matrix, derived):
    zones = derived[2].zone_ids - {"aze-khankendi"}  # traded by the Lachin road, until 2023
    assert zones == set(matrix["origin_zone_id"])
    assert zones == set(matrix["destination_zone_id"])


def test_a_pair_stands_once_is_positive_and_rounded(matrix):
    key = ["origin_zone_id", "destination_zone_id", "commodity_id", "year"]
    assert not matrix.duplicated(key).any()
    assert (matrix["tonnes_t_yr"] > 0).all()
    assert (matrix["tonnes_t_yr"] % 100 == 0).all()
    assert (matrix["origin_zone_id"] != matrix["destination_zone_id"]).all()


def test_what_stands_on_nothing_cited_says_assumed(matrix):
    judged = matrix["note"].str.startswith("judgement:") & ~matrix["note"].str.contains("flow-")
    assert matrix.loc[judged, "source_id"].str.startswith("assumed:").all()
    assert (matrix.loc[~judged, "source_id"] == "demand-recipe").all()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 6))
def test_gravity_keeps_both_margins(seed, n, m):
    rng = np.random.default_rng(seed)
    rows, columns = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
    x = demand.gravity(rows, columns, rng.uniform(0.2, 1, (n, m)))
    np.testing.assert_allclose(x.sum(axis=1), rows, atol=1e-6)
    np.testing.assert_allclose(x.sum(axis=0), columns, atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_fitting_never_leaves_the_bounds(seed):
    rng = np.random.default_rng(seed)
    mt = rng.uniform(0.1, 5, 8)
    cells = pd.DataFrame({"mt": mt, "low": 0.5 * mt, "high": 2 * mt})
    coef = (rng.random((3, 8)) < 0.5) * rng.uniform(0.2, 1, (3, 8))
    x = demand.fit(cells, coef, rng.uniform(0.1, 20, 3))["mt"]
    assert (x >= cells["low"] - 1e-12).all()
    assert (x <= cells["high"] + 1e-12).all()


def test_fitting_a_total_within_reach_meets_it():
    cells = pd.DataFrame({"mt": [1.0, 2.0, 3.0], "low": [0.5] * 3, "high": [9.0, 2.5, 9.0]})
    coef = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.5]])
    x = demand.fit(cells, coef, np.array([6.0, 2.0]))["mt"].to_numpy()
    np.testing.assert_allclose(coef @ x, [6.0, 2.0])
    assert x[1] == 2.5


def test_order_of_evidence_changes_nothing_but_the_order(derived):
    inputs = demand.Inputs(ROOT / "data", ROOT / "recipes")
    inputs.evidence = inputs.evidence.iloc[::-1].reset_index(drop=True)
    a = demand.evidence_cells(derived[2]).groupby(["o", "d", "commodity"])["mt"].sum()
    b = demand.evidence_cells(inputs).groupby(["o", "d", "commodity"])["mt"].sum()
    pd.testing.assert_series_equal(a, b)
