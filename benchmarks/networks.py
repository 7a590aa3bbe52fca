"""The road networks of the benchmarks: found by name in folders given, never kept here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay

VARIABLE = "ISTHMUS_TNTP"


class Known(NamedTuple):
    """
    A network of the TransportationNetworks collection.

    Parameters
    ----------
    toll, distance : float
        Weights its best known flows are for.
    tuned : bool
        Whether choices in the engine were made by looking at it.
    """

    toll: float = 0.0
    distance: float = 0.0
    tuned: bool = False


NETWORKS = {
    "SiouxFalls": Known(tuned=True),
    "EMA": Known(),
    "Anaheim": Known(tuned=True),
    "berlin-mitte-prenzlauerberg-friedrichshain-center": Known(tuned=True),
    "Barcelona": Known(tuned=True),
    "Winnipeg": Known(),
    "ChicagoSketch": Known(0.02, 0.04, tuned=True),
    "berlin-center": Known(),
}
"""By number of links."""

SHORT = {"berlin-mitte-prenzlauerberg-friedrichshain-center": "berlin-mitte-p-f-center"}
"""Names as tables show them."""


class Files(NamedTuple):
    """Where a network was found, and its weights."""

    name: str
    net: Path
    trips: Path
    toll: float
    distance: float


def folders(given):
    """Return the folders to look in: those given, then those of the environment variable."""
    named = os.environ.get(VARIABLE, "")
    return [Path(p) for p in (*given, *named.split(os.pathsep)) if p]


def find(name, places):
    """Return the files of a network, None if they are in none of the places."""
    known = NETWORKS[name]
    for place in places:
        pair = place / f"{name}_net.tntp", place / f"{name}_trips.tntp"
        if all(p.is_file() and p.stat().st_size for p in pair):
            return Files(name, *pair, known.toll, known.distance)
    return None


def road_like(n_node, n_link, seed):
    """
    Return a plane network like a road map: tail, head, cost, links in both directions.

    Random points, denser towards some towns; of the Delaunay edges the shortest spanning tree and
    then the shortest, until there are enough. Streets take 1 to 2 times the distance; the edges of
    some least-cost paths between far points are main roads and take half.

    Parameters
    ----------
    n_node, n_link : int
    seed : int

    Returns
    -------
    tail, head : ndarray of int, shape (n_link,)
        From 0.
    cost : ndarray, shape (n_link,)
    """
    rng = np.random.default_rng(seed)
    towns = rng.random((12, 2))
    near = towns[rng.integers(0, 12, n_node // 2)] + 0.06 * rng.standard_normal((n_node // 2, 2))
    place = np.concatenate([near, rng.random((n_node - len(near), 2))])
    edge = Delaunay(place).simplices[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    edge = np.unique(np.sort(edge, axis=1), axis=0)
    length = np.hypot(*(place[edge[:, 0]] - place[edge[:, 1]]).T)
    shape = (n_node, n_node)
    spanning = minimum_spanning_tree(coo_matrix((length, edge.T), shape)).tocoo()
    kept = {(min(a, b), max(a, b)) for a, b in zip(spanning.row, spanning.col, strict=True)}
    order = np.argsort(length)
    chosen = np.array([tuple(pair) in kept for pair in edge[order]])
    spare = n_link // 2 - int(chosen.sum())
    chosen[np.flatnonzero(~chosen)[:spare]] = True
    pick = order[chosen]
    edge, cost = edge[pick], length[pick] * rng.uniform(1.0, 2.0, len(pick))
    tail, head = np.concatenate([edge, edge[:, ::-1]]).T
    both = np.concatenate([cost, cost])
    ends = rng.integers(0, n_node, (40, 2))
    graph = coo_matrix((both, (tail, head)), shape).tocsr()
    _, before = dijkstra(graph, indices=ends[:, 0], return_predecessors=True)
    main = set()
    for row, node in enumerate(ends[:, 1].tolist()):
        here = node
        while before[row, here] >= 0:
            there = int(before[row, here])
            main.add((min(here, there), max(here, there)))
            here = there
    fast = np.array([tuple(pair) in main for pair in edge.tolist()])
    both[np.concatenate([fast, fast])] *= 0.5
    return tail, head, both
