"""Laws of the totals of one assignment: what is counted once, what at both ends, and what adds up."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import crossing, link, node, strait_rows
from isthmus.analysis.flows import DIMENSIONS
from isthmus.analysis.flows.totals import levels, trip_levels
from isthmus.assign import assign
from isthmus.cost.model import GeneralizedCost
from isthmus.errors import InputError

OF_TRIPS = ("trade_t_yr", "unserved_t_yr", "cost_usd_yr", "money_usd_yr", "time_th_yr", "co2_t_yr")
FLOWS = [
    # origin, destination, good, tonnes: one trade within AAA, one without a way
    ("A", "C", "container", 1000.0), ("C", "A", "container", 500.0), ("A", "C", "coal", 40.0),
    ("A", "B", "container", 300.0), ("A", "D", "container", 70.0), ("B", "C", "grain_food", 20.0),
    ("C", "B", "machinery", 0.0),
]  # fmt: skip


@pytest.fixture
def found(rows, facts_of):
    """The gauge break with a zone at the border: international trade, trade within a land, and none."""
    rows["zones"].append({"zone_id": "B", "name": "Zone b", "territory_id": "AAA", "node_id": "b"})
    rows["connectors"].append({"zone_id": "B", "node_id": "b", "access_km": 5})
    rows["demand"] = [
        {
            "origin_zone_id": o, "destination_zone_id": d, "commodity_id": g, "year": 2024,
            "tonnes_t_yr": t,
        }
        for o, d, g, t in FLOWS
    ]  # fmt: skip
    rows["corridors"] = [{"corridor_id": "k", "name": "Corridor", "proponent": "X"}]
    rows["corridor_nodes"] = [
        {"corridor_id": "k", "branch": "main", "sequence": i, "node_id": n, "mode": "road"}
        for i, n in enumerate("abc")
    ]
    rows["links"][3]["length_km"] = 210
    facts = facts_of(rows)
    return assign(
        facts.network("2024-06-01"), facts.demand(2024), GeneralizedCost(facts),
        method="all_or_nothing",
    )  # fmt: skip


def test_trade_inside_a_territory_counts_once_and_between_two_at_both(found):
    """The sum over territories of whatever trips add up to is 2 × international + domestic."""
    frame = levels(found, "territory").set_index("territory_id")
    assert frame.loc["AAA", "trade_t_yr"] == 1000 + 500 + 40 + 300 + 70 + 20
    assert frame.loc["BBB", "trade_t_yr"] == 1000 + 500 + 40 + 70 + 20
    trips = trip_levels(found)
    inside = trips["origin_territory_id"].eq(trips["destination_territory_id"])
    served = trips["served_t_yr"]
    of_trip = {
        "trade_t_yr": trips["tonnes_t_yr"],
        "unserved_t_yr": trips["tonnes_t_yr"] - served,
        "cost_usd_yr": (served * trips["usd_t"]).fillna(0.0),
        "money_usd_yr": (served * trips["money_usd_t"]).fillna(0.0),
        "time_th_yr": (served * trips["hours_h"]).fillna(0.0),
        "co2_t_yr": (served * trips["co2_kg_t"]).fillna(0.0) / 1000.0,
    }
    for column, values in of_trip.items():
        domestic, international = values[inside].sum(), values[~inside].sum()
        assert frame[column].sum() == pytest.approx(2 * international + domestic), column
        assert international > 0.0
        assert domestic > 0.0 or column == "unserved_t_yr"


@pytest.mark.parametrize("dimension", ["od", "commodity"])
def test_totals_by_trips_and_by_goods_are_those_of_all(found, dimension):
    """Every trip is in one row, so that each quantity adds up to that of the assignment."""
    trips, frame = trip_levels(found), levels(found, dimension)
    served = trips["served_t_yr"]
    want = {
        "trade_t_yr": found.demand.tonnes,
        "unserved_t_yr": found.unserved["tonnes_t_yr"].sum(),
        "cost_usd_yr": (served * trips["usd_t"]).sum(),
        "money_usd_yr": (found.cost.money * found.arc_flow).sum(),
        "time_th_yr": (found.cost.hours * found.arc_flow).sum(),
        "co2_t_yr": (found.cost.co2_kg * found.arc_flow).sum() / 1000.0,
    }
    for column in OF_TRIPS:
        assert frame[column].sum() == pytest.approx(want[column]), column
        assert want[column] > 0.0
    keys = DIMENSIONS[dimension][0]
    assert not frame.duplicated(keys).any()
    assert len(frame) == len(trips[keys].drop_duplicates())


def test_a_trip_costs_what_its_arcs_cost_and_is_unknown_where_nothing_moves(found):
    """Means over used ways, by flow: here the one way; NaN, not 0, for a trip without a served tonne."""
    trips = trip_levels(found).set_index(["origin_zone_id", "destination_zone_id", "commodity_id"])
    served = trips["served_t_yr"] > 0.0
    assert served.tolist() == [t > 0.0 and d != "D" for _, d, _, t in _sorted(trips)]
    attributes = ["usd_t", "money_usd_t", "hours_h", "co2_kg_t", "length_km"]
    assert trips.loc[served, attributes].notna().all(axis=None)
    assert trips.loc[~served, attributes].isna().all(axis=None)
    paths, arcs = found.paths, found.virtual.arcs
    for p, trip in enumerate(paths.trip):
        mine = paths.arcs[paths.indptr[p] : paths.indptr[p + 1]]
        k = int(found.trips["class"].iloc[trip])
        row = trips.iloc[trip]
        if paths.flow[p] > 0.0:
            assert row["usd_t"] == pytest.approx(found.cost.usd[k, mine].sum())
            assert row["money_usd_t"] == pytest.approx(found.cost.money[k, mine].sum())
            assert row["hours_h"] == pytest.approx(found.cost.hours[k, mine].sum())
            assert row["co2_kg_t"] == pytest.approx(found.cost.co2_kg[k, mine].sum())
            move = arcs.iloc[mine].query("kind == 'move'")
            assert row["length_km"] == pytest.approx(move["length_km"].sum())


def _sorted(trips):
    tonnes = {(o, d, g): t for o, d, g, t in FLOWS}
    return [(*key, tonnes[key]) for key in trips.index]


def test_links_corridors_and_modes_add_up_by_hand(found):
    """Tonnes of both directions; tonne-kilometres; a corridor's mean is tkm over length, its ends by name."""
    links = levels(found, "link").set_index("link_id")
    arcs = found.virtual.arcs
    for name, row in links.iterrows():
        both = arcs["link_id"].eq(name).to_numpy()
        assert both.sum() == 2
        assert row["flow_t_yr"] == pytest.approx(found.arc_flow[:, both].sum())
        assert row["moved_tkm_yr"] == pytest.approx(row["flow_t_yr"] * row["length_km"])
    assert links["flow_t_yr"].gt(0.0).sum() >= 2
    modes = levels(found, "mode").set_index("mode")["moved_tkm_yr"]
    for mode in ("rail", "road"):
        mine = links.loc[links["mode"].eq(mode)]
        assert modes[mode] == pytest.approx((mine["flow_t_yr"] * mine["length_km"]).sum())
    one, other = (links.loc[f"road:{x}", "flow_t_yr"] for x in ("a-b", "b-c"))
    assert one != other
    corridor = levels(found, "corridor").set_index("corridor_id").loc["k"]
    assert corridor["length_km"] == 150 + 210
    assert corridor["moved_tkm_yr"] == pytest.approx(150 * one + 210 * other)
    assert corridor["mean_t_yr"] == pytest.approx((150 * one + 210 * other) / 360)
    assert (corridor["weakest_t_yr"], corridor["peak_t_yr"]) == (min(one, other), max(one, other))
    crossings = levels(found, "crossing").set_index("crossing_id")["flow_t_yr"]
    for name, tonnes in crossings.items():
        here = arcs["crossing_id"].eq(name).to_numpy()
        assert tonnes == pytest.approx(found.arc_flow[:, here].sum())
    east = crossings[[c for c in crossings.index if c.endswith("AAA-BBB")]].sum()
    assert east == 1000 + 40 + 20


def test_components_are_amounts_and_their_price_is_the_cost(found):
    """Amounts times the price of the good add up to what the trips cost; nothing waits without congestion."""
    frame = levels(found, "component").set_index("component")
    trips = trip_levels(found)
    cost = (trips["served_t_yr"] * trips["usd_t"]).sum()
    assert frame["cost_usd_yr"].sum() == pytest.approx(cost)
    for name, values in found.cost.components.items():
        assert frame.loc[name, "total_yr"] == pytest.approx((values * found.arc_flow).sum())
    money = frame["attribute"].eq("money")
    assert (frame.loc[money, "total_yr"] == frame.loc[money, "cost_usd_yr"]).all()
    assert frame.loc["congestion", ["total_yr", "cost_usd_yr"]].tolist() == [0.0, 0.0]
    priced = found.cost.vot_usd_t_h[:, None] * found.cost.components["haul_hours"]
    hours = frame.loc["haul_hours", "cost_usd_yr"]
    assert hours == pytest.approx((priced * found.arc_flow).sum())


def through():
    """A and C on either side of BBB, by road; B trades with both."""
    lands = ("AAA", "BBB", "CCC")
    links = [
        link("a", "ab", "road", "AAA", 100),
        link("ab", "b", "road", "BBB", 40),
        link("b", "bc", "road", "BBB", 60),
        link("bc", "c", "road", "CCC", 10),
    ]
    crossings = crossing("ab", "road", "AAA", "BBB") + crossing("bc", "road", "BBB", "CCC")
    open_since = {"from_date": "2000-01-01"}
    flows = [("A", "C", 7.0), ("C", "A", 5.0), ("A", "B", 3.0), ("B", "C", 2.0)]
    places = [("a", "AAA", 0), ("ab", "AAA", 1), ("b", "BBB", 2), ("bc", "BBB", 3), ("c", "CCC", 4)]
    return {
        "territories": [{"territory_id": t, "name": t.title(), "kind": "state"} for t in lands],
        "nodes": [node(n, t, float(x), 0.0) for n, t, x in places],
        "links": links,
        "link_status": [{"link_id": r["link_id"], "status": "open", **open_since} for r in links],
        "regimes": [
            {
                "regime": r, "name": r, "definition": r, "open": r != "closed", "delay_factor": 1,
                "spread_factor": 1, "fee_factor": 1, "flags": "all", "direction": "both",
                "control": "each",
            }
            for r in ("normal", "closed")
        ],
        "crossings": crossings,
        "crossing_regimes": [
            {"crossing_id": r["crossing_id"], "regime": "normal", **open_since} for r in crossings
        ],
        "zones": [
            {"zone_id": z.upper(), "name": z, "territory_id": t, "node_id": z}
            for z, t in zip("abc", lands, strict=True)
        ],
        "connectors": [{"zone_id": z.upper(), "node_id": z, "access_km": 5} for z in "abc"],
        "demand": [
            {
                "origin_zone_id": o, "destination_zone_id": d, "commodity_id": "container",
                "year": 2024, "tonnes_t_yr": t,
            }
            for o, d, t in flows
        ],
    }  # fmt: skip


def test_transit_is_what_passes_a_land_that_it_neither_leaves_nor_reaches(facts_of):
    """Over: every tonne that moves there, once. Transit: those of third parties. Tonne-km: on its links."""
    facts = facts_of(through())
    result = assign(
        facts.network("2024-06-01"), facts.demand(2024), GeneralizedCost(facts),
        method="all_or_nothing",
    )  # fmt: skip
    frame = levels(result, "territory").set_index("territory_id")
    assert frame["over_t_yr"].to_dict() == {"AAA": 15.0, "BBB": 17.0, "CCC": 14.0}
    assert frame["transit_t_yr"].to_dict() == {"AAA": 0.0, "BBB": 12.0, "CCC": 0.0}
    tkm = {"AAA": 15.0 * 100, "BBB": 15.0 * 40 + 14.0 * 60, "CCC": 14.0 * 10}
    assert frame["moved_tkm_yr"].to_dict() == pytest.approx(tkm)
    assert frame["name"].to_dict() == {"AAA": "Aaa", "BBB": "Bbb", "CCC": "Ccc"}
    assert set(frame["territory_kind"]) == {"state"}
    assert frame.index.is_monotonic_increasing


def test_what_a_caller_does_to_a_table_stays_with_the_caller(found):
    """Tables are computed once an assignment, and everybody gets a copy."""
    for dimension in DIMENSIONS:
        first = levels(found, dimension)
        want = first.copy()
        first.iloc[:, -1] = -1
        assert levels(found, dimension).equals(want)
    trips = trip_levels(found)
    trips["usd_t"] = 0.0
    assert np.nansum(trip_levels(found)["usd_t"]) > 0.0
    with pytest.raises(InputError, match='"planet" is no dimension'):
        levels(found, "planet")


def test_lands_that_only_send_or_only_receive_and_seas_that_only_carry(facts_of):
    """A land without exports has its imports; a sea has no trade, no unserved tonne and no cost of its own."""
    rows = strait_rows()
    rows["demand"] = [r for r in rows["demand"] if r["origin_zone_id"] == "A"]
    facts = facts_of(rows)
    result = assign(
        facts.network("2024-06-01"), facts.demand(2024), GeneralizedCost(facts),
        method="all_or_nothing",
    )  # fmt: skip
    frame = levels(result, "territory").set_index("territory_id")
    assert frame.index.tolist() == ["AAA", "BBB", "SEA-X"]
    assert frame["trade_t_yr"].to_dict() == {"AAA": 200.0, "BBB": 200.0, "SEA-X": 0.0}
    assert frame.loc["SEA-X", list(OF_TRIPS)].tolist() == [0.0] * 6
    assert frame.loc["AAA", list(OF_TRIPS)].tolist() == frame.loc["BBB", list(OF_TRIPS)].tolist()
    assert frame["over_t_yr"].to_dict() == {"AAA": 200.0, "BBB": 200.0, "SEA-X": 200.0}
    assert frame["transit_t_yr"].to_dict() == {"AAA": 0.0, "BBB": 0.0, "SEA-X": 200.0}
    assert frame.loc["SEA-X", "moved_tkm_yr"] == pytest.approx(200.0 * 200)
