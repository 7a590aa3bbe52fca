"""Which arcs a measure touches: operators and controllers, ports on water, lands by mode."""

from __future__ import annotations

import pytest

from conftest import strait_rows
from isthmus.analysis.flows.exposure import exposure, listed_arcs
from isthmus.assign import assign
from isthmus.cost.model import GeneralizedCost

DAY = "2024-06-01"
HANDLED = {"load", "unload", "transfer", "cross"}
WATER = {"sea", "inland_water", "ferry", "rail_ferry"}


def measure(name, **cells):
    return {
        "sanction_id": name, "subject": name, "listed_by": "X", "measure": "m",
        "from_date": "2020-01-01", **cells,
    }  # fmt: skip


def found(facts_of, *measures, **columns):
    rows = strait_rows()
    rows["sanctions"] = list(measures)
    for column, values in columns.items():
        for row in rows["links"]:
            row[column] = values.get(row["link_id"], "")
    facts = facts_of(rows)
    return assign(
        facts.network(DAY), facts.demand(2024), GeneralizedCost(facts), method="all_or_nothing"
    )


def touched(result, i=0):
    return result.virtual.arcs[listed_arcs(result.virtual)[1][i]]


def test_a_listed_actor_is_touched_where_it_operates_or_controls(facts_of):
    """Either role counts; a land named beside the actor does not widen the measure."""
    rows = (measure("one", actor_id="aaa-rail", territory_id="BBB"), measure("two", actor_id="who"))
    result = found(
        facts_of, *rows, operator_id={"road:a-p": "aaa-rail"}, control_id={"sea:p-m": "aaa-rail"}
    )
    assert set(touched(result)["link_id"]) == {"road:a-p", "sea:p-m"}
    assert touched(result, 1).empty
    table = exposure(result).set_index("sanction_id")["tonnes_t_yr"]
    assert table.to_dict() == {"one": 400.0, "two": 0.0}, "each tonne once though it touches twice"
    assert table.index.tolist() == ["one", "two"]


@pytest.mark.parametrize(("place", "port"), [("p", True), ("b", False)])
def test_a_listed_place_is_touched_where_it_is_handled_and_a_port_on_water_alone(
    facts_of, place, port
):
    """Lorries pass a listed port; what is loaded, unloaded, moved over or let in by ship is touched."""
    result = found(facts_of, measure("one", node_id=place, territory_id="AAA"))
    arcs = result.virtual.arcs
    wet = arcs["mode"].isin(WATER) | arcs["from_mode"].isin(WATER)
    want = arcs["node_id"].eq(place) & arcs["kind"].isin(HANDLED) & (wet | (not port))
    assert set(touched(result).index) == set(arcs.index[want])
    kinds = set(touched(result)["kind"])
    assert kinds == ({"load", "unload", "transfer", "cross"} if port else {"load", "unload"})
    assert exposure(result)["tonnes_t_yr"].tolist() == [400.0]


@pytest.mark.parametrize(
    ("modes", "links"),
    [("", {"road:q-b"}), ("road; sea", {"road:q-b"}), ("rail", set()), ("sea", set())],
)
def test_a_listed_land_is_touched_by_the_modes_the_measure_is_about(facts_of, modes, links):
    """All that lies in the land, of the modes named; of all modes if none is."""
    result = found(facts_of, measure("one", territory_id="BBB", modes=modes))
    mine = touched(result)
    assert set(mine["link_id"]) - {""} == links
    assert set(mine["territory_id"]) <= {"BBB"}
    arcs = result.virtual.arcs
    listed = {m.strip() for m in modes.split(";")}
    want = arcs["territory_id"].eq("BBB") & (arcs["mode"].isin(listed) | (modes == ""))
    assert set(mine.index) == set(arcs.index[want])


def test_measures_are_those_of_the_day_largest_first(facts_of):
    """A measure not yet or no longer in force touches nothing and is not in the table."""
    rows = [
        measure("none", territory_id="CCC"),
        measure("all", territory_id="SEA-X"),
        measure("over", territory_id="SEA-X", to_date=DAY),
        measure("later", territory_id="SEA-X", from_date="2024-06-02"),
    ]
    table = exposure(found(facts_of, *rows))
    assert table["sanction_id"].tolist() == ["all", "none"]
    assert table["tonnes_t_yr"].tolist() == [400.0, 0.0]
    assert table.columns.tolist()[:-1] == [
        "sanction_id", "subject", "listed_by", "measure", "from_date", "scope", "source_id",
    ]  # fmt: skip


def test_where_nothing_moves_nothing_is_exposed(facts_of):
    """A measure stays in the table with 0 t/yr though no trade has a way."""
    rows = strait_rows()
    rows["sanctions"] = [measure("one", territory_id="SEA-X")]
    for row in rows["link_status"]:
        row["status"] = "closed"
    facts = facts_of(rows)
    result = assign(
        facts.network(DAY), facts.demand(2024), GeneralizedCost(facts), method="all_or_nothing"
    )
    assert not len(result.paths.flow)
    assert exposure(result)["tonnes_t_yr"].tolist() == [0.0]
