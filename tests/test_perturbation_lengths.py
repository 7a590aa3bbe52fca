"""What route choice is measured in is the day's network, whatever a scenario makes of it."""

from __future__ import annotations

import numpy as np
import pytest

import isthmus as ist
from made_worlds import DAY, ORDERS, order, world_rows
from test_warm_start import arc_names


@pytest.fixture(scope="module")
def facts(shipped):
    """A world with one trade that pays to pass, by a rule of its own."""
    from conftest import make_facts

    rows = world_rows(3)
    rows["restrictions"] = [
        {
            "restriction_id": "toll", "name": "Toll", "effect": "charge", "territory_id": "BBB",
            "modes": "road", "own_trade": True, "goods": "machinery", "charge_usd_t": 25,
            "imposed_by": "B", "from_date": "2000-01-01", "cause_id": "begin",
        }
    ]  # fmt: skip
    made = make_facts(rows)
    for name in ("sources", "commodities", "parameters", "exchange_rates"):
        made.tables[name], made.raw[name] = shipped[name], shipped.raw[name]  # type: ignore[index]
    return made


def measure(side):
    """The measure of each good on each arc, by name."""
    goods = side.cost.commodities["commodity_id"]
    names = arc_names(side.virtual)
    return {
        (good, name): side.inputs.length[k, a]
        for k, good in enumerate(goods)
        for a, name in enumerate(names)
    }


def test_the_measure_is_the_cost_of_what_is_open_without_restrictions(facts):
    """An arc of an untouched network is as long as it costs, but for what is asked of some trades alone."""
    cost = ist.GeneralizedCost(facts)
    base = ist.assign(facts.network(DAY), facts.demand(2024), cost)
    charged = base.cost.commodities["commodity_id"].eq("machinery").to_numpy()
    usd, length = base.cost.usd, base.inputs.length
    more = np.where(np.isfinite(usd), usd, length) - length
    assert not more[~charged].any()
    here = base.virtual.arcs["territory_id"].eq("BBB") & base.virtual.arcs["mode"].eq("road")
    assert not more[:, ~here.to_numpy()].any()
    assert more.max() == pytest.approx(25.0, rel=1e-9)


@pytest.mark.parametrize("name", ORDERS)
def test_no_order_changes_the_measure_of_what_was_there(facts, tmp_path, name):
    """Closed, dear, wide or new: what was there is as long as it was, what is new as it costs, from any start."""
    cost = ist.GeneralizedCost(facts)
    network, demand = facts.network(DAY), facts.demand(2024)
    base = ist.assign(network, demand, cost)
    changed = order(name, tmp_path).apply(network, demand)
    was = measure(base)
    for start in (None, base):
        new = ist.assign(*changed, cost, start=start)
        now = measure(new)
        shared = set(was) & set(now)
        assert {k: now[k] for k in shared} == {k: was[k] for k in shared}
        good = list(new.cost.commodities["commodity_id"])
        names = arc_names(new.virtual)
        known = {arc for _, arc in was}
        fresh = [a for a, arc in enumerate(names) if arc not in known]
        assert bool(fresh) == name.startswith("a road opened")
        for k, a in ((good.index("container"), a) for a in fresh):
            assert now["container", names[a]] == new.cost.usd[k, a]
    assert len(shared) > 100


def test_a_parent_of_another_day_or_other_rates_gives_no_measure(facts):
    """Begun from elsewhere, a network is measured by its own day at its own rates."""
    demand = facts.demand(2024)
    usual, dear = ist.GeneralizedCost(facts), ist.GeneralizedCost(facts, co2_price_usd_kg=0.5)
    network = facts.network(DAY)
    other = ist.assign(network, demand, dear)
    begun, anew = (ist.assign(network, demand, usual, start=s) for s in (other, None))
    assert measure(begun) == measure(anew)
    assert measure(other) != measure(anew)
    later = facts.network("2025-06-01")
    moved = ist.assign(later, demand, usual, start=ist.assign(network, demand, usual))
    assert moved.inputs.reference.virtual.source.date == "2025-06-01"


def scaled(facts, shipped, **factors):
    """The facts with scales of the perturbation."""
    table = shipped["parameters"].copy()
    for item, factor in factors.items():
        here = table["parameter"].eq("perturbation_scale") & table["item"].eq(item)
        assert here.sum() == 1
        table.loc[here, "value"] = factor
    from conftest import make_facts

    made = make_facts(world_rows(3))
    for name in ("sources", "commodities", "parameters", "exchange_rates"):
        made.tables[name], made.raw[name] = shipped[name], shipped.raw[name]  # type: ignore[index]
    made.tables["parameters"] = table  # type: ignore[index]
    return made


def test_ways_into_a_mode_and_ferries_have_scales_of_their_own(facts, shipped):
    """Loading, unloading, transfers and ferries are as long as their cost times their scale; all else as its cost."""
    scales = {"load": 2.0, "unload": 3.0, "transfer": 5.0, "ferry": 7.0}
    own = scaled(facts, shipped, **scales)
    side = ist.assign(own.network(DAY), own.demand(2024), ist.GeneralizedCost(own))
    arcs = side.virtual.arcs
    k = list(side.cost.commodities["commodity_id"]).index("container")
    times = side.inputs.length[k] / side.cost.usd[k]
    kind, mode = arcs["kind"].to_numpy(), arcs["mode"].to_numpy()
    seen = set()
    for a in np.flatnonzero(np.isfinite(side.cost.usd[k]) & (side.cost.usd[k] > 0.0)):
        is_ferry = kind[a] == "move" and mode[a] in ("ferry", "rail_ferry")
        want = scales["ferry"] if is_ferry else scales.get(kind[a], 1.0)
        assert times[a] == pytest.approx(want, rel=1e-12), (kind[a], mode[a])
        seen.add(want)
    assert seen == {1.0, 2.0, 3.0, 5.0, 7.0}
