"""The fewest elements whose loss parts one pair of places."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from isthmus.analysis.criticality.interdiction import Master
from isthmus.assign.base import Graph
from isthmus.assign.least_cost import shortest_tree
from isthmus.errors import IsthmusError

__all__ = ["smallest_cut"]

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]


def smallest_cut(
    graph: Graph,
    element: npt.ArrayLike,
    origins: Sequence[int],
    destinations: Sequence[int],
    *,
    open_arcs: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
    first_through_node: int = 0,
) -> tuple[tuple[int, ...], float, bool]:
    """
    Find the least set of elements whose removal parts some places from others.

    The least set that hits every path: each path not yet hit becomes a row of the master. Elements
    of several arcs, a border crossing or a whole territory, count once.

    Parameters
    ----------
    graph : Graph
    element : array_like of int, shape (n_arc,)
        Element of each arc, -1 where it cannot be removed.
    origins, destinations : sequence of int
    open_arcs : array_like of bool, shape (n_arc,), optional
        Arcs that can be used.
    weight : array_like, shape (n_element,), optional
        What each element counts; 1 by default.
    first_through_node : int

    Returns
    -------
    elements : tuple of int
    weight : float
        inf where a path has no element that can be removed.
    parted : bool
        Whether the places are apart with nothing removed.

    References
    ----------
    .. [1] K. Menger, "Zur allgemeinen Kurventheorie", Fundamenta Mathematicae 10, 1927: with
       elements of one node or arc each, the count is the number of paths that share none.
    """
    label = np.ascontiguousarray(element, np.int32)
    n = int(label.max(initial=-1)) + 1
    each = np.ones(n) if weight is None else np.asarray(weight, np.float64)
    row = np.zeros(graph.n_arc) if open_arcs is None else np.where(open_arcs, 0.0, np.inf)
    # fewest elements a path: short rows cut most
    row = row + (label >= 0)
    master = Master(n, math.inf, -each)
    taken: tuple[int, ...] = ()
    total = 0.0
    first = True
    while True:
        shut = np.where(np.isin(label, taken), np.inf, row)
        hit = _between(graph, shut, label, origins, destinations, first_through_node)
        if hit is None:
            return taken, total, first
        if not hit:
            return (), math.inf, False
        first = False
        master.row(1.0, math.inf, hit, np.ones(len(hit)))
        found = master.solve()
        if found is None:
            raise IsthmusError("a cut that is all elements does not part the places.")
        total, taken = float(each[list(found[1])].sum()), found[1]


def _between(
    graph: Graph,
    cost: FloatArray,
    label: Int32Array,
    origins: Sequence[int],
    destinations: Sequence[int],
    first: int,
) -> list[int] | None:
    """Return the elements on the shortest path between two groups, None if there is no path."""
    least, found = math.inf, None
    for origin in origins:
        dist, via = shortest_tree(graph, cost, origin, first)
        for destination in destinations:
            if dist[destination] < least and destination != origin:
                least = float(dist[destination])
                v, arcs = destination, []
                while v != origin:
                    arcs.append(int(via[v]))
                    v = int(graph.tail[via[v]])
                found = sorted({int(label[a]) for a in arcs if label[a] >= 0})
    return found
