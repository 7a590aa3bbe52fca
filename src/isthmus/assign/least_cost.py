"""Least-cost trees, paths and skims, and loading along them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import BoolArray, FloatArray, Graph, Int32Array, IntArray, Progress, Trips
from isthmus.assign.checks import checked_cost, checked_trips
from isthmus.kernels import paths as path_kernels
from isthmus.kernels import trees as tree_kernels

__all__ = [
    "least_cost_paths",
    "least_costs",
    "load_least",
    "shortest_tree",
    "shortest_trees",
    "skims",
]


def shortest_tree(
    graph: Graph, cost: FloatArray, origin: int, first_through_node: int = 0
) -> tuple[FloatArray, Int32Array]:
    """
    Return least costs and the last arc of least-cost paths from one node.

    Ties go to the lower arc index. Nodes below `first_through_node` are never passed.

    Parameters
    ----------
    graph : Graph
    cost : ndarray, shape (n_arc,)
        [USD/t]
    origin : int
    first_through_node : int

    Returns
    -------
    dist : ndarray, shape (n_node,)
        inf where there is no path.
    via : ndarray of int32, shape (n_node,)
        Last arc of the path, -1 at the origin and where there is no path.

    Raises
    ------
    CostError
        If a cost is negative or not a number.

    Examples
    --------
    >>> from isthmus.assign.base import build_graph
    >>> graph, _ = build_graph([0, 1, 0], [1, 2, 2], 3)
    >>> dist, via = shortest_tree(graph, np.array([1.0, 5.0, 1.0]), 0)
    >>> dist.tolist(), via.tolist()
    ([0.0, 1.0, 2.0], [-1, 0, 2])
    """
    row = checked_cost(graph, cost)[0]
    n = graph.n_node
    dist, via, order = np.empty((1, n)), np.empty((1, n), np.int32), np.empty((1, n), np.int32)
    path_kernels.trees(
        graph.indptr,
        np.arange(graph.n_arc, dtype=np.int32),
        graph.head,
        row,
        np.array([origin], np.int32),
        first_through_node,
        dist,
        via,
        order,
        np.empty(1, np.int64),
    )
    return dist[0], via[0]


def shortest_trees(
    graph: Graph,
    cost: FloatArray,
    origins: npt.ArrayLike,
    first_through_node: int = 0,
) -> tuple[FloatArray, Int32Array]:
    """
    Return least costs and the last arc of least-cost paths from many nodes, as fast as we can.

    Parameters
    ----------
    graph : Graph
    cost : ndarray, shape (n_arc,)
        [USD/t]
    origins : array_like of int, shape (n_origin,)
    first_through_node : int
        Nodes below it are not passed.

    Returns
    -------
    dist : ndarray, shape (n_origin, n_node)
        inf where there is no path.
    via : ndarray of int32, shape (n_origin, n_node)
        Last arc of a path, one of them where there are ties; -1 at the origin and where there is
        no path.

    Raises
    ------
    CostError
        If a cost is negative or not a number.
    """
    row = checked_cost(graph, cost)[0]
    roots = np.atleast_1d(np.asarray(origins, np.int32))
    dist = np.empty((len(roots), graph.n_node))
    via = np.empty((len(roots), graph.n_node), np.int32)
    tree_kernels.plant_all(graph.indptr, graph.head, row, roots, first_through_node, via, dist)
    return dist, via


def skims(
    graph: Graph,
    cost: FloatArray,
    origins: npt.ArrayLike,
    destinations: npt.ArrayLike,
    attributes: npt.ArrayLike | None = None,
    first_through_node: int = 0,
) -> tuple[FloatArray, FloatArray]:
    """
    Add up attributes along least-cost paths of one class.

    Parameters
    ----------
    graph : Graph
    cost : ndarray, shape (n_arc,)
        What the paths minimise. [USD/t]
    origins, destinations : array_like of int, shape (n_origin,), (n_destination,)
    attributes : array_like, shape (n_attribute, n_arc), optional
    first_through_node : int

    Returns
    -------
    dist : ndarray, shape (n_origin, n_destination)
        inf where there is no path.
    total : ndarray, shape (n_attribute, n_origin, n_destination)
        nan where there is no path.

    Raises
    ------
    CostError
        If a cost is negative or not a number.
    """
    row = checked_cost(graph, cost)[0]
    roots = np.asarray(origins, np.int32)
    targets = np.asarray(destinations, np.int32)
    if attributes is None:
        whole, _ = shortest_trees(graph, row, roots, first_through_node)
        return whole[:, targets], np.empty((0, len(roots), len(targets)))
    table = np.atleast_2d(attributes)
    dist = np.empty((len(roots), len(targets)))
    total = np.empty((len(table), len(roots), len(targets)))
    path_kernels.skim(
        graph.indptr,
        np.arange(graph.n_arc, dtype=np.int32),
        graph.head,
        graph.tail,
        row,
        np.ascontiguousarray(table, np.float64),
        roots,
        targets,
        first_through_node,
        dist,
        total,
    )
    return dist, total


def load_least(
    graph: Graph,
    cost: FloatArray,
    trips: Trips,
    first_through_node: int,
    keep: bool,
    progress: Progress | None = None,
) -> tuple[BoolArray, IntArray, Int32Array, FloatArray, float]:
    """
    Load checked trips on least-cost paths, a block of origins at a time.

    Returns
    -------
    served : ndarray of bool, shape (m,)
    indptr : ndarray of int64, shape (m + 1,)
        Where each trip's arcs begin, in the order of the trips; all zero if not `keep`.
    arcs : ndarray of int32
    arc_flow : ndarray, shape (n_class, n_arc)
    total : float
        Sum of flow times cost.
    """
    m = len(trips.flow)
    adj = np.arange(graph.n_arc, dtype=np.int32)
    served = np.zeros(m, np.bool_)
    arc_flow = np.zeros((len(cost), graph.n_arc))
    order = np.lexsort((trips.destination, trips.origin, trips.klass))
    new_tree = np.ones(m, np.bool_)
    klass, origin = trips.klass[order], trips.origin[order]
    new_tree[1:] = (klass[1:] != klass[:-1]) | (origin[1:] != origin[:-1])
    block = np.cumsum(new_tree) // max(1, 5_000_000 // max(1, graph.n_arc))
    cuts = np.flatnonzero(np.diff(block) | np.diff(klass)) + 1
    size = np.zeros(m, np.int64)
    pieces: list[Int32Array] = []
    total = 0.0
    for rows in np.split(order, cuts) if m else []:
        k = trips.klass[rows[0]]
        ok, starts, arcs, part = path_kernels.load_trees(
            graph.indptr,
            adj,
            graph.head,
            graph.tail,
            cost[k],
            trips.origin[rows],
            trips.destination[rows],
            trips.flow[rows],
            first_through_node,
            keep,
            arc_flow[k],
        )
        served[rows] = ok
        size[rows] = np.diff(starts)
        pieces.append(arcs)
        total += part
        if progress is not None:
            progress(0, np.inf)
    indptr = np.zeros(m + 1, np.int64)
    np.cumsum(size, out=indptr[1:])
    found = np.concatenate(pieces) if pieces else np.empty(0, np.int32)
    # back from the order of the trees to that of the trips
    begin = np.zeros(m + 1, np.int64)
    np.cumsum(size[order], out=begin[1:])
    at = np.empty(m, np.int64)
    at[order] = begin[:-1]
    index = np.repeat(at - indptr[:-1], size) + np.arange(len(found))
    return served, indptr, found[index], arc_flow, total


def least_cost_paths(
    graph: Graph, cost: npt.ArrayLike, trips: Trips, first_through_node: int = 0
) -> list[Int32Array | None]:
    """
    Return the arcs of each trip's least-cost path, None where there is none.

    Parameters
    ----------
    graph : Graph
    cost : array_like, shape (n_class, n_arc)
        [USD/t]
    trips : Trips
    first_through_node : int

    Returns
    -------
    list of ndarray of int32, or None

    Raises
    ------
    CostError, InputError
        As `checked_cost` and `checked_trips`.
    """
    table = checked_cost(graph, cost)
    trips = checked_trips(graph, len(table), trips)
    served, indptr, arcs, _, _ = load_least(graph, table, trips, first_through_node, True)
    return [arcs[indptr[i] : indptr[i + 1]] if served[i] else None for i in range(len(trips.flow))]


def least_costs(
    graph: Graph, cost: npt.ArrayLike, trips: Trips, first_through_node: int = 0
) -> FloatArray:
    """
    Return the least cost of each trip, inf where there is no path.

    Parameters
    ----------
    graph : Graph
    cost : array_like, shape (n_class, n_arc)
        [USD/t]
    trips : Trips
    first_through_node : int

    Returns
    -------
    ndarray, shape (m,)
        [USD/t]

    Raises
    ------
    CostError, InputError
        As `checked_cost` and `checked_trips`.
    """
    table = checked_cost(graph, cost)
    trips = checked_trips(graph, len(table), trips)
    out = np.full(len(trips.flow), np.inf)
    for k in np.unique(trips.klass):
        mine = np.flatnonzero(trips.klass == k)
        origins, row = np.unique(trips.origin[mine], return_inverse=True)
        ends, column = np.unique(trips.destination[mine], return_inverse=True)
        dist, _ = skims(graph, table[k], origins, ends, None, first_through_node)
        out[mine] = dist[row, column]
    return out
