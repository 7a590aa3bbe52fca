"""
Check the flows of a traffic assignment, whoever computed them.

Takes nothing from the package: its own reading of the files, scipy's shortest paths. Run
``python benchmarks/checker.py NET TRIPS FLOWS [--toll WEIGHT] [--distance WEIGHT]``; FLOWS is a CSV
of ``from,to,flow,cost`` in any order (parallel links in the order of the network's file). Prints
JSON. Exits with 1 if flow is lost, negative, or runs through a zone that may not be passed.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

LOST = 1e-6
"""Share of all trips that a node may gain or lose: rounding of flows written with few digits."""
BLOCK = 64
"""Origins whose labels are held at once."""


class Net(NamedTuple):
    """
    A network of the TNTP format; nodes from 1, links in file order.

    Parameters
    ----------
    n_zone, n_node, first_through : int
    link : DataFrame
        tail, head, capacity, length, time, b, power, toll.
    """

    n_zone: int
    n_node: int
    first_through: int
    link: pd.DataFrame


def body(path):
    """Return metadata and the rows after it, without comments."""
    text = Path(path).read_text(encoding="utf-8-sig", errors="replace")
    tags = {}
    rows = []
    for line in text.splitlines():
        found = re.match(r"\s*<([^>]+)>\s*([^~]*)", line)
        if found:
            tags[" ".join(found[1].upper().split())] = found[2].strip()
        else:
            rows.append(line.split("~")[0].strip())
    return tags, [row for row in rows if row.strip("; \t")]


def read_net(path):
    """Read a ``*_net.tntp`` file."""
    tags, rows = body(path)
    columns = ["tail", "head", "capacity", "length", "time", "b", "power", "speed", "toll"]
    table = [[float(x) for x in row.replace(";", " ").split()[:9]] for row in rows]
    table = [row + [0.0] * (9 - len(row)) for row in table]
    link = pd.DataFrame(table, columns=columns).astype({"tail": int, "head": int})
    said = int(tags.get("NUMBER OF LINKS", len(link)))
    if said != len(link):
        raise SystemExit(f"{path}: {len(link)} links where the metadata says {said}.")
    n_zone, n_node = int(tags["NUMBER OF ZONES"]), int(tags["NUMBER OF NODES"])
    highest = int(link[["tail", "head"]].to_numpy().max())
    return Net(n_zone, max(n_node, highest), int(tags.get("FIRST THRU NODE", 1)), link)


def read_trips(path):
    """Return origin, destination (zones from 1) and flow of the trips that leave their zone."""
    _, rows = body(path)
    origin, found = 0, []
    for word in re.findall(r"[Oo]rigin\s+\d+|\d+\s*:\s*[^;\s]+", "\n".join(rows)):
        if word[0] in "oO":
            origin = int(word.split()[1])
        else:
            zone, flow = word.split(":")
            found.append((origin, int(zone), float(flow)))
    table = pd.DataFrame(found, columns=["origin", "destination", "flow"])
    table = table[(table["flow"] > 0) & (table["origin"] != table["destination"])]
    return table.groupby(["origin", "destination"], as_index=False)["flow"].sum()


def read_flows(path, net):
    """Return flow and stated cost (nan where none) of each link, in the network's order."""
    table = pd.read_csv(path)
    key = ["from", "to", "nth"]
    table["nth"] = table.groupby(["from", "to"]).cumcount()
    link = net.link.rename(columns={"tail": "from", "head": "to"})[["from", "to"]]
    link["nth"] = link.groupby(["from", "to"]).cumcount()
    merged = link.merge(table, on=key, how="outer", indicator=True)
    if (merged["_merge"] == "right_only").any():
        raise SystemExit(f"{path} has rows that are no link of the network.")
    ordered = link.merge(table, on=key, how="left")
    if ordered["flow"].isna().any():
        raise SystemExit(f"{path} has no flow for {int(ordered['flow'].isna().sum())} links.")
    cost = ordered["cost"].to_numpy(float) if "cost" in ordered else np.full(len(ordered), np.nan)
    return ordered["flow"].to_numpy(float), cost


def link_costs(net, flow, toll=0.0, distance=0.0):
    """
    Return costs at the flows, and the integrals of cost up to them.

    A link of no b or no time has no delay; one of no capacity that has is closed.
    """
    link = net.link
    fixed = (link["time"] + toll * link["toll"] + distance * link["length"]).to_numpy()
    scale, power = (link["time"] * link["b"]).to_numpy(), link["power"].to_numpy()
    capacity = link["capacity"].to_numpy()
    slow = scale > 0.0
    shut = slow & (capacity <= 0.0)
    load = np.where(slow & ~shut, flow / np.where(capacity > 0.0, capacity, 1.0), 0.0)
    ratio = np.where(slow, np.maximum(load, 0.0) ** power, 0.0)
    cost = np.where(shut, np.inf, fixed + scale * ratio)
    area = np.where(shut & (flow > 0.0), np.inf, fixed * flow + scale * ratio * flow / (power + 1))
    return cost, area


def split_graph(tail, head, cost, n_node, first_through):
    """
    Return a matrix in which no path runs through a node below `first_through`, and its start nodes.

    Such a node ends paths under its own number and begins them under a second one, ``n_node`` on.
    Of parallel links the cheapest is kept. Links of no cost are stored entries of value 0, which
    scipy takes as links; summing or masking would lose them, so the rows are built here.

    Parameters
    ----------
    tail, head : ndarray of int, shape (n_link,)
        From 0.
    cost : ndarray, shape (n_link,)
    n_node, first_through : int
        From 0.

    Returns
    -------
    matrix : csr_matrix
    start : ndarray of int, shape (n_node,)
        Row at which paths from each node begin.
    """
    low = np.arange(n_node) < first_through
    start = np.where(low, n_node + np.arange(n_node), np.arange(n_node))
    size = n_node + min(max(first_through, 0), n_node)
    use = np.isfinite(cost) & (tail != head)
    row, col, value = start[tail[use]], head[use], cost[use]
    order = np.lexsort((value, col, row))
    row, col, value = row[order], col[order], value[order]
    first = np.ones(len(row), dtype=bool)
    first[1:] = (row[1:] != row[:-1]) | (col[1:] != col[:-1])
    row, col, value = row[first], col[first], value[first]
    indptr = np.zeros(size + 1, np.int32)
    np.cumsum(np.bincount(row, minlength=size), out=indptr[1:])
    matrix = csr_matrix((size, size))
    matrix.indptr, matrix.indices, matrix.data = indptr, col.astype(np.int32), value
    return matrix, start


def least_costs(net, trips, cost):
    """Return the least cost of each trip, inf where there is no path."""
    tail, head = net.link["tail"].to_numpy() - 1, net.link["head"].to_numpy() - 1
    n_node = max(net.n_node, net.n_zone)
    matrix, start = split_graph(tail, head, cost, n_node, net.first_through - 1)
    origin, row = np.unique(trips["origin"].to_numpy() - 1, return_inverse=True)
    end = trips["destination"].to_numpy() - 1
    out = np.empty(len(trips))
    for begin in range(0, len(origin), BLOCK):
        here = np.flatnonzero((row >= begin) & (row < begin + BLOCK))
        dist = dijkstra(matrix, indices=start[origin[begin : begin + BLOCK]])
        out[here] = dist[row[here] - begin, end[here]]
    return out


def check(net, trips, flow, stated=None, toll=0.0, distance=0.0):
    """
    Return what can be said of flows without knowing how they were found.

    Parameters
    ----------
    net : Net
    trips : DataFrame
    flow : ndarray, shape (n_link,)
        In the network's order.
    stated : ndarray, shape (n_link,), optional
        Costs that came with the flows.
    toll, distance : float
        Weights.

    Returns
    -------
    dict
        `lost` is the largest gain or loss of flow at a node, `through` the largest flow through a
        zone that may not be passed, both as shares of all trips. `gap` is flow times cost above
        least cost, over least cost; `gap_of_total` the same over flow times cost. Trips without a
        path are left out of the balance and of the gap.
    """
    cost, area = link_costs(net, flow, toll, distance)
    least = least_costs(net, trips, cost)
    served = np.isfinite(least)
    amount = trips["flow"].to_numpy()
    size = max(net.n_node, net.n_zone) + 1
    begun = np.bincount(trips["origin"][served], amount[served], size)
    ended = np.bincount(trips["destination"][served], amount[served], size)
    left = np.bincount(net.link["tail"], flow, size)
    came = np.bincount(net.link["head"], flow, size)
    total = math.fsum(amount[served])
    loop = (net.link["tail"] == net.link["head"]).to_numpy()
    own = np.bincount(net.link["tail"], np.where(loop, flow, 0.0), size)
    low = slice(0, max(net.first_through, 0))
    through = np.maximum(np.abs(left - begun - own), np.abs(came - ended - own))[low]
    unit = total or 1.0
    # a closed link that carries nothing costs nothing
    used = flow != 0.0
    paid = math.fsum(flow[used] * cost[used])
    best = math.fsum(amount[served] * least[served])
    found = {
        "links": len(flow),
        "trips": math.fsum(amount),
        "unserved": math.fsum(amount[~served]),
        "lost": float(np.abs(left + ended - came - begun).max()) / unit,
        "through": float(through.max(initial=0.0)) / unit,
        "least_flow": float(flow.min(initial=0.0)),
        "objective": math.fsum(area),
        "total_cost": paid,
        "least_total_cost": best,
        "gap": (paid - best) / best if best > 0.0 else 0.0,
        "gap_of_total": (paid - best) / paid if paid > 0.0 else 0.0,
        "largest_flow_on_closed_link": float(flow[~np.isfinite(cost)].max(initial=0.0)),
    }
    if stated is not None and not np.isnan(stated).all():
        known = ~np.isnan(stated) & np.isfinite(cost)
        off = np.abs(stated[known] - cost[known]) / np.maximum(np.abs(cost[known]), 1e-300)
        exact = stated[known] == cost[known]
        found["cost_error"] = float(np.where(exact, 0.0, off).max(initial=0.0))
    found["feasible"] = bool(
        found["lost"] <= LOST
        and found["through"] <= LOST
        and found["least_flow"] >= -LOST * unit
        and found["largest_flow_on_closed_link"] == 0.0
    )
    return found


def check_files(net, trips, flows, toll=0.0, distance=0.0):
    """Check a CSV of flows against the files of its network; see `check`."""
    network = read_net(net)
    flow, stated = read_flows(flows, network)
    return check(network, read_trips(trips), flow, stated, toll, distance)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    for name in ("net", "trips", "flows"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--toll", type=float, default=0.0, metavar="WEIGHT")
    parser.add_argument("--distance", type=float, default=0.0, metavar="WEIGHT")
    asked = parser.parse_args()
    found = check_files(asked.net, asked.trips, asked.flows, asked.toll, asked.distance)
    print(json.dumps(found, indent=2))
    sys.exit(0 if found["feasible"] else 1)


if __name__ == "__main__":
    main()
