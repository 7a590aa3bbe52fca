"""Oil and gas: flows against another solver, published routes, closures, orders."""

from __future__ import annotations

import json

import numpy as np
import pytest

import isthmus as ist
from isthmus.analysis.energy import CARRIED, export_capacity
from isthmus.cli import app
from isthmus.errors import InputError
from isthmus.run import find_scenario
from isthmus.vocab import PIPELINES

from test_orders import ENERGY_ORDERS  # isort: skip


@pytest.fixture(scope="module")
def base(shipped):
    return ist.energy(shipped.network("2023-10-15"))


def test_flows_cost_what_a_general_solver_says(base):
    """The same linear programme on the flows of arcs, trade by trade, by scipy."""
    from scipy.optimize import linprog
    from scipy.sparse import block_diag, coo_array, hstack, vstack

    arcs, trades = base.arcs, base.trades
    names = {n: i for i, n in enumerate(sorted({*arcs["tail"], *arcs["head"]}))}
    usable = np.isfinite(arcs["cost_usd_t"].to_numpy())
    penalty = float(
        base.network.parameters.set_index("parameter").loc["energy_penalty_usd_t", "value"]
    )
    blocks, right, cost, shares = [], [], [], []
    for trade in trades.to_dict("records"):
        here = np.flatnonzero(usable & arcs["mode"].isin(CARRIED[trade["commodity"]]).to_numpy())
        tail = arcs["tail"].map(names).to_numpy()[here]
        head = arcs["head"].map(names).to_numpy()[here]
        n, k = len(names), len(here)
        ends = [names[trade["from_node_id"]], names[trade["to_node_id"]]]
        rows = np.concatenate([tail, head, ends])
        columns = np.concatenate([np.arange(k), np.arange(k), [k, k]])
        values = np.concatenate([np.ones(k), -np.ones(k), [1.0, -1.0]])
        blocks.append(coo_array((values, (rows, columns)), shape=(n, k + 1)))
        balance = np.zeros(n)
        balance[ends[0]] += trade["tonnes_t_yr"]
        balance[ends[1]] -= trade["tonnes_t_yr"]
        right.append(balance)
        cost.append(np.append(arcs["cost_usd_t"].to_numpy()[here], penalty))
        shares.append(coo_array((np.ones(k), (here, np.arange(k))), shape=(len(arcs), k + 1)))
    limit = arcs["capacity_t_yr"].to_numpy(dtype=float)
    room = np.isfinite(limit)
    load = hstack(shares, format="csr")[room]
    wanted = linprog(
        np.concatenate(cost) / 1e3,
        A_ub=load,
        b_ub=limit[room] / 1e6,
        A_eq=vstack([block_diag(blocks)], format="csr"),
        b_eq=np.concatenate(right) / 1e6,
        method="highs",
    )
    assert base.solution.objective == pytest.approx(wanted.fun * 1e9, rel=1e-8)
    assert base.solution.gap <= 1e-9


def test_no_line_carries_more_than_it_can_and_all_trade_is_accounted_for(base):
    assert (base.flow <= base.arcs["capacity_t_yr"].to_numpy(dtype=float) * (1 + 1e-9)).all()
    served = base.trades["served_t_yr"].sum() + base.unserved()["unserved_t_yr"].sum()
    assert served == pytest.approx(base.trades["tonnes_t_yr"].sum(), rel=1e-9)
    into = base.arcs["mode"].eq("gas_pipeline") & base.arcs["head"].eq("khorgos-gas")
    china = base.trades[base.trades["to_node_id"].eq("khorgos-gas")]["served_t_yr"].sum()
    assert base.flow[into.to_numpy()].sum() == pytest.approx(china)


def test_exports_of_2023_are_within_15_percent_on_eleven_of_fourteen_routes(base):
    """As docs/energy.md says, which names the three others and why."""
    routes = base.routes().set_index("route_id")
    assert len(routes) == 14
    assert set(routes.index[~routes["within"]]) == {"aktau-makhachkala", "tanap", "tap"}
    total = routes[["modelled_t_yr", "published_t_yr"]].sum()
    assert total["modelled_t_yr"] == pytest.approx(total["published_t_yr"], rel=0.15)


def test_baku_tbilisi_ceyhan_needs_azerbaijan_georgia_and_turkiye(base):
    through = base.countries()
    mine = through[
        through["land"].eq("AZE")
        & through["side"].eq("exports")
        & through["commodity"].eq("crude_oil")
    ]
    share = mine[mine["by"].eq("territory")].set_index("through")["share"]
    assert share["GEO"] == pytest.approx(1.0)
    assert share["TUR"] == pytest.approx(1.0)
    assert "RUS" not in share.index


def test_closing_a_land_costs_those_who_have_no_other_way(base):
    lost = base.dependence("GEO").set_index(["commodity", "side", "land"])
    gas = lost.loc[("natural_gas", "imports", "ARM")]
    assert gas["through_t_yr"] > 0
    assert 0.0 < gas["avoidable"] < 1.0, "a part comes from Iran, up to what that line can carry"
    assert lost.loc[("natural_gas", "imports", "ITA"), "lost_t_yr"] > 0
    with_own = base.dependence("KAZ")
    assert "KAZ" not in set(with_own.loc[with_own["side"].eq("exports"), "land"])


@pytest.mark.parametrize("name", sorted(ENERGY_ORDERS))
def test_an_order_of_lines_applies_and_leaves_freight_alone(name, shipped):
    order = find_scenario(name, shipped)
    network = shipped.network(order.base)
    changed, trade = order.apply(network, shipped.demand(2024))
    differs = network.links["is_open"].ne(changed.links["is_open"])
    capacity = (
        network.links["capacity_t_yr"].fillna(-1).ne(changed.links["capacity_t_yr"].fillna(-1))
    )
    touched = changed.links[differs | capacity]
    assert len(touched)
    assert set(touched["mode"]) <= set(PIPELINES)
    assert trade.flows.equals(shipped.demand(2024).flows)
    found = ist.energy(changed)
    assert found.solution.gap <= 1e-9


def test_the_consortium_stopped_leaves_kazakh_oil_behind_and_fills_what_is_left(shipped):
    order = find_scenario("cpc-stopped", shipped)
    network = shipped.network(order.base)
    base, new = ist.energy(network), ist.energy(order.apply(network, shipped.demand(2024))[0])
    left = new.unserved().set_index("trade_id")["unserved_t_yr"]
    assert left["kaz-west-2023"] > 30e6
    lines = new.lines().set_index("link_id")
    assert "oil_pipeline:tikhoretsk-oil-novorossiysk" not in set(
        lines.index[lines["flow_t_yr"] > 0]
    )
    before = base.lines().set_index("link_id")["flow_t_yr"]
    samara = "oil_pipeline:samara-border-samara-oil"
    assert lines.loc[samara, "flow_t_yr"] > before[samara]
    assert lines["worth_usd_t"].max() > 0, "what is full is worth something"


def test_removing_lands_leaves_less_capacity_and_removing_both_least(shipped):
    def total(*lands):
        return export_capacity(shipped, "2025-01-01", without=lands)["capacity_t_yr"].sum()

    assert total() > total("IRN") > total("IRN", "RUS")
    assert total() > total("RUS") > total("IRN", "RUS")
    lands = set(export_capacity(shipped, "2025-01-01", ("IRN", "RUS"))["territory_id"])
    assert not lands & {"IRN", "RUS"}
    early = export_capacity(shipped, "1996-01-01")
    assert not (early["commodity"].eq("crude_oil") & early["territory_id"].eq("GEO")).any()


def test_a_blockade_of_ports_stops_tankers(shipped):
    def iranian(date):
        found = ist.energy(shipped.network(date)).trades.set_index("trade_id")
        return found.loc["irn-chn-2023", "served_t_yr"]

    assert iranian("2025-01-01") > 0
    assert iranian("2026-05-01") == 0.0


def test_freight_does_not_see_the_lines(shipped):
    virtual = ist.assign(
        shipped.network("2025-01-01"),
        shipped.demand(2024),
        ist.GeneralizedCost(shipped),
        method="all_or_nothing",
    ).virtual
    assert not set(virtual.arcs["mode"]) & set(PIPELINES)


def test_the_command(capsys):
    app(["energy", "druzhba-cut", "--land", "Belarus", "--json"], standalone_mode=False)
    said = json.loads(capsys.readouterr().out)
    assert {"base", "capacity", "scenario", "new", "closing"} == set(said)
    app(["energy", "--by", "route"], standalone_mode=False)
    assert "Caspian" in capsys.readouterr().out
    with pytest.raises(InputError, match="1990 has no trade"):
        app(["energy", "--year", "1990", "--date", "2023-01-01"], standalone_mode=False)
    with pytest.raises(InputError, match="transit"):
        app(["energy", "--by", "colour"], standalone_mode=False)
