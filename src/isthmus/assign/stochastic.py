"""Stochastic equilibrium: path-size logit over generated routes, delays solved to a fixed point."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import (
    BoolArray,
    Delay,
    FloatArray,
    Graph,
    Int32Array,
    IntArray,
    Progress,
    Solution,
    Trips,
    by_head,
    checked_cost,
    checked_trips,
)
from isthmus.errors import CostError, Fault, InputError
from isthmus.kernels import loading
from isthmus.kernels import paths as path_kernels
from isthmus.kernels import routes as route_kernels
from isthmus.kernels.delay import NONE
from isthmus.kernels.satisfaction import best_logsum

__all__ = ["Routes", "generate_routes", "stochastic"]

_COLUMN_ROUNDS = 2
"""Rounds of new routes at congested costs, at most."""
_NEW_ROUTES = 2
"""Routes a trip may get in such a round: the least-cost one and one beside it."""
_EASY = 10.0
"""Change of utility, by the delays of one loading, that Newton takes without help."""
_STAGE, _STAGE_STEPS, _TRY_STEPS = 6.0, 25, 8
"""Growth of theta from stage to stage, and Newton steps in one, or in a first try."""
_NOT_FELT = 1e-5
"""Answer of an arc's flow to its own delay below which Newton leaves the arc to plain iteration."""
_SMALL_FLOW = 1e-9
"""Share of all flow below which an arc's residual is measured against that flow, not its own."""


class Routes(NamedTuple):
    """
    Routes of trips, sorted by trip.

    Parameters
    ----------
    trip : ndarray of int64, shape (m + 1,)
        Routes of trip t are ``trip[t] .. trip[t + 1] - 1``.
    starts : ndarray of int64, shape (n_path + 1,)
        Arcs of route p are ``arcs[starts[p]:starts[p + 1]]``, in order.
    arcs : ndarray of int32
    """

    trip: IntArray
    starts: IntArray
    arcs: Int32Array


def generate_routes(
    graph: Graph,
    cost: npt.ArrayLike,
    trips: Trips,
    *,
    n_routes: int = 8,
    max_detour: float = 2.0,
    penalty: float = 0.3,
    first_through_node: int = 0,
    progress: Progress | None = None,
) -> Routes:
    """
    Generate a bounded set of different loopless routes for each trip.

    The first route of a trip is always the one `all_or_nothing` takes. Trips without a path get no
    route; intrazonal trips get one of no arcs. Same input, same routes.

    Parameters
    ----------
    graph : Graph
    cost : array_like, shape (n_class, n_arc)
        [USD/t]
    trips : Trips
    n_routes : int
        At most so many routes a trip.
    max_detour : float
        Greatest cost of a route over the least cost, 1 or more.
    penalty : float
        Share by which an arc grows dearer, in the search for the next route, with each route over
        it: more means fewer, more different routes first.
    first_through_node : int
        Nodes below it are never passed.
    progress : callable, optional

    Returns
    -------
    Routes

    Raises
    ------
    CostError, InputError
        If costs, trips or options are wrong.

    References
    ----------
    .. [1] I. Abraham, D. Delling, A. V. Goldberg and R. F. Werneck, "Alternative routes in road
       networks", ACM Journal of Experimental Algorithmics 18, 2013: single-via paths.
    .. [2] T. de la Barra, B. Perez and J. Anez, "Multidimensional path search and assignment",
       Proc. 21st PTRC Summer Annual Meeting, 1993: link penalty.
    .. [3] J. Y. Yen, "Finding the K shortest loopless paths in a network", Management Science 17,
       1971: deviations. Differs in: no search, so a deviation whose least-cost continuation
       crosses its own beginning is left out; order by penalised cost.
    """
    table = checked_cost(graph, cost)
    trips = checked_trips(graph, len(table), trips)
    if not (n_routes >= 1 and max_detour >= 1.0 and penalty >= 0.0):
        text = f"n_routes = {n_routes}, max_detour = {max_detour}, penalty = {penalty}"
        mend = "Give at least 1, 1 and 0."
        raise InputError([Fault("route generation", text, mend, "route-options")])
    m, n = len(trips.flow), graph.n_node
    adj = np.arange(graph.n_arc, dtype=np.int32)
    r_indptr, r_adj = by_head(graph)
    count = np.zeros(m, np.int64)
    rows_done: list[IntArray] = []
    sizes: list[IntArray] = []
    pieces: list[Int32Array] = []
    per_block = max(1, 2_000_000 // max(1, n))
    for k in np.unique(trips.klass):
        mine = np.flatnonzero(trips.klass == k)
        roots = np.unique(trips.origin[mine])
        for first in range(0, len(roots), per_block):
            block = roots[first : first + per_block]
            rows = mine[(trips.origin[mine] >= block[0]) & (trips.origin[mine] <= block[-1])]
            rows = rows[np.lexsort((trips.origin[rows], trips.destination[rows]))]
            shape = (len(block), n)
            dist, reached = np.empty(shape), np.empty(len(block), np.int64)
            via, order = np.empty(shape, np.int32), np.empty(shape, np.int32)
            path_kernels.trees(
                graph.indptr, adj, graph.head, table[k], block, first_through_node,
                dist, via, order, reached,
            )  # fmt: skip
            found, starts, arcs = route_kernels.generate(
                graph.indptr, adj, graph.head, graph.tail, r_indptr, r_adj, table[k],
                first_through_node, trips.origin[rows], trips.destination[rows],
                np.searchsorted(block, trips.origin[rows]).astype(np.int64),
                dist, via, order, reached, n_routes, float(max_detour), float(penalty),
            )  # fmt: skip
            count[rows] = found
            rows_done.append(np.repeat(rows, found))
            sizes.append(np.diff(starts))
            pieces.append(arcs)
            if progress is not None:
                progress(0, np.inf)
    trip = np.zeros(m + 1, np.int64)
    np.cumsum(count, out=trip[1:])
    if not pieces:
        return Routes(trip, np.zeros(1, np.int64), np.empty(0, np.int32))
    starts = np.concatenate(([0], np.cumsum(np.concatenate(sizes)))).astype(np.int64)
    by_trip = np.argsort(np.concatenate(rows_done), kind="stable")
    return Routes(trip, *route_kernels.reorder(starts, np.concatenate(pieces), by_trip))


class _Problem:
    """One logit fixed point: fixed routes, the arcs among them whose delay rises with flow."""

    def __init__(
        self,
        graph: Graph,
        cost: FloatArray,
        length: FloatArray,
        trips: Trips,
        routes: Routes,
        delay: Delay,
        theta: FloatArray,
        vot: FloatArray,
        beta: float,
    ) -> None:
        n_path = len(routes.starts) - 1
        self.routes, self.flow = routes, trips.flow
        self.path_cost, self.path_size = np.zeros(n_path), np.ones(n_path)
        loading.measure(*routes, trips.klass, cost, length, self.path_cost, self.path_size)
        self.path_trip = np.repeat(np.arange(len(trips.flow)), np.diff(routes.trip))
        served = np.diff(routes.trip) > 0
        least = np.zeros(len(trips.flow))
        least[served] = self.path_cost[routes.trip[:-1][served]]
        excess = self.path_cost - least[self.path_trip]
        self.choice = -theta[self.path_trip] * excess
        self.overlap = beta * np.log(np.maximum(self.path_size, 1e-300))
        self.full_weight = theta * vot[trips.klass]
        self.soften(1.0)
        used = np.zeros(graph.n_arc, np.bool_)
        used[routes.arcs] = True
        self.arcs = np.flatnonzero(used & (delay.law != NONE))
        slot = np.full(graph.n_arc, -1, np.int32)
        slot[self.arcs] = np.arange(len(self.arcs), dtype=np.int32)
        met = slot[routes.arcs] >= 0
        before = np.concatenate(([0], np.cumsum(met)))
        self.at = before[routes.starts].astype(np.int64)
        self.slots = slot[routes.arcs][met]
        self.law = delay.take(self.arcs)
        self.share = np.zeros(n_path)
        self.floor = max(_SMALL_FLOW * float(trips.flow[served].sum()), 1e-300)

    def soften(self, share: float) -> None:
        """Take only a share of theta: the smaller, the gentler loads answer to delays."""
        self.utility = share * self.choice + self.overlap
        self.weight = share * self.full_weight

    def laws(self, x: FloatArray) -> FloatArray:
        """Value, derivative and integral of the delays at flows `x`, kept finite."""
        return np.minimum(self.law.evaluate(x), 1e100)

    def load(self, hours: FloatArray) -> tuple[FloatArray, float]:
        """Logit flows at given delays, and the dual term they are the slope of."""
        out = np.empty(len(self.arcs))
        dual = loading.logit(
            self.routes.trip, self.at, self.slots, self.utility, self.weight, self.flow,
            hours, self.share, out,
        )  # fmt: skip
        return out, dual

    def direction(self, slope: FloatArray, residual: FloatArray) -> FloatArray:
        """
        Newton step on the flows: (I + K T) dx = residual.

        Solved in the symmetric form I + S K S with S = sqrt(T), whose eigenvalues are 1 or more.
        """
        n = len(self.arcs)
        matrix = np.empty((n, n))
        loading.logit_slope(
            self.routes.trip, self.at, self.slots, self.weight, self.flow, self.share, matrix
        )
        root = np.sqrt(np.minimum(slope, 1e60))
        felt = np.flatnonzero(matrix.diagonal() * root**2 > _NOT_FELT)
        inner = (
            np.ascontiguousarray(matrix[np.ix_(felt, felt)])
            * root[felt][None, :]
            * root[felt][:, None]
        )
        inner[np.diag_indices(len(felt))] += 1.0
        y = root[felt] * residual[felt]
        if not loading.solve_definite(inner, y):
            return residual
        return residual - fall_dot(matrix[:, felt] * root[felt][None, :], y)

    def residual(self, loaded: FloatArray, x: FloatArray) -> float:
        """Largest relative difference between two vectors of flows."""
        if not len(x):
            return 0.0
        return float(np.max(np.abs(loaded - x) / np.maximum(np.maximum(loaded, x), self.floor)))

    def solve(
        self,
        x: FloatArray,
        gap: float,
        left: int,
        done: int,
        warm: bool,
        progress: Progress | None,
    ) -> tuple[FloatArray, float, int]:
        """
        Damped Newton from flows `x`, with theta raised in steps where delays are far off.

        Far above capacity, delays differ by so much that every trip puts all on one route and the
        slope vanishes. A smaller theta keeps it alive; each stage starts from the last one's flows.

        Returns
        -------
        loaded : ndarray
            Flows that load themselves again up to the gap; `share` holds their probabilities.
        gap : float
        iterations : int
        """
        if not len(self.arcs):
            self.load(np.empty(0))
            return x, 0.0, 1
        self.soften(1.0)
        iterations = 0
        if warm:
            most = min(_TRY_STEPS, left)
            found, loaded, reached, iterations = self._newton(x, gap, most, done, progress)
            if reached <= gap or iterations >= left:
                return loaded, reached, iterations
        hours = self.laws(x)[0]
        jump = np.abs(self.laws(self.load(hours)[0])[0] - hours).max()
        share = min(1.0, _EASY / max(float(jump * self.full_weight.max()), 1e-300))
        if warm:
            share = max(share, _STAGE**-3)
        before: FloatArray | None = None
        while share < 1.0 and iterations < left:
            self.soften(share)
            most = min(_STAGE_STEPS, left - iterations)
            found, _, _, steps = self._newton(x, 1e-3, most, done + iterations, progress)
            iterations += steps
            # flows are nearly linear in 1 / theta, so the last two stages foretell the next
            x = (
                found
                if before is None
                else np.maximum(found + (found - before) / _STAGE, 0.1 * found)
            )
            before = found
            share *= _STAGE
        self.soften(1.0)
        left = max(1, left - iterations)
        _, loaded, reached, steps = self._newton(x, gap, left, done + iterations, progress)
        return loaded, reached, iterations + steps

    def _newton(
        self, x: FloatArray, gap: float, left: int, done: int, progress: Progress | None
    ) -> tuple[FloatArray, FloatArray, float, int]:
        """Damped Newton at one theta; returns flows, the flows they load, gap and iterations."""
        best: tuple[float, FloatArray, FloatArray, FloatArray] = (np.inf, x, x, self.share)
        iterations = 0
        law = self.laws(x)
        loaded, dual = self.load(law[0])
        while True:
            iterations += 1
            share = self.share.copy()
            again, _ = self.load(self.laws(loaded)[0])
            now = self.residual(again, loaded)
            if now <= best[0]:
                best = (now, x, loaded, share)
            if progress is not None:
                progress(done + iterations, now)
            if now <= gap or iterations >= left:
                break
            self.share = share
            moved = self._search(x, law, loaded, dual, self.direction(law[1], loaded - x))
            if moved is None:
                break
            x, law, loaded, dual = moved
        self.share = best[3]
        return x, best[2], best[0], iterations

    def _search(
        self, x: FloatArray, law: FloatArray, loaded: FloatArray, dual: float, step: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, float] | None:
        """Backtrack until the concave dual rises enough, or, at its rounding, the residual falls."""
        value = dual - float(law[0] @ x - law[2].sum())
        slope = float((loaded - x) @ (law[1] * step))
        noise = 1e-12 * (abs(dual) + float(law[0] @ x) + float(law[2].sum()))
        here = self.residual(loaded, x)
        size = 1.0
        for _ in range(60):
            trial = np.maximum(x + size * step, 0.1 * x)
            trial_law = self.laws(trial)
            trial_loaded, trial_dual = self.load(trial_law[0])
            rise = trial_dual - float(trial_law[0] @ trial - trial_law[2].sum()) - value
            better = self.residual(trial_loaded, trial) < here
            if rise >= 1e-4 * size * slope and (slope > noise or better):
                return trial, trial_law, trial_loaded, trial_dual
            if abs(rise) <= noise and better:
                return trial, trial_law, trial_loaded, trial_dual
            size *= 0.5
        return None


def fall_dot(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """Multiply without BLAS, whose bits depend on the number of threads."""
    return np.asarray((matrix * vector[None, :]).sum(axis=1))


def _open_delay(delay: Delay | None, cost: FloatArray) -> tuple[Delay, FloatArray]:
    """Check the laws; close arcs of no capacity. Returns the laws and the costs."""
    n_arc = cost.shape[1]
    if delay is None:
        zero = np.zeros(n_arc)
        return Delay(np.zeros(n_arc, np.int8), zero, zero, zero, zero), cost
    law = np.asarray(delay.law, np.int8)
    numbers = [np.ascontiguousarray(x, np.float64) for x in delay[1:]]
    t0, capacity, a, b = numbers
    on = (law != NONE) & np.isfinite(cost).any(axis=0)
    law = np.where(on & (t0 * a != 0.0), law, NONE).astype(np.int8)
    on = law != NONE
    bad = on & ~((t0 >= 0) & (t0 < np.inf) & (a >= 0) & (a < np.inf) & (capacity >= 0) & (b >= 0))
    bad |= (law == 2) & ~(b < 1.0)
    if bad.any():
        i = int(np.flatnonzero(bad)[0])
        raise CostError(
            f"delay law {law[i]} of arc {i} has t0 = {t0[i]}, capacity = {capacity[i]}, "
            f"a = {a[i]}, b = {b[i]}: none may be negative or unknown, and b of a queue is below 1. "
            f"{int(bad.sum())} such in all."
        )
    shut = on & (capacity == 0.0)
    cost = np.where(shut[None, :], np.inf, cost)
    law = np.where(shut, NONE, law).astype(np.int8)
    return Delay(law, *(np.where(law != NONE, x, 0.0) for x in numbers)), cost


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
    max_iterations: int = 500,
    first_through_node: int = 0,
    start: Solution | None = None,
    routes: Routes | None = None,
    grow: npt.ArrayLike | None = None,
    progress: Progress | None = None,
) -> Solution:
    """
    Load each flow by path-size logit over generated routes, with delays that fit the flows.

    Route p of a trip of class k has utility ``-theta (cost + vot_k * delay_h) + beta ln PS``
    (docs/model.md eq. 16). Where arcs have delay laws the flows are those that reproduce
    themselves: damped Newton on the flows of these arcs, with the concave dual of the fixed point as
    merit, then new routes at the congested costs, and again, until no trip has a cheaper route
    outside its set (at most 2 rounds).

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
        See `generate_routes`. Congestion may add as many routes again.
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
    progress : callable, optional
        Called with iteration and gap; what it raises interrupts.

    Returns
    -------
    Solution
        `gap` is the largest |v' - v| / max(v, v', 1e-9 of all flow) over arcs with a delay law,
        where v are the returned flows and v' the logit loading, over the same routes, at the delays
        of v. It is 0 without delays.

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
    laws, table = _open_delay(delay, table)
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
    if routes is None:
        routes = generate_routes(graph, table, trips, n_routes=n_routes, **options)
    growing = np.ones(len(trips.flow), np.bool_) if grow is None else np.asarray(grow, np.bool_)

    def problem(choice: Routes) -> _Problem:
        return _Problem(graph, table, lengths, trips, choice, laws, scales, vots, path_size_beta)

    if scale == "relative":
        first = np.minimum(routes.trip[:-1], max(len(routes.starts) - 2, 0))
        least = problem(routes).path_cost[first] if len(routes.starts) > 1 else np.ones(len(scales))
        scales /= np.where((np.diff(routes.trip) > 0) & (least > 0.0), least, 1.0)
    now = problem(routes)
    flow = _first_flow(now, laws, start)
    iterations = 0
    for turn in range(_COLUMN_ROUNDS + 1):
        loaded, reached, steps = now.solve(
            flow[now.arcs],
            gap,
            max(1, max_iterations - iterations),
            iterations,
            turn > 0 or start is not None,
            progress,
        )
        iterations += steps
        flow[now.arcs] = loaded
        if turn == _COLUMN_ROUNDS or not len(now.arcs):
            break
        hours = laws.value(flow)
        congested = table + vots[:, None] * np.where(np.isfinite(table), hours, 0.0)
        more = _generate_some(graph, congested, trips, growing, options)
        merged = Routes(*route_kernels.merge(*routes, *more, 2 * n_routes))
        if len(merged.starts) == len(routes.starts):
            break
        routes = merged
        now = problem(routes)
        flow = np.where(flow > 0.0, flow, _first_flow(now, laws, None))
    return _solution(
        table, vots, trips, now, laws, scales, lengths, path_size_beta, reached, gap, iterations
    )


def _generate_some(
    graph: Graph, cost: FloatArray, trips: Trips, wanted: BoolArray, options: dict[str, Any]
) -> Routes:
    """Generate a few routes for some trips; the others get none."""
    rows = np.flatnonzero(wanted)
    some = Trips(trips.klass[rows], trips.origin[rows], trips.destination[rows], trips.flow[rows])
    found = generate_routes(graph, cost, some, n_routes=_NEW_ROUTES, **options)
    count = np.zeros(len(trips.flow), np.int64)
    count[rows] = np.diff(found.trip)
    return Routes(
        np.concatenate(([0], np.cumsum(count))).astype(np.int64), found.starts, found.arcs
    )


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


def _first_flow(now: _Problem, laws: Delay, start: Solution | None) -> FloatArray:
    """Flows to start Newton from: those of `start`, else free loading cut off at capacity."""
    flow = np.zeros(len(laws.law))
    if start is not None and start.arc_flow.shape[1] == len(flow):
        flow = start.arc_flow.sum(axis=0)
    loaded, _ = now.load(np.zeros(len(now.arcs)))
    guess = np.minimum(loaded, now.law.capacity)
    flow[now.arcs] = np.where(flow[now.arcs] > 0.0, flow[now.arcs], guess)
    return flow


def _solution(
    cost: FloatArray,
    vot: FloatArray,
    trips: Trips,
    now: _Problem,
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
    now: _Problem,
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
    best_logsum(routes.trip, routes.starts, routes.arcs, klass, cost, length, theta, beta, out)
    return out
