"""
The k elements whose loss hurts one pair of places most: shortest path, maximum flow, smallest cut.

Each answer comes with a proof: the master problem (HiGHS) says that no set does more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Graph
from isthmus.assign.least_cost import shortest_tree
from isthmus.assign.restricted_master import QuietHighs
from isthmus.errors import IsthmusError

__all__ = ["Interdiction", "Master", "interdict_flow", "interdict_path"]

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
Tell = Callable[[str], None]

_EPS = 1e-9


@dataclass(frozen=True)
class Interdiction:
    """
    The answer to one question.

    Parameters
    ----------
    elements : tuple of int
        What to remove or delay; may be fewer than allowed where more do nothing.
    value : float
        Length of the shortest path left, or flow left; inf where no path is left.
    base : float
        The same with nothing removed.
    bound : float
        No allowed set does better than this.
    proven : bool
        Whether value and bound agree.
    path : tuple of int
        Arcs of a shortest path that is left.
    masters : int
        Master problems solved.
    """

    elements: tuple[int, ...]
    value: float
    base: float
    bound: float
    proven: bool
    path: tuple[int, ...]
    masters: int


class Master:
    """A mixed-integer programme: one binary an element, at most k of them, and rows that come."""

    def __init__(self, n: int, k: float, reward: FloatArray) -> None:
        self.n = n
        self.highs = QuietHighs()  # type: ignore[no-untyped-call]
        for option, value in (("mip_rel_gap", 0.0), ("mip_abs_gap", 1e-9)):
            self.highs.setOptionValue(option, value)
        self.highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
        empty = np.empty(0, np.int32)
        for e in range(n):
            self.highs.addCol(float(reward[e]), 0.0, 1.0, 0, empty, np.empty(0))
            self.highs.changeColIntegrality(e, highspy.HighsVarType.kInteger)
        if math.isfinite(k):
            self.row(-math.inf, float(k), range(n), np.ones(n))
        self.solved = 0

    def level(self, roof: float) -> None:
        """Add the variable that the rows hold down."""
        self.highs.addCol(1.0, -math.inf, roof, 0, np.empty(0, np.int32), np.empty(0))

    def row(self, low: float, high: float, columns: Sequence[int], values: npt.ArrayLike) -> None:
        """Add a row."""
        index = np.fromiter(columns, np.int32)
        self.highs.addRow(low, high, len(index), index, np.asarray(values, np.float64))

    def solve(self) -> tuple[float, tuple[int, ...]] | None:
        """Return the objective and the elements taken, None if nothing is feasible."""
        self.highs.run()
        self.solved += 1
        status = self.highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            said = self.highs.modelStatusToString(status)
            raise IsthmusError(f"HiGHS stopped at {said} on a master problem.")
        x = np.asarray(self.highs.getSolution().col_value)[: self.n]
        found = tuple(int(e) for e in np.flatnonzero(x > 0.5))
        return float(self.highs.getInfo().mip_dual_bound), found


def _path(
    graph: Graph, cost: FloatArray, origin: int, destination: int, first: int
) -> tuple[float, list[int]]:
    """Return the length and arcs of a shortest path; inf and none where there is none."""
    dist, via = shortest_tree(graph, cost, origin, first)
    arcs = []
    v = destination
    while v != origin and math.isfinite(dist[destination]):
        arcs.append(int(via[v]))
        v = int(graph.tail[via[v]])
    return float(dist[destination]), arcs[::-1]


def interdict_path(
    graph: Graph,
    cost: npt.ArrayLike,
    element: npt.ArrayLike,
    origin: int,
    destination: int,
    k: int,
    *,
    delay: float = math.inf,
    keep_joined: bool = False,
    first_through_node: int = 0,
    tell: Tell | None = None,
) -> Interdiction:
    """
    Lengthen the shortest path most by removing, or delaying, at most k elements.

    Decomposition: the master proposes a set; the shortest path under it gives a row. With a delay
    the row says that no set makes the path longer than its length and the delays on it; a removal
    gives the covering row, that a better set must hit the path. Covering rows of all paths shorter
    than the best known hold in both cases (supervalid: they cut no better set). The master's bound
    falls, the best known rises, until they meet, or no set hits all the paths.

    Parameters
    ----------
    graph : Graph
    cost : array_like, shape (n_arc,)
        0 or more, inf is closed.
    element : array_like of int, shape (n_arc,)
        Element of each arc, -1 for none.
    origin, destination : int
    k : int
    delay : float
        Added to every arc of an element; inf removes it.
    keep_joined : bool
        Do not count sets that leave no path.
    first_through_node : int
    tell : callable, optional
        Called with what is going on; what it raises interrupts.

    Returns
    -------
    Interdiction

    References
    ----------
    .. [1] E. Israeli and R. K. Wood, "Shortest-path network interdiction", Networks 40, 2002.
       Differs in: elements of several arcs; removal by covering rows alone.

    Examples
    --------
    >>> from isthmus.assign.base import build_graph
    >>> graph, _ = build_graph([0, 0, 1], [1, 2, 2], 3)
    >>> found = interdict_path(graph, [1.0, 5.0, 1.0], [0, 1, 2], 0, 2, 1)
    >>> found.base, found.value, found.proven
    (2.0, 5.0, True)
    """
    row = np.ascontiguousarray(cost, np.float64)
    label = np.ascontiguousarray(element, np.int32)
    n = int(label.max(initial=-1)) + 1
    base, arcs = _path(graph, row, origin, destination, first_through_node)
    best = Interdiction((), base, base, base, True, tuple(arcs), 0)
    if not math.isfinite(base) or k < 1 or n == 0 or not arcs:
        return best
    delayed = math.isfinite(delay)
    master = Master(n, min(k, n), np.zeros(n))
    if delayed:
        master.level(base + delay * len(row))
    bound = math.inf
    taken: tuple[int, ...] = ()
    value = base
    while True:
        if math.isfinite(value):
            on_path = label[arcs]
            hit = sorted({int(e) for e in on_path if e >= 0})
            if delayed:
                times = [float(delay * (on_path == e).sum()) for e in hit]
                length = float(row[arcs].sum())
                master.row(-math.inf, length, [n, *hit], [1.0, *(-t for t in times)])
            if not delayed:
                if not hit:
                    bound = value
                    break
                master.row(1.0, math.inf, hit, np.ones(len(hit)))
        elif keep_joined:
            needed = _needed(graph, row, label, taken, origin, destination, first_through_node)
            master.row(-math.inf, len(needed) - 1.0, needed, np.ones(len(needed)))
        else:
            bound = math.inf
            break
        found = master.solve()
        if found is None:
            bound = best.value
            break
        roof, taken = found
        if delayed:
            bound = min(bound, roof)
            if bound <= best.value + _EPS * max(1.0, abs(best.value)):
                break
        raised = np.where(np.isin(label, taken), row + delay, row)
        value, arcs = _path(graph, raised, origin, destination, first_through_node)
        if tell is not None:
            tell(f"{master.solved} master problems, best {best.value:g}")
        if value > best.value and (math.isfinite(value) or not keep_joined):
            best = Interdiction(taken, value, base, bound, False, tuple(arcs), master.solved)
    elements = _useful(graph, row, label, best, origin, destination, delay, first_through_node)
    proven = bound <= best.value + 1e-7 * max(1.0, abs(best.value)) or not math.isfinite(best.value)
    return Interdiction(
        elements,
        best.value,
        base,
        max(bound, best.value) if not proven else best.value,
        proven,
        best.path,
        master.solved,
    )


def _needed(
    graph: Graph,
    cost: FloatArray,
    label: Int32Array,
    taken: Sequence[int],
    origin: int,
    destination: int,
    first: int,
) -> list[int]:
    """Return elements of a set that parts two places, of which none can be spared."""
    kept = list(taken)
    for e in taken:
        fewer = [x for x in kept if x != e]
        row = np.where(np.isin(label, fewer), np.inf, cost)
        if not math.isfinite(_path(graph, row, origin, destination, first)[0]):
            kept = fewer
    return kept


def _useful(
    graph: Graph,
    cost: FloatArray,
    label: Int32Array,
    found: Interdiction,
    origin: int,
    destination: int,
    delay: float,
    first: int,
) -> tuple[int, ...]:
    """Leave out elements whose loss adds nothing to the answer."""
    kept = list(found.elements)
    for e in found.elements:
        fewer = [x for x in kept if x != e]
        row = np.where(np.isin(label, fewer), cost + delay, cost)
        if _path(graph, row, origin, destination, first)[0] >= found.value:
            kept = fewer
    return tuple(kept)


def interdict_flow(
    graph: Graph,
    capacity: npt.ArrayLike,
    element: npt.ArrayLike,
    origin: int,
    destination: int,
    k: int,
    *,
    first_through_node: int = 0,
) -> Interdiction:
    """
    Leave as little maximum flow as possible by removing at most k elements.

    By duality the flow left is the least cut after the removal; set and cut are found in one
    mixed-integer programme.

    Parameters
    ----------
    graph : Graph
    capacity : array_like, shape (n_arc,)
        0 or more, finite.
    element : array_like of int, shape (n_arc,)
        Element of each arc, -1 where it cannot be removed.
    origin, destination : int
    k : int
    first_through_node : int
        Nodes below it are not passed.

    Returns
    -------
    Interdiction
        `path` is empty.

    References
    ----------
    .. [1] R. K. Wood, "Deterministic network interdiction", Mathematical and Computer Modelling 17,
       1993.
    """
    room = np.ascontiguousarray(capacity, np.float64)
    label = np.ascontiguousarray(element, np.int32)
    n = int(label.max(initial=-1)) + 1
    base = _flow_left(graph, room, label, origin, destination, 0, n, first_through_node)
    found = _flow_left(graph, room, label, origin, destination, k, n, first_through_node)
    proven = found[1] >= found[0] - 1e-6 * max(1.0, abs(found[0]))
    return Interdiction(found[2], found[0], base[0], found[1], proven, (), 1)


def _flow_left(
    graph: Graph,
    room: FloatArray,
    label: Int32Array,
    origin: int,
    destination: int,
    k: int,
    n: int,
    first: int,
) -> tuple[float, float, tuple[int, ...]]:
    """Return the flow left, its bound and the elements removed."""
    master = Master(n, min(k, n), np.zeros(n))
    highs, nodes = master.highs, graph.n_node
    highs.changeObjectiveSense(highspy.ObjSense.kMinimize)
    none = np.empty(0, np.int32)
    for v in range(nodes):
        low, high = float(v == destination), float(v != origin)
        highs.addCol(0.0, low, high, 0, none, np.empty(0))
        highs.changeColIntegrality(n + v, highspy.HighsVarType.kInteger)
    use = np.flatnonzero((room > 0.0) & ((graph.tail >= first) | (graph.tail == origin)))
    for i, a in enumerate(use):
        highs.addCol(float(room[a]), 0.0, 1.0, 0, none, np.empty(0))
        tail, head = n + int(graph.tail[a]), n + int(graph.head[a])
        if tail == head:
            continue
        columns, values = [tail, head, n + nodes + i], [1.0, -1.0, 1.0]
        if label[a] >= 0:
            columns, values = [*columns, int(label[a])], [*values, 1.0]
        master.row(0.0, math.inf, columns, values)
    found = master.solve()
    if found is None:
        raise IsthmusError("the programme of the least cut has no answer.")
    return float(highs.getInfo().objective_function_value), found[0], found[1]
