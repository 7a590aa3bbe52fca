"""
Route flows of an equilibrium: the most likely ones, where trips with the same choice split alike.

Equilibrium fixes what each arc carries in all, not who drives there by which route. Of all route
flows that give the same arc totals on least-cost routes the one of greatest entropy is taken: if each
unit of flow picks among its ways blindly, it comes about in the most ways. In it the flow of a
route is the trip's flow times a product over its arcs of exp(-price), one price an arc for all
trips; so over any pair of alternative segments all trips that choose between them split in the same
proportion. The prices minimise a smooth convex dual,

    sum over trips of flow * log(sum over its routes of exp(-price))
    + sum over arcs of given flow * price,

whose slope is the lack of flow on each arc. Sums over routes are sweeps of bushes
(`kernels.bushes`), so routes need no list; Newton's method with conjugate gradients does the rest.

Classes. Delay is common to all classes in hours, their constants are not. So who of which class
takes which arc is not unique either: any route flows on least-cost routes of each class that give the
same totals *over all classes* are an equilibrium too. The programme has one bush for each class and
origin, and totals over all classes as its constraints; that settles routes and class flows at once.

Arcs without delay can have any total that least cost allows; it is kept as the given solution has
it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Delay, Graph, Trips
from isthmus.assign.bushes import (
    Bushes,
    Listed,
    Own,
    grow_bushes,
    list_paths,
    own_paths,
    take_paths,
)
from isthmus.assign.checks import checked_cost, checked_trips, checked_vot
from isthmus.assign.gradient_projection import GradientProjection
from isthmus.assign.path_sets import build_path_sets, load_paths
from isthmus.assign.solution import Solution
from isthmus.kernels import entropy
from isthmus.kernels.flow_decomposition import add_paths

__all__ = ["Proportional", "proportional", "route_entropy"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]

_PATIENCE, _ROUNDS, _RIDGE = 2000, 30, 1e-11
"""Conjugate gradients in a step of the dual, mends of the listed paths, least damping of a step."""


@dataclass(frozen=True)
class Proportional(Solution):
    """
    A solution with the most likely route flows.

    Parameters
    ----------
    residual : float
        Largest share by which the flow of an arc differs from the given one. [-]
    held : float
        Flow on given paths that do not lead forward in labels, as of a solution far from
        equilibrium; it is left as it was. [t/yr]
    """

    residual: float = 0.0
    held: float = 0.0


@dataclass
class _Fit:
    """Live entries with their shares and flows, and how near the arcs are."""

    sweep: tuple[Any, ...]
    number: Int32Array
    share: FloatArray
    flow: FloatArray
    total: FloatArray
    iterations: int
    where: IntArray


def proportional(
    graph: Graph,
    cost: npt.ArrayLike,
    trips: Trips,
    solution: Solution,
    *,
    delay: Delay | None = None,
    vot: npt.ArrayLike = 1.0,
    first_through_node: int = 0,
    system_optimum: bool = False,
    preload: npt.ArrayLike | None = None,
    tolerance: float = 1e-8,
    error: float = 1e-9,
    max_iterations: int = 100,
    max_paths: int = 1000,
) -> Proportional:
    """
    Replace the route flows of an equilibrium by the most likely ones of the same arc totals.

    Parameters
    ----------
    graph, cost, trips, delay, vot, first_through_node, system_optimum, preload
        As given to `path_based`.
    solution : Solution
        What it returned: best to a gap of 1e-10 or less, for arcs to tell least-cost routes from
        others.
    tolerance : float
        An arc is on a least-cost way if it costs no more than this share of the tree's longest
        label above it. Arcs that the given paths use in a tree always are. [-]
    error : float
        Share by which the flow of an arc may differ from the given one; also the share of a trip
        below which a path is not listed. [-]
    max_iterations : int
        Of Newton's method.
    max_paths : int
        Paths listed of a trip, given ones not counted. What is left out is spread over those
        listed.

    Returns
    -------
    Proportional
        The given paths and all others that carry flow, the likeliest first. `gap` is measured anew,
        and `iterations` are those of Newton's method. It is `converged` if the residual is within
        `error`, the gap no more than `error` above the given one, and no more than that share of
        all flow is held.

    Raises
    ------
    CostError, InputError
        As `path_based`.

    References
    ----------
    .. [1] H. Bar-Gera and D. Boyce, "Route flow entropy maximization in origin-based traffic
       assignment", Proceedings of the 14th International Symposium on Transportation and Traffic
       Theory, 1999.
    .. [2] H. Bar-Gera, "Traffic assignment by paired alternative segments", Transportation
       Research Part B 44, 2010.
    .. [3] R. B. Dial, "A probabilistic multipath traffic assignment model which obviates path
       enumeration", Transportation Research 5, 1971: weights of ways by sweeps.

    Examples
    --------
    Two zones share two roads of one cost; one starts with the first road alone:

    >>> from isthmus.assign.base import build_graph
    >>> graph, _ = build_graph([0, 1, 2, 2], [2, 2, 3, 3], 4)
    >>> trips = Trips(*(np.array(x) for x in ([0, 0], [0, 1], [3, 3], [60.0, 40.0])))
    >>> paths = np.array([0, 1, 1]), np.array([0, 2, 4, 6]), np.array([0, 2, 1, 2, 1, 3])
    >>> flows = np.array([60.0, 15.0, 25.0]), np.array([[60.0, 40.0, 75.0, 25.0]])
    >>> given = Solution(*paths, *flows, np.zeros(2), 0.0, 1, True, 200.0, np.zeros(4))
    >>> found = proportional(graph, np.ones(4), trips, given)
    >>> found.path_flow.round(6).tolist()
    [45.0, 15.0, 30.0, 10.0]
    """
    table = checked_cost(graph, cost)
    trips = checked_trips(graph, len(table), trips)
    price = checked_vot(vot, len(table))
    given = (graph, table, trips, delay, price, first_through_node, system_optimum, preload)
    state = build_path_sets(*given)
    rows = state.rows
    load_paths(state, solution)
    own = own_paths(rows, solution)
    found = grow_bushes(state, graph, own, tolerance)
    fit = _fit(found, graph.n_arc, 0.1 * error, max_iterations)
    share = np.ones(len(found.arc))
    share[fit.where] = fit.share
    listed = list_paths(found, share, own, error, max_paths)
    flow = _mend(listed, fit, own, graph.n_arc, 0.5 * error)
    path_trip, indptr, arcs, flow = _gather(listed, flow, own, rows, solution)
    arc_flow = np.zeros(table.shape)
    add_paths(trips.klass[path_trip], indptr, arcs, flow, arc_flow)
    before = np.zeros((1, graph.n_arc))
    still = np.zeros(len(solution.path_flow), np.int32)
    add_paths(still, solution.path_indptr, solution.path_arcs, solution.path_flow, before)
    residual = _difference(arc_flow.sum(axis=0), before[0])
    total = arc_flow.sum(axis=0) + (0.0 if preload is None else np.asarray(preload, np.float64))
    delay_h = np.zeros(graph.n_arc) if delay is None else delay.value(total)
    with np.errstate(invalid="ignore"):
        each = np.where(arc_flow > 0.0, arc_flow * (table + price[:, None] * delay_h), 0.0)
    held = float(own.flow[own.held].sum())
    parts = (path_trip.astype(np.int32), indptr, arcs, flow, arc_flow, solution.unserved)
    out = Proportional(
        *parts,
        np.inf,
        fit.iterations,
        False,
        float(each.sum()),
        delay_h,
        residual=residual,
        held=held,
    )
    gap = _gap(out, given)
    good = residual <= error and gap <= solution.gap + error and held <= error * flow.sum()
    return replace(out, gap=gap, converged=bool(good), settled=bool(good))


def route_entropy(trips: Trips, solution: Solution) -> float:
    """
    Return the entropy of route flows: minus the sum of flow times the log of its share of the trip.

    Parameters
    ----------
    trips : Trips
    solution : Solution

    Returns
    -------
    float
        0 if each trip has one route. [t/yr]
    """
    flow = solution.path_flow
    served = np.bincount(solution.path_trip, flow, len(trips.flow))[solution.path_trip]
    used = flow > 0.0
    return float(-np.sum(flow[used] * np.log(flow[used] / served[used])))


def _difference(flow: FloatArray, given: FloatArray) -> float:
    """Return the largest share by which flows differ from given ones."""
    used = given > 0.0
    wrong = np.abs(flow - given)
    if np.any(wrong[~used] > 0.0):
        return float("inf")
    return float(np.max(wrong[used] / given[used], initial=0.0))


def _sum_by(index: npt.NDArray[Any], values: FloatArray, n: int) -> FloatArray:
    """Return the sum of the values of each index."""
    return np.asarray(np.bincount(index, values, n), np.float64)


def _ratio(above: npt.NDArray[Any], below: npt.NDArray[Any]) -> FloatArray:
    """Return the ratio of two arrays, 0 where there is nothing below."""
    return np.divide(above, below, out=np.zeros(len(above)), where=below > 0.0)


def _fit(found: Bushes, n_arc: int, error: float, max_iterations: int) -> _Fit:
    """Find the prices of arcs at which the bushes give their totals."""
    used = np.unique(found.arc[found.live])
    number = np.full(n_arc, -1, np.int32)
    number[used] = np.arange(len(used))
    begin, tail, arc, load, where = entropy.compact(
        found.first, found.tail, found.arc, found.carried, found.live, found.demand, number
    )
    target = np.bincount(arc, found.carried[where], len(used))
    level, flow, share = np.empty(len(load)), np.empty(len(load)), np.empty(len(arc))
    price, total = np.zeros(len(used)), np.empty(len(used))

    def look(prices: FloatArray) -> tuple[float, float]:
        value = entropy.weigh(begin, tail, arc, load, prices, level, share) + target @ prices
        entropy.load_arcs(begin, tail, arc, load, share, flow, total)
        return float(value), float(np.max(np.abs(target - total) / target, initial=0.0))

    value, wrong = look(price)
    iteration, damping = 0, 0.1
    while wrong > error and iteration < max_iterations:
        iteration += 1
        lack = target - total
        ridge = max(damping * min(wrong, 1.0), _RIDGE)
        precision = min(0.1, max(wrong, 1e-4))
        step = entropy.direction(
            begin,
            tail,
            arc,
            share,
            flow,
            lack,
            np.maximum(total, target),
            ridge,
            precision,
            _PATIENCE,
        )
        after, now = look(price + step)
        # near the end values no longer tell, flows do
        kept = (value - after) / (-0.5 * float(lack @ step))
        if now <= 0.5 * wrong or kept > 0.5:
            damping *= 0.2
        elif kept < 0.1:
            damping *= 5.0
        if now <= 0.5 * wrong or kept > 1e-4:
            price, value, wrong = price + step, after, now
        else:
            look(price)
    sweep = (begin, tail, arc)
    return _Fit(sweep, number, share, flow, total, iteration, where)


def _mend(listed: Listed, fit: _Fit, own: Own, n_arc: int, error: float) -> FloatArray:
    """
    Return flows of the listed paths that give the arc totals.

    What is not listed is little, so a few more steps suffice: over the listed paths alone, but by
    the curvature of the bushes. There is a solution, since the given paths are listed.
    """
    trip, indptr, arcs, part = listed
    size = np.diff(indptr)
    free = ~own.held
    m = int(own.trip.max(initial=-1)) + 1
    demand = np.bincount(own.trip[free], own.flow[free], m)
    carried = np.where(free, own.flow, 0.0)[own.path_of_entry]
    target = _sum_by(own.arcs, carried, n_arc)
    flow = part * _ratio(demand, np.bincount(trip, part, m))[trip]
    choice = np.flatnonzero(np.bincount(trip, minlength=m)[trip] > 1)
    which = np.repeat(np.isin(np.arange(len(part)), choice), size)
    path_of = np.repeat(np.arange(len(part)), size)
    rest = _sum_by(arcs[~which], flow[path_of[~which]], n_arc)
    entry, path_of = arcs[which], path_of[which]
    live = fit.number >= 0
    price = np.zeros(n_arc)
    best, kept = np.inf, flow
    for _ in range(_ROUNDS):
        total = rest + _sum_by(entry, flow[path_of], n_arc)
        wrong = _difference(total, target)
        if wrong < best:
            best, kept = wrong, flow
        if wrong <= error or wrong > 10.0 * best:
            break
        lack = (target - total)[live]
        price[live] = entropy.direction(  # type: ignore[call-arg]
            *fit.sweep, fit.share, fit.flow, lack, target[live], _RIDGE, 1e-4, _PATIENCE
        )
        change = np.bincount(path_of, price[entry], len(part))
        part = part * np.exp(-np.clip(change, -50.0, 50.0))
        flow = part * _ratio(demand, np.bincount(trip, part, m))[trip]
    return kept


def _gather(
    listed: Listed, flow: FloatArray, own: Own, rows: IntArray, solution: Solution
) -> Listed:
    """Join listed paths with those held and those of no arcs, in the order of the trips."""
    left = np.ones(len(solution.path_flow), np.bool_)
    left[own.at[~own.held]] = False
    left &= solution.path_flow > 0.0
    as_is = np.flatnonzero(left)
    indptr, arcs = take_paths(solution.path_indptr, solution.path_arcs, as_is)
    trip: IntArray = np.concatenate((rows[listed[0]], solution.path_trip[as_is].astype(np.int64)))
    starts = np.concatenate((listed[1], listed[1][-1] + indptr[1:]))
    both: Int32Array = np.concatenate((listed[2], arcs))
    flows = np.concatenate((flow, solution.path_flow[as_is]))
    order = np.argsort(trip, kind="stable")
    order = order[flows[order] > 0.0]
    starts, both = take_paths(starts, both, order)
    return trip[order], starts, both, flows[order]


def _gap(solution: Solution, given: tuple[Any, ...]) -> float:
    """Measure the relative gap as `path_based` does."""
    state = build_path_sets(*given)
    if len(state.rows) == 0:
        return 0.0
    load_paths(state, solution)
    with GradientProjection(state, 1) as sweeps:
        return sweeps.measured_gap()
