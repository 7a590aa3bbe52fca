"""The virtual network: what can pass where."""

from __future__ import annotations

import networkx as nx
import pytest

from isthmus.virtual import Stop, expand


def graph_of(virtual, kinds=None):
    graph = nx.MultiDiGraph()
    for arc, (tail, head) in enumerate(zip(virtual.graph.tail, virtual.graph.head, strict=True)):
        row = virtual.arcs.iloc[arc]
        if row["is_open"] and (kinds is None or row["kind"] in kinds):
            graph.add_edge(virtual.stops[tail], virtual.stops[head], arc=arc)
    return graph


def test_a_gauge_is_changed_only_at_a_terminal(rows, facts_of):
    virtual = expand(facts_of(rows).network("2025-01-01"))
    graph = graph_of(virtual, {"move", "cross", "transfer"})
    start, end = Stop("a", "rail", 1520, "AAA"), Stop("c", "rail", 1435, "BBB")
    assert nx.has_path(graph, start, end)
    rows["terminals"] = []
    graph = graph_of(expand(facts_of(rows).network("2025-01-01")), {"move", "cross", "transfer"})
    assert not nx.has_path(graph, start, end)


def test_both_ways_of_changing_gauge_are_arcs_of_their_own(rows, facts_of):
    arcs = expand(facts_of(rows).network("2025-01-01")).arcs
    transfers = arcs[arcs["kind"].eq("transfer")]
    assert set(transfers["method"]) == {"wagon_change", "transshipment"}
    assert len(transfers) == 4


@pytest.mark.parametrize("mode", ["rail", "road"])
def test_no_crossing_row_no_passage(rows, facts_of, mode):
    rows["crossings"] = [r for r in rows["crossings"] if r["mode"] != mode]
    kept = {r["crossing_id"] for r in rows["crossings"]}
    rows["crossing_regimes"] = [r for r in rows["crossing_regimes"] if r["crossing_id"] in kept]
    graph = graph_of(expand(facts_of(rows).network("2025-01-01")), {"move", "cross", "transfer"})
    gauge = 1520 if mode == "rail" else 0
    start = Stop("a", mode, gauge, "AAA")
    reached = {s.node_id for s in nx.descendants(graph, start)}
    assert "c" not in reached


def test_a_crossing_is_directed(rows, facts_of):
    for row in rows["crossing_regimes"]:
        if row["crossing_id"].endswith("AAA-BBB"):
            row["regime"] = "closed"
    virtual = expand(facts_of(rows).network("2025-01-01"))
    graph = graph_of(virtual)
    ends = virtual.source_of_zone, virtual.sink_of_zone
    stop = virtual.stops.__getitem__
    assert not nx.has_path(graph, stop(ends[0]["A"]), stop(ends[1]["C"]))
    assert nx.has_path(graph, stop(ends[0]["C"]), stop(ends[1]["A"]))


def test_nothing_passes_through_a_zone_or_a_source(rows, facts_of):
    virtual = expand(facts_of(rows).network("2025-01-01"))
    for stop in virtual.source_of_node.values():
        assert all(
            virtual.arcs.iloc[a]["kind"] == "access"
            for a in (virtual.graph.head == stop).nonzero()[0]
        )


def test_ids_come_back_through_the_arcs(rows, facts_of):
    network = facts_of(rows).network("2025-01-01")
    arcs = expand(network).arcs
    assert set(arcs.loc[arcs["kind"].eq("move"), "link_id"]) == set(network.links["link_id"])
    assert set(arcs.loc[arcs["kind"].eq("cross"), "crossing_id"]) == set(
        network.crossings["crossing_id"]
    )
    moves = arcs[arcs["kind"].eq("move")]
    assert moves["territory_id"].isin(["AAA", "BBB"]).all()


def test_a_regime_works_relative_to_the_surveyed_one(rows, facts_of):
    for row in rows["crossings"]:
        row["surveyed_regime"] = "facilitated"
    for row in rows["crossing_regimes"]:
        row["regime"] = "customs_union"
    arcs = expand(facts_of(rows).network("2025-01-01")).arcs
    factors = arcs.loc[arcs["kind"].eq("cross"), "delay_factor"]
    assert factors.tolist() == pytest.approx([0.8] * len(factors))
