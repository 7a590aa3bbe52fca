"""System optimum under hard capacities: least cost of all, and what a slot is worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Graph, Progress, Trips
from isthmus.assign.capacity_cuts import Cut, find_cut
from isthmus.assign.capacity_problem import CapacityProblem, checked_capacity_problem
from isthmus.assign.checks import checked_penalty
from isthmus.assign.column_generation import (
    Point,
    Pricer,
    build_pricer,
    generate_columns,
    path_costs,
    price_paths,
)
from isthmus.assign.restricted_master import Basis, Columns, RestrictedMaster
from isthmus.assign.solution import Solution
from isthmus.errors import Infeasible
from isthmus.kernels.pricing import load

__all__ = ["CapacitatedSolution", "capacitated"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_ROOF = 16.0
"""Price of what must be served, as a multiple of the dearest trip; raised while any stays behind."""

_LEFT = 1e-8
"""Share of all tonnes below which nothing stays behind: the tolerance of the linear programme."""

_RAISES = 8
"""How often that price is raised before the solution is returned with what stays behind."""

_KEPT = 6
"""Paths a trip, on average, that a solution keeps for the next."""


class _Warm(NamedTuple):
    """What the next solution starts from; costs in USD/t."""

    search: Pricer
    columns: Columns
    arcs: IntArray
    basis: Basis
    roof: float


@dataclass(frozen=True, eq=False, kw_only=True)
class CapacitatedSolution(Solution):
    """
    Flows at the least cost of all under hard capacities, with what certifies them.

    `objective` holds, with a penalty, also the penalty of what is unserved. `gap` is
    ``(objective - bound) / abs(objective)``.

    Parameters
    ----------
    dual : ndarray, shape (n_arc,)
        What one more unit of capacity would save, 0 or more: a subgradient where the saving has a
        kink. [USD/t]
    bound : float
        No flows within the capacities cost less: sum over trips of flow times least cost at
        ``cost + dual``, or the penalty where that is less, minus sum of ``dual * capacity``.
        [USD/yr]
    penalty : ndarray, shape (m,), optional
        Price at which flow stays unserved. [USD/t]
    """

    dual: FloatArray
    bound: float
    penalty: FloatArray | None
    problem: CapacityProblem = field(repr=False)
    warm: _Warm = field(repr=False)

    @cached_property
    def cut(self) -> Cut | None:
        """Why the trips do not all fit, None if they do; found when first asked for."""
        if not np.any(self.unserved):
            return None
        search, problem = self.warm.search, self.problem
        demand = np.where(np.isfinite(search.least), problem.moving.flow, 0.0)
        per_t = _scale(demand)
        flow, room = demand / per_t, problem.capacity / per_t
        cut = find_cut(search, problem.cost, flow, room, self.warm.columns, self.warm.arcs)
        return cut and cut.scaled(per_t)


def capacitated(
    graph: Graph,
    cost: npt.ArrayLike,
    trips: Trips,
    capacity: npt.ArrayLike,
    *,
    first_through_node: int = 0,
    penalty: npt.ArrayLike | None = None,
    start: CapacitatedSolution | None = None,
    gap: float = 1e-9,
    progress: Progress | None = None,
) -> CapacitatedSolution:
    """
    Find the flows of least total cost that no arc is too small for.

    A multi-commodity flow of least cost, as a linear programme of path flows. Paths and capacities
    enter as they are needed; HiGHS solves each programme from where the last one stood. The price
    of an arc's capacity is its dual: what a slot is worth.

    Trips with no route of finite cost are kept in `Solution.unserved`, never dropped, and pay the
    penalty if there is one. An arc of capacity 0 is a way without room: trips that need it make
    the problem infeasible, or stay unserved at the penalty.

    Parameters
    ----------
    graph : Graph
    cost : array_like, shape (n_class, n_arc)
        Generalised cost, 0 or more, inf is closed. [USD/t]
    trips : Trips
        [t/yr]
    capacity : array_like, shape (n_arc,)
        What all classes together may put on an arc; inf is no limit. [t/yr]
    first_through_node : int
        Nodes below it begin and end paths but are never passed.
    penalty : array_like, shape () or (m,), optional
        Price of leaving a tonne unserved; without it every trip that has a way must be served.
        [USD/t]
    start : CapacitatedSolution, optional
        A solution of the same graph and the same ends of trips; flows, costs, capacities and
        penalties may differ. It only saves time, and is not changed. One of another graph or of
        other trips is not used.
    gap : float
        Relative gap asked for.
    progress : callable, optional
        Called with iteration and gap; what it raises interrupts.

    Returns
    -------
    CapacitatedSolution

    Raises
    ------
    Infeasible
        If there is no penalty and the trips do not fit; carries the cut.
    CostError
        If a cost is negative or not a number; names the class and the arc.
    InputError
        If a trip, a capacity or a penalty is wrong; lists them all.
    IsthmusError
        If HiGHS gives up.

    References
    ----------
    .. [1] L. R. Ford and D. R. Fulkerson, "A suggested computation for maximal multi-commodity
       network flows", Management Science 5, 1958 (the programme of path flows).
    .. [2] G. B. Dantzig and P. Wolfe, "Decomposition principle for linear programs", Operations
       Research 8, 1960 (generation of columns, and the bound).
    .. [3] R. K. Ahuja, T. L. Magnanti and J. B. Orlin, *Network Flows*, Prentice Hall, 1993, ch. 17.
       Differs in: capacities enter as rows only once they are exceeded.

    Examples
    --------
    >>> import numpy as np
    >>> from isthmus.assign.base import Trips, build_graph
    >>> graph, _ = build_graph([0, 0], [1, 1], 2)
    >>> one = np.zeros(1, np.int32)
    >>> trips = Trips(one, one, one + 1, np.array([100.0]))
    >>> found = capacitated(graph, [[2.0, 5.0]], trips, [60.0, np.inf])
    >>> found.arc_flow.tolist(), found.dual.tolist(), found.objective, round(found.bound, 6)
    ([[60.0, 40.0]], [3.0, 0.0], 320.0, 320.0)
    """
    problem = checked_capacity_problem(graph, cost, trips, capacity, first_through_node)
    price = checked_penalty(penalty, len(problem.trips.flow))
    return _solve(problem, price, start, gap, progress)


def _solve(
    problem: CapacityProblem,
    penalty: FloatArray | None,
    start: CapacitatedSolution | None,
    gap: float,
    progress: Progress | None,
) -> CapacitatedSolution:
    warm = _usable(start, problem)
    search, first = _search(problem, start, warm)
    connected = np.isfinite(search.least)
    demand = np.where(connected, problem.moving.flow, 0.0)
    per_t, per_usd = _scale(demand), _scale(search.least[connected])
    scaled = search.scaled(per_usd)
    roof = _ROOF * max(float(scaled.least[connected].max(initial=0.0)), 1.0 / _ROOF)
    if warm is not None:
        roof = max(roof, warm.roof / per_usd)
    price = np.full(len(demand), roof) if penalty is None else penalty[problem.rows] / per_usd
    usd, flow, room = problem.cost / per_usd, demand / per_t, problem.capacity / per_t
    master = _master(scaled, usd, flow, room, price, warm, first)
    point = generate_columns(master, scaled, usd, flow, room, gap, progress)
    for attempt in range(_RAISES):
        if penalty is not None or point.unserved.sum() <= _LEFT * flow.sum():
            break
        if attempt == 0:  # asked once: no price makes room
            cut = find_cut(scaled, usd, flow, room, master.columns, master.row_arcs)
            if cut is not None:
                raise Infeasible(*_infeasible_of(problem.graph, cut.scaled(per_t)))
        master.set_price(master.price * _ROOF)
        point = generate_columns(master, scaled, usd, flow, room, gap, progress)
    roof = float(master.price.max(initial=0.0)) if penalty is None else roof
    columns, basis = master.used_paths(_KEPT * len(demand))
    state = _Warm(search, columns, master.row_arcs, basis, roof * per_usd)
    return _solution(problem, penalty, point, master, state, (per_t, per_usd), gap)


def _search(
    problem: CapacityProblem, start: CapacitatedSolution | None, warm: _Warm | None
) -> tuple[Pricer, Columns]:
    """Return what searches need, and the least-cost paths of trips without a path so far."""
    moving, cost = problem.moving, problem.cost
    ask = np.ones(len(moving.flow), np.bool_)
    if warm is None or start is None or np.any(cost < start.problem.cost):
        search = build_pricer(problem.graph, cost, moving, problem.first_through_node)
    else:
        # where no cost fell, the old floors still hold; only trips that lost all paths are asked
        search = warm.search
        still_open = np.isfinite(path_costs(search, warm.columns, cost))
        ask = np.isfinite(search.least)
        ask[warm.columns.trip[still_open]] = False
    limit = np.where(ask, np.inf, -np.inf)
    first, least = price_paths(search, cost, np.zeros(problem.graph.n_arc), limit)
    return search._replace(least=np.where(ask, least, search.least)), first


def _master(
    search: Pricer,
    cost: FloatArray,
    demand: FloatArray,
    capacity: FloatArray,
    price: FloatArray,
    warm: _Warm | None,
    first: Columns,
) -> RestrictedMaster:
    """Build the programme, standing where the last one ended or on the least-cost paths."""
    master = RestrictedMaster(demand, price, len(capacity))
    if warm is None:
        master.add_paths(first, path_costs(search, first, cost))
        master.start_from_first_paths(search.least <= price)
        return master
    master.add_paths(warm.columns, path_costs(search, warm.columns, cost))
    master.add_arcs(warm.arcs, capacity[warm.arcs])
    master.resume(warm.basis)
    new = master.unknown_paths(first)
    if len(new.trip):
        master.add_paths(new, path_costs(search, new, cost))
    return master


def _usable(start: CapacitatedSolution | None, problem: CapacityProblem) -> _Warm | None:
    """Return what to start from, None if the start belongs to another graph or other trips."""
    if start is None:
        return None
    same = start.problem.cost.shape == problem.cost.shape and start.problem.joins_as(problem)
    return start.warm if same else None


def _solution(
    problem: CapacityProblem,
    penalty: FloatArray | None,
    point: Point,
    master: RestrictedMaster,
    warm: _Warm,
    scales: tuple[float, float],
    gap: float,
) -> CapacitatedSolution:
    """Put the flows in the order of the trips; each trip's add up to its flow."""
    graph, trips, rows = problem.graph, problem.trips, problem.rows
    per_t, per_usd = scales
    connected = np.isfinite(warm.search.least)
    moving = trips.flow[rows]
    left = point.unserved * per_t
    left[left <= _LEFT * moving] = 0.0
    carried = np.bincount(master.columns.trip, point.flow, len(rows))
    share = np.zeros(len(rows))
    np.divide(np.maximum(moving - left, 0.0), carried, out=share, where=carried > 0.0)
    left = np.where(connected & (carried > 0.0), np.minimum(left, moving), moving)
    used = np.flatnonzero(point.flow > 0.0)
    used = used[connected[master.columns.trip[used]]]
    moved = master.columns.take(used)
    flow = point.flow[used] * share[moved.trip]
    arc_flow = np.zeros((len(problem.cost), graph.n_arc))
    load(*moved, flow, warm.search.trip_klass, arc_flow)
    still = np.flatnonzero(trips.origin == trips.destination).astype(np.int32)
    owner = np.concatenate([rows[moved.trip].astype(np.int32), still])
    starts = np.concatenate([moved.starts, np.full(len(still), moved.starts[-1])])
    every = Columns(owner, starts, moved.arcs)
    order = np.argsort(owner, kind="stable")
    paths = every.take(order)
    unserved = np.zeros(len(trips.flow))
    unserved[rows] = left
    objective = float(arc_flow[arc_flow > 0.0] @ problem.cost[arc_flow > 0.0])
    bound = point.bound * per_t * per_usd
    if penalty is not None:
        objective += float(unserved @ penalty)
        bound += float(np.where(connected, 0.0, moving) @ penalty[rows])
    reached = max(0.0, objective - bound) / (abs(objective) or 1.0)
    return CapacitatedSolution(
        path_trip=paths.trip,
        path_indptr=paths.starts,
        path_arcs=paths.arcs,
        path_flow=np.concatenate([flow, trips.flow[still]])[order],
        arc_flow=arc_flow,
        unserved=unserved,
        gap=reached,
        iterations=point.iterations,
        converged=reached <= gap and (penalty is not None or not np.any(left[connected])),
        objective=objective,
        delay_h=np.zeros(graph.n_arc),
        dual=point.toll * per_usd,
        bound=bound,
        penalty=penalty,
        problem=problem,
        warm=warm,
    )


def _infeasible_of(graph: Graph, cut: Cut) -> tuple[tuple[str, ...], float, float, Cut]:
    """Return what `Infeasible` says of a cut."""
    names = tuple(f"{a} ({graph.tail[a]} to {graph.head[a]})" for a in cut.arcs)
    return names, cut.need, cut.room, cut


def _scale(values: FloatArray) -> float:
    """Return the power of two nearest the mean of the positive values, 1 if there are none."""
    positive = values[values > 0.0]
    return float(2.0 ** np.round(np.log2(positive.mean()))) if len(positive) else 1.0
