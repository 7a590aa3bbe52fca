"""Choice sets: a bounded set of different loopless routes for each trip."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import (
    BoolArray,
    FloatArray,
    Graph,
    Int32Array,
    IntArray,
    Progress,
    Trips,
    by_head,
    checked_cost,
    checked_trips,
)
from isthmus.errors import Fault, InputError
from isthmus.kernels import paths as path_kernels
from isthmus.kernels import pricing
from isthmus.kernels import routes as route_kernels

__all__ = ["Routes", "generate_routes", "generate_some", "route_costs"]


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
    m, n = len(trips.flow), graph.n_node
    adj = np.arange(graph.n_arc, dtype=np.int32)
    r_indptr, r_adj = by_head(graph)
    count = np.zeros(m, np.int64)
    rows_done: list[IntArray] = []
    sizes: list[IntArray] = []
    pieces: list[Int32Array] = []
    per_block = max(1, 2_000_000 // max(1, n))
    for k in np.unique(trips.klass):
        mine = np.flatnonzero(trips.klass == k)
        roots = np.unique(trips.origin[mine])
        for first in range(0, len(roots), per_block):
            block = roots[first : first + per_block]
            rows = mine[(trips.origin[mine] >= block[0]) & (trips.origin[mine] <= block[-1])]
            rows = rows[np.lexsort((trips.origin[rows], trips.destination[rows]))]
            shape = (len(block), n)
            dist, reached = np.empty(shape), np.empty(len(block), np.int64)
            via, order = np.empty(shape, np.int32), np.empty(shape, np.int32)
            path_kernels.trees(
                graph.indptr, adj, graph.head, table[k], block, first_through_node,
                dist, via, order, reached,
            )  # fmt: skip
            found, starts, arcs = route_kernels.generate(
                graph.indptr, adj, graph.head, graph.tail, r_indptr, r_adj, table[k],
                first_through_node, trips.origin[rows], trips.destination[rows],
                np.searchsorted(block, trips.origin[rows]).astype(np.int64),
                dist, via, order, reached, n_routes, float(max_detour), float(penalty),
            )  # fmt: skip
            count[rows] = found
            rows_done.append(np.repeat(rows, found))
            sizes.append(np.diff(starts))
            pieces.append(arcs)
            if progress is not None:
                progress(0, np.inf)
    trip = np.zeros(m + 1, np.int64)
    np.cumsum(count, out=trip[1:])
    if not pieces:
        return Routes(trip, np.zeros(1, np.int64), np.empty(0, np.int32))
    starts = np.concatenate(([0], np.cumsum(np.concatenate(sizes)))).astype(np.int64)
    by_trip = np.argsort(np.concatenate(rows_done), kind="stable")
    return Routes(trip, *route_kernels.reorder(starts, np.concatenate(pieces), by_trip))


def generate_some(
    graph: Graph,
    cost: FloatArray,
    trips: Trips,
    wanted: BoolArray,
    n_routes: int,
    options: dict[str, Any],
) -> Routes:
    """
    Generate a few routes for some trips; the others get none.

    Parameters
    ----------
    graph : Graph
    cost : ndarray, shape (n_class, n_arc)
        [USD/t]
    trips : Trips
    wanted : ndarray of bool, shape (m,)
    n_routes : int
    options : dict
        Of `generate_routes`.

    Returns
    -------
    Routes
        Of all trips.
    """
    rows = np.flatnonzero(wanted)
    some = Trips(trips.klass[rows], trips.origin[rows], trips.destination[rows], trips.flow[rows])
    found = generate_routes(graph, cost, some, n_routes=n_routes, **options)
    count = np.zeros(len(trips.flow), np.int64)
    count[rows] = np.diff(found.trip)
    return Routes(
        np.concatenate(([0], np.cumsum(count))).astype(np.int64), found.starts, found.arcs
    )


def route_costs(routes: Routes, cost: FloatArray, trips: Trips) -> FloatArray:
    """
    Return what each route costs its trip.

    Parameters
    ----------
    routes : Routes
    cost : ndarray, shape (n_class, n_arc)
        [USD/t]
    trips : Trips

    Returns
    -------
    ndarray, shape (n_path,)
        [USD/t]
    """
    out = np.empty(len(routes.starts) - 1)
    trip_of = np.repeat(np.arange(len(trips.klass)), np.diff(routes.trip))
    pricing.path_costs(trip_of, routes.starts, routes.arcs, trips.klass, cost, out)
    return out
