"""Why trips do not fit: the arcs that are too small together, with what must cross them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import by_head
from isthmus.assign.column_generation import Point, Pricer, generate_columns, price_paths
from isthmus.assign.restricted_master import Columns, RestrictedMaster
from isthmus.kernels import paths as path_kernels

__all__ = ["Cut", "find_cut"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_LEFT = 1e-8
"""Share of all flow below which nothing is left behind: the tolerance of the linear programme."""

_RADII = 64
"""Sets tried around each node: the weights of a cut have few distinct sums."""


@dataclass(frozen=True, eq=False)
class Cut:
    """
    Arcs that are too small together.

    Whatever flows serve the trips, each tonne of trip t passes arcs that weigh at least the least
    weight of its way; all tonnes together need more weight than the arcs have room for.

    Parameters
    ----------
    weight : ndarray, shape (n_arc,)
        0 or more, at most 1; 1 on every arc of a plain cut.
    need : float
        Sum over trips of flow times weight of the lightest way. [t/yr]
    room : float
        Sum over arcs of weight times capacity, less than `need`. [t/yr]
    is_plain : bool
        Whether every arc weighs 1 and no trip must pass more than one: then `need` is the tonnes
        that must cross, `room` what can.
    """

    weight: FloatArray
    need: float
    room: float
    is_plain: bool

    @property
    def arcs(self) -> IntArray:
        """Arcs with a weight."""
        return np.flatnonzero(self.weight > 0.0)

    def scaled(self, scale: float) -> Cut:
        """Return the same in another unit of flow."""
        return replace(self, need=self.need * scale, room=self.room * scale)


def find_cut(
    search: Pricer,
    cost: FloatArray,
    demand: FloatArray,
    capacity: FloatArray,
    columns: Columns,
    arcs: IntArray,
) -> Cut | None:
    """
    Find few arcs that prove that trips do not fit, None if they do.

    Serve as much as possible; the duals of the capacities are the weights of a violated metric
    inequality. Among the sets of nodes within some weight of an origin or a destination, take the
    one with the fewest arcs that is too small by itself; if there is none, drop capacities as long
    as the rest still does not fit, so that none of those left can be spared.

    Parameters
    ----------
    search : Pricer
    cost : ndarray, shape (n_class, n_arc)
        Only what is closed (inf) matters.
    demand : ndarray, shape (m,)
    capacity : ndarray, shape (n_arc,)
    columns : Columns
        Paths to begin with, at least one open path a trip with demand.
    arcs : ndarray of int64
        Arcs whose capacities to begin with.

    Returns
    -------
    Cut or None

    References
    ----------
    .. [1] M. Iri, "On an extension of the maximum-flow minimum-cut theorem to multicommodity
       flows", Journal of the Operations Research Society of Japan 13, 1971; K. Onaga and O.
       Kakusho, "On feasibility conditions of multicommodity flows in networks", IEEE Transactions
       on Circuit Theory 18, 1971 (metric inequalities).
    .. [2] J. W. Chinneck and E. W. Dravnieks, "Locating minimal infeasible constraint sets in
       linear programs", ORSA Journal on Computing 3, 1991 (deletion filter).
    """
    free = np.where(np.isfinite(cost), 0.0, np.inf)
    flat = search.flat()
    master = RestrictedMaster(demand, np.ones(len(demand)), len(capacity))
    shut = np.isinf(free)[flat.trip_klass[columns.trip][_owner(columns)], columns.arcs]
    closed = np.bincount(_owner(columns), shut, len(columns.trip)) > 0.0
    master.add_paths(columns, np.where(closed, np.inf, 0.0))
    if len(arcs):
        master.add_arcs(arcs, capacity[arcs])
    master.start_from_first_paths(np.isfinite(flat.least))
    most = generate_columns(master, flat, free, demand, capacity, 0.0)
    enough = _LEFT * float(demand.sum())
    if most.objective <= enough:
        return None
    weight = _smallest_cut(flat, free, demand, capacity, most.toll)
    if weight is None:
        weight = _filter_capacities(master, flat, free, demand, capacity, most, enough)
    return _certified_cut(flat, free, demand, capacity, weight)


def _certified_cut(
    search: Pricer, free: FloatArray, demand: FloatArray, capacity: FloatArray, weight: FloatArray
) -> Cut:
    """Return the cut of some weights, with what they prove."""
    kept, asks = weight > 0.0, demand > 0.0
    _, least = price_paths(search, free, weight, np.where(asks, np.inf, -np.inf))
    need, room = float(demand[asks] @ least[asks]), float(weight[kept] @ capacity[kept])
    return Cut(weight, need, room, bool(np.all(weight[kept] == 1.0) and np.all(least[asks] <= 1.0)))


def _owner(columns: Columns) -> IntArray:
    """Return the path of each entry of the arcs."""
    return np.repeat(np.arange(len(columns.trip)), np.diff(columns.starts))


def _smallest_cut(
    search: Pricer, free: FloatArray, demand: FloatArray, capacity: FloatArray, weight: FloatArray
) -> FloatArray | None:
    """Return 1 on the arcs of the smallest violated cut among the balls of the weights, if any."""
    graph = search.graph
    union = np.where(np.isfinite(free).any(axis=0), weight, np.inf)
    origin = np.repeat(search.origin, np.diff(search.starts))
    asks = demand > 0.0
    seen: set[bytes] = set()
    best: tuple[tuple[int, float], FloatArray] | None = None
    indptr, adj = by_head(graph)
    ways = (
        (graph.indptr, np.arange(graph.n_arc, dtype=np.int32), graph.head, origin),
        (indptr, adj, graph.tail, search.ends),
    )
    for backward, (starts, arcs, far, ends) in enumerate(ways):
        roots = np.unique(ends[asks])
        dist = np.empty((len(roots), graph.n_node))
        via, order = np.empty((2, len(roots), graph.n_node), np.int32)
        count = np.empty(len(roots), np.int64)
        through = search.first_through_node
        path_kernels.trees(starts, arcs, far, union, roots, through, dist, via, order, count)
        for row in dist:
            for radius in np.unique(row[np.isfinite(row)])[:_RADII]:
                inside = (row > radius) if backward else (row <= radius)
                if inside.tobytes() in seen:
                    continue
                seen.add(inside.tobytes())
                across = asks & inside[origin] & ~inside[search.ends]
                klass = np.unique(search.trip_klass[across])
                edge = inside[graph.tail] & ~inside[graph.head]
                edge &= np.isfinite(free[klass]).any(axis=0)
                need, room = float(demand[across].sum()), float(capacity[edge].sum())
                if need <= room * (1.0 + _LEFT) + _LEFT * float(demand.sum()):
                    continue
                rank = (int(edge.sum()), room - need)
                if best is None or rank < best[0]:
                    best = (rank, edge.astype(np.float64))
    return None if best is None else best[1]


def _filter_capacities(
    master: RestrictedMaster,
    search: Pricer,
    free: FloatArray,
    demand: FloatArray,
    capacity: FloatArray,
    point: Point,
    enough: float,
) -> FloatArray:
    """Drop capacities as long as trips do not fit, the least of the proof first."""
    needed = np.flatnonzero(point.toll > 0.0)
    share = point.toll[needed] * capacity[needed]
    for arc in needed[np.argsort(share, kind="stable")]:
        if point.toll[arc] == 0.0:
            continue
        without = capacity.copy()
        without[point.toll == 0.0] = np.inf
        without[arc] = np.inf
        for a in master.row_arcs:
            master.set_capacity(int(a), without[a])
        less = generate_columns(master, search, free, demand, without, 0.0)
        if less.objective > enough:
            point, capacity = less, without
    weight = point.toll / point.toll.max()
    weight[np.abs(weight - 1.0) < _LEFT] = 1.0
    return weight
