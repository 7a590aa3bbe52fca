"""Waiting, external cost and shadow price: closed forms, central differences, and sums."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import isthmus as ist
from conftest import strait_rows
from isthmus.analysis.flows.totals import levels
from isthmus.assign import assign
from isthmus.assign.congestion import delay_of
from isthmus.cost.model import GeneralizedCost
from isthmus.kernels import delay
from isthmus.network import Network
from isthmus.run import prepare
from isthmus.scenario import find_scenario
from isthmus.virtual import expand

DAY = "2025-01-01"
LINK = "rail:a-b"
CROSSING = "rail:b:AAA-BBB"
TERMINAL = "b:transshipment"
TABLES = {
    LINK: ("links", "link_id"),
    CROSSING: ("crossings", "crossing_id"),
    TERMINAL: ("terminals", "terminal_id"),
}


def solve(facts, network=None, start=None, method="stochastic", **overrides):
    network = facts.network(DAY) if network is None else network
    cost = GeneralizedCost(facts, **overrides)
    return assign(network, facts.demand(2024), cost, method=method, start=start)


def with_capacity(network: Network, element: str, capacity: float) -> Network:
    table, key = TABLES[element]
    frame = getattr(network, table).copy()
    frame.loc[frame[key].eq(element), "capacity_t_yr"] = capacity
    return network.replace(**{table: frame})


def by_id(result, base=None):
    return ist.bottlenecks(result, base).set_index("element_id")


@pytest.fixture
def tight(rows, facts_of):
    """The gauge break without its road: a link, a crossing and a change of gauge fill up.

    ::

        a ══1520══ b ──1435── c        capacities [t/yr]: a–b 900, b AAA→BBB 700, transshipment 800
                                       1,000 t/yr from a to c, 500 t/yr back
    """
    rows["links"] = [r for r in rows["links"] if r["mode"] == "rail"]
    rows["links"][0]["capacity_t_yr"] = 900
    rows["crossings"][0]["capacity_t_yr"] = 700
    rows["terminals"] = [t for t in rows["terminals"] if t["method"] == "transshipment"]
    rows["terminals"][0] |= {"capacity_t_yr": 800, "source_id": "assumed:a guess"}
    for row in (rows["links"][0], rows["crossings"][0]):
        row |= {"source_id": "somebody-2024", "confidence": "high"}
    return facts_of(rows)


@pytest.mark.parametrize("law", delay.LAWS.values(), ids=delay.LAWS)
@settings(deadline=None)  # the kernels compile in the first example
@given(
    t0=st.floats(0.1, 100),
    capacity=st.floats(1, 1e8),
    load=st.floats(0.01, 3),
    a=st.floats(0.05, 2),
    b=st.floats(0.3, 0.97),
)
def test_every_law_is_one_of_load_so_capacity_and_flow_trade_off(law, t0, capacity, load, a, b):
    """Eq. 20, on which the shadow price rests; a law that breaks it needs its own derivative."""
    b = b if law == delay.QUEUE else 4 * b
    if law == delay.QUEUE and abs(load - b) < 1e-3:
        load = b + 2e-3  # the second derivative jumps at the kink
    flow, h = load * capacity, 1e-5 * capacity
    up, down = (delay.value(law, t0, capacity + s * h, a, b, flow) for s in (1, -1))
    slope = delay.derivative(law, t0, capacity, a, b, flow)
    assert -(up - down) / (2 * h) == pytest.approx(load * slope, rel=1e-5, abs=1e-12 / capacity)


@pytest.mark.parametrize("element", [LINK, CROSSING, TERMINAL])
@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_shadow_price_is_what_capacity_saves_at_fixed_flows(tight, element, factor):
    """Central difference in the capacity as the facts state it, over and under the kink."""
    table, key = TABLES[element]
    rows = getattr(tight.network(DAY), table).set_index(key)
    capacity = factor * float(rows.loc[element, "capacity_t_yr"])
    network = with_capacity(tight.network(DAY), element, capacity)
    result = solve(tight, network)

    def waiting(at: float) -> float:
        virtual = expand(with_capacity(network, element, at))
        law = delay_of(virtual, GeneralizedCost(tight).of(virtual))
        hours = law.value(result.arc_flow.sum(axis=0))
        return float((result.cost.vot_usd_t_h[:, None] * result.arc_flow * hours).sum())

    h = 1e-5 * capacity
    saved = (waiting(capacity - h) - waiting(capacity + h)) / (2 * h)
    assert saved > 0
    assert by_id(result).loc[element, "shadow_usd_t"] == pytest.approx(saved, rel=1e-6)


def test_external_cost_is_what_a_tonne_more_costs_the_others(tight):
    result = solve(tight)
    law, flow = delay_of(result.virtual, result.cost), result.arc_flow.sum(axis=0)
    worth = result.cost.vot_usd_t_h @ result.arc_flow
    table, arcs = by_id(result), result.virtual.arcs
    for element, (_, key) in TABLES.items():
        rises = []
        here = np.flatnonzero(arcs[key].eq(element).to_numpy() & (flow > 0))
        for arc in here:
            step = np.zeros(len(flow))
            step[arc] = 1e-5 * flow[arc]
            rise = (law.value(flow + step) - law.value(flow - step))[arc] / (2 * step[arc])
            rises.append(worth[arc] * rise)
        assert table.loc[element, "external_usd_t"] == pytest.approx(max(rises), rel=1e-6)
        load = flow[here] / law.capacity[here]
        assert table.loc[element, "load_share"] == pytest.approx(max(load))


def test_a_single_crossing_waits_as_a_queue_with_one_server(rows, facts_of):
    """
    With a = 1 the law is the mean wait in the queue of M/M/1, ``t0 ρ/(1 − ρ)`` (Kleinrock, *Queueing
    Systems* I, 1975, ch. 3); with ρ = v/C its derivatives are known in closed form.
    """
    rows["links"] = [r for r in rows["links"] if r["mode"] == "road"]
    rows["terminals"], rows["demand"] = [], rows["demand"][:1]
    crossing = "road:b:AAA-BBB"
    row = next(r for r in rows["crossings"] if r["crossing_id"] == crossing)
    row |= {"capacity_t_yr": 1600, "delay_p50_h": 6, "delay_p90_h": 6}
    result = solve(facts_of(rows), delay_a=1.0)
    found = by_id(result).loc[crossing]
    v, c = 1000.0, 1600.0
    vot = float(result.cost.vot_usd_t_h[result.cost.position("container")])
    arc = int(np.flatnonzero(result.virtual.arcs["crossing_id"].eq(crossing))[0])
    t0 = float(result.cost.hours[result.cost.position("container"), arc])
    assert t0 == pytest.approx(6.0)
    assert found["tonnes_t_yr"] == pytest.approx(v)
    assert found["load_share"] == pytest.approx(v / c)
    assert found["delay_h"] == pytest.approx(t0 * v / (c - v))
    assert found["waiting_usd_yr"] == pytest.approx(vot * v * t0 * v / (c - v))
    assert found["external_usd_t"] == pytest.approx(vot * t0 * v * c / (c - v) ** 2)
    assert found["shadow_usd_t"] == pytest.approx(vot * t0 * v**2 / (c - v) ** 2)
    assert found["towards"] == "Bbb"


def test_costs_of_waiting_add_up_to_the_congestion_of_the_assignment(tight):
    result = solve(tight)
    component = levels(result, "component").set_index("component")["cost_usd_yr"]
    assert component["congestion"] > 0
    total = by_id(result)["waiting_usd_yr"].sum()
    assert total == pytest.approx(component["congestion"], rel=1e-12)
    table = by_id(result).dropna(subset=["delay_h"])
    hours = (table["delay_h"] * table["tonnes_t_yr"]).sum()
    assert hours == pytest.approx((result.delay_h * result.arc_flow).sum(), rel=1e-12)


def test_an_element_without_a_capacity_is_unknown_not_free(tight):
    table = by_id(solve(tight))
    unknown = table[table["capacity_basis"].eq("unknown")]
    assert set(unknown.index) == {"rail:b:BBB-AAA"}
    assert (unknown["tonnes_t_yr"] > 0).all()
    after = [c for c in table if c.endswith(("_share", "_h", "_usd_yr", "_usd_t"))]
    assert len(after) == 5
    assert unknown[["capacity_t_yr", *after]].isna().all(axis=None)
    known = table[table["capacity_basis"].ne("unknown")]
    assert known[["capacity_t_yr", *after]].notna().all(axis=None)
    assert list(table.index[-len(unknown) :]) == list(unknown.index), "unknown ones come last"


def test_a_capacity_says_who_says_it(tight):
    table = by_id(solve(tight))
    cells = ["capacity_basis", "capacity_confidence", "capacity_source_id"]
    assert table.loc[LINK, cells].tolist() == ["published", "high", "somebody-2024"]
    assert table.loc[TERMINAL, "capacity_basis"] == "assumed", "a row that is a guess throughout"
    basis, confidence, source = table.loc["rail:b-c", cells]
    row = tight["parameters"].query("parameter == 'capacity_unknown_t_yr' and mode == 'rail'")
    row = row[row["item"].eq("")].iloc[0]
    assert (basis, confidence, source) == ("assumed", row["confidence"], row["source_id"])
    assert table.loc["rail:b-c", "capacity_t_yr"] == row["value"]
    assert table.loc["rail:b:BBB-AAA", cells].tolist() == ["unknown", "", ""]


def test_beside_its_base_an_order_shows_what_it_eases(tight):
    base = solve(tight)
    wider = with_capacity(tight.network(DAY), CROSSING, 1400.0)
    links = wider.links.assign(link_id=wider.links["link_id"].replace("rail:b-c", "rail:b-c:new"))
    new = solve(tight, wider.replace(links=links), start=base)
    table = by_id(new, base)
    row = table.loc[CROSSING]
    assert row["capacity_basis"] == "order"
    assert (row["capacity_t_yr_base"], row["capacity_t_yr_new"]) == (700.0, 1400.0)
    assert row["waiting_usd_yr_new"] < row["waiting_usd_yr_base"]
    change = row["waiting_usd_yr_new"] - row["waiting_usd_yr_base"]
    assert row["waiting_usd_yr_change"] == pytest.approx(change)
    for side, result in (("base", base), ("new", new)):
        alone = by_id(result)
        for column in ("tonnes_t_yr", "waiting_usd_yr", "shadow_usd_t"):
            beside = table[f"{column}_{side}"].reindex(alone.index)
            np.testing.assert_array_equal(beside, alone[column])
    for link, here, there in (("rail:b-c", "base", "new"), ("rail:b-c:new", "new", "base")):
        row = table.loc[link]
        assert row["name"] == "B – C"
        moved = {"base": base, "new": new}[here].trips["served_t_yr"].sum()
        assert row[f"tonnes_t_yr_{here}"] == pytest.approx(moved)
        assert moved > 1000.0
        assert row[f"tonnes_t_yr_{there}"] == row[f"waiting_usd_yr_{there}"] == 0.0
        assert math.isnan(row[f"capacity_t_yr_{there}"])


def test_a_method_without_congestion_knows_loads_but_no_waiting(tight):
    table = by_id(solve(tight, method="all_or_nothing"))
    known = table[table["capacity_basis"].ne("unknown")]
    assert known["load_share"].notna().all()
    assert (
        table[["delay_h", "waiting_usd_yr", "shadow_usd_t", "external_usd_t"]].isna().all(axis=None)
    )


def test_shipped_scenarios_run_on_the_stochastic_equilibrium_with_queues(shipped):
    """What docs/model.md says of `isthmus run`: method, gap, laws and where they bite."""
    run = prepare(shipped, find_scenario("baseline", shipped), GeneralizedCost(shipped))
    result = run.new
    assert result.method == "stochastic"
    assert result.converged
    assert result.gap <= result.asked_gap == 1e-6
    table = by_id(result)
    queues = table[table["kind"].ne("link") & table["capacity_basis"].eq("published")]
    assert (queues["waiting_usd_yr"] > 0).sum() >= 20
    law = delay_of(result.virtual, result.cost)
    kinds = result.virtual.arcs["kind"].to_numpy()
    assert set(law.law[np.isin(kinds, ["cross", "transfer"])]) == {delay.NONE, delay.QUEUE}
    np.testing.assert_allclose(
        law.value(result.arc_flow.sum(axis=0)), result.delay_h, rtol=1e-5, atol=1e-9
    )
    component = levels(result, "component").set_index("component")["cost_usd_yr"]
    assert table["waiting_usd_yr"].sum() == pytest.approx(component["congestion"], rel=1e-12)


def bpr(t0, a, b, v, c):
    return t0 * a * (v / c) ** b, t0 * a * b / c * (v / c) ** (b - 1)


def queue(t0, a, b, v, c):
    r = v / c
    if r <= b:
        return t0 * a * r / (1 - r), t0 * a / (c * (1 - r) ** 2)
    return t0 * a * (b / (1 - b) + (r - b) / (1 - b) ** 2), t0 * a / (c * (1 - b) ** 2)


def test_every_number_of_an_element_by_hand(tight):
    """
    Eq. 19 to 21 from the laws as printed: waiting is delay · vot · flow, the external cost its slope, the
    shadow price load times external cost of all directions; load and capacity are of the fuller one.
    """
    result = solve(tight, method="path_based")
    arcs, flow = result.virtual.arcs, result.arc_flow.sum(axis=0)
    vot = float(result.cost.vot_usd_t_h[result.cost.position("container")])
    hours = result.cost.hours[result.cost.position("container")]
    shape = {
        LINK: (bpr, 1.0, 4.0, 0.6, 900.0), CROSSING: (queue, 0.25, 0.95, 1.0, 700.0),
        TERMINAL: (queue, 0.25, 0.95, 0.6, 800.0),
    }  # fmt: skip
    table = by_id(result)
    for element, (law, a, b, share, capacity) in shape.items():
        key = TABLES[element][1]
        rows = np.flatnonzero(arcs[key].eq(element).to_numpy() & (flow > 0))
        delays, slopes = np.array(
            [law(hours[i], a, b, flow[i], share * capacity) for i in rows]
        ).T  # fmt: skip
        v = flow[rows]
        found = table.loc[element]
        external = slopes * vot * v
        assert found["tonnes_t_yr"] == pytest.approx(v.sum())
        assert found["capacity_t_yr"] == capacity
        assert found["load_share"] == pytest.approx(v.max() / (share * capacity))
        assert found["delay_h"] == pytest.approx((delays * v).sum() / v.sum())
        assert found["waiting_usd_yr"] == pytest.approx(vot * (delays * v).sum())
        assert found["external_usd_t"] == pytest.approx(external.max())
        # ∂d/∂C of an element whose arcs have the share of C is −(v/C) d' in C itself
        shadow = sum(share * v / (share * capacity) * external)
        assert found["shadow_usd_t"] == pytest.approx(shadow)
    assert (table["tonnes_t_yr"].loc[[LINK, TERMINAL]] == 1500.0).all()
    assert table.loc[CROSSING, "tonnes_t_yr"] == 1000.0


def test_elements_say_what_they_are_and_where_their_busier_direction_leads(tight):
    """A link leads to a place, a border into a land, a terminal to a mode and gauge; more tonnes go east."""
    table = by_id(solve(tight, method="path_based"))
    assert table["kind"].to_dict() == {
        LINK: "link", "rail:b-c": "link", CROSSING: "crossing", "rail:b:BBB-AAA": "crossing",
        TERMINAL: "terminal",
    }  # fmt: skip
    cells = ["mode", "territory_id", "from_territory_id", "towards"]
    assert table.loc[LINK, cells].tolist() == ["rail", "AAA", "", "B"]
    assert table.loc[CROSSING, cells].tolist() == ["rail", "BBB", "AAA", "Bbb"]
    assert table.loc["rail:b:BBB-AAA", cells].tolist() == ["rail", "AAA", "BBB", "Aaa"]
    assert table.loc[TERMINAL, "towards"] == "rail 1435"
    assert table.loc[TERMINAL, "from_territory_id"] == ""
    assert table.loc[CROSSING, "name"] == "b AAA-BBB"
    assert table.loc[TERMINAL, "name"] == "b transshipment"
    assert table.loc[LINK, "name"] == "A – B"


def test_the_costliest_come_first_and_what_carries_nothing_is_left_out(rows, facts_of):
    """Waiting, then tonnes, largest first, the unknown last; elements nobody uses are no rows, in pairs as well."""
    rows["links"][2]["capacity_t_yr"], rows["links"][3]["capacity_t_yr"] = 3e4, 1e4
    facts = facts_of(rows)
    base = solve(facts, method="path_based")
    alone = ist.bottlenecks(base)
    used = [r["link_id"] for r in rows["links"] if r["mode"] == "rail"]
    idle = set(used) - set(alone["element_id"])
    assert idle, "the road carries all"
    assert (alone["tonnes_t_yr"] > 0).all()
    both = ist.bottlenecks(base, base)
    assert set(both["element_id"]) == set(alone["element_id"])
    assert (both["tonnes_t_yr_change"] == 0.0).all()
    for table, suffix in ((alone, ""), (both, "_new")):
        by = [f"{column}{suffix}" for column in ("waiting_usd_yr", "tonnes_t_yr")]
        keys = list(zip(table[by[0]].fillna(-1.0), table[by[1]], strict=True))
        assert keys == sorted(keys, reverse=True)
        assert table[by[0]].nunique() > 1


def test_a_capacity_that_an_order_sets_is_of_the_order(tight):
    """Set anew, it is neither published nor assumed, whoever is named in the row; unset, it is as before."""
    wider = with_capacity(tight.network(DAY), LINK, 5000.0)
    table = by_id(solve(tight, wider, method="path_based"))
    assert table.loc[LINK, "capacity_basis"] == "order"
    assert table.loc[LINK, "capacity_source_id"] == "somebody-2024"
    assert table.loc[CROSSING, "capacity_basis"] == "published"
    assert table.loc[TERMINAL, "capacity_basis"] == "assumed"
    assert table.loc[TERMINAL, "capacity_source_id"] == "assumed:a guess"
    unknown = table.loc["rail:b:BBB-AAA"]
    assert (unknown["capacity_confidence"], unknown["capacity_source_id"]) == ("", "")


def test_a_direction_that_carries_nothing_is_not_the_busier_one(rows, facts_of):
    """Goods that go one way alone fill one direction: its load and its end are those of the element."""
    rows["links"] = [r for r in rows["links"] if r["mode"] == "road"]
    rows["links"][0]["capacity_t_yr"], rows["links"][1]["capacity_t_yr"] = 1e4, 2e4
    for origin, destination, ends in (("A", "C", ["B", "C"]), ("C", "A", ["A", "B"])):
        one = {"origin_zone_id": origin, "destination_zone_id": destination, "tonnes_t_yr": 900.0}
        rows["demand"] = [rows["demand"][0] | one]
        table = by_id(solve(facts_of(rows), method="path_based"))
        assert table.loc[["road:a-b", "road:b-c"], "towards"].tolist() == ends
        load = table.loc[["road:a-b", "road:b-c"], "load_share"]
        assert load.tolist() == pytest.approx([900 / 6e3, 900 / 12e3])


def test_a_terminal_leads_to_a_mode_and_a_gauge_where_it_has_one(facts_of):
    """From the lorry to the sea and back: the mode alone, whichever way more goes."""
    for origin, towards in (("A", ["sea", "road"]), ("B", ["road", "sea"])):
        rows = strait_rows()
        rows["demand"] = [r for r in rows["demand"] if r["origin_zone_id"] == origin]
        table = by_id(solve(facts_of(rows), method="path_based"))
        assert table.loc[["p:road-sea", "q:road-sea"], "towards"].tolist() == towards
        assert table.loc["sea:p-m", "name"] == "P – M"


def test_the_mean_wait_is_of_a_tonne_however_few_there_are(tight):
    """Half a tonne waits for as many hours as that little flow has, not for half of them."""
    demand = tight.demand(2024)
    few = replace(demand, flows=demand.flows.assign(tonnes_t_yr=0.5))
    network = with_capacity(tight.network(DAY), CROSSING, 0.6)
    result = assign(network, few, GeneralizedCost(tight), method="path_based")
    here = result.virtual.arcs["crossing_id"].eq(CROSSING).to_numpy()
    (hours,) = result.delay_h[here & (result.arc_flow.sum(axis=0) > 0.0)]
    found = by_id(result).loc[CROSSING]
    assert found["tonnes_t_yr"] == pytest.approx(0.5)
    assert hours > 0.0
    assert found["delay_h"] == pytest.approx(hours)
