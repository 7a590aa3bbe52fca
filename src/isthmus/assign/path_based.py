"""
Deterministic user equilibrium and system optimum, path-based.

Every used path of a trip costs the same and no path costs less (Wardrop 1952). With delays that all
classes share and class constants divided by the value of time this is a convex programme
(docs/model.md), solved by gradient projection over paths; see `kernels.projection`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import (
    Delay,
    Graph,
    Progress,
    Solution,
    Trips,
    checked_cost,
    checked_trips,
)
from isthmus.errors import CostError
from isthmus.kernels import projection, trees
from isthmus.kernels.delay import NONE

__all__ = ["path_based"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_BATCHES = 32
"""Parts of an iteration: trees of one are grown on costs one part old, while another is served."""
_ALONE = 2_000_000
"""Below this many tree-arcs an iteration is one compiled call: threads would cost more than they give."""
_SLACK, _LEAST, _OMEGA = 0.01, 0.05, 1.2
"""Shares of the gap below which labels, and differences of cost, are left; over-relaxation."""


@dataclass
class _State:
    """Everything an iteration reads and writes."""

    graph: tuple[Any, ...]
    first_through: int
    laws: tuple[Any, ...]
    marginal: bool
    free: FloatArray
    fixed: FloatArray
    tree: tuple[Any, ...]
    trip: tuple[Any, ...]
    path: tuple[Any, ...]
    pool: npt.NDArray[np.int32]
    used: IntArray
    arc: tuple[Any, ...]
    preload: FloatArray
    batches: IntArray
    mark: npt.NDArray[np.int8]
    pair: npt.NDArray[np.int32]
    snapshot: FloatArray
    scratch: list[tuple[Any, ...]] = field(default_factory=list)

    def room(self) -> None:
        """Make more room: first by dropping what is no longer used, then by growing."""
        n_trip = len(self.trip[0])
        size = len(self.path[0])
        n, entries = 0, 0
        alive = int(self.trip[4].sum())
        new = 2 * size if alive + n_trip > size // 2 else size
        longer = 2 * len(self.pool)
        out = tuple(np.empty(max(new, alive + 2 * n_trip), x.dtype) for x in self.path)
        pool = np.empty(longer, np.int32)
        n, entries = projection.compact(self.trip[3], self.path, self.pool, out, pool)
        self.path, self.pool = out, pool
        self.used[:] = n, entries


def path_based(
    graph: Graph,
    cost: npt.ArrayLike,
    trips: Trips,
    *,
    delay: Delay | None = None,
    vot: npt.ArrayLike = 1.0,
    gap: float = 1e-6,
    first_through_node: int = 0,
    system_optimum: bool = False,
    preload: npt.ArrayLike | None = None,
    start: Solution | None = None,
    threads: int = 1,
    max_iterations: int = 1000,
    progress: Progress | None = None,
) -> Solution:
    """
    Assign trips to a deterministic user equilibrium, or to a system optimum.

    The result is the same to the bit on any number of threads.

    Parameters
    ----------
    graph : Graph
    cost : array_like, shape (n_class, n_arc)
        Cost without delay, inf where closed. [USD/t]
    trips : Trips
    delay : Delay, optional
        None: all-or-nothing flows come out.
    vot : array_like, shape (n_class,) or scalar
        Value of time, above 0. [USD/(t*h)]
    gap : float
        Relative gap asked for: flow times what it pays above least cost, over flow times least cost.
    first_through_node : int
        Nodes below it are not passed.
    system_optimum : bool
        Minimise total cost in place of each user's own: costs are then marginal ones, and so is
        the gap.
    preload : array_like, shape (n_arc,), optional
        Flow that is always on the arcs; it delays, but is not in the result. [t/yr]
    start : Solution, optional
        Paths and flows to begin with, of the same graph: its trips are those of this call, row by
        row. Paths with a closed arc are dropped, and trips that lose all of theirs begin anew.
    threads : int
    max_iterations : int
    progress : callable, optional
        What it raises ends the assignment; KeyboardInterrupt ends it with the flows reached.

    Returns
    -------
    Solution
        `gap` is measured at fixed flows, all trees grown exactly.

    Raises
    ------
    CostError
        If a cost is negative or not a number, or a value of time is not above 0.
    InputError
        If a trip names a class or node that does not exist.

    References
    ----------
    .. [1] J. G. Wardrop, "Some theoretical aspects of road traffic research", Proceedings of the
       Institution of Civil Engineers 1(3), 1952.
    .. [2] M. Beckmann, C. McGuire and C. Winsten, *Studies in the Economics of Transportation*,
       Yale University Press, 1956.

    Examples
    --------
    Two roads of 1 h and 2 h, the short one slower by an hour with every 100 t:

    >>> from isthmus.assign.base import build_graph
    >>> graph, _ = build_graph([0, 0], [1, 1], 2)
    >>> laws = Delay(*(np.array(x) for x in ([1, 0], [1.0, 2.0], [100.0, 1.0], [1.0, 0.0], [1.0, 0.0])))
    >>> trips = Trips(*(np.array([x]) for x in (0, 0, 1, 150.0)))
    >>> path_based(graph, [1.0, 2.0], trips, delay=laws, gap=1e-12).arc_flow[0].tolist()
    [100.0, 50.0]
    """
    table = checked_cost(graph, cost)
    trips = checked_trips(graph, len(table), trips)
    price = np.broadcast_to(np.asarray(vot, np.float64), (len(table),))
    if not (np.isfinite(price).all() and (price > 0.0).all()):
        raise CostError(f"values of time are {price.tolist()}: each must be above 0.")
    state, rows = _prepare(
        graph, table, trips, delay, price, first_through_node, system_optimum, preload
    )
    if start is not None:
        _begin(state, rows, start)
    reached, iterations = _iterate(state, gap, threads, max_iterations, progress)
    return _solution(state, rows, graph, table, trips, price, reached, gap, iterations)


def _prepare(
    graph: Graph,
    cost: FloatArray,
    trips: Trips,
    delay: Delay | None,
    vot: FloatArray,
    first_through_node: int,
    marginal: bool,
    preload: npt.ArrayLike | None,
) -> tuple[_State, IntArray]:
    """Lay out trees, trips and pools; returns also the row of each trip that moves."""
    n_arc, n_node = graph.n_arc, graph.n_node
    key = (trips.klass.astype(np.int64) * n_node + trips.origin) * n_node + trips.destination
    rows = np.flatnonzero((trips.flow > 0.0) & (trips.origin != trips.destination))
    if np.any(np.diff(key[rows]) < 0):
        rows = rows[np.argsort(key[rows], kind="stable")]
    klass, origin = trips.klass[rows], trips.origin[rows]
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (klass[1:] != klass[:-1]) | (origin[1:] != origin[:-1])
    first = np.flatnonzero(new)
    n_tree, m = len(first), len(rows)
    tree = (
        np.ascontiguousarray(origin[first], np.int32),
        np.ascontiguousarray(klass[first], np.int32),
        np.append(first, m).astype(np.int64),
        np.empty((n_tree, n_node), np.int32),
        np.empty((n_tree, n_node), np.int32),
        np.zeros(n_tree, np.int64),
    )
    hours = cost / vot[:, None]
    if delay is None:
        zero = np.zeros(n_arc)
        laws: tuple[Any, ...] = (np.full(n_arc, NONE, np.int8), zero, zero, zero, zero)
    else:
        laws = (
            np.ascontiguousarray(delay.law, np.int8),
            *(np.ascontiguousarray(x, np.float64) for x in delay[1:]),
        )
        # an arc that takes nothing is closed
        hours[:, (laws[0] != NONE) & (laws[2] <= 0.0) & (laws[1] * laws[3] > 0.0)] = np.inf
    single = len(hours) == 1
    load = np.zeros(n_arc) if preload is None else np.array(preload, np.float64)
    free = hours[0] if single else np.zeros(n_arc)
    arc = (load.copy(), free.copy(), np.zeros(n_arc))
    projection.refresh(laws, marginal, free, *arc)
    size = max(2 * m, 64)
    n_batch = max(1, min(_BATCHES, n_tree))
    state = _State(
        (graph.indptr, graph.head, graph.tail),
        first_through_node,
        laws,
        marginal,
        free,
        np.empty((0, n_arc)) if single else hours,
        tree,
        (
            trips.destination[rows],
            trips.flow[rows],
            vot[klass],
            np.full(m, -1, np.int32),
            np.zeros(m, np.int32),
            np.full(m, np.inf),
            np.ones(m, np.bool_),
            np.zeros(m, np.bool_),
        ),
        (
            np.empty(size, np.int32),
            np.empty(size, np.int64),
            np.empty(size, np.int32),
            np.empty(size),
            np.empty(size),
        ),
        np.empty(max(24 * m, 1024), np.int32),
        np.zeros(2, np.int64),
        arc,
        load,
        np.arange(n_batch + 1) * n_tree // n_batch,
        np.zeros(n_arc, np.int8),
        np.empty((2, n_node + 1), np.int32),
        np.empty(n_arc),
    )
    return state, rows


def _scratch(state: _State, count: int) -> None:
    """Give each of `count` threads its own room to grow trees in."""
    n_node, n_arc = len(state.graph[0]) - 1, len(state.free)
    while len(state.scratch) < count:
        state.scratch.append(
            (
                np.empty(n_node),
                np.empty(n_node, np.int32),
                np.empty(n_node, np.int8),
                np.empty(n_node, np.int32),
                np.empty(n_arc),
            )
        )


def _begin(state: _State, rows: IntArray, start: Solution) -> None:
    """Load the open paths of another solution."""
    trip_of = np.full(int(start.path_trip.max(initial=-1)) + 1, -1, np.int64)
    inside = rows[rows < len(trip_of)]
    trip_of[inside] = np.flatnonzero(rows < len(trip_of))
    trip = trip_of[start.path_trip]
    size = np.diff(start.path_indptr)
    path_of = np.repeat(np.arange(len(size)), size)
    hours = state.fixed if len(state.fixed) else state.free[None]
    klass = np.repeat(state.tree[1], np.diff(state.tree[2]))
    entry = klass[np.maximum(trip, 0)][path_of] if len(klass) else np.zeros(len(path_of), int)
    each = hours[entry, start.path_arcs]
    constant = np.bincount(path_of, each, len(size)) if len(size) else np.zeros(0)
    use = (trip >= 0) & np.isfinite(constant) & (start.path_flow > 0.0) & (size > 0)
    order = np.flatnonzero(use)
    order = order[np.argsort(trip[order], kind="stable")]
    n = len(order)
    if n == 0:
        return
    need, entries = n + 2 * len(rows), int(size[order].sum())
    state.path = tuple(np.empty(max(len(x), need), x.dtype) for x in state.path)
    state.pool = np.empty(max(len(state.pool), 2 * entries), np.int32)
    following, begin, length, share, fixed = state.path
    at = np.concatenate(([0], np.cumsum(size[order])))
    begin[:n], length[:n], share[:n] = at[:-1], size[order], start.path_flow[order]
    fixed[:n] = constant[order] if len(state.fixed) else 0.0
    # arcs are kept last first
    back = start.path_indptr[1:][order] - 1
    index = np.repeat(back + at[:-1], size[order]) - np.arange(entries)
    state.pool[:entries] = start.path_arcs[index]
    owner = trip[order]
    head = np.ones(n, dtype=bool)
    head[1:] = owner[1:] != owner[:-1]
    following[:n] = np.append(np.where(head[1:], -1, np.arange(1, n)), -1)
    state.trip[3][owner[head]] = np.flatnonzero(head)
    state.trip[4][:] = np.bincount(owner, minlength=len(rows))
    state.used[:] = n, entries
    projection.reload(state.trip, state.path, state.pool, state.preload, state.arc[0])
    projection.refresh(state.laws, state.marginal, state.free, *state.arc)


def _iterate(
    state: _State, gap: float, threads: int, max_iterations: int, progress: Progress | None
) -> tuple[float, int]:
    """Iterate to the asked gap; returns the gap measured and the number of iterations."""
    n_tree = len(state.tree[0])
    if n_tree == 0:
        return 0.0, 0
    alone = n_tree * len(state.free) < _ALONE
    threads = 1 if alone else max(1, int(threads))
    _scratch(state, threads)
    pool = ThreadPoolExecutor(threads) if threads > 1 else None
    estimate, measured, best, stale = 1.0, np.inf, np.inf, 0
    tight, sweeps, iteration = 1.0, 2, 0
    try:
        while iteration < max_iterations:
            iteration += 1
            excess, total, last = _cycle(
                state, pool, threads, sweeps, estimate * tight, iteration == 1
            )
            if iteration > 1 or excess > 0.0:
                estimate = max(excess / total, 1e-17) if total > 0.0 else 0.0
                ratio = last / max(excess, 1e-300)
                sweeps = min(2 * sweeps, 64) if ratio > 0.05 else sweeps
                sweeps = max(sweeps // 2, 2) if ratio < 0.005 else sweeps
            if progress is not None:
                progress(iteration, estimate)
            if iteration > 1 and estimate <= 0.5 * gap:
                measured = _measure(state, pool, threads)
                if measured <= gap:
                    break
                if measured > 10.0 * estimate:
                    tight *= 0.1
                stale = stale + 1 if measured > 0.5 * best else 0
                best = min(best, measured)
                if stale >= 20:
                    break
                estimate = measured
    except KeyboardInterrupt:
        measured = np.inf
    finally:
        if pool is not None:
            pool.shutdown()
    if not measured <= gap:
        measured = _measure(state, None, 1)
    return measured, iteration


def _cycle(
    state: _State,
    pool: ThreadPoolExecutor | None,
    threads: int,
    sweeps: int,
    gap: float,
    fresh: bool,
) -> tuple[float, float, float]:
    """Run one iteration; returns excess, total, and excess of its last sweep."""
    active = np.flatnonzero(state.trip[4] > 1)
    slack, least = max(_SLACK * gap, 1e-15), max(_LEAST * gap, 1e-16)
    sweeps = sweeps if len(active) else 0
    totals = np.zeros(3)
    if pool is None or fresh:
        at = np.array([0, -1])
        batches = np.arange(len(state.tree[0]) + 1) if fresh else state.batches
        while not projection.cycle(
            state.graph,
            state.first_through,
            state.fixed,
            state.tree,
            batches,
            state.trip,
            state.path,
            state.pool,
            state.used,
            state.laws,
            state.marginal,
            state.free,
            state.arc,
            state.mark,
            state.pair,
            state.scratch[0],
            state.snapshot,
            active,
            sweeps,
            fresh,
            at,
            totals,
            slack,
            least,
            _OMEGA,
        ):
            state.room()
        return totals[0], totals[1], totals[2]
    cuts, n_batch = state.batches, len(state.batches) - 1
    for b in range(n_batch):
        if b == 0:
            _grow(state, pool, threads, state.arc[1], 0, cuts[1], slack)
        waiting = []
        if b + 1 < n_batch:
            state.snapshot[:] = state.arc[1]
            waiting = _submit(
                state, pool, threads - 1, state.snapshot, cuts[b + 1], cuts[b + 2], slack
            )
        i = cuts[b]
        while True:
            i, excess, total = projection.serve(
                state.graph[2],
                state.fixed,
                state.tree,
                state.trip,
                state.path,
                state.pool,
                state.used,
                state.laws,
                state.marginal,
                state.free,
                state.arc,
                state.mark,
                state.pair,
                i,
                cuts[b + 1],
                slack,
                least,
                _OMEGA,
            )
            totals[0] += excess
            totals[1] += total
            if i == cuts[b + 1]:
                break
            state.room()
        for _ in range((b + 1) * sweeps // n_batch - b * sweeps // n_batch):
            totals[2] = projection.inner(
                active,
                state.trip,
                state.path,
                state.pool,
                state.laws,
                state.marginal,
                state.free,
                state.arc,
                state.mark,
                state.pair,
                least,
                _OMEGA,
            )
        for task in waiting:
            task.result()
    return totals[0], totals[1], totals[2]


def _submit(
    state: _State,
    pool: ThreadPoolExecutor,
    parts: int,
    cost: FloatArray,
    begin: int,
    end: int,
    slack: float,
) -> list[Any]:
    """Start growing a range of trees in parts."""
    cuts = begin + np.arange(parts + 1) * (end - begin) // parts
    return [
        pool.submit(
            trees.grow,
            state.graph,
            state.first_through,
            cost,
            state.fixed,
            state.tree,
            state.trip[0],
            state.trip[5],
            state.trip[6],
            state.scratch[j],
            cuts[j],
            cuts[j + 1],
            slack,
        )
        for j in range(parts)
        if cuts[j] < cuts[j + 1]
    ]


def _grow(
    state: _State,
    pool: ThreadPoolExecutor | None,
    threads: int,
    cost: FloatArray,
    begin: int,
    end: int,
    slack: float,
) -> None:
    """Grow a range of trees, and wait."""
    if pool is not None:
        for task in _submit(state, pool, threads, cost, begin, end, slack):
            task.result()
        return
    trees.grow(
        state.graph,
        state.first_through,
        cost,
        state.fixed,
        state.tree,
        state.trip[0],
        state.trip[5],
        state.trip[6],
        state.scratch[0],
        begin,
        end,
        slack,
    )


def _measure(state: _State, pool: ThreadPoolExecutor | None, threads: int) -> float:
    """Measure the relative gap at the present flows."""
    projection.reload(state.trip, state.path, state.pool, state.preload, state.arc[0])
    projection.refresh(state.laws, state.marginal, state.free, *state.arc)
    _grow(state, pool, threads, state.arc[1], 0, len(state.tree[0]), 0.0)
    excess, total = projection.certify(state.trip, state.path, state.pool, state.arc[1])
    return max(float(excess / total), 0.0) if total > 0.0 else 0.0


def _owners(state: _State, order: IntArray) -> IntArray:
    """Return the trip of each path that has flow, trips in a given order."""
    share = state.path[3]
    following, first = state.path[0], state.trip[3]
    paths = np.zeros(len(order), np.int64)
    p = first.astype(np.int64)
    while (live := p >= 0).any():
        at = np.where(live, p, 0)
        paths += live & (share[at] > 0.0)
        p = np.where(live, following[at], -1)
    return np.repeat(order, paths[order])


def _solution(
    state: _State,
    rows: IntArray,
    graph: Graph,
    cost: FloatArray,
    trips: Trips,
    vot: FloatArray,
    reached: float,
    gap: float,
    iterations: int,
) -> Solution:
    """Put paths into the order of the trips, intrazonal ones among them, and add up."""
    size, most = int(state.trip[4].sum()), int(state.used[1])
    indptr, arcs = np.empty(size + 1, np.int64), np.empty(most, np.int32)
    flow, arc_flow = np.empty(size), np.zeros(cost.shape)
    order = np.argsort(rows, kind="stable")
    klass = trips.klass[rows]
    n = projection.unload(
        state.trip[3], order, klass, state.path, state.pool, indptr, arcs, flow, arc_flow
    )
    served, indptr, flow = _owners(state, order), indptr[: n + 1], flow[:n]
    owner = rows[served]
    arcs = arcs[: indptr[-1]].copy()
    home = np.flatnonzero((trips.origin == trips.destination) & (trips.flow > 0.0))
    if len(home):
        # a trip within its zone has a path of no arcs
        at = np.searchsorted(owner, home)
        indptr = np.insert(indptr, at, indptr[at])
        owner, flow = np.insert(owner, at, home), np.insert(flow, at, trips.flow[home])
    unserved = trips.flow.copy()
    unserved[owner] = 0.0
    delay_h = np.zeros(graph.n_arc)
    projection.refresh(
        state.laws, False, np.zeros(graph.n_arc), state.arc[0], delay_h, np.empty(graph.n_arc)
    )
    with np.errstate(invalid="ignore"):
        each = np.where(arc_flow > 0.0, arc_flow * (cost + vot[:, None] * delay_h), 0.0)
    return Solution(
        owner.astype(np.int32),
        indptr,
        arcs,
        flow,
        arc_flow,
        unserved,
        reached,
        iterations,
        reached <= gap,
        float(each.sum()),
        delay_h,
    )
