"""Alternatives to look at: a bounded set of different loopless routes for each trip; no assignment uses them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import FloatArray, Graph, Int32Array, IntArray, Progress, Trips, by_head
from isthmus.assign.checks import checked_cost, checked_trips
from isthmus.assign.threads import run_parallel, split_work
from isthmus.errors import Fault, InputError
from isthmus.kernels import routes as route_kernels
from isthmus.kernels.trees import plant_classes

__all__ = [
    "GeneratedRoutes",
    "RootedTrees",
    "Routes",
    "generate_routes",
    "generate_unchecked",
    "grow_trees",
]


class Routes(NamedTuple):
    """
    Routes of trips, sorted by trip.

    Parameters
    ----------
    trip : ndarray of int64, shape (m + 1,)
        Routes of trip t are ``trip[t] .. trip[t + 1] - 1``.
    starts : ndarray of int64, shape (n_path + 1,)
        Arcs of route p are ``arcs[starts[p]:starts[p + 1]]``, in order.
    arcs : ndarray of int32
    """

    trip: IntArray
    starts: IntArray
    arcs: Int32Array


class GeneratedRoutes(NamedTuple):
    """
    Generated routes, and how they were found.

    Parameters
    ----------
    routes : Routes
    tries : ndarray of int64, shape (m,)
        Single-via paths looked at for a trip; -1 if it has fewer routes than asked for, or a
        deviation among them.
    """

    routes: Routes
    tries: IntArray


class RootedTrees(NamedTuple):
    """
    Least-cost trees from nodes, or to them.

    Parameters
    ----------
    key : ndarray of int64, shape (n_tree,)
        Class times number of nodes plus root, ascending.
    dist, via, order : ndarray, shape (n_tree, n_node)
    size : ndarray of int64, shape (n_tree,)
        Nodes in each tree.
        See `kernels.paths.tree`.
    """

    key: IntArray
    dist: FloatArray
    via: Int32Array
    order: Int32Array
    size: IntArray

    def find(self, klass: Int32Array, root: Int32Array) -> IntArray:
        """Return the tree of each pair of class and root."""
        key = klass.astype(np.int64) * self.dist.shape[1] + root
        return np.searchsorted(self.key, key).astype(np.int64)


_ENTRIES = 4_000_000
"""Nodes in the trees, one way, that are held at a time."""
_OF_TRIP = 1_000
"""Steps that generating the routes of a trip takes, roughly."""


def generate_routes(
    graph: Graph,
    cost: npt.ArrayLike,
    trips: Trips,
    *,
    n_routes: int = 8,
    max_detour: float = 2.0,
    penalty: float = 0.3,
    first_through_node: int = 0,
    progress: Progress | None = None,
) -> Routes:
    """
    Generate a bounded set of different loopless routes for each trip.

    The first route of a trip is always the one `all_or_nothing` takes. Trips without a path get no
    route; intrazonal trips get one of no arcs. Same input, same routes.

    Parameters
    ----------
    graph : Graph
    cost : array_like, shape (n_class, n_arc)
        [USD/t]
    trips : Trips
    n_routes : int
        At most so many routes a trip.
    max_detour : float
        Greatest cost of a route over the least cost, 1 or more.
    penalty : float
        Share by which an arc grows dearer, in the search for the next route, with each route over
        it: more means fewer, more different routes first.
    first_through_node : int
        Nodes below it are never passed.
    progress : callable, optional

    Returns
    -------
    Routes

    Raises
    ------
    CostError, InputError
        If costs, trips or options are wrong.

    References
    ----------
    .. [1] I. Abraham, D. Delling, A. V. Goldberg and R. F. Werneck, "Alternative routes in road
       networks", ACM Journal of Experimental Algorithmics 18, 2013: single-via paths.
    .. [2] T. de la Barra, B. Perez and J. Anez, "Multidimensional path search and assignment",
       Proc. 21st PTRC Summer Annual Meeting, 1993: link penalty.
    .. [3] J. Y. Yen, "Finding the K shortest loopless paths in a network", Management Science 17,
       1971: deviations. Differs in: no search, so a deviation whose least-cost continuation
       crosses its own beginning is left out; order by penalised cost.
    """
    table = checked_cost(graph, cost)
    trips = checked_trips(graph, len(table), trips)
    if not (n_routes >= 1 and max_detour >= 1.0 and penalty >= 0.0):
        text = f"n_routes = {n_routes}, max_detour = {max_detour}, penalty = {penalty}"
        mend = "Give at least 1, 1 and 0."
        raise InputError([Fault("route generation", text, mend, "route-options")])
    return generate_unchecked(
        graph, table, trips, n_routes, max_detour, penalty, first_through_node, progress
    ).routes


def generate_unchecked(
    graph: Graph,
    cost: FloatArray,
    trips: Trips,
    n_routes: int = 8,
    max_detour: float = 2.0,
    penalty: float = 0.3,
    first_through_node: int = 0,
    progress: Progress | None = None,
) -> GeneratedRoutes:
    """
    Generate routes as `generate_routes` does, of input that is known to be right.

    Trips are taken in blocks whose trees fit in memory, those of a block on several threads.

    Parameters
    ----------
    graph, cost, trips, n_routes, max_detour, penalty, first_through_node, progress
        As in `generate_routes`.

    Returns
    -------
    GeneratedRoutes
    """
    m = len(trips.flow)
    count, tries = np.zeros(m, np.int64), np.full(m, -1, np.int64)
    owner: list[IntArray] = []
    sizes: list[IntArray] = []
    pieces: list[Int32Array] = []

    def work(rows: IntArray, forth: RootedTrees, back: RootedTrees) -> None:
        some = trips.take(rows)
        parts = split_work(_OF_TRIP * np.arange(len(rows) + 1))

        def of(i: int) -> tuple[IntArray, IntArray, IntArray, Int32Array]:
            return route_kernels.generate(
                graph.indptr, graph.head, graph.tail, cost, first_through_node, *some[:3],
                forth[1:], forth.find(some.klass, some.origin),
                back[1:], back.find(some.klass, some.destination if n_routes > 1 else some.origin),
                *parts[i], n_routes, float(max_detour), float(penalty),
            )  # fmt: skip

        for (first, end), found in zip(parts, run_parallel(of, len(parts)), strict=True):
            mine = rows[first:end]
            count[mine], tries[mine] = found[0], found[1]
            owner.append(np.repeat(mine, found[0]))
            sizes.append(np.diff(found[2]))
            pieces.append(found[3])

    most = max(1, _ENTRIES // max(1, graph.n_node))
    heads = by_head(graph)
    for rows in _blocks(trips.klass, trips.origin, np.arange(m), graph.n_node, most):
        starts_at = trips.klass[rows], trips.origin[rows]
        forth = grow_trees(graph, None, cost, *starts_at, first_through_node, ordered=n_routes > 1)
        for some in _blocks(trips.klass, trips.destination, rows, graph.n_node, most):
            ends = trips.klass[some], trips.destination[some]
            # one route each is read off the trees from origins alone
            back = (
                grow_trees(graph, heads, cost, *ends, first_through_node) if n_routes > 1 else forth
            )
            work(some, forth, back)
            if progress is not None:
                progress(0, np.inf)
    trip = np.zeros(m + 1, np.int64)
    np.cumsum(count, out=trip[1:])
    if not pieces:
        return GeneratedRoutes(Routes(trip, np.zeros(1, np.int64), np.empty(0, np.int32)), tries)
    starts = np.concatenate(([0], np.cumsum(np.concatenate(sizes)))).astype(np.int64)
    by_trip = np.argsort(np.concatenate(owner), kind="stable")
    return GeneratedRoutes(
        Routes(trip, *route_kernels.reorder(starts, np.concatenate(pieces), by_trip)), tries
    )


def grow_trees(
    graph: Graph,
    heads: tuple[IntArray, Int32Array] | None,
    cost: FloatArray,
    klass: Int32Array,
    node: Int32Array,
    first_through_node: int = 0,
    *,
    ordered: bool = True,
) -> RootedTrees:
    """
    Grow the least-cost trees from some nodes, or to them.

    Parameters
    ----------
    graph : Graph
    heads : tuple of ndarray, optional
        Of `by_head`: trees to the nodes are wanted.
    cost : ndarray, shape (n_class, n_arc)
        [USD/t]
    klass, node : ndarray of int32, shape (m,)
        Pairs, each as often as you like.
    first_through_node : int
    ordered : bool
        Whether the order in which nodes were settled is wanted; trees from nodes take less time
        without, and `order` and `count` are then empty.

    Returns
    -------
    RootedTrees
    """
    n = graph.n_node
    key = np.unique(klass.astype(np.int64) * n + node)
    of, root = (x.astype(np.int32) for x in np.divmod(key, n))
    indptr, adj, far = graph.indptr, np.arange(graph.n_arc, dtype=np.int32), graph.head
    if heads is not None:
        (indptr, adj), far = heads, graph.tail
    shape = (len(key), n)
    dist, via = np.empty(shape), np.empty(shape, np.int32)
    listed = ordered or heads is not None
    order = np.empty(shape if listed else (0, 0), np.int32)
    count = np.empty(len(key) if listed else 0, np.int64)
    parts = split_work(graph.n_arc * np.arange(len(key) + 1))

    def work(i: int) -> None:
        if listed:
            route_kernels.plant(
                indptr, adj, far, cost, of, root, first_through_node, *parts[i], dist, via, order,
                count,
            )  # fmt: skip
        else:
            plant_classes(indptr, far, cost, of, root, first_through_node, *parts[i], via, dist)

    run_parallel(work, len(parts))
    return RootedTrees(key, dist, via, order, count)


def _blocks(
    klass: Int32Array, node: Int32Array, rows: IntArray, n_node: int, most: int
) -> list[IntArray]:
    """Sort rows by class and a node, and cut them so that each part has at most so many pairs."""
    if not len(rows):
        return []
    key = klass[rows].astype(np.int64) * n_node + node[rows]
    order = np.argsort(key, kind="stable")
    pair = np.concatenate(([0], np.cumsum(np.diff(key[order]) != 0)))
    return np.split(rows[order], np.flatnonzero(np.diff(pair // most)) + 1)
