"""Faults of the network as a whole: places nobody reaches, ways without return, borders without passage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from isthmus.errors import Fault
from isthmus.facts.rows import at
from isthmus.vocab import PIPE_MODES

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = [
    "check_border",
    "check_corridors",
    "check_crossing_sides",
    "check_isolated",
    "check_passages",
    "check_side",
    "check_traps",
    "check_zones",
]

_Stop = tuple[str, str, int, str]


def _ends(facts: Facts) -> pd.DataFrame:
    """One row an end of a link: node_id, mode, gauge_mm, territory_id, row."""
    links = facts.tables["links"]
    columns = ["mode", "gauge_mm", "territory_id"]
    both = [
        links[[c, *columns]].rename(columns={c: "node_id"}).assign(row=links.index)
        for c in ("from_node_id", "to_node_id")
    ]
    return pd.concat(both, ignore_index=True)


def check_isolated(facts: Facts) -> Iterator[Fault]:
    """Places that no link reaches."""
    nodes = facts.tables["nodes"]
    met = set(_ends(facts)["node_id"])
    for row in nodes.index[~nodes["node_id"].isin(met)]:
        what = f"{nodes.loc[row, 'node_id']} has no link."
        yield Fault(
            at(facts, "nodes", row), what, "Add a link, or remove the place.", "isolated-node"
        )


def check_traps(facts: Facts) -> Iterator[Fault]:
    """
    Stops that can be entered and not left, or left and not entered, everything taken as open.

    Pipes are left out: oil and gas go one way.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    arcs, stops = _arcs(facts)
    if not arcs:
        return
    tail, head = np.array([a for a, _ in arcs]), np.array([b for _, b in arcs])
    graph = coo_array((np.ones(len(arcs)), (tail, head)), shape=(len(stops), len(stops)))
    _, weak = connected_components(graph, directed=True, connection="weak")
    n_strong, strong = connected_components(graph, directed=True, connection="strong")
    if n_strong == weak.max() + 1:
        return
    names = list(stops)
    size = np.bincount(strong)
    nodes = facts.tables["nodes"].drop_duplicates("node_id")
    row_of = dict(zip(nodes["node_id"], nodes.index, strict=True))
    largest = {
        w: int(strong[weak == w][np.argmax(size[strong[weak == w]])]) for w in np.unique(weak)
    }
    reported = set()
    for i in np.flatnonzero([strong[i] != largest[weak[i]] for i in range(len(names))]):
        node, mode, _, territory = names[i]
        if (node, mode) in reported or node not in row_of:
            continue
        reported.add((node, mode))
        what = (
            f"{node} can be entered by {mode} in {territory} but not left, or left but not entered."
        )
        mend = "Add the crossing or terminal of the other direction, or undo `directed`."
        yield Fault(at(facts, "nodes", row_of[node]), what, mend, "one-way-trap")


def _arcs(facts: Facts) -> tuple[list[tuple[int, int]], dict[_Stop, int]]:
    """Stops and arcs of the whole network, every element open; as `virtual` builds them."""
    stops: dict[_Stop, int] = {}

    def stop(node: str, mode: str, gauge: int, territory: str) -> int:
        return stops.setdefault((node, mode, gauge, territory), len(stops))

    arcs = []
    pipes = list(PIPE_MODES)
    links = facts.tables["links"]
    for r in links[~links["mode"].isin(pipes)].to_dict("records"):
        gauge = int(r["gauge_mm"]) if r["mode"] == "rail" and not pd.isna(r["gauge_mm"]) else 0
        a = stop(r["from_node_id"], r["mode"], gauge, r["territory_id"])
        b = stop(r["to_node_id"], r["mode"], gauge, r["territory_id"])
        arcs.append((a, b))
        if not r["directed"]:
            arcs.append((b, a))
    gauges: dict[tuple[str, str], set[int]] = {}
    for node, mode, gauge, _ in stops:
        gauges.setdefault((node, mode), set()).add(gauge)
    crossings = facts.tables["crossings"]
    for r in crossings[~crossings["mode"].isin(pipes)].to_dict("records"):
        for gauge in gauges.get((r["node_id"], r["mode"]), set()):
            arcs.append(
                (
                    stop(r["node_id"], r["mode"], gauge, r["from_territory_id"]),
                    stop(r["node_id"], r["mode"], gauge, r["to_territory_id"]),
                )
            )
    home = dict(
        zip(facts.tables["nodes"]["node_id"], facts.tables["nodes"]["territory_id"], strict=True)
    )
    terminals = facts.tables["terminals"]
    piped = terminals[["from_mode", "to_mode"]].isin(pipes).any(axis=1)
    for r in terminals[~piped].to_dict("records"):
        node = r["node_id"]
        for x in _gauges(r["from_mode"], r["from_gauge_mm"], gauges.get((node, "rail"), set())):
            for y in _gauges(r["to_mode"], r["to_gauge_mm"], gauges.get((node, "rail"), set())):
                a = stop(node, r["from_mode"], x, home.get(node, ""))
                b = stop(node, r["to_mode"], y, home.get(node, ""))
                arcs.append((a, b))
                if r["both_ways"]:
                    arcs.append((b, a))
    return arcs, stops


def _gauges(mode: str, gauge: object, there: set[int]) -> list[int]:
    if mode != "rail":
        return [0]
    return sorted(there) if pd.isna(gauge) else [int(gauge)]  # type: ignore[call-overload]


def check_crossing_sides(facts: Facts) -> Iterator[Fault]:
    """Crossings between two territories that no way of that mode joins there."""
    crossings = facts.tables["crossings"]
    ends = _ends(facts)
    sides = set(zip(ends["node_id"], ends["mode"], ends["territory_id"], strict=True))
    nodes = facts.tables["nodes"].drop_duplicates("node_id").set_index("node_id")["territory_id"]
    for row, r in crossings.iterrows():
        territories = (r["from_territory_id"], r["to_territory_id"])
        home = nodes.get(r["node_id"], "")
        if all((r["node_id"], r["mode"], t) in sides or t == home for t in territories) and any(
            (r["node_id"], r["mode"], t) in sides for t in territories
        ):
            continue
        what = f"{r['crossing_id']} has no {r['mode']} link on a side."
        yield Fault(
            at(facts, "crossings", int(str(row))),
            what,
            "Add the link, or remove the crossing.",
            "crossing-side",
        )


def check_border(facts: Facts) -> Iterator[Fault]:
    """Places where ways of two territories meet in one mode and no crossing row lets anything pass."""
    crossings = facts.tables["crossings"]
    passed = set(zip(crossings["node_id"], crossings["mode"], strict=True))
    ends = _ends(facts)
    territories = ends.groupby(["node_id", "mode"])["territory_id"].agg(set)
    nodes = facts.tables["nodes"].drop_duplicates("node_id")
    row_of = dict(zip(nodes["node_id"], nodes.index, strict=True))
    for (node, mode), there in territories.items():
        if len(there) > 1 and (node, mode) not in passed and node in row_of:
            what = f"{node}: {mode} of {' and '.join(sorted(there))} meets without a crossing."
            yield Fault(
                at(facts, "nodes", row_of[node]),
                what,
                "Add crossing rows both ways.",
                "border-without-crossing",
            )


def check_side(facts: Facts) -> Iterator[Fault]:
    """Links on land whose territory is that of neither end, unless both ends are borders."""
    links = facts.tables["links"]
    nodes = facts.tables["nodes"].drop_duplicates("node_id").set_index("node_id")
    crossings = facts.tables["crossings"]
    border = set(crossings["node_id"])
    for row, r in links.iterrows():
        ends = [r["from_node_id"], r["to_node_id"]]
        if r["mode"] not in ("rail", "road") or any(e not in nodes.index for e in ends):
            continue
        territories = {nodes.loc[e, "territory_id"] for e in ends}
        if r["territory_id"] not in territories and not all(e in border for e in ends):
            what = f"({r['link_id']}): territory_id = {r['territory_id']} is the territory of neither end."
            yield Fault(
                at(facts, "links", int(str(row))), what, "Split it at the border.", "territory"
            )


def check_zones(facts: Facts) -> Iterator[Fault]:
    """Zones that nothing joins to the network."""
    zones = facts.tables["zones"]
    joined = set(facts.tables["connectors"]["zone_id"])
    for row in zones.index[~zones["zone_id"].isin(joined)]:
        what = f"{zones.loc[row, 'zone_id']} has no connector."
        yield Fault(at(facts, "zones", row), what, "Add a row to connectors.csv.", "zone")


def check_corridors(facts: Facts) -> Iterator[Fault]:
    """Places of corridors that no link of the mode named reaches."""
    ends = _ends(facts)
    by_mode = set(zip(ends["node_id"], ends["mode"], strict=True))
    met = set(ends["node_id"])
    frame = facts.tables["corridor_nodes"]
    for row, r in frame.iterrows():
        if (r["mode"] and (r["node_id"], r["mode"]) not in by_mode) or r["node_id"] not in met:
            what = f"{r['corridor_id']}: no {r['mode'] or 'link'} reaches {r['node_id']}."
            yield Fault(
                at(facts, "corridor_nodes", int(str(row))),
                what,
                "Correct the place or the mode.",
                "corridor",
            )


def check_passages(facts: Facts) -> Iterator[Fault]:
    """Named waters that no link belongs to: closing them would close nothing."""
    passages = facts.tables["passages"]
    used = set(facts.tables["links"]["passage_id"])
    for row in passages.index[~passages["passage_id"].isin(used)]:
        what = f"{passages.loc[row, 'passage_id']} has no link."
        yield Fault(at(facts, "passages", row), what, "Name it in links.passage_id.", "passage")
