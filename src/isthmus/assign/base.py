"""What every assignment method takes and gives, and least-cost trees and skims on arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from isthmus.errors import CostError, Fault, InputError
from isthmus.kernels import delay as delay_kernels
from isthmus.kernels import paths as path_kernels
from isthmus.kernels import trees as tree_kernels
from isthmus.kernels.graph import Graph, build_graph, by_head

if TYPE_CHECKING:
    from isthmus.assign.equilibrium import Equilibrium
    from isthmus.assign.perturbed_utility import UnitFlows

__all__ = [
    "Certificate",
    "Delay",
    "Graph",
    "PathFlows",
    "Progress",
    "Solution",
    "Trees",
    "Trips",
    "build_graph",
    "by_head",
    "checked_cost",
    "checked_trips",
    "least_cost_paths",
    "least_costs",
    "relative_gap",
    "shortest_tree",
    "shortest_trees",
    "skims",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

Progress = Callable[[int, float], None]
"""Called with iteration and gap (inf while unknown); what it raises interrupts the assignment."""


class Trips(NamedTuple):
    """
    Demand as arrays.

    A trip whose origin is its destination is intrazonal: it costs nothing, has one path of no
    arcs, and loads no arc.

    Parameters
    ----------
    klass, origin, destination : ndarray of int32, shape (m,)
    flow : ndarray of float64, shape (m,)
        [t/yr]
    """

    klass: Int32Array
    origin: Int32Array
    destination: Int32Array
    flow: FloatArray


class Delay(NamedTuple):
    """
    Delay law of every arc: hours added to its free-flow hours by the flow of all classes.

    Parameters
    ----------
    law : ndarray of int8, shape (n_arc,)
        One of `kernels.delay.LAWS`; 0 is no delay.
    t0 : ndarray, shape (n_arc,)
        Free-flow or service time. [h]
    capacity : ndarray, shape (n_arc,)
        0 closes an arc whose law is not 0. [t/yr]
    a, b : ndarray, shape (n_arc,)
        Shape of the law.
    """

    law: npt.NDArray[np.int8]
    t0: FloatArray
    capacity: FloatArray
    a: FloatArray
    b: FloatArray

    def evaluate(self, flow: FloatArray) -> FloatArray:
        """
        Return value [h], derivative [h per t/yr] and integral [h*t/yr] at a flow.

        Parameters
        ----------
        flow : ndarray, shape (n_arc,)
            [t/yr]

        Returns
        -------
        ndarray, shape (3, n_arc)
        """
        out = np.empty((3, len(flow)))
        delay_kernels.evaluate(  # type: ignore[call-arg]
            np.asarray(self.law, np.int8),
            *(np.asarray(x, np.float64) for x in (self.t0, self.capacity, self.a, self.b, flow)),
            out,
        )
        return out

    def value(self, flow: FloatArray) -> FloatArray:
        """Return the delay at a flow, shape (n_arc,). [h]"""
        return self.evaluate(flow)[0]

    def take(self, arcs: IntArray) -> Delay:
        """Return the laws of some arcs."""
        return Delay(self.law[arcs], self.t0[arcs], self.capacity[arcs], self.a[arcs], self.b[arcs])


class Trees(NamedTuple):
    """
    Least-cost trees, to begin others from.

    Parameters
    ----------
    klass, root : ndarray of int32, shape (n_tree,)
    via : ndarray of int32, shape (n_tree, n_node)
        Last arc of the path to each node, -1 where there is none.
    order : ndarray of int32, shape (n_tree, n_node)
        Nodes, each after the one before it on its path.
    size : ndarray of int64, shape (n_tree,)
        Nodes in each tree.
    label : ndarray, shape (n_tree, n_node)
        Least costs. [h]
    loose : ndarray, shape (n_tree,)
        Share of a label that it may be too long by. [-]
    cost : ndarray, shape (n_arc,)
        What the labels hold for. [h]
    fixed : ndarray, shape (n_class, n_arc)
        Constants of the classes beside it, no rows if there is one class. [h]
    """

    klass: Int32Array
    root: Int32Array
    via: Int32Array
    order: Int32Array
    size: IntArray
    label: FloatArray
    loose: FloatArray
    cost: FloatArray
    fixed: FloatArray


class PathFlows(NamedTuple):
    """
    Paths with flows to begin from; the fields are those of `Solution`.

    Parameters
    ----------
    path_trip : ndarray of int32, shape (n_path,)
    path_indptr : ndarray of int64, shape (n_path + 1,)
    path_arcs : ndarray of int32
    path_flow : ndarray, shape (n_path,)
        [t/yr]
    trees : Trees, optional
        Of the same graph.
    """

    path_trip: Int32Array
    path_indptr: IntArray
    path_arcs: Int32Array
    path_flow: FloatArray
    trees: Trees | None = None


@dataclass(frozen=True)
class Certificate:
    """
    What proves a stochastic equilibrium.

    Parameters
    ----------
    conservation : float
        Largest flow out of balance at a node, of a trip of 1.
    duality_gap : float
        What trips bear above the bound of their duals, over all that they bear.
    gap : float
        Of the equilibrium.
    doubt_usd_yr : ndarray, shape (m,)
        By trip, what the two gaps may be worth: a change below it is none. [USD/yr]
    """

    conservation: float
    duality_gap: float
    gap: float
    doubt_usd_yr: FloatArray = field(repr=False)

    @property
    def least_usd_yr(self) -> float:
        """Smallest change of all trade that the gaps can tell from none. [USD/yr]"""
        return float(self.doubt_usd_yr.sum())


@dataclass(frozen=True)
class Solution:
    """
    Flows on paths and arcs.

    Paths are sorted by trip. Each path's flow is that of its trip's class.

    Parameters
    ----------
    path_trip : ndarray of int32, shape (n_path,)
        Row of the trips.
    path_indptr : ndarray of int64, shape (n_path + 1,)
    path_arcs : ndarray of int32
        Arcs of path p are ``path_arcs[path_indptr[p]:path_indptr[p + 1]]``, in order.
    path_flow : ndarray, shape (n_path,)
        [t/yr]
    arc_flow : ndarray, shape (n_class, n_arc)
        [t/yr]
    unserved : ndarray, shape (m,)
        Flow of trips without a path. [t/yr]
    gap : float
        Relative gap reached; its definition is the method's.
    iterations : int
    converged : bool
        Whether the asked gap was reached.
    objective : float
        Sum of flow times generalised cost at the flows, all classes. [USD/yr]
    delay_h : ndarray, shape (n_arc,)
        Delay at the flows. [h]
    value : ndarray, shape (m,), optional
        What a tonne of each trip bears, where it is more than the mean cost of its paths: of a
        stochastic method the perturbation too, of an equilibrium the least cost; nan where unserved.
        [USD/t]
    trees : Trees, optional
        Least-cost trees at the end, where they were asked to be kept.
    settled : bool
        Whether route flows, of which an equilibrium leaves many possible, are the most likely ones
        (`assign.proportional`).
    unit : UnitFlows, optional
        Of a stochastic method: flow of one unit of each trip.
    unit_at : ndarray, shape (n_class, n_arc), optional
        Costs that `unit` was proven at. [USD/t]
    certificate : Certificate, optional
        Of a stochastic method.
    equilibrium : Equilibrium, optional
        Of a stochastic method.
    """

    path_trip: Int32Array
    path_indptr: IntArray
    path_arcs: Int32Array
    path_flow: FloatArray
    arc_flow: FloatArray
    unserved: FloatArray
    gap: float
    iterations: int
    converged: bool
    objective: float
    delay_h: FloatArray
    value: FloatArray | None = None
    trees: Trees | None = field(default=None, repr=False)
    settled: bool = False
    unit: UnitFlows | None = field(default=None, repr=False)
    unit_at: FloatArray | None = field(default=None, repr=False)
    certificate: Certificate | None = None
    equilibrium: Equilibrium | None = field(default=None, repr=False)

    def path(self, index: int) -> Int32Array:
        """Return the arcs of one path."""
        return self.path_arcs[self.path_indptr[index] : self.path_indptr[index + 1]]


def checked_cost(graph: Graph, cost: npt.ArrayLike) -> FloatArray:
    """
    Return costs as a contiguous table, or say which arc is wrong.

    Parameters
    ----------
    graph : Graph
    cost : array_like, shape (n_class, n_arc) or (n_arc,)
        Not negative; inf is closed. [USD/t]

    Returns
    -------
    ndarray, shape (n_class, n_arc)

    Raises
    ------
    CostError
        If a cost is negative or not a number; names the class and the arc.
    InputError
        If the shape does not fit the graph.
    """
    table = np.ascontiguousarray(np.atleast_2d(np.asarray(cost, np.float64)))
    if table.ndim != 2 or table.shape[1] != graph.n_arc:
        raise InputError(
            [
                Fault(
                    "cost",
                    f"shape {np.shape(cost)} does not fit a graph of {graph.n_arc} arcs.",
                    "Give one row a class and one column an arc.",
                    "cost-shape",
                )
            ]
        )
    right = table >= 0.0
    if not right.all():
        wrong = np.argwhere(~right)
        k, a = (int(i) for i in wrong[0])
        raise CostError(
            f"cost of class {k} on arc {a} ({graph.tail[a]} to {graph.head[a]}) is {table[k, a]}: "
            f"it must be 0 or more, or inf for closed. {len(wrong)} such in all."
        )
    return table


def checked_trips(graph: Graph, n_class: int, trips: Trips) -> Trips:
    """
    Return trips with their proper types, or say which is wrong.

    Parameters
    ----------
    graph : Graph
    n_class : int
    trips : Trips

    Returns
    -------
    Trips

    Raises
    ------
    InputError
        If a class or node does not exist, or a flow is negative or not finite; lists them all.
    """
    klass, origin, destination = (np.ascontiguousarray(x, np.int32) for x in trips[:3])
    flow = np.ascontiguousarray(trips.flow, np.float64)
    faults = []
    for name, values, end in (
        ("klass", klass, n_class),
        ("origin", origin, graph.n_node),
        ("destination", destination, graph.n_node),
    ):
        for i in np.flatnonzero((values < 0) | (values >= end)):
            text = f"{name} = {values[i]} is not among 0 .. {end - 1}."
            faults.append(Fault(f"trip {i}", text, "", "trip-index"))
    for i in np.flatnonzero(~(np.isfinite(flow) & (flow >= 0.0))):
        faults.append(Fault(f"trip {i}", f"flow = {flow[i]} is not a flow.", "", "trip-flow"))
    if faults:
        raise InputError(faults)
    return Trips(klass, origin, destination, flow)


def relative_gap(excess: float, total: float, hour: float) -> float:
    """
    Return what flows pay above least cost, over least cost.

    Where no trip's least cost is above zero nothing is too much in proportion, and yet flows may
    pay: there it is over an hour for each tonne.

    Parameters
    ----------
    excess, total : float
        Flow times what it pays above least cost, and times least cost.
    hour : float
        What an hour more would cost all flow, in the same unit.

    Returns
    -------
    float
        0 or more.
    """
    whole = total if total > 0.0 else hour
    return max(float(excess / whole), 0.0) if whole > 0.0 else 0.0


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
