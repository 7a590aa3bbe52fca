"""A scenario begun from its parent is the scenario: what it takes over is named alike, and the answer is the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import isthmus as ist
from isthmus.assign.warm_start import (
    match_parent,
    parent_costs,
    parent_flows,
    parent_unit,
    parent_volume,
)
from isthmus.demand import Demand
from isthmus.network import Network
from made_worlds import DAY, ORDERS, order, world_rows

GAP = 1e-10
TRADE = ["origin_zone_id", "destination_zone_id", "commodity_id"]


@pytest.fixture(scope="module")
def world(shipped):
    """A network, its trade, the cost of moving and all of it assigned."""
    from conftest import make_facts

    facts = make_facts(world_rows(2))
    for name in ("sources", "commodities", "parameters", "exchange_rates"):
        facts.tables[name], facts.raw[name] = shipped[name], shipped.raw[name]  # type: ignore[index]
    cost = ist.GeneralizedCost(facts)
    network, demand = facts.network(DAY), facts.demand(2024)
    return network, demand, cost, ist.assign(network, demand, cost, gap=GAP)


def other_trade(demand: Demand) -> Demand:
    """Trade in another order, some of it gone, one trade in two parts."""
    flows = demand.flows.sample(frac=1.0, random_state=5).iloc[4:]
    twin = flows.iloc[[0]].assign(tonnes_t_yr=77.0)
    return demand.replace(pd.concat([flows, twin]))


def other_rows(network: Network) -> Network:
    """The network with its links the other way up: arcs and stops have other numbers."""
    return network.replace(links=network.links.iloc[::-1].reset_index(drop=True))


CHANGED = {
    **{name: (lambda n, d: (n, d)) for name in ORDERS},
    "another list of trade": lambda n, d: (n, other_trade(d)),
    "trade the other way up": lambda n, d: (n, d.replace(d.flows.iloc[::-1])),
    "one trade of each good": lambda n, d: (n, d.replace(d.flows.drop_duplicates("commodity_id"))),
    "other numbers of arcs": lambda n, d: (other_rows(n), d),
    "both": lambda n, d: (other_rows(n), other_trade(d)),
    "nothing": lambda n, d: (n, d),
}


@pytest.fixture(scope="module", params=CHANGED)
def pair(request, world, tmp_path_factory):
    """The parent, and its child from nothing."""
    network, demand, cost, base = world
    changed = CHANGED[request.param](network, demand)
    if request.param in ORDERS:
        changed = order(request.param, tmp_path_factory.mktemp("order")).apply(*changed)
    return base, ist.assign(*changed, cost, gap=GAP), changed, cost


def arc_names(virtual):
    """What each arc is: its element, how, and the places it joins."""
    columns = [
        "kind",
        "link_id",
        "crossing_id",
        "terminal_id",
        "mode",
        "from_mode",
        "gauge_mm",
        "from_gauge_mm",
    ]
    rows = virtual.arcs[columns].astype(str).itertuples(index=False, name=None)
    ends = zip(virtual.graph.tail, virtual.graph.head, strict=True)
    return [
        (*row, virtual.stops[t], virtual.stops[h]) for row, (t, h) in zip(rows, ends, strict=True)
    ]


def trades(side):
    """The name of each trade, by row."""
    return [tuple(row) for row in side.trips[TRADE].itertuples(index=False)]


def test_begun_from_its_parent_a_scenario_is_what_it_is_from_nothing(pair):
    """What every trade bears and what every arc carries, whatever the order, the list of trade or the numbers of arcs."""
    base, cold, changed, cost = pair
    warm = ist.assign(*changed, cost, gap=GAP, start=base)
    assert warm.converged
    assert arc_names(warm.virtual) == arc_names(cold.virtual)
    assert trades(warm) == trades(cold)
    for column in ("borne_usd_t", "served_t_yr"):
        np.testing.assert_allclose(warm.trips[column], cold.trips[column], rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(
        warm.arc_flow.sum(axis=0), cold.arc_flow.sum(axis=0), rtol=1e-5, atol=1e-5
    )
    assert warm.digests == cold.digests


def test_the_first_step_is_where_the_parent_was(world):
    """An unchanged network is assigned at once: its parent's flows fit their own delays."""
    network, demand, cost, base = world
    for there in ((network, demand), (other_rows(network), demand)):
        again = ist.assign(*there, cost, gap=10.0 * GAP, start=base)
        assert again.iterations == 0
        assert again.trips["borne_usd_t"].to_numpy() == pytest.approx(
            base.trips["borne_usd_t"].to_numpy(), rel=1e-12
        )


def test_what_a_trip_did_it_does_on_arcs_and_nodes_of_the_same_names(pair):
    """Shares of arcs and potentials of nodes are taken over by name; of a way that is gone, nothing is."""
    base, child, _, _ = pair
    of = match_parent(base, child.virtual, child.trips, child.trip_ends)
    unit = parent_unit(base, base.unit, of, child.virtual, len(child.trips))
    place = {trade: t for t, trade in reversed(list(enumerate(trades(base))))}
    here = set(arc_names(child.virtual))
    for t, trade in enumerate(trades(child)):
        got = by_name(unit, t, child.virtual)
        did = by_name(base.unit, place[trade], base.virtual) if trade in place else ({}, {})
        assert got == (did if set(did[0]) <= here else ({}, {}))


def by_name(unit, t, virtual):
    """Shares of a trip by arc, and what is left to pay by node."""
    at, arcs, x, node_at, nodes, left, _ = unit
    mine, its = slice(at[t], at[t + 1]), slice(node_at[t], node_at[t + 1])
    names = arc_names(virtual)
    return (
        dict(zip((names[a] for a in arcs[mine]), x[mine], strict=True)),
        dict(zip((virtual.stops[n] for n in nodes[its]), left[its], strict=True)),
    )


def test_flows_and_costs_of_a_parent_are_those_of_arcs_of_the_same_names(pair):
    """What delays are of and what answers were proven at; new arcs have no flow and no proof."""
    base, child, _, _ = pair
    of = match_parent(base, child.virtual, child.trips, child.trip_ends)
    here, there = arc_names(child.virtual), arc_names(base.virtual)
    flow = dict(zip(there, base.arc_flow.sum(axis=0), strict=True))
    told = parent_volume(base, of)
    assert told == pytest.approx([flow.get(name, 0.0) for name in here], rel=1e-8, abs=1e-6)
    proven = parent_costs(base, of, child.trip_ends, child.cost.usd.shape)
    good, before = (list(a.cost.commodities["commodity_id"]) for a in (child, base))
    table = base.solution.unit_at
    for k, name in enumerate(good):
        mine = [t for t in trades(child) if t[2] == name]
        if name not in before or not set(mine) & set(trades(base)):
            assert np.isinf(proven[k]).all()
            continue
        cost = dict(zip(there, table[before.index(name)], strict=True))
        assert proven[k].tolist() == [cost.get(arc, np.inf) for arc in here]


def test_paths_of_a_parent_that_are_open_here_are_kept_whole(pair):
    """Path by path, with their tonnes, by trade; those over what is gone or shut are left out."""
    base, child, _, _ = pair
    trip, at, arcs, flow, _ = parent_flows(
        base, child.virtual, child.cost, child.trips, child.trip_ends
    )
    here, there = arc_names(child.virtual), arc_names(base.virtual)
    is_open = np.isfinite(child.cost.usd)
    number = {name: a for a, name in enumerate(here)}
    row = {trade: t for t, trade in reversed(list(enumerate(trades(child))))}
    want = []
    for p in range(base.paths.n_path):
        names = [there[a] for a in base.paths.of(p)]
        trade = trades(base)[base.paths.trip[p]]
        if trade in row and all(n in number for n in names):
            k = child.trip_ends.klass[row[trade]]
            if all(is_open[k, number[n]] for n in names):
                want.append((row[trade], tuple(number[n] for n in names), base.paths.flow[p]))
    got = [
        (int(t), tuple(map(int, arcs[at[i] : at[i + 1]])), f)
        for i, (t, f) in enumerate(zip(trip, flow, strict=True))
    ]
    assert sorted(got) == sorted(want)
    assert (np.diff(trip) >= 0).all()
