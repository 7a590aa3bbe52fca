"""Stochastic equilibrium: path-size logit over generated routes, delays solved to a fixed point."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import (
    BoolArray,
    Delay,
    FloatArray,
    Graph,
    Int32Array,
    Progress,
    Solution,
    Trips,
    checked_cost,
    checked_trips,
)
from isthmus.assign.fixed_point import FixedPoint
from isthmus.assign.laws import open_delay
from isthmus.assign.parts import cut, together
from isthmus.assign.routes import Routes, generate_routes, generate_some, route_costs
from isthmus.errors import Fault, InputError
from isthmus.kernels import loading
from isthmus.kernels import routes as route_kernels
from isthmus.kernels.satisfaction import best_logsum

__all__ = ["Routes", "generate_routes", "stochastic"]

_WIDE_ROUNDS, _WIDE_ROUNDS_MORE = 2, 1
"""Rounds in which every trip gets new routes at congested costs; later, only who lacks the best.
Sets that are given have been widened before: one round looks for what a change has made worth while."""
_NEW_ROUTES = 2
"""Routes a trip may get in such a round: the least-cost one and one beside it."""
_ROUGH = 1e-3
"""Gap good enough to look for routes at."""
_MISSED = 0.05
"""Utility by which a route outside a choice set must beat the best one inside to be missed: less is
within what a bounded set leaves out anyway, and vanishes against cost as theta grows."""


def stochastic(
    graph: Graph,
    cost: npt.ArrayLike,
    trips: Trips,
    *,
    vot: npt.ArrayLike = 1.0,
    delay: Delay | None = None,
    theta: npt.ArrayLike,
    scale: str = "relative",
    path_size_beta: float = 1.0,
    n_routes: int = 8,
    max_detour: float = 2.0,
    penalty: float = 0.3,
    length: npt.ArrayLike | None = None,
    gap: float = 1e-6,
    max_iterations: int = 2000,
    first_through_node: int = 0,
    start: Solution | None = None,
    routes: Routes | None = None,
    grow: npt.ArrayLike | None = None,
    flow: npt.ArrayLike | None = None,
    progress: Progress | None = None,
) -> Solution:
    """
    Load each flow by path-size logit over generated routes, with delays that fit the flows.

    Route p of a trip of class k has utility ``-theta (cost + vot_k * delay_h) + beta ln PS``
    (docs/model.md eq. 16). Where arcs have delay laws the flows are those that reproduce
    themselves: damped Newton on the flows of these arcs, with the concave dual of the fixed point as
    merit, then new routes at the congested costs, and again, until no trip has a route outside its
    set that beats the best inside by odds of more than 5 %.

    As theta grows, flows on arcs tend to those of `path_based`; as it falls to 0, to the even spread
    over the choice set if `path_size_beta` is 0, else to shares in proportion to
    ``PS ** path_size_beta``, the same at all costs.

    Trips with no path are kept in `Solution.unserved`; intrazonal trips get a path of no arcs.

    Parameters
    ----------
    graph : Graph
    cost : array_like, shape (n_class, n_arc)
        Generalised cost without delay; inf is closed. [USD/t]
    trips : Trips
        [t/yr]
    vot : array_like, shape (n_class,) or a number
        Value of time. [USD/(t*h)]
    delay : Delay, optional
        Laws that add hours to arcs. An arc of capacity 0 is closed.
    theta : array_like, a number, or shape (m,)
        Scale of the logit: 0 spreads flow evenly, large values make it all-or-nothing.
        Dimensionless if relative, else [t/USD].
    scale : {'relative', 'absolute'}
        Relative divides theta by the trip's least cost without delay, so that long and short
        trades are alike; a trip whose least cost is 0 keeps theta as it is.
    path_size_beta : float
        0 is plain logit.
    n_routes, max_detour, penalty
        See `generate_routes`. Congestion may add as many routes again, and any that is missed.
    length : array_like, shape (n_arc,) or (n_class, n_arc), optional
        What path size measures overlap in; default is the cost. A route of no length has path
        size 1.
    gap : float
        Relative gap asked for.
    max_iterations : int
        Newton steps in all.
    first_through_node : int
        Nodes below it are never passed.
    start : Solution, optional
        Newton starts from its flows. The answer is the same up to the gap; only the way is
        shorter.
    routes : Routes, optional
        Choice sets to begin with, instead of generated ones.
    grow : array_like of bool, shape (m,), optional
        Trips whose set congestion may add to; default all.
    flow : array_like, shape (n_arc,), optional
        Flows that Newton starts from instead, as those of a network that is nearly the same. [t/yr]
    progress : callable, optional
        Called with iteration and gap; what it raises interrupts.

    Returns
    -------
    Solution
        `gap` is the greater of two. One is the largest |v' - v| / max(v, v', 1e-9 of all flow) over
        arcs with a delay law, where v are the returned flows and v' the logit loading, over the
        same routes, at the delays of v. The other is 0 unless iterations ran out before routes did:
        what trips that lack their best route pay at least above it, over the least cost of all
        trips that may get one. Without delays it is 0.

    Raises
    ------
    CostError
        If a cost or a delay law is not a number or negative; names the arc.
    InputError
        If a trip or an option is wrong.

    References
    ----------
    .. [1] M. Ben-Akiva and M. Bierlaire, "Discrete choice methods and their applications to short
       term travel decisions", in *Handbook of Transportation Science*, Kluwer, 1999.
    .. [2] Y. Sheffi and W. B. Powell, "An algorithm for the equilibrium assignment problem with
       random link times", Networks 12, 1982. Differs in: Newton, not successive averages.
    .. [3] C. Fisk, "Some developments in equilibrium traffic assignment", Transportation Research B
       14, 1980.

    Examples
    --------
    >>> import numpy as np
    >>> from isthmus.assign.base import Trips, build_graph
    >>> graph, _ = build_graph([0, 0], [1, 1], 2)
    >>> one = np.zeros(1, np.int32)
    >>> trips = Trips(one, one, one + 1, np.array([100.0]))
    >>> result = stochastic(graph, [[1.0, 1.0]], trips, theta=5.0)
    >>> result.arc_flow.tolist()
    [[50.0, 50.0]]
    """
    table = checked_cost(graph, cost)
    trips = checked_trips(graph, len(table), trips)
    vots = np.broadcast_to(np.asarray(vot, np.float64), (len(table),))
    scales = np.broadcast_to(np.asarray(theta, np.float64), (len(trips.flow),)).copy()
    _check_options(scale, scales, vots, path_size_beta, gap)
    laws, table = open_delay(delay, table)
    lengths = table
    if length is not None:
        lengths = np.broadcast_to(np.asarray(length, np.float64), table.shape)
    lengths = np.ascontiguousarray(lengths)
    options: dict[str, Any] = {
        "max_detour": max_detour,
        "penalty": penalty,
        "first_through_node": first_through_node,
        "progress": progress,
    }
    wide = _WIDE_ROUNDS if routes is None else _WIDE_ROUNDS_MORE
    if routes is None:
        routes = generate_routes(graph, table, trips, n_routes=n_routes, **options)
    growing = np.ones(len(trips.flow), np.bool_) if grow is None else np.asarray(grow, np.bool_)

    def problem(choice: Routes) -> FixedPoint:
        return FixedPoint(graph, table, lengths, trips, choice, laws, scales, vots, path_size_beta)

    if scale == "relative":
        first = np.minimum(routes.trip[:-1], max(len(routes.starts) - 2, 0))
        least = problem(routes).path_cost[first] if len(routes.starts) > 1 else np.ones(len(scales))
        scales /= np.where((np.diff(routes.trip) > 0) & (least > 0.0), least, 1.0)
    now = problem(routes)
    begin = None if flow is None else np.asarray(flow, np.float64)
    if begin is None and start is not None and start.arc_flow.shape[1] == graph.n_arc:
        begin = start.arc_flow.sum(axis=0)
    warm = begin is not None or start is not None
    volume = _first_flow(now, begin)
    iterations, turn = 0, 0
    rough = max(gap, _ROUGH) if growing.any() else gap
    best: tuple[float, FixedPoint] | None = None
    while True:
        left = max(1, max_iterations - iterations)
        loaded, reached, steps = now.solve(
            volume[now.arcs], rough, left, iterations, warm, progress
        )
        iterations += steps
        volume[now.arcs] = loaded
        if not len(now.arcs) or not growing.any():
            best = reached, now
            break
        hours = laws.value(volume)
        congested = table + vots[:, None] * np.where(np.isfinite(table), hours, 0.0)
        count = _NEW_ROUTES if turn < wide else 1
        more = generate_some(graph, congested, trips, growing, count, options)
        missed, excess = _missed(routes, more, congested, trips, scales)
        off = max(reached, excess)
        if best is None or best[1] is now or off <= max(best[0], gap):
            best = off, now
        if iterations >= max_iterations:
            break
        merged = routes
        if turn < wide:
            merged = Routes(*route_kernels.merge(*routes, *more, 2 * n_routes))
        if len(merged.starts) == len(routes.starts):
            lacking = generate_some(graph, congested, trips, missed, 1, options)
            most = len(routes.starts) + len(lacking.starts)
            merged = Routes(*route_kernels.merge(*routes, *lacking, most))
        warm = True
        if len(merged.starts) == len(routes.starts):
            if rough <= gap:
                break
            rough = gap
            continue
        routes, turn = merged, turn + 1
        now = problem(routes)
        volume = np.where(volume > 0.0, volume, _first_flow(now, None))
    reached, now = best
    return _solution(
        table, vots, trips, now, laws, scales, lengths, path_size_beta, reached, gap, iterations
    )


def _missed(
    routes: Routes, more: Routes, cost: FloatArray, trips: Trips, theta: FloatArray
) -> tuple[BoolArray, float]:
    """
    Find the trips that lack their best route.

    Parameters
    ----------
    routes : Routes
        The choice sets.
    more : Routes
        Least-cost routes at `cost`, first of each trip that may get one.
    cost : ndarray, shape (n_class, n_arc)
        [USD/t]
    trips : Trips
    theta : ndarray, shape (m,)
        [t/USD]

    Returns
    -------
    missed : ndarray of bool, shape (m,)
    excess : float
        What they pay at least above the least cost, over the least cost of all that were asked.
    """
    asked = np.flatnonzero((np.diff(more.trip) > 0) & (np.diff(routes.trip) > 0))
    if not len(asked):
        return np.zeros(len(trips.flow), np.bool_), 0.0
    known = np.full(len(trips.flow), np.inf)
    trip_of = np.repeat(np.arange(len(known)), np.diff(routes.trip))
    np.minimum.at(known, trip_of, route_costs(routes, cost, trips))
    least = route_costs(more, cost, trips)[more.trip[:-1][asked]]
    above = known[asked] - least
    far = (theta[asked] * above > _MISSED) & (above > 1e-12 * least)
    missed = np.zeros(len(trips.flow), np.bool_)
    missed[asked[far]] = True
    total = float(trips.flow[asked] @ least)
    return missed, float(trips.flow[asked] @ np.where(far, above, 0.0)) / max(total, 1e-300)


def _check_options(scale: str, theta: FloatArray, vot: FloatArray, beta: float, gap: float) -> None:
    faults = []
    if scale not in ("relative", "absolute"):
        faults.append(Fault("scale", f'"{scale}" is no scale.', "One of relative, absolute."))
    if not np.all((theta >= 0.0) & (theta < np.inf)):
        mend = "Give 0 or more; for its limit at infinity use all_or_nothing."
        faults.append(Fault("theta", "is negative, infinite or not a number.", mend))
    if not np.all((vot >= 0.0) & (vot < np.inf)):
        faults.append(Fault("vot", "is negative, infinite or not a number.", ""))
    if not 0.0 <= beta < np.inf:
        faults.append(Fault("path_size_beta", f"{beta} is not 0 or more.", ""))
    if not gap > 0.0:
        faults.append(Fault("gap", f"{gap} is not above 0.", ""))
    if faults:
        raise InputError(faults)


def _first_flow(now: FixedPoint, begin: FloatArray | None) -> FloatArray:
    """Flows to start Newton from: those given, else free loading cut off at capacity."""
    flow = np.zeros(now.n_arc) if begin is None else begin.copy()
    loaded, _ = now.load(np.zeros(len(now.arcs)))
    guess = np.minimum(loaded, now.law.capacity)
    flow[now.arcs] = np.where(flow[now.arcs] > 0.0, flow[now.arcs], guess)
    return flow


def _solution(
    cost: FloatArray,
    vot: FloatArray,
    trips: Trips,
    now: FixedPoint,
    laws: Delay,
    theta: FloatArray,
    length: FloatArray,
    beta: float,
    reached: float,
    gap: float,
    iterations: int,
) -> Solution:
    """Spread the flows over paths, arcs and classes."""
    routes = now.routes
    path_flow = now.share * trips.flow[now.path_trip]
    path_class = trips.klass[now.path_trip]
    arc_flow = np.zeros(cost.shape)
    loading.add_paths(path_class, routes.starts, routes.arcs, path_flow, arc_flow)
    hours = laws.value(arc_flow.sum(axis=0))
    total = float(now.path_cost @ path_flow) + float(vot @ (arc_flow @ hours))
    satisfaction = _satisfaction(now, hours, vot[trips.klass], theta, trips.klass, length, beta)
    return Solution(
        path_trip=now.path_trip.astype(np.int32),
        path_indptr=routes.starts,
        path_arcs=routes.arcs,
        path_flow=path_flow,
        arc_flow=arc_flow,
        unserved=np.where(np.diff(routes.trip) > 0, 0.0, trips.flow),
        gap=reached,
        iterations=iterations,
        converged=reached <= gap,
        objective=total,
        delay_h=hours,
        satisfaction=satisfaction,
    )


def _satisfaction(
    now: FixedPoint,
    hours: FloatArray,
    vot: FloatArray,
    theta: FloatArray,
    klass: Int32Array,
    length: FloatArray,
    beta: float,
) -> FloatArray:
    """Return the log-sum of each trip's best choice set at the flows; nan where unserved. [USD/t]"""
    routes = now.routes
    waiting = np.concatenate(([0.0], np.cumsum(hours[routes.arcs])))
    delay = waiting[routes.starts[1:]] - waiting[routes.starts[:-1]]
    cost = now.path_cost + vot[now.path_trip] * delay
    out = np.empty(len(theta))
    parts = cut(routes.starts[routes.trip])

    def work(i: int) -> None:
        best_logsum(*routes, klass, cost, length, theta, beta, *parts[i], out)

    together(work, len(parts))
    return out
