"""
What path-based assignment reads and writes: trees, trips, their paths and the arcs, as arrays for kernels.

`build_path_sets` makes it of a problem, `load_paths` loads the paths of another solution, `build_solution` gives the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Delay, Graph, Trips
from isthmus.assign.hours import in_hours, objective
from isthmus.assign.solution import PathFlows, Solution, Trees
from isthmus.kernels import path_pool, projection

__all__ = ["PathSets", "build_path_sets", "build_solution", "load_paths"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass
class PathSets:
    """
    Everything an iteration reads and writes.

    Parameters
    ----------
    graph : tuple
        indptr, head, tail.
    first_through : int
    laws : tuple
        law, t0, capacity, a, b of each arc.
    marginal : bool
        System optimum.
    free : ndarray, shape (n_arc,)
        Constants of the one class, or zeros. [h]
    fixed : ndarray, shape (n_class, n_arc)
        Constants of each class; no rows if there is one class. [h]
    tree, trip, path, pool, used, arc, mark, pair
        As in `kernels.projection.serve`.
    preload : ndarray, shape (n_arc,)
        [t/yr]
    snapshot : ndarray, shape (n_arc,)
        Scratch.
    was : ndarray, shape (n_arc,)
        Cost that the trees hold for, negative where unknown. [h]
    rows : ndarray of int64, shape (m,)
        Row of the trips asked for that each trip is.
    """

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
    mark: npt.NDArray[np.int8]
    pair: npt.NDArray[np.int32]
    snapshot: FloatArray
    was: FloatArray
    rows: IntArray

    def make_room(self) -> None:
        """Make more room: first by dropping what is no longer used, then by growing."""
        n_trip, n_node = len(self.trip[0]), len(self.graph[0]) - 1
        size, length = len(self.path[0]), len(self.pool)
        alive = int(self.trip[4].sum())
        new = 2 * size if alive + n_trip > size // 2 else size
        sizes = self.path[2][: self.used[0]]
        entries = int(sizes[sizes > 0].sum())
        # paths come and go for as long as it takes: only what is in use may grow
        longer = 2 * length if entries > length // 2 else length
        longer = max(longer, entries + n_node)
        out = tuple(np.empty(max(new, alive + 2 * n_trip), x.dtype) for x in self.path)
        pool = np.empty(longer, np.int32)
        n, entries = path_pool.compact(self.trip[3], self.path, self.pool, out, pool)
        self.path, self.pool = out, pool
        self.used[:] = n, entries


def build_path_sets(
    graph: Graph,
    cost: FloatArray,
    trips: Trips,
    delay: Delay | None,
    vot: FloatArray,
    first_through_node: int,
    marginal: bool,
    preload: npt.ArrayLike | None,
) -> PathSets:
    """
    Lay out trees, trips and room for paths.

    Parameters
    ----------
    graph, cost, trips, delay, vot, first_through_node, marginal, preload
        As in `path_based`, checked.

    Returns
    -------
    PathSets
    """
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
        np.empty((n_tree, n_node)),
        np.full(n_tree, np.inf),
    )
    hours, laws = in_hours(cost, delay, vot)
    single = len(hours) == 1
    load = np.zeros(n_arc) if preload is None else np.array(preload, np.float64)
    free = hours[0] if single else np.zeros(n_arc)
    arc = (load.copy(), free.copy(), np.zeros(n_arc))
    projection.refresh(laws, marginal, free, *arc)
    size = max(2 * m, 64)
    return PathSets(
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
            np.zeros(m, np.int8),
            np.full(m, np.inf),
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
        np.zeros(n_arc, np.int8),
        np.empty((2, n_node + 1), np.int32),
        np.empty(n_arc),
        np.full(n_arc, -1.0),
        rows,
    )


def load_paths(state: PathSets, start: Solution | PathFlows) -> None:
    """Load the open paths of another solution, whose trips are the same, row by row."""
    if start.trees is not None:
        _load_trees(state, start.trees)
    rows = state.rows
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
    path_pool.reload(state.trip, state.path, state.pool, state.preload, state.arc[0])
    projection.refresh(state.laws, state.marginal, state.free, *state.arc)


def _load_trees(state: PathSets, old: Trees) -> None:
    """Begin from other trees of the same graph, root by root."""
    root, klass = state.tree[:2]
    n_node = state.tree[3].shape[1]
    if old.via.shape[1] != n_node or old.fixed.shape != state.fixed.shape:
        return
    known = old.klass.astype(np.int64) * n_node + old.root
    wanted = klass.astype(np.int64) * n_node + root
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    here = np.flatnonzero(known[at] == wanted)
    fields: tuple[npt.NDArray[Any], ...] = (old.via, old.order, old.size, old.label, old.loose)
    whole = len(here) == len(known) == len(wanted)
    for new, values in zip(state.tree[3:], fields, strict=True):
        if whole:
            new[:] = values
        else:
            new[here] = values[at[here]]
    same = (old.fixed == state.fixed).all(axis=0)
    state.was[:] = np.where(same, old.cost, -1.0)


def _owners(state: PathSets, order: IntArray) -> IntArray:
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


def build_solution(
    state: PathSets,
    graph: Graph,
    cost: FloatArray,
    trips: Trips,
    vot: FloatArray,
    reached: float,
    gap: float,
    iterations: int,
    keep_trees: bool,
) -> Solution:
    """
    Put paths into the order of the trips, intrazonal ones among them, and add up.

    Parameters
    ----------
    state : PathSets
    graph, cost, trips, vot, gap
        As in `path_based`, checked.
    reached : float
        Gap measured.
    iterations : int
    keep_trees : bool

    Returns
    -------
    Solution
    """
    rows = state.rows
    size, most = int(state.trip[4].sum()), int(state.used[1])
    indptr, arcs = np.empty(size + 1, np.int64), np.empty(most, np.int32)
    flow, arc_flow = np.empty(size), np.zeros(cost.shape)
    order = np.argsort(rows, kind="stable")
    klass = trips.klass[rows]
    n = path_pool.unload(
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
    value = np.where(unserved > 0.0, np.nan, 0.0)
    value[rows] = state.trip[5] * vot[klass]
    value[unserved > 0.0] = np.nan
    delay_h = np.zeros(graph.n_arc)
    projection.refresh(
        state.laws, False, np.zeros(graph.n_arc), state.arc[0], delay_h, np.empty(graph.n_arc)
    )
    trees = None
    if keep_trees:
        root, kind, _, via, tree_order, count, label, loose = state.tree
        trees = Trees(kind, root, via, tree_order, count, label, loose, state.arc[1], state.fixed)
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
        objective(arc_flow, cost, vot, delay_h),
        delay_h,
        None if state.marginal else value,
        trees,
    )
