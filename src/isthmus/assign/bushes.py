"""The bushes of a solution: all least-cost routes of every class and origin, and their paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Graph, by_head
from isthmus.assign.path_sets import PathSets
from isthmus.assign.solution import Solution
from isthmus.kernels import bush_paths, bushes

__all__ = ["Bushes", "Listed", "Own", "grow_bushes", "list_paths", "own_paths", "take_paths"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

Listed = tuple[IntArray, IntArray, Int32Array, FloatArray]
"""Paths: position of the trip in the rows of the state, indptr, arcs, and flow or share of each."""


@dataclass
class Own:
    """The given paths that have arcs and flow, in the order of trees and trips."""

    at: IntArray
    """Path in the given solution."""
    trip: IntArray
    """Position in the rows of the state."""
    indptr: IntArray
    arcs: Int32Array
    flow: FloatArray
    held: BoolArray

    @property
    def path_of_entry(self) -> IntArray:
        """Path of each entry of `arcs`."""
        return np.repeat(np.arange(len(self.flow)), np.diff(self.indptr))


@dataclass
class Bushes:
    """Bushes one after the other; see `kernels.bushes`."""

    first: IntArray
    demand: FloatArray
    arc: Int32Array
    tail: IntArray
    carried: FloatArray
    live: BoolArray
    place_of_trip: IntArray


def take_paths(indptr: IntArray, arcs: Int32Array, which: IntArray) -> tuple[IntArray, Int32Array]:
    """Return the indptr and arcs of some paths."""
    size = np.diff(indptr)[which]
    starts = np.zeros(len(which) + 1, np.int64)
    np.cumsum(size, out=starts[1:])
    index = np.repeat(indptr[which] - starts[:-1], size) + np.arange(starts[-1])
    return starts, arcs[index]


def own_paths(rows: IntArray, solution: Solution) -> Own:
    """Sort the given paths that have arcs and flow by the trips of the state."""
    size = np.diff(solution.path_indptr)
    most = max(int(rows.max(initial=-1)), int(solution.path_trip.max(initial=-1)))
    trip_of = np.full(most + 1, -1, np.int64)
    trip_of[rows] = np.arange(len(rows))
    trip = trip_of[solution.path_trip]
    at = np.flatnonzero((trip >= 0) & (size > 0) & (solution.path_flow > 0.0))
    at = at[np.argsort(trip[at], kind="stable")]
    indptr, arcs = take_paths(solution.path_indptr, solution.path_arcs, at)
    return Own(at, trip[at], indptr, arcs, solution.path_flow[at], np.zeros(len(at), np.bool_))


def grow_bushes(state: PathSets, graph: Graph, own: Own, tolerance: float) -> Bushes:
    """Build the bushes, without the arcs that nobody with a choice uses."""
    root, klass, trips_of = state.tree[:3]
    destination = state.trip[0]
    n_tree, n_node, n_arc = len(root), graph.n_node, graph.n_arc
    total = np.bincount(own.arcs, own.flow[own.path_of_entry], n_arc)
    path = (destination[own.trip], own.indptr, own.arcs, own.flow)
    path_of = np.searchsorted(own.trip, trips_of)
    shut = np.zeros(n_arc, np.bool_)
    places_of = np.zeros(n_tree + 1, np.int64)
    place_of_trip = np.full(len(destination), -1, np.int64)
    node, entry = _room(8 * n_node, 8 * n_node + n_arc)
    inward = by_head(graph)
    while True:
        done = 0
        while True:
            done = bushes.build(
                state.graph,
                inward,
                state.first_through,
                state.arc[1],
                state.fixed,
                root,
                klass,
                path_of,
                path,
                tolerance,
                total,
                shut,
                own.held,
                trips_of,
                destination,
                place_of_trip,
                done,
                places_of,
                node,
                entry,
            )
            if done == n_tree:
                break
            node, entry = _more_room(node, entry, n_node, n_arc, done / n_tree)
        n_place = places_of[-1]
        n_entry = node[0][n_place]
        arc, tail, carried, live = (x[:n_entry] for x in entry)
        if bushes.shut_idle(arc, carried, live, shut) == 0:
            break
    return Bushes(
        node[0][: n_place + 1], node[2][:n_place], arc, tail, carried, live, place_of_trip
    )


def _room(n_place: int, n_entry: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return empty places and entries."""
    return (
        (np.zeros(n_place + 1, np.int64), np.empty(n_place, np.int32), np.empty(n_place)),
        (
            np.empty(n_entry, np.int32),
            np.empty(n_entry, np.int64),
            np.empty(n_entry),
            np.empty(n_entry, np.bool_),
        ),
    )


def _more_room(
    node: tuple[Any, ...], entry: tuple[Any, ...], n_node: int, n_arc: int, done: float
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return more room with the same beginning, by what the part done has needed."""
    times = min(1.1 / max(done, 0.1), 10.0)
    new = _room(int(len(node[1]) * times) + n_node, int(len(entry[0]) * times) + n_arc)
    for old, longer in zip((*node, *entry), (*new[0], *new[1]), strict=True):
        longer[: len(old)] = old
    return new


def list_paths(found: Bushes, share: FloatArray, own: Own, cut: float, max_paths: int) -> Listed:
    """Write out the paths of all trips: trip, indptr, arcs, share."""
    m, n_place = len(found.place_of_trip), len(found.demand)
    best, by = np.empty(n_place), np.empty(n_place, np.int64)
    bush_paths.best_ways(found.first, found.tail, share, best, by)
    own_of = np.searchsorted(own.trip, np.arange(m + 1))
    place = found.place_of_trip.copy()
    free = np.bincount(own.trip[~own.held], minlength=m) > 0
    place[~free] = -1
    count = np.zeros(m + 1, np.int64)
    indptr = np.zeros(2 * len(own.flow) + 2, np.int64)
    arcs, part = np.empty(2 * len(own.arcs) + 1, np.int32), np.empty(len(indptr) - 1)
    done = 0
    while True:
        done = bush_paths.list_paths(
            found.first,
            found.tail,
            found.arc,
            share,
            best,
            by,
            place,
            own_of,
            own.indptr,
            own.arcs,
            own.held,
            cut,
            max_paths,
            done,
            count,
            indptr,
            arcs,
            part,
        )
        if done == m:
            break
        indptr = np.concatenate((indptr, np.empty_like(indptr)))
        arcs = np.concatenate((arcs, np.empty_like(arcs)))
        part = np.concatenate((part, np.empty(len(indptr) - len(part))))
    n = count[-1]
    trip = np.repeat(np.arange(m), np.diff(count))
    return trip, indptr[: n + 1], arcs[: indptr[n]], part[:n]
