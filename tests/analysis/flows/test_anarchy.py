"""Equilibrium beside optimum on the shipped network."""

from __future__ import annotations

import numpy as np
import pytest

import isthmus as ist
from isthmus.analysis.flows import price_of_anarchy
from isthmus.analysis.flows.totals import levels


@pytest.fixture(scope="module")
def found(shipped):
    network, demand = shipped.network("2025-01-01"), shipped.demand(2024)
    return price_of_anarchy(network, demand, ist.GeneralizedCost(shipped), gap=1e-8)


def test_choosing_for_oneself_is_never_cheaper(found):
    assert found.equilibrium.converged
    assert found.optimum.converged
    assert 1.0 < found.price < 4.0 / 3.0 + 1.0
    table = found.table().set_index("quantity")
    assert table.loc["cost at own values of time", "ratio"] == pytest.approx(found.price)
    assert table.loc["waiting", "ratio"] > 1.0


def test_totals_are_those_of_arcs(found):
    """Paths are summed above; here the same from arcs and constants."""
    for assignment, column in ((found.equilibrium, "equilibrium"), (found.optimum, "optimum")):
        cost, flow = assignment.cost, assignment.arc_flow
        usd = np.where(flow > 0, flow * np.where(flow > 0, cost.usd, 0.0), 0.0).sum()
        usd += (cost.vot_usd_t_h[:, None] * flow * assignment.delay_h).sum()
        shown = found.table().set_index("quantity").loc["cost", column]
        assert shown == pytest.approx(usd, rel=1e-9)


def test_corridors_carry_what_comparisons_say(found):
    mine = found.by_corridor().set_index("corridor_id")["mean_t_yr_equilibrium"]
    other = levels(found.equilibrium, "corridor").set_index("corridor_id")["mean_t_yr"]
    np.testing.assert_allclose(mine, other.reindex(mine.index), rtol=1e-6, atol=1.0)


def test_route_flows_are_the_most_likely_and_say_so(found):
    assert found.equilibrium.route_flows == "most likely"
