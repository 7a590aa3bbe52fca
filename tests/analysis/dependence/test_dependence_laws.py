"""Dependence on a made-up world: shares path by path, refusals solved from nothing, ways and room by networkx."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import isthmus as ist
from isthmus.analysis.dependence import all_routes, dependence, refusal, routes
from isthmus.assign.base import Trips
from isthmus.assign.stochastic import stochastic
from isthmus.kernels.delay import NONE
from made_worlds import DAY, LANDS, world_rows

BY = ("territory", "control")


@pytest.fixture(scope="module")
def base(shipped):
    """A world whose roads to borders two companies control, with capacities of a size that ways can be told by."""
    from conftest import make_facts

    rows = world_rows(5, scale=20.0)
    rows["actors"] = [
        {"actor_id": a, "name": a.title(), "kind": "railway"} for a in ("first", "second")
    ]
    for i, row in enumerate(r for r in rows["links"] if r["mode"] != "ferry"):
        row["control_id"] = ("first", "second", "BBB", "")[i % 4]
    # one land sends nothing, it only receives
    rows["demand"] = [r for r in rows["demand"] if r["origin_zone_id"] != "D"]
    rows["demand"] += [
        {
            "origin_zone_id": z, "destination_zone_id": z, "commodity_id": "container", "year": 2024,
            "tonnes_t_yr": 50,
        }
        for z in ("A", "B")
    ]  # fmt: skip
    facts = make_facts(rows)
    for name in ("sources", "commodities", "parameters", "exchange_rates"):
        facts.tables[name], facts.raw[name] = shipped[name], shipped.raw[name]  # type: ignore[index]
    cost = ist.GeneralizedCost(facts)
    return ist.assign(facts.network(DAY), facts.demand(2024), cost, gap=1e-11)


def land(zone):
    """The land of a zone."""
    return next(t for t in LANDS if t[0] == zone)


def ends(base):
    """The lands that each trip begins and ends in."""
    return [
        (land(o), land(d))
        for o, d in base.trips[["origin_zone_id", "destination_zone_id"]].itertuples(index=False)
    ]


@pytest.mark.parametrize("by", BY)
def test_shares_are_those_of_paths_that_pass_and_neither_begin_nor_end_there(base, by):
    """Tonnes and worth of each land's trade over what each other holds, each path once however often it comes by."""
    goods = base.virtual.network.facts["commodities"].set_index("commodity_id")["value_usd_t"]
    owner = base.virtual.arcs[f"{by}_id"].to_numpy()
    pairs, trade = {}, {}
    for t, (start, end) in enumerate(ends(base)):
        price = float(goods[base.trips["commodity_id"].iloc[t]])
        moved = base.trips["served_t_yr"].iloc[t]
        for who in {start, end}:
            trade[who] = trade.get(who, np.zeros(2)) + np.array([moved, moved * price])
        for p in np.flatnonzero(base.paths.trip == t):
            for via in set(owner[base.paths.of(p)]) - {"", start, end}:
                tonnes = base.paths.flow[p]
                for who in {start, end}:
                    pair = pairs.setdefault((who, via), np.zeros(2))
                    pair += np.array([tonnes, tonnes * price])
    found = dependence(base, by)
    told = found.pairs.set_index(["who_id", "via_id"])
    assert set(told.index) == set(pairs)
    for key, want in pairs.items():
        row = told.loc[key]
        assert row[["tonnes_t_yr", "value_usd_yr"]].tolist() == pytest.approx(want, rel=1e-9)
        assert row[["share_t", "share_usd"]].tolist() == pytest.approx(
            want / trade[key[0]], rel=1e-9
        )
    title = {"first": "First", "second": "Second", "SEA-X": "Sea", **{t: t.title() for t in LANDS}}
    assert found.pairs["via"].tolist() == [title[via] for via in found.pairs["via_id"]]
    assert found.pairs["who"].tolist() == [title[who] for who in found.pairs["who_id"]]
    lands = found.countries.set_index("territory_id")
    assert set(lands.index) == set(trade)
    assert lands["trade_t_yr"].tolist() == sorted(lands["trade_t_yr"], reverse=True)
    for _, mine in found.pairs.groupby("who_id"):
        assert mine["tonnes_t_yr"].tolist() == sorted(mine["tonnes_t_yr"], reverse=True)
    for who, whole in trade.items():
        mine = np.array([x for (w, _), x in pairs.items() if w == who]).reshape(-1, 2)
        row = lands.loc[who]
        assert row[["trade_t_yr", "trade_usd_yr"]].tolist() == pytest.approx(whole, rel=1e-9)
        assert row["passing_t_yr"] == pytest.approx(mine[:, 0].sum(), rel=1e-9)
        assert row["partners"] == len(mine)
        if len(mine):
            square = ((mine / mine.sum(axis=0)) ** 2).sum(axis=0)
            assert row[["herfindahl_t", "herfindahl_usd"]].tolist() == pytest.approx(square)
        listed = found.of(who)["tonnes_t_yr"].tolist()
        assert listed == sorted(listed, reverse=True)
        assert len(listed) == len(mine)
    square = found.matrix()
    for (who, via), want in pairs.items():
        assert square.loc[who, via] == pytest.approx(want[0] / trade[who][0])


def refused(base, arcs, other):
    """Close arcs to some trips alone, which become classes of their own, and solve from nothing."""
    n, cost, klass = len(base.cost.usd), base.cost, base.trip_ends.klass
    usd = np.concatenate([cost.usd, cost.usd])
    usd[n:, arcs] = np.inf
    get = cost.parameters.get
    value = cost.commodities["value_usd_t"].to_numpy(float)[klass]
    trips = Trips((klass + n * other).astype(np.int32), *base.trip_ends[1:])
    found = stochastic(
        base.virtual.graph, usd, trips, vot=np.tile(cost.vot_usd_t_h, 2), delay=base.inputs.delay,
        mu=get("perturbation"), length=np.concatenate([base.inputs.length] * 2),
        floor=get("least_arc_cost_usd_t"), most=get("no_trade_value_share") * value, gap=1e-10,
    )  # fmt: skip
    return found, np.concatenate([cost.hours, cost.hours]), trips.klass


def hours_of(found, table, klass):
    """Mean hours of each trip, waiting among them."""
    unit = found.unit
    out = np.zeros(len(klass))
    for t, k in enumerate(klass):
        at = slice(unit.at[t], unit.at[t + 1])
        arcs = unit.arcs[at]
        out[t] = (unit.x[at] * (table[k, arcs] + found.delay_h[arcs])).sum()
    return out


@pytest.mark.parametrize(
    ("by", "via"), [("territory", "BBB"), ("territory", "EEE"), ("control", "first")]
)
@pytest.mark.parametrize("who", ["AAA", "CCC"])
def test_a_refusal_is_what_the_network_closed_to_one_lands_trade_says(base, by, via, who):
    """What passes, what stops, and what going round costs and takes, of its trade with others alone."""
    at = ends(base)
    own = np.array([who in pair for pair in at])
    other = own & np.array([via not in pair for pair in at])
    arcs = np.flatnonzero(base.virtual.arcs[f"{by}_id"].eq(via))
    new, table, klass = refused(base, arcs, other)
    was, flow = base.solution, base.trip_ends.flow
    before, after = flow - was.unserved, flow - new.unserved
    kept = np.minimum(before, after)
    over = set(arcs.tolist())
    passing = sum(
        base.paths.flow[p]
        for p, t in enumerate(base.paths.trip)
        if other[t] and over & set(base.paths.of(p).tolist())
    )
    stopped = np.maximum(before - after, 0.0)[other].sum()
    change = np.where(kept > 0.0, kept * (new.value - was.value), 0.0)[other].sum()
    later = hours_of(new, table, klass) - hours_of(was, base.cost.hours, base.trip_ends.klass)
    days = np.where(kept > 0.0, kept * later, 0.0)[other].sum() / 24.0
    one = refusal(base, who, via, by)
    around = passing - stopped
    assert one.trade_t_yr == pytest.approx(flow[own].sum())
    assert one.own_t_yr == pytest.approx(flow[own & ~other].sum())
    assert one.passing_t_yr == pytest.approx(passing)
    assert one.stopped_t_yr == pytest.approx(stopped, abs=1e-3)
    assert one.avoidable_share == pytest.approx(around / passing, abs=1e-6)
    assert one.extra_usd_yr == pytest.approx(change, rel=1e-4)
    assert one.extra_usd_t == pytest.approx(change / around, rel=1e-4)
    assert one.extra_days == pytest.approx(days / around, rel=5e-3)
    assert ("beside" in one.sentence()) == (by == "territory"), "a company trades with nobody"


@pytest.mark.parametrize("good", ["container", "coal"])
def test_ways_and_room_between_lands_are_those_of_networkx(base, good):
    """As many ways as links must go to part them (Menger, link by link), and the most that can flow (Ford, Fulkerson)."""
    virtual, graph = base.virtual, base.virtual.graph
    k = list(base.cost.commodities["commodity_id"]).index(good)
    is_open = np.isfinite(base.cost.usd[k])
    link, law = virtual.arcs["link_id"].to_numpy(), base.inputs.delay
    told = all_routes(base, good, ["AAA", "CCC", "EEE"])
    assert len(told) == 6
    for row in told.itertuples(index=False):
        one = virtual.source_of_zone[row.origin_id[0]]
        other = virtual.sink_of_zone[row.destination_id[0]]
        gates, room = nx.DiGraph(), nx.DiGraph()
        for a in np.flatnonzero(is_open):
            u, v = int(graph.tail[a]), int(graph.head[a])
            if link[a]:
                gates.add_edge(u, (link[a], "in"))
                gates.add_edge((link[a], "in"), (link[a], "out"), capacity=1)
                gates.add_edge((link[a], "out"), v)
            else:
                gates.add_edge(u, v)
            most = law.capacity[a] if law.law[a] != NONE else np.inf
            had = room.get_edge_data(u, v, {"capacity": 0.0})["capacity"]
            whole = most if np.isinf(most) else np.floor(most / 1000.0)
            room.add_edge(u, v, capacity=had + whole)
        assert row.routes == nx.maximum_flow_value(gates, one, other)
        assert row.flow_t_yr == pytest.approx(1000.0 * nx.maximum_flow_value(room, one, other))
        assert routes(base, row.origin_id, row.destination_id, good) == (row.routes, row.flow_t_yr)
        assert row.routes >= 1
