"""Restrictions: whom they bind, where, and what they do to cost and flow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import isthmus as ist
from conftest import crossing, link, node, strait_rows
from isthmus.analysis.flows.totals import trip_levels
from isthmus.cost.restrictions import bind, bites, concerned, entries, trade_classes
from isthmus.errors import InputError
from isthmus.virtual import expand

LANDS = ("AAA", "BBB", "CCC")


def restriction(**cells):
    """One row, in force for ever, that binds transit."""
    empty = dict.fromkeys(
        [
            "territory_id",
            "passage_id",
            "crossing_id",
            "modes",
            "ends_in",
            "other_end_in",
            "not_ends_in",
            "goods",
        ],
        "",
    )
    row = {"restriction_id": "r", "name": "r", "effect": "ban", "own_trade": False}
    return {**empty, **row, "imposed_by": "somebody", **cells}


def triangle(*restrictions, third=600.0):
    """A and C, short by the land of B and long by a border of their own; all by road."""
    places = [("a", "AAA", 0.0, 0.0), ("b", "BBB", 1.0, 0.0), ("c", "CCC", 2.0, 0.0)]
    borders = [("ab", "AAA", 0.5, 0.0), ("bc", "BBB", 1.5, 0.0), ("ac", "AAA", 1.0, 1.0)]
    links = [
        link("a", "ab", "road", "AAA", 60), link("ab", "b", "road", "BBB", 60),
        link("b", "bc", "road", "BBB", 60), link("bc", "c", "road", "CCC", 60),
        link("a", "ac", "road", "AAA", third), link("ac", "c", "road", "CCC", third),
    ]  # fmt: skip
    crossings = [
        *crossing("ab", "road", "AAA", "BBB", delay_p50_h=2, delay_p90_h=2, fee_usd_t=1),
        *crossing("bc", "road", "BBB", "CCC", delay_p50_h=2, delay_p90_h=2, fee_usd_t=1),
        *crossing("ac", "road", "AAA", "CCC", delay_p50_h=2, delay_p90_h=2, fee_usd_t=1),
    ]
    flows = [("A", "C", 100.0), ("C", "A", 50.0), ("A", "B", 30.0)]
    return {
        "territories": [{"territory_id": t, "name": t, "kind": "state"} for t in LANDS],
        "nodes": [node(*p) for p in places] + [node(*b, "border") for b in borders],
        "links": links,
        "link_status": [
            {"link_id": r["link_id"], "status": "open", "from_date": "2000-01-01"} for r in links
        ],
        "regimes": [
            {
                "regime": r, "name": r, "definition": r, "open": r != "closed", "delay_factor": 1,
                "spread_factor": 1, "fee_factor": 1, "flags": "all", "direction": "both",
                "control": "each", "goods": "grain_food" if r == "aid_only" else "",
            }
            for r in ("normal", "closed", "aid_only")
        ],
        "crossings": crossings,
        "crossing_regimes": [
            {"crossing_id": r["crossing_id"], "regime": "normal", "from_date": "2000-01-01"}
            for r in crossings
        ],
        "zones": [
            {"zone_id": z.upper(), "name": z, "territory_id": t, "node_id": z}
            for z, t in (("a", "AAA"), ("b", "BBB"), ("c", "CCC"))
        ],
        "connectors": [{"zone_id": z.upper(), "node_id": z, "access_km": 5} for z in "abc"],
        "demand": [
            {
                "origin_zone_id": o, "destination_zone_id": d, "commodity_id": g, "year": 2024,
                "tonnes_t_yr": t,
            }
            for o, d, t in flows
            for g in ("container", "grain_food")
        ],
        "restrictions": [restriction(restriction_id=f"r{i}", **r) for i, r in enumerate(restrictions)],
    }  # fmt: skip


def loads(facts, date="2024-06-01", method="all_or_nothing"):
    """Tonnes over each crossing, and the assignment."""
    network = facts.network(date)
    found = ist.assign(network, facts.demand(2024), ist.GeneralizedCost(facts), method=method)
    arcs = found.virtual.arcs
    flow = pd.Series(found.arc_flow.sum(axis=0)).groupby(arcs["crossing_id"]).sum()
    return flow.drop("", errors="ignore").to_dict(), found


BANNED = {"effect": "ban", "territory_id": "BBB"}
ROUND = {
    "road:ab:AAA-BBB": 60.0, "road:ac:AAA-CCC": 200.0, "road:ac:CCC-AAA": 100.0,
    "road:ab:BBB-AAA": 0.0, "road:bc:BBB-CCC": 0.0, "road:bc:CCC-BBB": 0.0,
}  # fmt: skip
THROUGH = {
    "road:ab:AAA-BBB": 260.0, "road:ac:AAA-CCC": 0.0, "road:ac:CCC-AAA": 0.0,
    "road:ab:BBB-AAA": 100.0, "road:bc:BBB-CCC": 200.0, "road:bc:CCC-BBB": 100.0,
}  # fmt: skip


def test_nothing_bound_takes_the_short_way(facts_of):
    assert loads(facts_of(triangle()))[0] == THROUGH


def test_a_ban_on_transit_spares_the_trade_of_the_land_itself(facts_of):
    flow, found = loads(facts_of(triangle(BANNED)))
    assert flow == ROUND
    assert found.unserved.empty


@pytest.mark.parametrize(
    ("cells", "rounded"),
    [
        ({"ends_in": "AAA"}, True),
        ({"ends_in": "AAA", "other_end_in": "CCC"}, True),
        ({"ends_in": "CCC", "other_end_in": "AAA"}, True),
        ({"ends_in": "AAA", "other_end_in": "BBB"}, False),
        ({"not_ends_in": "CCC"}, False),
        ({"modes": "rail"}, False),
        ({"modes": "rail;road"}, True),
        ({"from_date": "2024-06-02"}, False),
        ({"from_date": "2024-06-01"}, True),
        ({"to_date": "2024-06-01"}, False),
        ({"to_date": "2024-06-02"}, True),
    ],
)
def test_whom_a_ban_binds(facts_of, cells, rounded):
    flow, _ = loads(facts_of(triangle({**BANNED, **cells})))
    assert flow == (ROUND if rounded else THROUGH)


def test_a_ban_on_some_goods_leaves_the_others(facts_of):
    flow, _ = loads(facts_of(triangle({**BANNED, "goods": "container"})))
    assert flow["road:ac:AAA-CCC"] == 100.0
    assert flow["road:bc:BBB-CCC"] == 100.0


def test_a_regime_lets_only_its_goods_pass(facts_of):
    rows = triangle()
    for row in rows["crossing_regimes"]:
        if row["crossing_id"].startswith("road:bc"):
            row["regime"] = "aid_only"
    flow, _ = loads(facts_of(rows))
    assert flow["road:ac:AAA-CCC"] == 100.0
    assert flow["road:bc:BBB-CCC"] == 100.0


def test_a_charge_is_paid_once_on_entering_and_by_those_it_binds(facts_of):
    facts = facts_of(
        triangle(
            {
                "effect": "charge",
                "territory_id": "BBB",
                "ends_in": "CCC",
                "charge_usd_t": 3,
                "charge_value_share": 0.002,
                "charge_h": 5,
            }
        )
    )
    _, found = loads(facts)
    cost, arcs = found.cost, found.virtual.arcs
    goods = facts["commodities"].set_index("commodity_id")
    k = found.trips["class"].to_numpy()
    bound = found.trips["destination_zone_id"].eq("C") | found.trips["origin_zone_id"].eq("C")
    for row in found.trips[bound].itertuples():
        into = arcs["crossing_id"].eq("road:ab:AAA-BBB") | arcs["crossing_id"].eq("road:bc:CCC-BBB")
        paid = cost.components["restriction_money"][k[row.Index]]
        expected = 3.0 + 0.002 * goods["value_usd_t"][row.commodity_id]
        assert paid[into.to_numpy()] == pytest.approx([expected] * 2)
        assert not paid[~into.to_numpy()].any()
        assert cost.components["restriction_hours"][k[row.Index]].sum() == 10.0  # two ways in
    for row in found.trips[~bound].itertuples():
        assert not cost.components["restriction_money"][k[row.Index]].any()


def test_a_charge_that_costs_more_than_the_way_round_is_avoided(facts_of):
    charge = {"effect": "charge", "territory_id": "BBB"}
    base = loads(facts_of(triangle()))[1]
    bar = loads(facts_of(triangle(BANNED)))[1]
    one = base.trips["commodity_id"].eq("container") & base.trips["destination_zone_id"].eq("C")
    worth = float((bar.trips["borne_usd_t"] - base.trips["borne_usd_t"])[one].iloc[0])
    assert worth > 0.0
    for usd_t, rounded in ((worth - 0.01, False), (worth + 0.01, True)):
        flow, _ = loads(facts_of(triangle({**charge, "goods": "container", "charge_usd_t": usd_t})))
        assert (flow["road:ac:AAA-CCC"] > 0.0) == rounded


def paid_by_trip(facts):
    """Money of each trip, by ends and good, on the only way there is. [USD/t]"""
    result = loads(facts)[1]
    key = ["origin_zone_id", "destination_zone_id", "commodity_id"]
    return trip_levels(result).set_index(key)["money_usd_t"]


WAR_RISK = {
    "effect": "charge",
    "passage_id": "s",
    "modes": "sea",
    "own_trade": True,
    "charge_hull_share": 0.0075,
}


@pytest.mark.parametrize(
    "row",
    [WAR_RISK, {**WAR_RISK, "passage_id": "", "territory_id": "SEA-X", "modes": ""}],
    ids=["a passage of two links", "a sea entered"],
)
def test_a_war_risk_premium_is_its_share_of_the_hull_once_a_passage(facts_of, row):
    """Eq. 31: 0.75 % of a ship of so many USD a tonne of cargo, for every good and both ways, to the cent."""
    rows = strait_rows()
    free = paid_by_trip(facts_of(rows))
    rows["restrictions"] = [restriction(**row)]
    facts = facts_of(rows)
    values = facts["parameters"].query("parameter == 'hull_value_usd_t' and mode == 'sea'")
    (hull_usd_t,) = values["value"]
    dearer = paid_by_trip(facts) - free
    assert len(dearer) == 4
    assert dearer.to_numpy() == pytest.approx(0.0075 * hull_usd_t, abs=0.005)


def test_a_premium_on_the_hull_and_one_on_the_cargo_add_up(facts_of):
    """Eq. 31: money a tonne, share of the value of the goods and share of the ship are one sum."""
    rows = strait_rows()
    free = paid_by_trip(facts_of(rows))
    more = {"charge_usd_t": 1.5, "charge_value_share": 0.01}
    rows["restrictions"] = [restriction(**WAR_RISK, **more)]
    facts = facts_of(rows)
    values = facts["parameters"].query("parameter == 'hull_value_usd_t' and mode == 'sea'")
    cargo = facts["commodities"].set_index("commodity_id")["value_usd_t"]
    dearer = paid_by_trip(facts) - free
    want = (
        1.5 + 0.01 * dearer.index.get_level_values(2).map(cargo) + 0.0075 * values["value"].iloc[0]
    )
    assert dearer.to_numpy() == pytest.approx(want.to_numpy(), abs=0.005)


def test_where_no_ship_goes_there_is_no_hull_to_insure(facts_of):
    """A share of the hull costs nothing on a land border; nor does a premium of another mode at sea."""
    shut = {"effect": "charge", "territory_id": "BBB", "own_trade": True, "charge_hull_share": 0.5}
    free, charged = (paid_by_trip(facts_of(triangle(*r))) for r in ([], [shut]))
    pd.testing.assert_series_equal(free, charged)
    rows = strait_rows()
    free = paid_by_trip(facts_of(rows))
    rows["restrictions"] = [restriction(**{**WAR_RISK, "modes": "ferry"})]
    pd.testing.assert_series_equal(free, paid_by_trip(facts_of(rows)))


@pytest.mark.parametrize(
    ("cells", "held"),
    [
        ({"passage_id": "s"}, True),
        ({"passage_id": "s", "modes": "rail; sea"}, True),
        ({"passage_id": "s", "modes": "rail"}, False),
        ({"passage_id": "t"}, False),
        ({"territory_id": "SEA-X"}, True),
        ({"territory_id": "SEA-X", "modes": "road"}, False),
        ({"territory_id": "CCC"}, False),
        ({"crossing_id": "sea:p:AAA-SEA-X"}, True),
        ({"crossing_id": "sea:p:SEA-X-AAA"}, False),
        ({"crossing_id": "sea:p:AAA-SEA-X", "to_date": "2024-01-01"}, False),
    ],
)
def test_a_restriction_bites_where_something_open_is_for_it_to_hold_at(facts_of, cells, held):
    """Without an open crossing into the place or link of the passage, of its modes, it binds nobody."""
    rows = strait_rows()
    for row in rows["crossing_regimes"]:
        if row["crossing_id"] == "sea:p:SEA-X-AAA":
            row["regime"] = "closed"
    rows["restrictions"] = [restriction(effect="charge", own_trade=True, charge_usd_t=1.0, **cells)]
    network = facts_of(rows).network("2024-06-01")
    assert bites(network).tolist() == [held]
    trade = pd.DataFrame({"origin": ["AAA"], "destination": ["BBB"], "commodity_id": ["coal"]})
    classes, of = trade_classes(network, network.facts["commodities"], trade)
    assert bool(classes["bound_by"].iloc[int(of[0])]) == held


def test_a_ban_holds_for_leaving_a_land_and_a_charge_for_entering_it_alone(facts_of):
    """A land is entered and left by crossings of either direction; a passage is each of its links."""
    rows = strait_rows()
    common = {"territory_id": "SEA-X", "own_trade": True}
    rows["restrictions"] = [
        restriction(restriction_id="ban", **common),
        restriction(restriction_id="charge", effect="charge", charge_usd_t=1.0, **common),
        restriction(restriction_id="passage", effect="charge", passage_id="s", charge_usd_t=1.0),
    ]
    network = facts_of(rows).network("2024-06-01")
    arcs = expand(network).arcs
    where, share = entries(network, arcs)
    names = [set(arcs.loc[here, "crossing_id"]) | set(arcs.loc[here, "link_id"]) for here in where]
    into = {"sea:p:AAA-SEA-X", "sea:q:BBB-SEA-X", ""}
    assert names[0] == into | {"sea:p:SEA-X-AAA", "sea:q:SEA-X-BBB"}
    assert names[1] == into
    assert names[2] == {"sea:p-m", "sea:m-q", ""}
    assert set(share[1, where[1]]) == {1.0}
    assert not share[~where].any()
    for name, part in (("sea:p-m", 0.3), ("sea:m-q", 0.7)):
        assert share[2, arcs["link_id"].eq(name).to_numpy()] == pytest.approx([part, part])


def test_hours_of_restrictions_add_up_and_those_out_of_force_add_none(facts_of):
    """Eq. 32: two rows that bind one trade ask for the hours of both; one of another day for none."""
    charge = {"effect": "charge", "territory_id": "BBB", "own_trade": True}
    rows = triangle(
        {**charge, "charge_h": 5.0},
        {**charge, "charge_h": 2.0, "charge_usd_t": 4.0},
        {**charge, "charge_h": 90.0, "charge_usd_t": 90.0, "from_date": "2025-01-01"},
    )
    found = loads(facts_of(rows))[1]
    arcs, cost = found.virtual.arcs, found.cost
    into = (arcs["kind"].eq("cross") & arcs["territory_id"].eq("BBB")).to_numpy()
    for k in found.trips["class"]:
        assert cost.components["restriction_hours"][k] == pytest.approx(7.0 * into)
        assert cost.components["restriction_money"][k] == pytest.approx(4.0 * into)


def test_a_trade_has_the_class_of_the_rows_that_bind_it_whatever_order_trades_come_in(facts_of):
    """The class of a trade is its good and the set of rows that bind it: alike ones share, others do not."""
    rows = triangle(
        {**BANNED, "goods": "container"},
        {"effect": "charge", "territory_id": "CCC", "own_trade": True, "ends_in": "AAA"},
        {"effect": "charge", "territory_id": "BBB", "own_trade": True, "goods": "coal; container"},
    )
    facts = facts_of(rows)
    network = facts.network("2024-06-01")
    goods = facts["commodities"].reset_index(drop=True)
    ends = [(a, b) for a in LANDS for b in LANDS]
    names = ["coal", "container", "grain_food"]
    trades = pd.DataFrame(
        [(a, b, g) for g in names for a, b in ends],
        columns=["origin", "destination", "commodity_id"],
    )
    rng = np.random.default_rng(4)
    for order in (np.arange(len(trades)), rng.permutation(len(trades))):
        some = trades.iloc[order].reset_index(drop=True)
        classes, of = trade_classes(network, goods, some)
        about = concerned(
            network.restrictions,
            some["origin"].to_numpy(dtype=object),
            some["destination"].to_numpy(dtype=object),
        )
        limits = [{"container"}, set(names), {"coal", "container"}]
        for t, row in enumerate(some.itertuples()):
            binds = tuple(i for i in range(3) if about[i, t] and row.commodity_id in limits[i])
            got = classes.iloc[of[t]]
            assert (got["commodity_id"], got["bound_by"]) == (row.commodity_id, binds)
        assert classes.columns.tolist() == [*goods.columns, "bound_by"]
        assert classes.index.tolist() == list(range(len(classes)))
        keys = list(zip(classes["commodity_id"], classes["bound_by"], strict=True))
        assert len(set(keys)) == len(keys)


def test_what_nothing_else_serves_is_unserved_and_named(facts_of):
    rows = triangle(BANNED)
    for row in rows["crossing_regimes"]:
        if row["crossing_id"].startswith("road:ac"):
            row["regime"] = "closed"
    _, found = loads(facts_of(rows))
    lost = found.unserved
    assert lost["tonnes_t_yr"].sum() == 300.0
    assert set(lost["reason"]) <= {"barred to this trade", "cut by closed elements"}
    assert lost["cut"].str.contains("restriction:r0|road:ac").all()


def test_a_scenario_lifts_a_restriction_and_its_trades_get_the_way(facts_of, tmp_path):
    facts = facts_of(triangle(BANNED))
    path = tmp_path / "lift.toml"
    path.write_text(
        'name = "x"\nbase = 2024-06-01\nstatus = "what-if"\nsource = "assumed:a test"\n'
        '[[set.restriction]]\nid = "r0"\nin_force = false\n'
    )
    network, demand = facts.network("2024-06-01"), facts.demand(2024)
    cost = ist.GeneralizedCost(facts)
    changed, same = ist.Scenario.read(path).apply(network, demand)
    assert same.flows.equals(demand.flows)
    base = ist.assign(network, demand, cost)
    new = ist.assign(changed, same, cost, start=base)
    here = new.virtual.arcs["crossing_id"].eq("road:bc:BBB-CCC").to_numpy()
    assert base.arc_flow[:, here].sum() == 0.0
    assert new.arc_flow[:, here].sum() > 100.0, "a way that opened is seen by those it opened for"
    path.write_text(path.read_text().replace("set.restriction", "close.restriction"))
    with pytest.raises(InputError, match="in_force"):
        ist.Scenario.read(path).apply(network, demand)


def test_a_charge_on_a_passage_is_shared_out_over_its_links(shipped):
    network = shipped.network("2025-01-01")
    row = restriction(
        restriction_id="x", effect="charge", passage_id="hormuz", own_trade=True, charge_usd_t=7.0
    )
    extra = pd.DataFrame([row]).reindex(columns=network.restrictions.columns)
    network = network.replace(restrictions=extra.assign(in_force=True))
    arcs = expand(network).arcs
    classes, _ = ist.GeneralizedCost(shipped).classes(network)
    found = bind(network, arcs, classes, np.zeros(len(arcs)))
    east = arcs["passage_id"].eq("hormuz").to_numpy() & arcs["forward"].eq(True).to_numpy()
    assert int(east.sum()) == 2
    assert found.money[0, east].sum() == pytest.approx(7.0)


def test_bans_do_not_depend_on_the_direction_of_trade():
    rng = np.random.default_rng(1)
    lands = np.array(list("ABCDE"), dtype=object)
    o, d = rng.choice(lands, 200), rng.choice(lands, 200)
    table = pd.DataFrame(
        [
            restriction(territory_id="A", ends_in="B; C", other_end_in="D"),
            restriction(territory_id="A", not_ends_in="E"),
            restriction(passage_id="p", own_trade=True),
        ]
    )
    np.testing.assert_array_equal(concerned(table, o, d), concerned(table, d, o))
    assert concerned(table, o, d)[2].all()
    unknown = np.array([""], dtype=object)
    assert concerned(table, unknown, unknown)[:, 0].tolist() == [False, False, True]


def test_classes_are_few_and_first_those_of_unknown_ends(shipped):
    network = shipped.network("2025-01-01")
    goods = shipped["commodities"].reset_index(drop=True)
    trades = pd.DataFrame(
        {
            "origin": ["CHN", "CHN", "KAZ", "RUS"],
            "destination": ["DEU", "POL", "ARM", "DEU"],
            "commodity_id": ["container"] * 4,
        }
    )
    classes, of = trade_classes(network, goods, trades)
    assert classes["commodity_id"].iloc[: len(goods)].tolist() == goods["commodity_id"].tolist()
    assert of[0] == of[1], "alike trades are one class"
    assert len({int(of[0]), int(of[2]), int(of[3])}) == 3


@pytest.mark.parametrize(
    ("date", "through"), [("2025-10-20", False), ("2025-10-21", True), ("2026-06-01", True)]
)
def test_grain_of_kazakhstan_for_armenia_crosses_azerbaijan_since_october_2025(
    shipped, date, through
):
    """Azerbaijan lifted its ban on transit to Armenia on 21 October 2025."""
    network = shipped.network(date)
    found = ist.route(
        network, ist.GeneralizedCost(shipped), "Aktau port", "Yerevan", "grain_food", 8
    )
    lands = [set(t.split()) for t in found.table["territories"]]
    assert any("AZE" in land for land in lands) == through


@pytest.mark.parametrize(("land", "since"), [("RUS", "2022-02-24"), ("IRN", "2018-11-05")])
def test_european_trade_pays_for_transit_since_sanctions_and_others_do_not(shipped, land, since):
    cost = ist.GeneralizedCost(shipped)
    rows = shipped["restrictions"].set_index("restriction_id")["charge_value_share"]
    value = shipped["commodities"].set_index("commodity_id")["value_usd_t"]["container"]
    ends = [("CHN", "DEU"), ("DEU", "KAZ"), ("CHN", land), ("DEU", land), ("KAZ", "TUR")]
    trades = pd.DataFrame(ends, columns=["origin", "destination"]).assign(commodity_id="container")
    day = pd.Timestamp(since)
    for date, share in ((day - pd.Timedelta(days=1), 0.0), (day, 0.05)):
        network = shipped.network(date.date().isoformat())
        virtual = expand(network)
        classes, of = cost.classes(network, trades)
        paid = cost.of(virtual, classes).components["restriction_money"]
        arcs = virtual.arcs
        into = np.array(arcs["kind"].eq("cross") & arcs["territory_id"].eq(land))
        into = into & arcs["mode"].eq("rail").to_numpy()
        expected = [share * value] * 2 + [0.0] * 3
        assert [paid[k, into].max() for k in of] == pytest.approx(expected)
        assert [paid[k, into].min() for k in of] == pytest.approx(expected)
    assert rows["russia-transit-risk"] == rows["iran-transit-risk"] == 0.05, (
        "lands are treated alike"
    )
