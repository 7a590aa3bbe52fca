"""
What each method takes of network, cost and parent scenario.

To add a method: write its module on arrays, add a function here and name it in `METHODS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.assign.all_or_nothing import all_or_nothing
from isthmus.assign.base import Delay, Progress, Solution, Trips
from isthmus.assign.capacitated import capacitated
from isthmus.assign.choice import inherit, kin, parent_flows, parent_volume
from isthmus.assign.cuts import element_names
from isthmus.assign.path_based import path_based
from isthmus.assign.proportional import proportional
from isthmus.assign.routes import Routes, generate_routes, route_costs
from isthmus.assign.stochastic import stochastic
from isthmus.errors import Infeasible
from isthmus.kernels.delay import NONE

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.cost.model import ArcCost
    from isthmus.virtual import VirtualNetwork

__all__ = ["METHODS", "Problem"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """
    Demand on a network at a cost, ready for a method.

    Parameters
    ----------
    virtual : VirtualNetwork
    cost : ArcCost
    table : DataFrame
        Rows of `Assignment.trips`.
    trips : Trips
    delay : Delay, optional
    start : Assignment, optional
        Of the parent scenario.
    gap : float
    progress : callable, optional
    """

    virtual: VirtualNetwork
    cost: ArcCost
    table: pd.DataFrame
    trips: Trips
    delay: Delay | None
    start: Assignment | None
    gap: float
    progress: Progress | None


def _stochastic(problem: Problem, **options: Any) -> tuple[Solution, FloatArray]:
    """Path-size logit equilibrium over generated routes."""
    virtual, cost, trips, start = problem.virtual, problem.cost, problem.trips, problem.start
    length = np.where(virtual.arcs["kind"].eq("move"), virtual.arcs["length_km"], 0.0)
    touched = flow = before = None
    if start is not None and start.method == "stochastic":
        of = kin(start, virtual, problem.table, trips)
        routes, touched = inherit(start, of, virtual.graph, cost, trips)
        flow, before = parent_volume(start, of), of.earlier(start, "theta")
    else:
        routes = generate_routes(virtual.graph, cost.usd, trips)
        if start is not None:
            before = kin(start, virtual, problem.table, trips).earlier(start, "theta")
    theta = _theta(cost, trips, routes, before)
    found = stochastic(
        virtual.graph,
        cost.usd,
        trips,
        vot=cost.vot_usd_t_h,
        delay=problem.delay,
        theta=theta,
        scale="absolute",
        path_size_beta=cost.parameters.get("path_size_beta"),
        length=length.astype(float),
        gap=problem.gap,
        routes=routes,
        grow=touched,
        flow=flow,
        progress=problem.progress,
        **options,
    )
    return found, theta


def _path_based(problem: Problem, **options: Any) -> tuple[Solution, FloatArray]:
    """
    User equilibrium, or system optimum, begun from the parent's flows where there is one.

    Route flows, and with them what each class and country carries, are the most likely ones.
    """
    start, cost = problem.start, problem.cost
    flows = None
    if start is not None and start.method == "path_based":
        flows = parent_flows(start, problem.virtual, cost, problem.table, problem.trips)
    best = bool(options.pop("system_optimum", False))
    found = path_based(
        problem.virtual.graph,
        cost.usd,
        problem.trips,
        delay=problem.delay,
        vot=cost.vot_usd_t_h,
        gap=problem.gap,
        system_optimum=best,
        start=flows,
        keep_trees=True,
        progress=problem.progress,
        **options,
    )
    if found.converged:
        likely = proportional(
            problem.virtual.graph,
            cost.usd,
            problem.trips,
            found,
            delay=problem.delay,
            vot=cost.vot_usd_t_h,
            system_optimum=best,
        )
        if likely.settled and likely.gap <= problem.gap:
            kept = ("trees", "satisfaction", "converged", "iterations")
            parts = {f.name: getattr(likely, f.name) for f in fields(Solution)}
            found = Solution(**parts | {name: getattr(found, name) for name in kept})
    return found, np.full(len(problem.table), np.inf)


def _capacitated(problem: Problem, **options: Any) -> tuple[Solution, FloatArray]:
    """Optimum of all under hard capacities; a cut is told by the names of its elements."""
    graph, delay = problem.virtual.graph, problem.delay
    capacity = np.full(graph.n_arc, np.inf)
    if delay is not None:
        limited = delay.law != NONE
        capacity[limited] = delay.capacity[limited]
    try:
        found = capacitated(
            graph,
            problem.cost.usd,
            problem.trips,
            capacity,
            gap=problem.gap,
            progress=problem.progress,
            **options,
        )
    except Infeasible as error:
        names = element_names(problem.virtual.arcs, error.cut.arcs)
        raise Infeasible(names, error.need, error.room, error.cut) from None
    # with capacities that are hard nobody waits: what a slot is worth is the dual
    return found, np.full(len(problem.table), np.inf)


def _all_or_nothing(problem: Problem, **options: Any) -> tuple[Solution, FloatArray]:
    """Every trip on its cheapest path, without congestion."""
    found = all_or_nothing(
        problem.virtual.graph,
        problem.cost.usd,
        problem.trips,
        progress=problem.progress,
        **options,
    )
    return found, np.full(len(problem.table), np.inf)


def _theta(cost: ArcCost, trips: Trips, routes: Routes, before: FloatArray | None) -> FloatArray:
    """
    Return the logit scale of each trip: ``theta_rel`` over the least cost of its routes. [t/USD]

    The scale is that of the parent assignment where there is one: scenarios that differ in their
    network must not differ in the meaning of a dollar (docs/decisions/0004). `before` holds it, NaN
    where it is not known.
    """
    if before is not None and np.isfinite(before).all():
        return before
    relative = np.array(
        [
            cost.parameters.get("logit_scale_relative", commodity_id=c)
            for c in cost.commodities["commodity_id"]
        ]
    )
    least = np.full(len(trips.flow), np.inf)
    trip_of = np.repeat(np.arange(len(least)), np.diff(routes.trip))
    np.minimum.at(least, trip_of, route_costs(routes, cost.usd, trips))
    theta = relative[trips.klass] / np.where(np.isfinite(least) & (least > 0), least, 1.0)
    return theta if before is None else np.where(np.isfinite(before), before, theta)


METHODS: dict[str, Callable[..., tuple[Solution, FloatArray]]] = {
    "stochastic": _stochastic,
    "path_based": _path_based,
    "capacitated": _capacitated,
    "all_or_nothing": _all_or_nothing,
}
"""Methods by the names `assign` and the command line accept, the default first."""
