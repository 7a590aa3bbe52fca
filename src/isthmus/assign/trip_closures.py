"""Trips solved one by one, each on a network of its own: arcs closed to it alone, at given delays."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from isthmus.assign.base import FloatArray, IntArray
from isthmus.assign.perturbed_utility import PerturbedUtility
from isthmus.assign.unit_flows import UnitFlows
from isthmus.kernels import route_choice as kernel

__all__ = ["ClosureValues", "solve_with_closures"]

_TABLES = 128
"""Tables of cost that one piece of work copies; pieces do not depend on the number of threads."""
_ROWS = 2_000
"""Trips of one piece."""


class ClosureValues(NamedTuple):
    """
    What some trips do, each with its own arcs closed.

    Parameters
    ----------
    value : ndarray, shape (n,)
        What a tonne bears, inf without a route. [USD/t]
    served : ndarray, shape (n,)
        Share that moves.
    """

    value: FloatArray
    served: FloatArray


def solve_with_closures(
    problem: PerturbedUtility,
    hours: FloatArray,
    trips: IntArray,
    shut: IntArray,
    closed: Sequence[IntArray],
    known: UnitFlows,
    *,
    known_at: FloatArray | None = None,
    workers: int = 2,
    each: Callable[[IntArray, UnitFlows], None] | None = None,
    progress: Callable[[], None] | None = None,
) -> ClosureValues:
    """
    Solve trips at some delays, each with one of several sets of arcs closed.

    Parameters
    ----------
    problem : PerturbedUtility
    hours : ndarray, shape (n_slot,)
        Of delayed arcs. [h]
    trips : ndarray of int64, shape (n,)
        A trip may come more than once.
    shut : ndarray of int64, shape (n,)
        Which of `closed`.
    closed : sequence of ndarray of int
    known : UnitFlows
        By trip, to begin from.
    known_at : ndarray, shape (n_class, n_arc), optional
        Costs that `known` was proven at. [USD/t]
    workers : int
        Threads; the answer is the same to the bit.
    each : callable, optional
        Called with places in `trips` and their flows, piece by piece, in order.
    progress : callable, optional
        Called after each piece; what it raises interrupts.

    Returns
    -------
    ClosureValues
    """
    klass, origin, goal, _ = problem.trips
    order = np.lexsort((origin[trips], goal[trips], shut, klass[trips]))
    names = klass[trips].astype(np.int64) * len(closed) + shut
    cost = problem.costs_at(hours)
    # a closure makes nothing cheaper
    fall = 0.0 if known_at is not None and np.array_equal(known_at, cost) else np.inf
    new = np.diff(names[order], prepend=-1) != 0
    rank = np.cumsum(new) - 1
    cuts = [0]
    for i in range(1, len(order)):
        if i - cuts[-1] >= _ROWS or rank[i] - rank[cuts[-1]] >= _TABLES:
            cuts.append(i)
    cuts.append(len(order))
    value, served = np.full(len(trips), np.inf), np.zeros(len(trips))
    slots, slope = np.full(problem.graph.n_arc, -1, np.int32), np.zeros((0, 0))

    def piece(begin: int, end: int) -> tuple[IntArray, UnitFlows, FloatArray]:
        mine = order[begin:end]
        t = trips[mine]
        tables, own = np.unique(names[mine], return_inverse=True)
        base = tables // len(closed)
        here = cost[base]
        for row, which in enumerate(tables % len(closed)):
            here[row, closed[which]] = np.inf
        of_trips = (
            own.ravel().astype(np.int32), origin[t], goal[t],
            problem.weight[t], problem.ceiling[t], problem.band[t],
        )  # fmt: skip
        values, fallen = np.zeros((len(t), 6)), np.full(len(here), fall)
        found = kernel.solve_trips(
            problem._graph, problem.first_through_node, here, problem.length[base], of_trips,
            np.arange(len(t)), tuple(known.take(t)), fallen, True, slots, slots, values, slope,
        )  # fmt: skip
        return mine, UnitFlows(*found), values

    with ThreadPoolExecutor(workers) as pool:
        # few at a time: answers are large
        ahead: list[Future[tuple[IntArray, UnitFlows, FloatArray]]] = []
        try:
            spans = list(itertools.pairwise(cuts)) if len(order) else []
            for k in range(len(spans) + 2 * workers):
                if k < len(spans):
                    ahead.append(pool.submit(piece, *spans[k]))
                if k >= 2 * workers and ahead:
                    mine, flows, values = ahead.pop(0).result()
                    value[mine], served[mine] = values[:, 0], values[:, 5]
                    if each is not None:
                        each(mine, flows)
                    if progress is not None:
                        progress()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return ClosureValues(value, served)
