"""
What the removal of elements costs all trips, and the worst k elements together, exactly.

Trips follow least-cost paths that do not depend on flow. A set of elements either leaves some trips
without a way (it *disconnects*) or makes their ways dearer (it is *costly*): two rankings, never
mixed. The method is in docs/criticality.md.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import (
    Graph,
    Trips,
    by_head,
    checked_cost,
    checked_trips,
    shortest_trees,
)
from isthmus.kernels import detours, removal

__all__ = ["Ground", "Ranking", "Removal", "Worst", "ground", "singles", "worst_sets"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
Tell = Callable[[str], None]

_WHOLE = 60_000_000
"""Sets times trees times nodes up to which every set is looked at, so that they can be counted."""

_TREES = 3_000
"""Trees grown to bound the detour of one trip."""

_WIDTH = 5
"""Sets of each size that the first look goes on from."""

_SLACK = 1e-9
"""Share by which bounds are widened, against rounding."""


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
        Trips between places, those of them without a way, and the cost of the others.
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


@dataclass(frozen=True, order=True)
class Removal:
    """A set of elements, what its removal adds to the cost of those still served, and who is not."""

    elements: tuple[int, ...]
    extra: float
    unserved: float


@dataclass(frozen=True)
class Ranking:
    """
    The worst sets by one measure, worst first.

    `bound` is what no set exceeds; `proven` says that no set left out is worse than the last.
    """

    sets: tuple[Removal, ...]
    bound: float
    proven: bool


@dataclass(frozen=True)
class Worst:
    """
    The worst sets of k elements.

    Parameters
    ----------
    k : int
    n_sets : int
        Sets of k elements that there are.
    n_disconnecting : int or None
        How many leave trips without a way; None where not every set was looked at.
    costly : Ranking
        Sets that leave no trip without a way, by added cost.
    disconnecting : Ranking
        Sets that do, by unserved flow, then by added cost of the others.
    minimal : tuple of Removal, or None
        Disconnecting sets no part of which disconnects; None where not every set was looked at.
    greedy : Removal
        What taking the worst element first, then the worst beside it, and so on finds among costly
        sets.
    """

    k: int
    n_sets: int
    n_disconnecting: int | None
    costly: Ranking
    disconnecting: Ranking
    minimal: tuple[Removal, ...] | None
    greedy: Removal | None


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


def _scan(
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
        Flow left without a way.

    References
    ----------
    .. [1] D. M. Scott, D. C. Novak, L. Aultman-Hall and F. Guo, "Network robustness index", Journal
       of Transport Geography 14, 2006. Differs in: least-cost paths that do not depend on flow;
       unserved flow apart.
    """
    out, _ = _scan(problem, (), np.zeros(problem.n_element, np.bool_))
    return out[0], out[1]


@dataclass
class _Best:
    """The best sets so far; of equal ones, those that come first."""

    size: int
    heap: list[tuple[float, float, tuple[int, ...]]] = field(default_factory=list)

    def offer(self, value: float, second: float, elements: tuple[int, ...]) -> None:
        """Take a set in if it is among the best."""
        item = (value, second, tuple(-e for e in elements))
        if any(known[2] == item[2] for known in self.heap):
            return
        if len(self.heap) < self.size:
            heapq.heappush(self.heap, item)
        elif item > self.heap[0]:
            heapq.heapreplace(self.heap, item)

    @property
    def floor(self) -> float:
        """Value of the last of the best, -inf while there is room."""
        return self.heap[0][0] if len(self.heap) == self.size else -math.inf

    def sets(self) -> list[tuple[float, float, tuple[int, ...]]]:
        """Value, second value and elements, best first."""
        found = sorted(self.heap, key=lambda i: (-i[0], -i[1], tuple(-e for e in i[2])))
        return [(v, s, tuple(-e for e in elements)) for v, s, elements in found]


def worst_sets(
    problem: Ground,
    k: int,
    *,
    top: int = 10,
    seconds: float = math.inf,
    whole: int = _WHOLE,
    tell: Tell | None = None,
) -> Worst:
    """
    Find the worst sets of k elements, with a proof.

    Small problems are enumerated: every set, each from the trees of the set without its last
    element. Larger ones are searched: a set can add no more than its elements' bounds together,
    where the bound of an element is, over the trips whose path it is on, flow times what any k
    removals can add; branches that cannot reach the best sets known are cut. Either way the answer
    is exact; when time runs out, `bound` holds what was not ruled out.

    Parameters
    ----------
    problem : Ground
    k : int
        1 or more.
    top : int
        Sets to keep of each kind.
    seconds : float
        Time to stop at.
    whole : int
        Work up to which every set is looked at.
    tell : callable, optional
        Called with what is going on; what it raises interrupts.

    Returns
    -------
    Worst

    Notes
    -----
    Least-cost paths only: with congestion a removal may lower the total (Braess), and no bound of
    this kind holds.
    """
    n = problem.n_element
    told: Tell = tell or (lambda _: None)
    stop = time.monotonic() + seconds
    work = math.comb(n, max(k - 1, 0)) * len(problem.roots) * len(problem.graph[0])
    greedy = _greedy(problem, k) if n >= k else None
    if work <= whole:
        return _enumerate(problem, k, top, stop, greedy, told)
    # each of what follows has its share of the time that is left to it: bounds a half, the first
    # search half of the rest
    most, bridges = _ceilings(problem, k, _halfway(stop), told)
    costly = _search(problem, k, top, _halfway(stop), most, bridges, False, told)
    lost = _search(problem, k, top, stop, most, bridges, True, told)
    return Worst(k, math.comb(n, k), None, costly, lost, None, greedy)


def _enumerate(
    problem: Ground, k: int, top: int, stop: float, greedy: Removal | None, tell: Tell
) -> Worst:
    """Look at every set of k elements."""
    n = problem.n_element
    costly, lost = _Best(top), _Best(top)
    count, done, ended = 0, 0, False
    minimal: list[Removal] = []
    known: set[tuple[int, ...]] = set()
    for size in range(1, k + 1) if n >= k else ():
        last = size == k
        for base in combinations(range(n - 1), size - 1):
            if time.monotonic() > stop:
                ended = True
                break
            begin = base[-1] + 1 if base else 0
            skip = np.arange(n) < begin
            inside = _holds(known, base)
            if inside and not last:
                continue
            out, total = _scan(problem, base, skip)
            extra, gone = total[0] + out[0, begin:], total[1] + out[1, begin:]
            cut = gone > 0.0
            if not inside:
                for e in np.flatnonzero(cut) + begin:
                    elements = (*base, int(e))
                    if not _holds(known, elements):
                        known.add(elements)
                        minimal.append(
                            Removal(elements, float(extra[e - begin]), float(gone[e - begin]))
                        )
            if not last:
                continue
            done += 1
            count += int(cut.sum())
            if done % 200 == 0:
                tell(f"{k} together: {done:,} of {math.comb(n - 1, k - 1):,} sets of {k - 1}")
            for e in _above(np.where(cut, -np.inf, extra), costly.floor):
                costly.offer(float(extra[e]), 0.0, (*base, int(e) + begin))
            for e in _above(np.where(cut, gone, -np.inf), lost.floor):
                lost.offer(float(gone[e]), float(extra[e]), (*base, int(e) + begin))
        if ended:
            break
    open_bound = math.inf if ended else -math.inf
    ends = [Removal(s, v, 0.0) for v, _, s in costly.sets()]
    cuts = [Removal(s, x, v) for v, x, s in lost.sets()]
    return Worst(
        k,
        math.comb(n, k),
        None if ended else count,
        Ranking(tuple(ends), max(open_bound, ends[0].extra if ends else -math.inf), not ended),
        Ranking(tuple(cuts), max(open_bound, cuts[0].unserved if cuts else 0.0), not ended),
        None if ended else tuple(minimal),
        greedy,
    )


def _holds(known: set[tuple[int, ...]], elements: tuple[int, ...]) -> bool:
    """Whether a set holds one of the known sets."""
    return bool(known) and any(
        part in known
        for size in range(1, len(elements) + 1)
        for part in combinations(elements, size)
    )


def _above(values: FloatArray, floor: float) -> IntArray:
    """Positions of values that may be among the best, greatest first."""
    found = np.flatnonzero((values >= floor) & (values > -np.inf))
    return found[np.argsort(-values[found], kind="stable")]


def _greedy(problem: Ground, k: int) -> Removal | None:
    """Take the worst element that disconnects nothing, then the worst beside it, and so on."""
    taken: tuple[int, ...] = ()
    extra = 0.0
    for _ in range(k):
        skip = np.isin(np.arange(problem.n_element), taken)
        out, total = _scan(problem, taken, skip)
        value = np.where((out[1] > 0.0) | skip, -np.inf, total[0] + out[0])
        best = int(value.argmax())
        if value[best] == -np.inf:
            return None
        taken, extra = (*taken, best), float(value[best])
    return Removal(taken, extra, 0.0)


def _halfway(stop: float) -> float:
    """Return the middle of the time that is left."""
    now = time.monotonic()
    return now + max(stop - now, 0.0) / 2.0


def _ceilings(
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


def _first_look(problem: Ground, k: int, by_loss: bool, best: _Best, tell: Tell) -> None:
    """Put the worst beside the few worst sets of each size: a floor for the search to begin from."""
    sets: list[tuple[int, ...]] = [()]
    for size in range(1, k + 1):
        grown = best if size == k else _Best(_WIDTH)
        for taken in sets:
            tell(f"{k} together: a first look")
            skip = np.isin(np.arange(problem.n_element), taken)
            out, total = _scan(problem, taken, skip)
            extra, gone = total[0] + out[0], total[1] + out[1]
            value = gone if by_loss else np.where(gone > 0.0, -np.inf, extra)
            # sets that lose nothing are gone on from, but are no answer
            fits = ~skip & ((value > 0.0) if size == k else (value >= 0.0))
            for e in _above(np.where(fits, value, -np.inf), grown.floor)[: grown.size]:
                second = float(extra[e]) if by_loss else 0.0
                grown.offer(float(value[e]), second, tuple(sorted((*taken, int(e)))))
        sets = [elements for _, _, elements in grown.sets()]


def _search(
    problem: Ground,
    k: int,
    top: int,
    stop: float,
    most: FloatArray,
    bridges: npt.NDArray[np.bool_],
    by_loss: bool,
    tell: Tell,
) -> Ranking:
    """Search the sets of k elements depth first, cutting branches that their bound rules out."""
    best = _Best(top)
    _first_look(problem, k, by_loss, best, tell)
    state = {"open": -math.inf, "seen": 0}
    barred = np.zeros(problem.n_element, np.bool_) if by_loss else bridges
    # a set that adds nothing is no answer: at least something must be lost
    least = 0.0

    def floor() -> float:
        return max(best.floor * (1.0 - _SLACK), least)

    def visit(taken: tuple[int, ...], skip: npt.NDArray[np.bool_]) -> None:
        left = k - len(taken)
        state["seen"] += 1
        if state["seen"] % 50 == 0:
            kind = "unserved" if by_loss else "cost"
            tell(f"{k} together, by {kind}: {state['seen']:,} branches")
        inner = (math.inf, math.inf)
        ask = (math.inf, floor()) if by_loss else (floor(), math.inf)
        out, total = _scan(problem, taken, skip, most, inner if left > 1 else ask)
        if not by_loss and total[1] > 0.0:
            return
        here = total[1] if by_loss else total[0]
        if left == 1:
            looked = (out[4] > 0.0) & ~skip
            value = here + (out[1] if by_loss else out[0])
            other = total[0] + out[0]
            fits = looked & ((value > 0.0) if by_loss else (out[1] <= 0.0))
            for e in _above(np.where(fits, value, -np.inf), best.floor):
                second = float(other[e]) if by_loss else 0.0
                best.offer(float(value[e]), second, tuple(sorted((*taken, int(e)))))
            return
        bound = out[3 if by_loss else 2] * (1.0 + _SLACK)
        order = np.argsort(-bound, kind="stable")
        order = order[~skip[order]]
        closed = skip.copy()
        for i in range(len(order) - left + 1):
            reach = here + float(bound[order[i : i + left]].sum())
            if reach < floor() or reach <= 0.0:
                return
            if time.monotonic() > stop:
                state["open"] = max(state["open"], reach)
                return
            closed[order[i]] = True
            visit((*taken, int(order[i])), closed.copy())

    visit((), barred.copy())
    found = best.sets()
    top_value = found[0][0] if found else 0.0
    sets = tuple(Removal(s, x, v) if by_loss else Removal(s, v, 0.0) for v, x, s in found)
    return Ranking(sets, max(top_value, state["open"]), state["open"] == -math.inf)
