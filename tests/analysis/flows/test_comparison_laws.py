"""Laws of a comparison, trade by trade, on made-up worlds: what it adds up, and what its parts are."""

from __future__ import annotations

import numpy as np
import pytest

import isthmus as ist
from isthmus.assign.base import Trips
from isthmus.assign.stochastic import stochastic
from made_worlds import DAY, LANDS, ORDERS, order, world_rows

GAP = 1e-10
TRADE = ["origin_zone_id", "destination_zone_id", "commodity_id"]
ATTRIBUTES = {
    "cost_change_usd_yr": None, "money_change_usd_yr": "money", "time_change_th_yr": "hours",
    "co2_change_t_yr": "co2",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(shipped):
    """A world, the cost of moving on it, and its trade assigned; one land sends nothing, it only receives."""
    from conftest import make_facts

    facts = make_facts(world_rows(1))
    for name in ("sources", "commodities", "parameters", "exchange_rates"):
        facts.tables[name], facts.raw[name] = shipped[name], shipped.raw[name]  # type: ignore[index]
    cost = ist.GeneralizedCost(facts)
    network, demand = facts.network(DAY), facts.demand(2024)
    demand = demand.replace(demand.flows[demand.flows["origin_zone_id"].ne("D")])
    return network, demand, cost, ist.assign(network, demand, cost, gap=GAP)


@pytest.fixture(scope="module", params=ORDERS)
def pair(request, world, tmp_path_factory):
    """The world and one with an order in force, begun from it."""
    network, demand, cost, base = world
    changed = order(request.param, tmp_path_factory.mktemp("order")).apply(network, demand)
    return base, ist.assign(*changed, cost, gap=GAP, start=base), cost


def ends(trade):
    """The lands that a trade begins and ends in."""
    return tuple(next(t for t in LANDS if t[0] == zone) for zone in trade[:2])


def by_trade(side):
    """Of each trade: tonnes asked for, tonnes moved, what a tonne bears and the means along its paths."""
    out = {}
    for t, row in side.trips.iterrows():
        mine = np.flatnonzero(side.paths.trip == t)
        flow = side.paths.flow[mine]
        means = {
            name: (flow * side.path_total(name)[mine]).sum() / flow.sum() if len(mine) else np.nan
            for name in ("money", "hours", "co2")
        }
        out[tuple(row[TRADE])] = (row["tonnes_t_yr"], flow.sum(), row["borne_usd_t"], means)
    return out


def changes(base, new):
    """Changes of each trade over what moves in both, by loops over paths."""
    one, other = by_trade(base), by_trade(new)
    out = {}
    for trade in {**one, **other}:
        nothing = (0.0, 0.0, np.nan, {})
        (asked, moved, bears, means), (asks, moves, borne, mean) = (
            x.get(trade, nothing) for x in (one, other)
        )
        common = min(moved, moves)
        row = dict.fromkeys(ATTRIBUTES, 0.0)
        if common > 0.0:
            row = {c: common * (mean[n] - means[n]) for c, n in ATTRIBUTES.items() if n}
            row["co2_change_t_yr"] /= 1000.0
            row["cost_change_usd_yr"] = common * (borne - bears)
        out[trade] = row | {
            "common_t_yr": common, "unserved_change_t_yr": (asks - moves) - (asked - moved),
        }  # fmt: skip
    return out


def test_every_trade_changes_over_the_tonnes_that_move_in_both(pair):
    """Cost, money, time and emissions of each trade, and what it no longer moves; too little to tell is 0."""
    base, new, _ = pair
    wanted = changes(base, new)
    trips = ist.compare(base, new).trips.set_index(TRADE)
    assert set(trips.index) == set(wanted)
    for trade, row in wanted.items():
        told = trips.loc[trade]
        seen = abs(row["cost_change_usd_yr"]) > told["doubt_usd_yr"]
        for column, value in row.items():
            if column in ATTRIBUTES and not seen:
                assert told[column] == 0.0
            else:
                assert told[column] == pytest.approx(value, rel=1e-6, abs=1e-6), (trade, column)


def test_totals_and_tables_by_land_good_and_pair_are_sums_over_trades(pair):
    """The total counts a trade once; a land counts what begins or ends there, its own trade once."""
    base, new, _ = pair
    rows = changes(base, new)
    found = ist.compare(base, new)
    total, least = found.totals(), found.totals()["least_usd_yr"]
    seen = {t: r for t, r in rows.items() if abs(r["cost_change_usd_yr"]) > least}
    for column in (*ATTRIBUTES, "common_t_yr"):
        over = rows if column == "common_t_yr" else seen
        want = sum(r[column] for r in over.values())
        assert total[column] == pytest.approx(want, rel=1e-6, abs=1e-3), column
    assert total["unserved_new_t_yr"] - total["unserved_base_t_yr"] == pytest.approx(
        sum(r["unserved_change_t_yr"] for r in rows.values()), abs=1e-6
    )
    before = by_trade(base)
    assert total["cost_base_usd_yr"] == pytest.approx(
        sum(moved * bears for _, moved, bears, _ in before.values() if moved > 0.0), rel=1e-9
    )
    names = {
        "cost_change_usd_yr": "cost_usd_yr_change", "money_change_usd_yr": "money_usd_yr_change",
        "time_change_th_yr": "time_th_yr_change", "co2_change_t_yr": "co2_t_yr_change",
    }  # fmt: skip
    keys = {
        "territory": (["territory_id"], lambda t: {(land,) for land in ends(t)}),
        "commodity": (["commodity_id"], lambda t: {t[2:]}),
    }
    for dimension, (key, of) in keys.items():
        table = found.by(dimension).set_index(key)
        for column, name in names.items():
            want = {}
            for trade, row in seen.items():
                for place in of(trade):
                    want[place[0]] = want.get(place[0], 0.0) + row[column]
            for place, value in want.items():
                assert table.at[place, name] == pytest.approx(value, rel=1e-5, abs=1e-2)
            assert (table[name].drop(list(want)) == 0.0).all()


@pytest.mark.parametrize(
    "dimension", ["territory", "corridor", "link", "crossing", "commodity", "mode"]
)
def test_a_change_is_what_is_new_less_what_was(pair, dimension):
    """Of every quantity of every table, but the four that are taken over the tonnes that move in both."""
    base, new, _ = pair
    table = ist.compare(base, new).by(dimension)
    over_common = {"cost_usd_yr", "money_usd_yr", "time_th_yr", "co2_t_yr"}
    names = {c.removesuffix("_change") for c in table if c.endswith("_change")}
    if dimension in ("territory", "commodity"):
        assert over_common <= names
        names -= over_common
    assert names
    for name in names:
        change = table[f"{name}_new"] - table[f"{name}_base"]
        assert table[f"{name}_change"].to_numpy() == pytest.approx(change.to_numpy())
    if dimension in ("link", "mode"):
        assert any(table[f"{name}_change"].abs().max() > 0.0 for name in names)


def test_what_an_order_is_worth_is_the_sum_of_its_parts(pair):
    """Network, relief and congestion are the change; money, time, waiting and choice are it too."""
    base, new, _ = pair
    found = ist.compare(base, new)
    total = found.totals()
    parts = [total[f"{p}_change_usd_yr"] for p in ("network", "relief", "congestion")]
    assert sum(parts) == pytest.approx(total["cost_change_usd_yr"], abs=3.0 * total["least_usd_yr"])
    table = found.by("component").set_index("component")
    assert table["cost_usd_yr_change"].sum() == pytest.approx(
        total["cost_change_usd_yr"], rel=1e-6, abs=1e-3
    )
    both = table["cost_usd_yr_new"] - table["cost_usd_yr_base"]
    assert table["cost_usd_yr_change"].to_numpy() == pytest.approx(
        both.to_numpy(), rel=1e-4, abs=1e-2
    )
    one, other = by_trade(base), by_trade(new)
    common = {t: min(moved, other.get(t, (0, 0))[1]) for t, (_, moved, *_) in one.items()}
    assert table["cost_usd_yr_base"].sum() == pytest.approx(
        sum(common[t] * bears for t, (_, _, bears, _) in one.items() if common[t] > 0.0), rel=1e-9
    )


def test_the_part_of_the_network_is_what_trades_bear_there_at_the_delays_of_the_base(pair):
    """From nothing, each trade on the new network at the hours that the base's flows make there wait."""
    base, new, _ = pair
    law, here = new.inputs.delay, new.virtual
    flow = dict(zip(keys_of(base.virtual), base.arc_flow.sum(axis=0), strict=True))
    volume = np.array([flow.get(k, 0.0) for k in keys_of(here)])
    get = new.cost.parameters.get
    trips = Trips(*(np.asarray(x) for x in new.trip_ends))
    waits = new.cost.vot_usd_t_h[:, None] * law.value(volume)
    held = stochastic(
        here.graph, new.cost.usd + waits, trips, mu=get("perturbation"),
        length=new.inputs.length, floor=get("least_arc_cost_usd_t"),
    )  # fmt: skip
    was = by_trade(base)
    want = {}
    for row, value in zip(new.trips[TRADE].itertuples(index=False), held.value, strict=True):
        moved = was.get(tuple(row), (0.0, 0.0, np.nan))
        want[tuple(row)] = value - moved[2] if moved[1] > 0.0 else 0.0
    trips = ist.compare(base, new).trips.set_index(TRADE)
    for trade, told in trips.iterrows():
        change = told["common_t_yr"] * want[trade] if told["common_t_yr"] > 0.0 else 0.0
        assert told["network_change_usd_yr"] == pytest.approx(change, rel=1e-5, abs=0.02), trade


def keys_of(virtual):
    """A name for each arc: its element, the places it joins and how."""
    arcs = virtual.arcs[["kind", "link_id", "crossing_id", "terminal_id", "mode"]].astype(str)
    ends = (
        virtual.stops[t] + virtual.stops[h]
        for t, h in zip(virtual.graph.tail, virtual.graph.head, strict=True)
    )
    return [(*a, *map(str, e)) for a, e in zip(arcs.itertuples(index=False), ends, strict=True)]


def test_relief_is_what_trade_that_stays_bears_less_without_the_rest(pair):
    """Trade that moves in both, assigned alone in either network from nothing."""
    base, new, cost = pair
    one, other = by_trade(base), by_trade(new)
    stay = {t: min(one[t][1], other[t][1]) for t in one if t in other}
    relief = 0.0
    for side, sign in ((base, 1.0), (new, -1.0)):
        flows = side.demand.flows
        kept = [stay.get(tuple(row), 0.0) for row in flows[TRADE].itertuples(index=False)]
        demand = side.demand.replace(flows.assign(tonnes_t_yr=kept))
        alone = by_trade(ist.assign(side.virtual.source, demand, cost, gap=GAP, most=np.inf))
        was = by_trade(side)
        relief += sign * sum(
            tonnes * (alone[t][2] - was[t][2]) for t, tonnes in stay.items() if tonnes > 0.0
        )
    told = ist.compare(base, new).totals()
    assert told["relief_change_usd_yr"] == pytest.approx(relief, rel=1e-5, abs=0.1)


def test_back_is_the_other_way_round(pair):
    """B to A is A to B with the sign changed, in every trade and in every total; nothing to itself is 0."""
    base, new, _ = pair
    there, back = ist.compare(base, new), ist.compare(new, base)
    one, other = (c.trips.sort_values(TRADE, ignore_index=True) for c in (there, back))
    for column in (*ATTRIBUTES, "unserved_change_t_yr"):
        assert np.array_equal(one[column], -other[column]), column
    assert np.array_equal(one["common_t_yr"], other["common_t_yr"])
    ahead, behind = there.totals(), back.totals()
    for column in (*ATTRIBUTES, "relief_change_usd_yr"):
        assert ahead[column] == pytest.approx(-behind[column], rel=1e-9, abs=1e-6), column
    same = ist.compare(new, new).totals()
    assert {k: v for k, v in same.items() if "change" in k and v != 0.0} == {}
