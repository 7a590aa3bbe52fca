"""Why tonnes stay: the way that passes the fewest closed elements, and its reason, on a few roads."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import link, node, strait_rows
from isthmus.assign import assign
from isthmus.assign.unserved import element_names
from isthmus.cost.model import GeneralizedCost

DAY = "2024-06-01"


def solved(facts, network=None):
    network = facts.network(DAY) if network is None else network
    return assign(network, facts.demand(2024), GeneralizedCost(facts), method="all_or_nothing")


def roads(*ways):
    """A and C in one land, joined by ways of roads with lengths and statuses: [(km, status), …] each."""
    rows = strait_rows()
    nodes, links, status = [node("a", "AAA", 0, 0), node("c", "AAA", 9, 0)], [], []
    for w, way in enumerate(ways):
        stops = ["a", *(f"n{w}{i}" for i in range(1, len(way))), "c"]
        nodes += [node(s, "AAA", float(i), float(w)) for i, s in enumerate(stops[1:-1], 1)]
        for (km, state), a, b in zip(way, stops, stops[1:], strict=False):
            row = link(a, b, "road", "AAA", km)
            row["link_id"] = f"w{w}:{a}-{b}"
            links.append(row)
            status.append(
                {
                    "link_id": row["link_id"], "status": state, "from_date": "2000-01-01",
                    "cause_id": "begin",
                }
            )  # fmt: skip
    return rows | {
        "nodes": nodes, "links": links, "link_status": status, "crossings": [],
        "crossing_regimes": [], "terminals": [], "passages": [],
        "zones": [
            {"zone_id": z, "name": z, "territory_id": "AAA", "node_id": z.lower()} for z in "AC"
        ],
        "connectors": [{"zone_id": z, "node_id": z.lower(), "access_km": 5} for z in "AC"],
        "demand": [
            {
                "origin_zone_id": "A", "destination_zone_id": "C", "commodity_id": "container",
                "year": 2024, "tonnes_t_yr": 70.0,
            }
        ],
    }  # fmt: skip


SHUT, OPEN = "closed", "open"


@pytest.mark.parametrize(
    ("ways", "cut"),
    [
        # one closed link on a long way, two on a short one
        ([[(9000, SHUT)], [(1, SHUT), (1, SHUT)]], ["w0:a-c"]),
        # as many on both: the cheaper way
        ([[(900, SHUT), (9, OPEN)], [(5, SHUT), (9, OPEN)]], ["w1:a-n11"]),
        # what is not built counts as four that are shut
        ([[(5, "planned")], [(90, SHUT)] * 3], ["w1:a-n11", "w1:n11-n12", "w1:n12-c"]),
        ([[(5, "planned")], [(90, SHUT)] * 4], ["w0:a-c"]),
        ([[(5, "planned")], [(90, SHUT)] * 5], ["w0:a-c"]),
        ([[(5, "under_construction")], [(9, SHUT)] * 3], ["w1:a-n11", "w1:n11-n12", "w1:n12-c"]),
        ([[(5, "destroyed")], [(9, SHUT)] * 5], ["w0:a-c"]),
    ],
)
def test_the_cut_is_that_of_the_way_past_the_fewest_closed_elements(facts_of, ways, cut):
    """Fewest first, cost among equals; a planned, unfinished or destroyed link counts four times."""
    lost = solved(facts_of(roads(*ways))).unserved
    assert lost["tonnes_t_yr"].tolist() == [70.0]
    assert lost["reason"].tolist() == ["cut by closed elements"]
    assert lost["cut"].tolist() == ["; ".join(cut)]
    assert lost.loc[0, ["commodity_id", "origin_zone_id", "destination_zone_id"]].tolist() == [
        "container", "A", "C",
    ]  # fmt: skip


def test_what_moves_is_not_in_the_table_and_what_has_no_way_says_so(facts_of):
    """A trade with an open way is served; one that no road or rail joins stays, with nothing to open."""
    nothing = solved(facts_of(roads([(5, OPEN)]))).unserved
    assert nothing.empty
    rows = roads([(5, OPEN)])
    rows["nodes"].append(node("e", "AAA", 5, 5))
    rows["zones"].append({"zone_id": "E", "name": "E", "territory_id": "AAA", "node_id": "e"})
    rows["connectors"].append({"zone_id": "E", "node_id": "e", "access_km": 5})
    rows["demand"].append({**rows["demand"][0], "destination_zone_id": "E", "tonnes_t_yr": 3.0})
    lost = solved(facts_of(rows)).unserved
    assert lost["tonnes_t_yr"].tolist() == [3.0]
    assert lost["reason"].tolist() == ["no route by the modes this commodity uses"]
    assert lost["cut"].tolist() == [""]
    assert nothing.columns.tolist() == lost.columns.tolist() == [
        "commodity_id", "origin_zone_id", "destination_zone_id", "tonnes_t_yr", "reason", "cut",
    ]  # fmt: skip


def test_a_good_is_not_cut_from_ways_it_could_not_use(facts_of):
    """Coal takes no lorry's ferry: what another good could use, were it open, is no cut of this one."""
    rows = roads([(5, SHUT)])
    rows["links"][0]["mode"] = "ferry"
    rows["demand"].append({**rows["demand"][0], "commodity_id": "coal"})
    lost = solved(facts_of(rows)).unserved.set_index("commodity_id")
    assert lost.loc["coal", "cut"] == ""


BAN = {
    "restriction_id": "ban", "name": "ban", "effect": "ban", "territory_id": "SEA-X",
    "own_trade": True, "imposed_by": "somebody", "goods": "container",
}  # fmt: skip


def test_what_bars_a_trade_alone_is_named_as_such(facts_of):
    """A ban is named once by its row for the good it is about; the other good moves."""
    rows = strait_rows()
    rows["restrictions"] = [BAN | {"restriction_id": "other", "goods": "coal"}, BAN]
    lost = solved(facts_of(rows)).unserved
    assert set(lost["commodity_id"]) == {"container"}
    assert set(lost["reason"]) == {"barred to this trade"}
    assert set(lost["cut"]) == {"restriction:ban"}


def test_a_shut_border_is_named_by_itself_though_a_ban_holds_there_too(facts_of):
    """Lifting the ban opens no border that is shut for all: both are named, each once."""
    rows = strait_rows()
    rows["restrictions"] = [BAN]
    for row in rows["crossing_regimes"]:
        if row["crossing_id"] == "sea:p:AAA-SEA-X":
            row["regime"] = "closed"
    lost = solved(facts_of(rows)).unserved.set_index(["origin_zone_id", "commodity_id"])
    box = lost.loc[("A", "container")]
    assert box["cut"] == "sea:p:AAA-SEA-X; restriction:ban"
    assert box["reason"] == "cut by closed elements"
    assert lost.loc[("A", "grain_food"), "cut"] == "sea:p:AAA-SEA-X"
    assert lost.loc[("B", "container"), "reason"] == "barred to this trade"
    assert ("B", "grain_food") not in lost.index


def test_the_trade_of_a_closed_land_says_so(facts_of):
    """Everything in a closed land is shut: its own name is in the cut and the reason is the land."""
    facts = facts_of(strait_rows())
    network = facts.network(DAY).replace(closed_territories=frozenset({"BBB"}))
    lost = solved(facts, network).unserved
    assert len(lost) == 4
    assert set(lost["reason"]) == {"the trade of this territory is closed"}
    assert all("territory:BBB" in cut.split("; ") for cut in lost["cut"])


def test_elements_are_named_once_in_the_order_of_the_way(facts_of):
    """A link, crossing or terminal by its id; an arc of none by its territory."""
    arcs = solved(facts_of(strait_rows())).virtual.arcs
    kinds = ["access", "move", "transfer", "cross"]
    rows = np.array([int(np.flatnonzero(arcs["kind"].eq(k))[0]) for k in kinds])
    rows = np.concatenate([rows, rows[::-1]])
    a, m, t, c = (arcs.iloc[i] for i in rows[:4])
    want = (f"territory:{a['territory_id']}", m["link_id"], t["terminal_id"], c["crossing_id"])
    assert element_names(arcs, rows) == want
    assert all(want)
