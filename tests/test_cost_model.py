"""Laws of the generalised cost: prices of the four attributes, what an arc may carry, costs written anew."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import isthmus as ist
from conftest import strait_rows
from isthmus.cost.arc_cost import ATTRIBUTES
from isthmus.cost.components import Components
from isthmus.cost.model import freight_goods
from isthmus.errors import CostError, InputError
from isthmus.revised import revise
from isthmus.virtual import expand

DAY = "2024-06-01"
Z90 = 1.2815515655446004


def cost_of(facts, network=None, trades=None, **overrides):
    """Return the cost model, the virtual network and the cost of its arcs."""
    network = facts.network(DAY) if network is None else network
    model = ist.GeneralizedCost(facts, **overrides)
    virtual = expand(network)
    classes, _ = model.classes(network, trades)
    return model, virtual, model.of(virtual, classes)


def at_crossing(virtual, name):
    return int(np.flatnonzero(virtual.arcs["crossing_id"].eq(name))[0])


def test_spread_costs_value_of_time_times_reliability_ratio(rows, facts_of):
    """Eq. 1: of two borders with the same mean hours, the less sure one is dearer by vot · rr · sd."""
    p50, p90 = 10.0, 26.0
    sigma = math.log(p90 / p50) / Z90
    mean = p50 * math.exp(sigma**2 / 2)
    sd = mean * math.sqrt(math.exp(sigma**2) - 1.0)
    sure, unsure = "road:b:AAA-BBB", "road:b:BBB-AAA"
    for row in rows["crossings"]:
        if row["crossing_id"] == sure:
            row |= {"delay_p50_h": mean, "delay_p90_h": mean, "fee_usd_t": 1.0}
        if row["crossing_id"] == unsure:
            row |= {"delay_p50_h": p50, "delay_p90_h": p90, "fee_usd_t": 1.0}
    facts = facts_of(rows)
    _, virtual, cost = cost_of(facts)
    dearer = cost.usd[:, at_crossing(virtual, unsure)] - cost.usd[:, at_crossing(virtual, sure)]
    goods = facts["commodities"].set_index("commodity_id")
    by_road = 0
    for name, extra in zip(cost.commodities["commodity_id"], dearer, strict=True):
        good = goods.loc[name]
        if "road" in good["modes"].split(";"):
            by_road += 1
            want = good["vot_usd_t_h"] * good["reliability_ratio"] * sd
            assert extra == pytest.approx(want, rel=1e-9), name
    assert by_road > 5
    assert goods["reliability_ratio"].min() < goods["reliability_ratio"].max()


@pytest.mark.parametrize("co2_price", [0.0, 0.1])
def test_cost_is_the_four_attributes_at_the_prices_of_the_good(facts_of, co2_price):
    """Eq. 1 on every arc and for every good, from the rows of the goods, term by term."""
    facts = facts_of(strait_rows())
    _, virtual, cost = cost_of(facts, co2_price_usd_kg=co2_price)
    goods = facts["commodities"].set_index("commodity_id").loc[cost.commodities["commodity_id"]]
    price = {
        "money": np.ones(len(goods)),
        "hours": goods["vot_usd_t_h"].to_numpy(),
        "spread": (goods["vot_usd_t_h"] * goods["reliability_ratio"]).to_numpy(),
        "co2": np.full(len(goods), co2_price),
    }
    want = sum(
        price[cost.attribute_of[name]][:, None] * values for name, values in cost.components.items()
    )
    assert cost.usd_if_open == pytest.approx(want, rel=1e-12)
    for attribute in ATTRIBUTES:
        assert cost.prices[attribute].to_numpy() == pytest.approx(price[attribute])
        some = [cost.components[c] for c in cost.components if cost.attribute_of[c] == attribute]
        assert cost.attribute(attribute) == pytest.approx(np.sum(some, axis=0))
        assert cost.attribute(attribute).any(), attribute
    assert cost.vot_usd_t_h == pytest.approx(price["hours"])
    assert (cost.usd == np.where(cost.allowed, cost.usd_if_open, np.inf)).all()
    assert virtual.n_arc == cost.usd.shape[1]
    for k in range(len(goods)):
        assert cost.hours_of(k) == pytest.approx(cost.hours[k])


def test_a_price_of_emissions_adds_itself_times_the_kilogrammes(rows, facts_of):
    """An override is a value in every row of its parameter: the cost rises by price · kg, no more."""
    facts = facts_of(rows)
    free, charged = cost_of(facts)[2], cost_of(facts, co2_price_usd_kg=0.25)[2]
    assert charged.usd_if_open - free.usd_if_open == pytest.approx(0.25 * free.co2_kg, abs=1e-9)
    assert free.co2_kg.any()


def test_overrides_hold_in_a_network_with_rows_of_its_own(rows, facts_of):
    """An order may set rows of parameters; what the model overrides is overridden there as well."""
    facts = facts_of(rows)
    network = facts.network(DAY)
    changed = network.parameters.copy()
    speed = changed["parameter"].eq("speed_km_h")
    changed.loc[speed, "value"] = changed.loc[speed, "value"] / 2
    changed.loc[changed["parameter"].eq("co2_price_usd_kg"), "value"] = 9.0
    slow = network.replace(parameters=changed)
    _, virtual, before = cost_of(facts, network, co2_price_usd_kg=0.5)
    after = cost_of(facts, slow, co2_price_usd_kg=0.5)[2]
    assert (after.prices["co2"] == 0.5).all()
    move = virtual.arcs["kind"].eq("move").to_numpy()
    hours = (cost.components["haul_hours"][:, move] for cost in (before, after))
    assert 2 * next(hours) == pytest.approx(next(hours))


def test_the_digest_is_of_rates_goods_and_overrides(rows, facts_of):
    """The same inputs have one digest, in whatever order they are named; other inputs another."""
    facts = facts_of(rows)
    one = ist.GeneralizedCost(facts, co2_price_usd_kg=0.1, delay_a=1.0).digest
    assert one == ist.GeneralizedCost(facts, delay_a=1.0, co2_price_usd_kg=0.1).digest
    assert len({one, ist.GeneralizedCost(facts).digest, ist.GeneralizedCost(facts, delay_a=1.0).digest}) == 3  # fmt: skip
    for name, column in (("parameters", "value"), ("commodities", "vot_usd_t_h")):
        other = facts_of(rows)
        frame = other.raw[name].copy()
        frame.loc[frame.index[0], column] = "77"
        other.raw[name] = frame  # type: ignore[index]
        assert ist.GeneralizedCost(other).digest != ist.GeneralizedCost(facts).digest


def test_goods_that_a_pipe_carries_are_no_freight():
    """A good with a pipe among its modes moves in the network of energy, whatever else carries it."""
    goods = pd.DataFrame(
        {
            "commodity_id": ["box", "crude", "gas", "coal"],
            "modes": ["rail;road", "oil_pipeline; sea", "gas_pipeline", "rail; sea"],
        }
    )
    assert freight_goods(goods)["commodity_id"].tolist() == ["box", "coal"]
    assert freight_goods(goods).index.tolist() == [0, 1]
    assert freight_goods(goods).columns.tolist() == goods.columns.tolist()


def test_a_good_uses_open_arcs_of_its_modes_alone(rows, facts_of):
    """Allowed is: open, of a mode of the good (any lorry for access), and let through by the regime."""
    rows["links"][2]["mode"] = "road"
    rows["link_status"][2]["status"] = "closed"
    rows["regimes"][1]["goods"] = "container; coal"
    facts = facts_of(rows)
    _, virtual, cost = cost_of(facts)
    arcs = virtual.arcs
    goods = facts["commodities"].set_index("commodity_id")
    for k, name in enumerate(cost.commodities["commodity_id"]):
        modes = set(goods.loc[name, "modes"].split(";"))
        for i, arc in enumerate(arcs.itertuples()):
            free = arc.kind in ("access", "egress")
            passes = arc.regime != "normal" or name in ("container", "coal")
            want = arc.is_open and passes and (free or arc.mode in modes)
            assert cost.allowed[k, i] == want, (name, arc.kind, arc.mode)
    shut = arcs["link_id"].eq("road:a-b").to_numpy()
    assert shut.sum() == 2
    assert not cost.allowed[:, shut].any()
    assert np.isinf(cost.usd[:, shut]).all()
    assert np.isfinite(cost.usd_if_open[:, shut]).all()


def test_a_term_that_is_no_number_or_below_nothing_is_refused_by_name(rows, facts_of):
    """A negative fee is no cost: the term, the good and the element are named, and how many cells."""
    for row in rows["crossings"]:
        if row["crossing_id"] == "rail:b:AAA-BBB":
            row["fee_usd_t"] = -1.0
    facts = facts_of(rows)
    goods = len(freight_goods(facts["commodities"]))
    network = facts.network(DAY)
    arcs = expand(network).arcs
    n = goods * int(arcs["crossing_id"].eq("rail:b:AAA-BBB").sum())
    match = rf"crossing_fee is -1.0 for container on cross rail:b:AAA-BBB; {n} cells"
    with pytest.raises(CostError, match=match):
        cost_of(facts)


def test_a_single_wrong_cell_is_the_one_named(rows, facts_of):
    """One good, one border of one gauge: nothing else can be named."""
    for row in rows["crossings"]:
        if row["crossing_id"] == "road:b:BBB-AAA":
            row["fee_usd_t"] = -2.0
    facts = facts_of(rows)
    goods = facts["commodities"]
    facts.tables["commodities"] = goods[goods["commodity_id"].eq("coal")]  # type: ignore[index]
    match = "crossing_fee is -2.0 for coal on cross road:b:BBB-AAA; 1 cells"
    with pytest.raises(CostError, match=match):
        cost_of(facts)


def test_what_moves_by_pipe_has_no_row_here(rows, facts_of):
    """A good has the row of its trades of unknown ends; one that is no freight has none."""
    facts = facts_of(rows)
    cost = cost_of(facts)[2]
    names = freight_goods(facts["commodities"])["commodity_id"].tolist()
    assert [cost.position(n) for n in names] == list(range(len(names)))
    with pytest.raises(InputError, match="moves by pipe"):
        cost.position("natural_gas")


CHARGE = {
    "restriction_id": "r", "name": "r", "effect": "charge", "territory_id": "BBB", "own_trade": True,
    "ends_in": "AAA", "charge_usd_t": 3.0, "charge_h": 7.0, "imposed_by": "somebody",
    "goods": "container",
}  # fmt: skip
TRADES = pd.DataFrame(
    {
        "origin": ["AAA", "BBB"],
        "destination": ["BBB", "BBB"],
        "commodity_id": ["container", "container"],
    }
)


def test_classes_of_a_good_differ_by_what_binds_them_alone(rows, facts_of):
    """Money and hours of a row are added on entering, at the prices of the good, to the class it binds."""
    rows["restrictions"] = [CHARGE]
    facts = facts_of(rows)
    model = ist.GeneralizedCost(facts)
    network = facts.network(DAY)
    classes, of = model.classes(network, TRADES)
    virtual = expand(network)
    cost = model.of(virtual, classes)
    bound, free = int(of[0]), int(of[1])
    assert free == cost.position("container")
    assert bound >= len(freight_goods(facts["commodities"]))
    into = (virtual.arcs["kind"].eq("cross") & virtual.arcs["territory_id"].eq("BBB")).to_numpy()
    vot = float(facts["commodities"].set_index("commodity_id").loc["container", "vot_usd_t_h"])
    dearer = cost.usd_if_open[bound] - cost.usd_if_open[free]
    assert dearer[into] == pytest.approx(3.0 + 7.0 * vot)
    assert dearer[~into] == pytest.approx(0.0, abs=1e-12)
    assert cost.hours_of(bound) - cost.hours_of(free) == pytest.approx(7.0 * into)
    assert cost.money[bound] - cost.money[free] == pytest.approx(3.0 * into)


def set_cells(network, table, key, name, **cells):
    """Return a network with other cells in the row of an element."""
    frame = getattr(network, table).copy()
    for column, value in cells.items():
        frame.loc[frame[key].eq(name), column] = value
    return network.replace(**{table: frame})


CHANGES = {
    "a slow line": ("links", "link_id", "road:a-p", {"free_speed_km_h": 11.0}),
    "a lane that waits": ("links", "link_id", "sea:p-m", {"wait_h": 400.0}),
    "a longer strait": ("links", "link_id", "sea:m-q", {"length_km": 300.0}),
    "a shut road": ("links", "link_id", "road:q-b", {"is_open": False}),
    "another capacity": ("links", "link_id", "road:a-p", {"capacity_t_yr": 5e5}),
    "a dear border": ("crossings", "crossing_id", "sea:p:AAA-SEA-X", {"fee_usd_t": 12.0}),
    "a slow border": (
        "crossings", "crossing_id", "sea:q:SEA-X-BBB", {"delay_p50_h": 90.0, "delay_p90_h": 300.0}
    ),
    "an easy regime": ("crossings", "crossing_id", "sea:q:SEA-X-BBB", {"regime": "facilitated"}),
    "a dear port": ("terminals", "terminal_id", "q:road-sea", {"fee_usd_t": 55.0}),
    "a slow port": ("terminals", "terminal_id", "p:road-sea", {"delay_p50_h": 1.0, "delay_p90_h": 99.0}),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("bound", [False, True])
def test_a_cost_written_anew_where_it_differs_is_the_cost_of_all(facts_of, change, bound):
    """Arcs that an order changed are priced alone; every array is that of pricing all, to the bit."""
    rows = strait_rows()
    if bound:
        sea = {"territory_id": "SEA-X", "charge_hull_share": 0.01, "goods": "", "ends_in": ""}
        rows["restrictions"] = [CHARGE | sea, CHARGE | {"restriction_id": "ban", "effect": "ban"}]
    facts = facts_of(rows)
    network = facts.network(DAY)
    model = ist.GeneralizedCost(facts)
    before = expand(network)
    classes, _ = model.classes(network, TRADES)
    like = model.of(before, classes)
    for name in ("usd", "money", "hours", "spread_h", "co2_kg"):
        assert getattr(like, name).any()  # computed here, so that the other may take it over
    table, key, element, cells = CHANGES[change]
    changed = set_cells(network, table, key, element, **cells)
    found = revise(changed, before)
    assert found is not None
    virtual, arcs = found
    quick, slow = model.of(virtual, classes, like, arcs), model.of(expand(changed), classes)
    assert len(arcs)
    for name in (
        "usd",
        "usd_if_open",
        "money",
        "hours",
        "spread_h",
        "co2_kg",
        "allowed",
        "barred_by",
    ):
        np.testing.assert_array_equal(getattr(quick, name), getattr(slow, name), err_msg=name)
    np.testing.assert_array_equal(quick.capacity_t_yr, slow.capacity_t_yr)
    bare = model.of(virtual, classes, model.of(before, classes), arcs)
    np.testing.assert_array_equal(bare.usd, slow.usd, "nothing was there to take over")
    for name in slow.components:
        np.testing.assert_array_equal(quick.components[name], slow.components[name], err_msg=name)
    again = quick.prices is not like.prices
    assert again == (change == "a longer strait"), "what a passage shares out is shared out anew"
    assert (quick.usd != like.usd).any() == (change != "another capacity"), "the change is seen"


def test_only_the_boarding_at_the_port_is_paid_for_a_lane_of_two_links(facts_of):
    """Waiting for a ship is paid once on a way, however many links the lane has."""
    facts = facts_of(strait_rows())
    network = set_cells(facts.network(DAY), "links", "link_id", "sea:p-m", wait_h=40.0)
    network = set_cells(network, "links", "link_id", "sea:m-q", wait_h=70.0)
    _, virtual, cost = cost_of(facts, network)
    arcs = virtual.arcs
    wait = cost.components["wait_hours"][cost.position("container")]
    aboard = arcs["kind"].eq("transfer") & arcs["to_mode"].eq("sea")
    assert wait[(aboard & arcs["node_id"].eq("p")).to_numpy()] == pytest.approx([40.0])
    assert wait[(aboard & arcs["node_id"].eq("q")).to_numpy()] == pytest.approx([70.0])
    assert not wait[arcs["kind"].eq("move").to_numpy()].any()


def components():
    """Two goods, three classes, two arcs; a term of goods each in money and hours, and one of classes."""
    of_good = {
        "haul": np.array([[1.0, 2.0], [3.0, 4.0]]),
        "time": np.array([[5.0, 6.0], [7.0, 8.0]]),
    }
    of_class = {"risk": np.array([[0.0, 1.0], [2.0, 0.0], [0.5, 0.5]])}
    return Components(of_good, of_class, np.array([0, 1, 0]), ("haul", "risk", "time"))


def test_terms_are_held_once_a_good_and_read_once_a_class():
    """A class reads the row of its good, or its own where a restriction made the term."""
    held = components()
    assert list(held) == ["haul", "risk", "time"]
    assert len(held) == 3
    assert held["haul"].tolist() == [[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]
    assert held["risk"].tolist() == [[0.0, 1.0], [2.0, 0.0], [0.5, 0.5]]
    of_good, of_class = held.sum_of(["haul", "time"])
    assert of_good.tolist() == [[6.0, 8.0], [10.0, 12.0]]
    assert of_class is None
    held.of_class["delay"] = 2 * held.of_class["risk"]
    of_good, of_class = held.sum_of(["risk", "delay"])
    assert not of_good.any()
    assert of_class.tolist() == [[0.0, 3.0], [6.0, 0.0], [1.5, 1.5]]


def test_terms_on_some_arcs_and_with_others_there_leave_the_rest_alone():
    """What differs is copied and written, what does not stays the very same array."""
    held = components()
    new = {"haul": np.array([[9.0], [9.0]]), "time": np.array([[6.0], [8.0]])}
    other = held.with_arcs(new, np.array([1]))
    assert other["haul"].tolist() == [[1.0, 9.0], [3.0, 9.0], [1.0, 9.0]]
    assert held["haul"].tolist() == [[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]
    assert [other.is_of(held, name) for name in held] == [False, True, True]
    some = other.on(np.array([1]))
    assert some["haul"].tolist() == [[9.0], [9.0], [9.0]]
    assert some["risk"].tolist() == [[1.0], [0.0], [0.5]]
    assert list(some) == list(held)
