"""Laws of the straight line, on the tiny network and on the shipped one."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from isthmus.analysis.flows import compare, route
from isthmus.analysis.flows.totals import levels, trip_levels
from isthmus.assign import assign
from isthmus.cost.model import GeneralizedCost
from isthmus.errors import NoPath
from isthmus.scenario import find_scenario
from isthmus.skim import skim


@pytest.fixture(scope="module")
def base(shipped):
    """All-or-nothing on the shipped network."""
    cost = GeneralizedCost(shipped)
    return assign(
        shipped.network("2025-01-01"), shipped.demand(2024), cost, method="all_or_nothing"
    )


@pytest.fixture(scope="module")
def settled(shipped):
    """The stochastic base."""
    return assign(shipped.network("2025-01-01"), shipped.demand(2024), GeneralizedCost(shipped))


def tiny(rows, facts_of, method="all_or_nothing"):
    facts = facts_of(rows)
    return assign(
        facts.network("2025-01-01"), facts.demand(2024), GeneralizedCost(facts), method=method
    )


def least(result):
    frame = trip_levels(result).set_index(["origin_zone_id", "destination_zone_id", "commodity_id"])
    return frame["usd_t"]


def test_what_goes_in_comes_out(settled):
    graph = settled.virtual.graph
    for flow in settled.arc_flow:
        out = np.bincount(graph.tail, flow, graph.n_node)
        into = np.bincount(graph.head, flow, graph.n_node)
        for stop, name in enumerate(settled.virtual.stops):
            if not name.mode.startswith("zone"):
                assert out[stop] == pytest.approx(into[stop], rel=1e-9, abs=1e-3), name


def test_served_and_unserved_are_the_demand(settled):
    served = settled.trips["served_t_yr"].sum()
    assert served + settled.unserved["tonnes_t_yr"].sum() == pytest.approx(
        settled.demand.tonnes, rel=1e-12
    )


def test_the_shipped_base_converges_and_reaches_everybody(settled):
    assert settled.converged
    assert settled.gap <= 1e-6
    assert settled.unserved.empty


def test_the_shipped_base_is_proven(settled):
    """Flows are in balance, values meet their bounds, and what is left to doubt is no money."""
    proof = settled.certificate
    assert proof.conservation < 1e-9
    assert abs(proof.duality_gap) < 1e-9
    assert proof.gap == settled.gap
    borne = (settled.trips["served_t_yr"] * settled.trips["borne_usd_t"]).sum()
    assert 0.0 <= proof.least_usd_yr < 1e-5 * borne


def test_a_closed_order_is_worth_the_same_from_its_parent_as_from_nothing(settled, shipped):
    """What a trip bears is its network's alone, wherever the search began; and back again."""
    order = find_scenario("suez-closed", shipped)
    network, demand = order.apply(shipped.network(order.base), shipped.demand(2024))
    cost = GeneralizedCost(shipped)
    warm = assign(network, demand, cost, start=settled, gap=1e-9)
    cold = assign(network, demand, cost, gap=1e-9)
    for one, other in ((warm, cold), (assign(*_day(shipped), cost, start=cold, gap=1e-9), settled)):
        doubt = one.certificate.doubt_usd_yr + other.certificate.doubt_usd_yr
        flow = other.trips["served_t_yr"].to_numpy()
        a, b = (r.trips["borne_usd_t"].to_numpy() for r in (one, other))
        both = np.isfinite(a) & np.isfinite(b)
        assert both.mean() > 0.9
        off = flow[both] * np.abs(a[both] - b[both])
        assert off.sum() <= 10.0 * doubt.sum() + 1e-9 * (flow[both] * b[both]).sum()


def _day(shipped):
    return shipped.network("2025-01-01"), shipped.demand(2024)


def test_path_costs_are_those_of_networkx(base):
    virtual, usd, mine = base.virtual, base.cost.usd, least(base)
    wanted = base.trips["commodity_id"].isin(["container", "coal"])
    table = base.trips[wanted].iloc[::29].head(60)
    assert table["class"].nunique() > 5
    for k, rows in table.groupby("class"):
        graph = nx.MultiDiGraph()
        arcs = zip(
            virtual.graph.tail.tolist(), virtual.graph.head.tolist(), usd[k].tolist(), strict=True
        )
        graph.add_weighted_edges_from((a, b, c) for a, b, c in arcs if np.isfinite(c))
        for r in rows.itertuples():
            ends = (
                virtual.source_of_zone[r.origin_zone_id],
                virtual.sink_of_zone[r.destination_zone_id],
            )
            length = nx.dijkstra_path_length(graph, *ends)
            found = mine[(r.origin_zone_id, r.destination_zone_id, r.commodity_id)]
            assert found == pytest.approx(length, rel=1e-9)


@pytest.mark.parametrize("name", ["suez-closed", "iran-closed"])
def test_closing_never_lowers_a_cost(base, shipped, name):
    order = find_scenario(name, shipped)
    network, demand = order.apply(shipped.network(order.base), shipped.demand(2024))
    closed = assign(network, demand, GeneralizedCost(shipped), method="all_or_nothing")
    before, after = least(base), least(closed)
    both = after.notna() & before.notna()
    assert (after[both] >= before[both] - 1e-9).all()
    assert (after[both] > before[both] + 1e-9).any()


def test_a_trade_the_order_does_not_touch_keeps_its_cost(settled, shipped):
    order = find_scenario("rasht-astara", shipped)
    new = assign(
        *order.apply(shipped.network(order.base), shipped.demand(2024)),
        GeneralizedCost(shipped),
        start=settled,
    )
    trips = compare(settled, new).trips
    far = trips["origin_territory_id"].isin(["SGP", "KOR"]) & trips[
        "destination_territory_id"
    ].isin(["NLD", "ITA"])
    far = trips[far]
    assert len(far)
    scale = far["common_t_yr"] * far["borne_usd_t_base"]
    assert (far["cost_change_usd_yr"].abs() <= 1e-4 * scale).all(), "but for shared congestion"


def test_comparing_a_thing_with_itself_is_zero(settled):
    same = compare(settled, settled)
    assert all(v == 0 for k, v in same.totals().items() if "change" in k)
    for dimension in ("territory", "corridor", "crossing", "commodity", "mode", "component"):
        frame = same.by(dimension)
        assert (frame[[c for c in frame if c.endswith("_change")]] == 0).all().all()


def test_components_add_up_to_the_cost_of_the_trips(settled):
    parts = levels(settled, "component")["cost_usd_yr"].sum()
    trips = trip_levels(settled)
    assert parts == pytest.approx((trips["served_t_yr"] * trips["usd_t"]).sum(), rel=1e-9)


def test_same_bits_twice(settled, shipped):
    again = assign(shipped.network("2025-01-01"), shipped.demand(2024), GeneralizedCost(shipped))
    assert np.array_equal(settled.arc_flow, again.arc_flow)


def test_unserved_tonnes_name_what_cuts_them(rows, facts_of):
    for row in rows["crossing_regimes"]:
        row["regime"] = "closed"
    result = tiny(rows, facts_of)
    cut = result.unserved.set_index(["origin_zone_id", "destination_zone_id"])
    assert cut.loc[("A", "C"), "cut"] in ("road:b:AAA-BBB", "rail:b:AAA-BBB")
    assert cut.loc[("A", "C"), "reason"] == "cut by closed elements"
    assert cut.loc[("A", "D"), "reason"] == "no route by the modes this commodity uses"
    assert cut["tonnes_t_yr"].sum() == 1570


def test_row_order_changes_nothing(rows, facts_of):
    one = tiny(rows, facts_of, "stochastic")
    for table in ("links", "crossings", "nodes", "demand", "terminals", "link_status"):
        rows[table] = rows[table][::-1]
    two = tiny(rows, facts_of, "stochastic")
    a, b = (levels(r, "link").set_index("link_id")["flow_t_yr"].sort_index() for r in (one, two))
    assert a.to_numpy() == pytest.approx(b.to_numpy(), rel=1e-9)


def test_transit_is_not_ones_own_trade(rows, facts_of):
    result = tiny(rows, facts_of)
    frame = levels(result, "territory").set_index("territory_id")
    assert frame.loc["AAA", "over_t_yr"] == 1500
    assert frame.loc["AAA", "transit_t_yr"] == 0


def test_a_skim_is_the_cost_of_the_only_path(rows, facts_of):
    result = tiny(rows, facts_of)
    skims = skim(result)
    a, c = skims.zones.index("A"), skims.zones.index("C")
    assert skims.matrices["container_usd_t"][a, c] == pytest.approx(
        least(result)[("A", "C", "container")]
    )
    assert skims.matrices["container_tonnes_t_yr"][a, c] == 1000


def test_exposure_counts_the_tonnes_on_a_listed_operator(rows, facts_of):
    for row in rows["links"]:
        row["operator_id"] = "aaa-rail" if row["territory_id"] == "AAA" else ""
    rows["sanctions"] = [
        {
            "sanction_id": "s1",
            "subject": "Rail of A",
            "actor_id": "aaa-rail",
            "listed_by": "X",
            "measure": "m",
            "from_date": "2020-01-01",
        }
    ]
    result = tiny(rows, facts_of)
    assert compare(result, result).exposure()["tonnes_t_yr_new"].tolist() == [1500]
    rows["sanctions"][0]["to_date"] = "2024-01-01"
    assert compare(*[tiny(rows, facts_of)] * 2).exposure().empty


def test_alternatives_are_ranked_different_and_add_up(shipped):
    network, cost = shipped.network("2025-01-01"), GeneralizedCost(shipped)
    found = route(network, cost, "Altynkol", "Poti", k=4)
    assert found.table["usd_t"].is_monotonic_increasing
    assert (found.table["hours_p90"] >= found.table["hours_p50"]).all()
    sums = found.legs.groupby("route")[["hours", "money_usd_t", "length_km"]].sum()
    assert sums["money_usd_t"].to_numpy() == pytest.approx(found.table["money_usd_t"].to_numpy())
    assert sums["hours"].to_numpy() == pytest.approx(found.table["hours_p50"].to_numpy())
    assert "SEA-CASPIAN" in " ".join(found.table["seas"]), (
        "the Middle Corridor is among the alternatives"
    )


def test_no_path_names_the_closed_elements(rows, facts_of):
    for row in rows["crossing_regimes"]:
        row["regime"] = "closed"
    facts = facts_of(rows)
    with pytest.raises(NoPath, match="b:AAA-BBB"):
        route(facts.network("2025-01-01"), GeneralizedCost(facts), "a", "c")
    with pytest.raises(NoPath, match="begins and ends"):
        route(facts.network("2025-01-01"), GeneralizedCost(facts), "a", "a")
