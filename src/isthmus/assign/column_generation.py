"""Generation of paths that pay and of capacities that bind, until a bound certifies the optimum."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Graph, Progress, Trips, by_head
from isthmus.assign.restricted_master import Columns, RestrictedMaster
from isthmus.kernels import paths as path_kernels
from isthmus.kernels import pricing

__all__ = [
    "Point",
    "Pricer",
    "build_pricer",
    "costs_to_destinations",
    "generate_columns",
    "price_paths",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]

_FLOOR_ENTRIES = 50_000_000
"""Beyond 400 MB of floors, searches go without."""

_ROUNDING = 1e-13
"""A path must beat what the trip pays by this share, so that sums in another order are no path."""

_ROOM = 1e-9
"""Share by which an arc may be above its capacity: what the linear programme allows itself."""


class Pricer(NamedTuple):
    """
    Trips grouped by class and origin, with what a search from each group needs.

    Parameters
    ----------
    graph : Graph
    first_through_node : int
    klass, origin : ndarray of int32, shape (n_group,)
    starts : ndarray of int64, shape (n_group + 1,)
    trip_klass, ends : ndarray of int32, shape (m,)
    floor_row : ndarray of int64, shape (m,)
    floor : ndarray, shape (n_floor, n_node)
        At most the cost from each node to a destination, without tolls.
    least : ndarray, shape (m,)
        At most the cost of each trip, without tolls; inf where there is no path.
    """

    graph: Graph
    first_through_node: int
    klass: Int32Array
    origin: Int32Array
    starts: IntArray
    trip_klass: Int32Array
    ends: Int32Array
    floor_row: IntArray
    floor: FloatArray
    least: FloatArray

    def scaled(self, by: float) -> Pricer:
        """Return the same with costs divided."""
        return self._replace(floor=self.floor / by, least=self.least / by)

    def flat(self) -> Pricer:
        """Return the same for costs that are all 0 where open."""
        floor = np.zeros((1, self.graph.n_node))
        least = np.where(np.isfinite(self.least), 0.0, np.inf)
        row = np.zeros(len(self.ends), np.int64)
        return self._replace(floor_row=row, floor=floor, least=least)


class Point(NamedTuple):
    """
    An optimum of the programme, with its certificate.

    Parameters
    ----------
    unserved : ndarray, shape (m,)
    flow : ndarray, shape (n_path,)
    toll : ndarray, shape (n_arc,)
    objective, bound : float
    iterations : int
    """

    unserved: FloatArray
    flow: FloatArray
    toll: FloatArray
    objective: float
    bound: float
    iterations: int

    @property
    def gap(self) -> float:
        """Objective above bound, as a share of the objective."""
        above = self.objective - self.bound
        return max(0.0, above) / abs(self.objective) if self.objective else max(0.0, above)


def build_pricer(graph: Graph, cost: FloatArray, trips: Trips, first_through_node: int) -> Pricer:
    """
    Group trips and find the floors of their searches.

    Parameters
    ----------
    graph : Graph
    cost : ndarray, shape (n_class, n_arc)
    trips : Trips
        Sorted by class, origin.
    first_through_node : int

    Returns
    -------
    Pricer
    """
    m = len(trips.flow)
    new = np.ones(m, np.bool_)
    new[1:] = (np.diff(trips.klass) != 0) | (np.diff(trips.origin) != 0)
    begin = np.flatnonzero(new)
    key = trips.klass.astype(np.int64) * graph.n_node + trips.destination
    towards, row = np.unique(key, return_inverse=True)
    floor = costs_to_destinations(graph, cost, towards, first_through_node)
    return Pricer(
        graph,
        first_through_node,
        trips.klass[begin],
        trips.origin[begin],
        np.append(begin, m).astype(np.int64),
        trips.klass,
        trips.destination,
        row.astype(np.int64) if len(floor) == len(towards) else np.zeros(m, np.int64),
        floor,
        floor[row, trips.origin] if len(floor) == len(towards) else np.zeros(m),
    )


def costs_to_destinations(
    graph: Graph, cost: FloatArray, towards: IntArray, first_through_node: int
) -> FloatArray:
    """
    Return the cost from every node to each destination, or one row of zeros if they are too many.

    Parameters
    ----------
    graph : Graph
    cost : ndarray, shape (n_class, n_arc)
    towards : ndarray of int64, shape (n,)
        Class times number of nodes plus destination, ascending.
    first_through_node : int

    Returns
    -------
    ndarray, shape (n, n_node) or (1, n_node)
    """
    n = graph.n_node
    if len(towards) * n > _FLOOR_ENTRIES:
        return np.zeros((1, n))
    indptr, adj = by_head(graph)
    floor = np.empty((len(towards), n))
    klass, destination = np.divmod(towards, n)
    for k in np.unique(klass):
        mine = np.flatnonzero(klass == k)
        via, order = np.empty((2, len(mine), n), np.int32)
        path_kernels.trees(
            indptr,
            adj,
            graph.tail,
            cost[k],
            destination[mine].astype(np.int32),
            first_through_node,
            floor[mine[0] : mine[-1] + 1],
            via,
            order,
            np.empty(len(mine), np.int64),
        )
    return floor


def price_paths(
    search: Pricer, cost: FloatArray, toll: FloatArray, limit: FloatArray
) -> tuple[Columns, FloatArray]:
    """
    Find the trips' least-cost paths that cost less than a limit.

    Parameters
    ----------
    search : Pricer
    cost : ndarray, shape (n_class, n_arc)
    toll : ndarray, shape (n_arc,)
    limit : ndarray, shape (m,)
        -inf asks for nothing.

    Returns
    -------
    paths : Columns
    least : ndarray, shape (m,)
        Cost of the path found, else what is known to be no more than the least cost.
    """
    least = np.maximum(limit, search.least)
    graph = search.graph
    found = pricing.price(
        graph.indptr,
        graph.head,
        graph.tail,
        cost,
        toll,
        search.starts,
        search.klass,
        search.origin,
        search.ends,
        search.floor_row,
        search.floor,
        limit,
        search.first_through_node,
        least,
    )
    return Columns(*found), least


def path_costs(search: Pricer, paths: Columns, cost: FloatArray) -> FloatArray:
    """Return the cost of each path for its class, shape (n_path,)."""
    out = np.empty(len(paths.trip))
    pricing.path_costs(*paths, search.trip_klass, cost, out)
    return out


def generate_columns(
    master: RestrictedMaster,
    search: Pricer,
    cost: FloatArray,
    demand: FloatArray,
    capacity: FloatArray,
    gap: float,
    progress: Progress | None = None,
) -> Point:
    """
    Solve the programme of all paths and all capacities by adding those that matter.

    The bound is Lagrange's: capacities are given up for their tolls, which leaves each trip its
    least-cost path or its price.

    Parameters
    ----------
    master : RestrictedMaster
        Changed: it holds the paths and capacities added.
    search : Pricer
    cost : ndarray, shape (n_class, n_arc)
    demand : ndarray, shape (m,)
    capacity : ndarray, shape (n_arc,)
    gap : float
        Relative gap at which to stop.
    progress : callable, optional

    Returns
    -------
    Point

    References
    ----------
    .. [1] G. B. Dantzig and P. Wolfe, "Decomposition principle for linear programs", Operations Research 8, 1960.
    """
    asks = demand > 0.0
    finite = np.isfinite(capacity)
    room = np.where(finite, capacity * (1.0 + _ROOM) + 10 * _ROOM, np.inf)
    n_class = len(cost)
    iterations = 0
    while True:
        unserved, flow, pays, toll = master.solve()
        total = master.loads(flow, search.trip_klass, n_class).sum(axis=0)
        over = np.flatnonzero((total > room) & (master.row_of_arc < 0))
        if len(over):
            master.add_arcs(over, capacity[over])
            continue
        iterations += 1
        limit = np.where(asks, pays - _ROUNDING * np.maximum(1.0, np.abs(pays)), -np.inf)
        paths, least = price_paths(search, cost, toll, limit)
        worth = np.minimum(least[asks], master.price[asks])
        objective = float(flow @ np.where(flow > 0.0, master.cost, 0.0) + unserved @ master.price)
        if objective == 0.0:  # costs are not negative: without tolls the bound is 0 too
            return Point(unserved, flow, 0.0 * toll, 0.0, 0.0, iterations)
        bound = float(demand[asks] @ worth - toll[finite] @ capacity[finite])
        point = Point(unserved, flow, toll, objective, bound, iterations)
        if progress is not None:
            progress(iterations, point.gap)
        if point.gap <= gap:
            return point
        new = master.unknown_paths(paths)
        if not len(new.trip):
            return point
        master.add_paths(new, path_costs(search, new, cost))
