"""What removals are reckoned on: trips, their trees and what each arc carries, at costs that are held."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Graph, Trips, by_head
from isthmus.assign.checks import checked_cost, checked_trips
from isthmus.assign.least_cost import shortest_trees
from isthmus.kernels import detours, removal

__all__ = ["Ground", "ceilings_of", "ground", "scan_losses", "singles"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Tell = Callable[[str], None]

Int32Array = npt.NDArray[np.int32]
_TREES = 3_000
"""Trees grown to bound the detour of one trip."""


@dataclass(frozen=True)
class Ground:
    """
    Trips on a network whose arcs belong to elements that can be removed.

    Parameters
    ----------
    graph : tuple
        indptr, head, tail, and the arcs by head.
    cost : ndarray, shape (n_class, n_arc)
    first_through : int
    roots, klass : ndarray of int32, shape (n_root,)
        Where trips begin, and their class.
    first : ndarray of int64, shape (n_root + 1,)
    node, flow, intact : ndarray, shape (n_trip,)
        Destination, flow and least cost of each trip that the intact network serves.
    element : ndarray of int32, shape (n_arc,)
        -1 where an arc is in no element.
    n_element : int
    demand, unserved, total : float
        Trips between places, those of them without a route, and the cost of the others.
    """

    graph: tuple[Any, ...]
    cost: FloatArray
    first_through: int
    roots: Int32Array
    klass: Int32Array
    first: IntArray
    node: Int32Array
    flow: FloatArray
    intact: FloatArray
    element: Int32Array
    n_element: int
    demand: float
    unserved: float
    total: float

    @property
    def trips(self) -> tuple[Any, ...]:
        """Trips as the kernel takes them."""
        return self.first, self.node, self.flow, self.intact

    def without(self, elements: tuple[int, ...]) -> FloatArray:
        """Return the cost of each arc, of each class, with some elements closed."""
        return np.where(np.isin(self.element, elements)[None, :], np.inf, self.cost)


def ground(
    graph: Graph,
    cost: npt.ArrayLike,
    trips: Trips,
    element: npt.ArrayLike,
    first_through_node: int = 0,
) -> Ground:
    """
    Lay out a problem: trips within a zone and trips of no flow are left out, equal ones joined.

    Parameters
    ----------
    graph : Graph
    cost : array_like, shape (n_arc,) or (n_class, n_arc)
        0 or more, inf is closed.
    trips : Trips
    element : array_like of int, shape (n_arc,)
        Element of each arc, -1 for none.
    first_through_node : int

    Returns
    -------
    Ground

    Raises
    ------
    CostError, InputError
        As `checked_cost` and `checked_trips`.
    """
    rows = checked_cost(graph, cost)
    n_class, n_node = len(rows), graph.n_node
    trips = checked_trips(graph, n_class, trips)
    label = np.ascontiguousarray(element, np.int32)
    use = (trips.flow > 0.0) & (trips.origin != trips.destination)
    start = trips.klass[use].astype(np.int64) * n_node + trips.origin[use]
    pairs, which = np.unique(start * n_node + trips.destination[use], return_inverse=True)
    flow = np.asarray(np.bincount(which, trips.flow[use], len(pairs)), np.float64)
    start, node = pairs // n_node, (pairs % n_node).astype(np.int32)
    back_ptr, back = by_head(graph)
    arrays = (graph.indptr, graph.head, graph.tail, back_ptr, back)
    intact = np.empty(len(pairs))
    for k in range(n_class):
        mine = start // n_node == k
        if mine.any():
            roots, row_of = np.unique(start[mine] % n_node, return_inverse=True)
            dist, _ = shortest_trees(graph, rows[k], roots, first_through_node)
            intact[mine] = dist[row_of, node[mine]]
    served = np.isfinite(intact)
    starts, row_of = np.unique(start[served], return_inverse=True)
    first = np.zeros(len(starts) + 1, np.int64)
    np.cumsum(np.bincount(row_of, minlength=len(starts)), out=first[1:])
    return Ground(
        arrays,
        rows,
        first_through_node,
        (starts % n_node).astype(np.int32),
        (starts // n_node).astype(np.int32),
        first,
        node[served],
        flow[served],
        intact[served],
        label,
        int(label.max(initial=-1)) + 1,
        math.fsum(flow),
        math.fsum(flow[~served]),
        math.fsum(flow[served] * intact[served]),
    )


def scan_losses(
    problem: Ground,
    taken: tuple[int, ...],
    skip: npt.NDArray[np.bool_],
    most: FloatArray | None = None,
    need: tuple[float, float] = (-math.inf, -math.inf),
) -> tuple[FloatArray, FloatArray]:
    """Load without the elements taken, then also without each other one. See `removal.scan`."""
    out, total = np.empty((5, problem.n_element)), np.empty(3)
    if most is None:
        most = np.zeros((len(problem.flow), 2))
    removal.scan(
        problem.graph,
        problem.without(taken) if taken else problem.cost,
        problem.first_through,
        problem.roots,
        problem.klass,
        problem.trips,
        problem.element,
        skip,
        most,
        need,
        out,
        total,
    )
    return out, total


def singles(problem: Ground) -> tuple[FloatArray, FloatArray]:
    """
    Remove each element alone.

    Parameters
    ----------
    problem : Ground

    Returns
    -------
    extra : ndarray, shape (n_element,)
        Added cost of the trips that are still served.
    unserved : ndarray, shape (n_element,)
        Flow left without a route.

    References
    ----------
    .. [1] D. M. Scott, D. C. Novak, L. Aultman-Hall and F. Guo, "Network robustness index", Journal
       of Transport Geography 14, 2006. Differs in: least-cost paths that do not depend on flow;
       unserved flow apart.
    """
    out, _ = scan_losses(problem, (), np.zeros(problem.n_element, np.bool_))
    return out[0], out[1]


def ceilings_of(
    problem: Ground, k: int, stop: float, tell: Tell
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """
    Return what any k removals can cost each trip, and the elements that alone disconnect.

    Trips that are not looked at by `stop` have the bound that always holds, which is a weak one.

    Returns
    -------
    most : ndarray, shape (n_trip, 2)
        Cost at most while there is a way; 1 if there may be none, else 0.
    bridges : ndarray of bool, shape (n_element,)
    """
    _, lost = singles(problem)
    bridges = lost > 0.0
    nothing = np.zeros(problem.n_element, np.bool_)
    graph = problem.graph[:3]
    most = np.zeros((len(problem.flow), 2))
    longest = _longest(problem)
    found = np.empty(2)
    for r, root in enumerate(problem.roots):
        begin, end = problem.first[r], problem.first[r + 1]
        if time.monotonic() > stop:
            most[begin:end] = longest, 1.0
            continue
        tell(f"bounding detours: origin {r + 1} of {len(problem.roots)}")
        node = problem.node[begin:end]
        apart, cost = np.empty(len(node)), np.empty(len(node))
        common = (graph, problem.cost[problem.klass[r]], problem.first_through, root)
        detours.disjoint(*common, node, problem.element, nothing, k, apart)
        cost[:] = apart
        if bridges.any():
            detours.disjoint(*common, node, problem.element, bridges, k, cost)
        cuttable = ~np.isfinite(apart)
        for i in np.flatnonzero(~np.isfinite(cost)):
            if time.monotonic() > stop:
                cost[i] = longest
                continue
            detours.dearest(*common, node[i], problem.element, k, _TREES, found)
            cost[i] = min(found[0], longest)
            cuttable[i] &= found[1] > 0.0
        most[begin:end, 0], most[begin:end, 1] = cost, cuttable
    return most, bridges


def _longest(problem: Ground) -> float:
    """Return what no path without a loop costs more than: the dearest arc out of every node."""
    cost = np.where(np.isfinite(problem.cost), problem.cost, 0.0).max(axis=0)
    dear = np.zeros(len(problem.graph[0]) - 1)
    np.maximum.at(dear, problem.graph[2], cost)
    return float(dear.sum())
