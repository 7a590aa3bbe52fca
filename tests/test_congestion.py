"""Which arcs slow down, by which law and from which capacity: the rows of a made-up network by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from conftest import strait_rows
from isthmus.assign.congestion import capacities, delay_of, direction_share, reference_hours
from isthmus.cost.model import GeneralizedCost
from isthmus.kernels.delay import BPR, NONE, QUEUE
from isthmus.virtual import expand

PARAMETERS = [
    # parameter, mode, item, value
    ("delay_a", "road", "move", 0.2), ("delay_b", "road", "move", 3.0),
    ("delay_a", "rail", "move", 0.9), ("delay_b", "rail", "move", 5.0),
    ("delay_a", "sea", "move", 0.4), ("delay_b", "sea", "move", 2.0),
    ("delay_a", "", "cross", 0.3), ("delay_b", "", "cross", 0.9),
    ("delay_a", "", "transfer", 0.6), ("delay_b", "", "transfer", 0.8),
    ("capacity_direction_share", "", "", 0.7),
    ("capacity_unknown_t_yr", "rail", "1", 10e6), ("capacity_unknown_t_yr", "rail", "2", 40e6),
    ("capacity_unknown_t_yr", "rail", "", 20e6), ("capacity_unknown_t_yr", "road", "", 30e6),
]  # fmt: skip


def of_rows(rows, facts_of, shipped):
    """Return the virtual network and its cost, with the parameters above in the place of the shipped ones."""
    usual = shipped["parameters"]
    mine = pd.DataFrame(PARAMETERS, columns=["parameter", "mode", "item", "value"])
    mine["source_id"] = "said:" + mine["mode"] + mine["item"]
    mine["confidence"] = ["low", "medium", "high"][0]
    mine.loc[mine["item"].eq("2"), "confidence"] = "high"
    kept = usual[~usual["parameter"].isin(mine["parameter"])]
    facts = facts_of(rows)
    table = pd.concat([kept, mine.reindex(columns=usual.columns)], ignore_index=True)
    table = table.fillna(dict.fromkeys(["territory_id", "load_type", "commodity_id"], ""))
    facts.tables["parameters"] = table  # type: ignore[index]
    virtual = expand(facts.network("2024-06-01"))
    return virtual, GeneralizedCost(facts).of(virtual)


@pytest.fixture
def mixed(rows, facts_of, shipped):
    """Rails of one, two, four and an unknown number of tracks; a road; capacities known and unknown."""
    tracks = {"rail:a-b": 1, "rail:b-c": 4}
    for row in rows["links"]:
        row["tracks"] = tracks.get(row["link_id"], "")
    for a, b, n in (("a", "d", 2), ("c", "d", "")):
        more = {
            **rows["links"][0], "link_id": f"rail:{a}-{b}", "from_node_id": a, "to_node_id": b,
            "territory_id": "AAA", "tracks": n,
        }  # fmt: skip
        rows["links"].append(more)
        rows["link_status"].append({**rows["link_status"][0], "link_id": more["link_id"]})
    rows["links"][2]["capacity_t_yr"] = 9e6
    rows["crossings"][0]["capacity_t_yr"] = 5e6
    rows["terminals"][1]["capacity_t_yr"] = 2e6
    return of_rows(rows, facts_of, shipped)


def test_land_without_a_published_capacity_takes_the_assumed_one_of_its_tracks(mixed):
    """By mode and tracks, two or more alike; what is published stays; nothing is assumed elsewhere."""
    virtual, cost = mixed
    frame = capacities(virtual, cost).set_axis(virtual.arcs["link_id"], axis=0)
    want = {
        "rail:a-b": (10e6, "1", "low"), "rail:b-c": (40e6, "2", "high"),
        "rail:a-d": (40e6, "2", "high"), "rail:c-d": (20e6, "", "low"),
    }  # fmt: skip
    for name, (capacity, item, confidence) in want.items():
        rows = frame.loc[[name]]
        assert len(rows) == 2
        assert rows["capacity_t_yr"].tolist() == [capacity] * 2
        assert rows["assumed"].all()
        assert set(rows["source_id"]) == {f"said:rail{item}"}
        assert set(rows["confidence"]) == {confidence}
    road = frame.loc[["road:b-c"]]
    assert road["capacity_t_yr"].tolist() == [30e6] * 2
    published = frame.loc[["road:a-b"]]
    assert published["capacity_t_yr"].tolist() == [9e6] * 2
    assert not published["assumed"].any()
    assert set(published["source_id"]) == set(published["confidence"]) == {""}
    elsewhere = ~virtual.arcs["kind"].eq("move").to_numpy()
    assert not frame["assumed"].to_numpy()[elsewhere].any()
    known = virtual.arcs[elsewhere & frame["capacity_t_yr"].notna().to_numpy()]
    assert set(known["crossing_id"]) | set(known["terminal_id"]) == {
        "rail:b:AAA-BBB", "b:transshipment", "",
    }  # fmt: skip


def test_links_congest_by_bpr_and_borders_and_terminals_as_queues(mixed):
    """Laws 8 to 10 where a capacity is known, with the shape of the mode and kind; no law elsewhere."""
    virtual, cost = mixed
    law, arcs = delay_of(virtual, cost), virtual.arcs
    assert law is not None
    known = capacities(virtual, cost)["capacity_t_yr"].notna().to_numpy()
    kind, mode = arcs["kind"].to_numpy(), arcs["mode"].to_numpy()
    for i in range(len(arcs)):
        of_kind = {"move": BPR, "cross": QUEUE, "transfer": QUEUE}.get(kind[i], NONE)
        assert law.law[i] == (of_kind if known[i] else NONE), (kind[i], mode[i])
        if not known[i]:
            continue
        shape = {"cross": (0.3, 0.9), "transfer": (0.6, 0.8)}
        a, b = shape.get(kind[i], (0.9, 5.0) if mode[i] == "rail" else (0.2, 3.0))
        assert (law.a[i], law.b[i]) == (a, b)
    assert {NONE, BPR, QUEUE} == set(law.law)
    assert np.isfinite(law.capacity).all()


def test_one_direction_takes_its_share_of_what_counts_both(mixed):
    """A link or terminal counts both directions, a crossing row is one: at that flow a BPR delay is a · t0."""
    virtual, cost = mixed
    law, arcs = delay_of(virtual, cost), virtual.arcs
    share = direction_share(virtual, cost)
    cross = arcs["kind"].eq("cross").to_numpy()
    assert set(share[cross]) == {1.0}
    assert set(share[~cross]) == {0.7}
    road = arcs["link_id"].eq("road:a-b").to_numpy()
    assert law.capacity[road] == pytest.approx(0.7 * 9e6)
    border = arcs["crossing_id"].eq("rail:b:AAA-BBB").to_numpy()
    assert law.capacity[border] == pytest.approx(5e6)
    terminal = arcs["terminal_id"].eq("b:transshipment").to_numpy()
    assert law.capacity[terminal] == pytest.approx(0.7 * 2e6)
    hours = reference_hours(cost)
    at_capacity = law.value(np.where(road, 0.7 * 9e6, 0.0))
    assert at_capacity[road] == pytest.approx(0.2 * hours[road])
    assert not at_capacity[~road].any()


def test_hours_of_reference_are_those_of_the_first_good_in_containers(rows, facts_of, shipped):
    """Whatever its place in the list; without any such good those of the first."""
    facts = facts_of(rows)
    goods = shipped["commodities"]
    for order in (["coal", "machinery", "container"], ["grain_food", "coal"]):
        table = goods.set_index("commodity_id").loc[order].reset_index()
        facts.tables["commodities"] = table  # type: ignore[index]
        virtual = expand(facts.network("2024-06-01"))
        cost = GeneralizedCost(facts).of(virtual)
        want = cost.position("machinery" if "machinery" in order else order[0])
        np.testing.assert_array_equal(reference_hours(cost), cost.hours[want])
        np.testing.assert_array_equal(delay_of(virtual, cost).t0, cost.hours[want])


def test_nothing_congests_where_no_capacity_is_known(facts_of, shipped):
    """Lanes, ports and borders without a capacity have no law, and assumptions are for land alone."""
    rows = strait_rows()
    rows["links"] = [r for r in rows["links"] if r["mode"] == "sea"]
    rows["terminals"] = []
    rows["connectors"] = [
        {"zone_id": z, "node_id": n, "access_km": 5} for z, n in (("A", "p"), ("B", "q"))
    ]
    virtual, cost = of_rows(rows, facts_of, shipped)
    assert virtual.arcs["kind"].eq("move").sum() == 4
    assert delay_of(virtual, cost) is None
    assert capacities(virtual, cost)["capacity_t_yr"].isna().all()
