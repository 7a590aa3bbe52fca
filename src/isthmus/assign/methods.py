"""
What each method takes of network, cost and parent scenario.

To add a method: write its module on arrays, add a function here and name it in `METHODS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.assign.all_or_nothing import all_or_nothing
from isthmus.assign.assignment import Assignment
from isthmus.assign.base import Delay, Progress, Trips
from isthmus.assign.capacitated import capacitated
from isthmus.assign.path_based import path_based
from isthmus.assign.proportional import proportional
from isthmus.assign.solution import Solution
from isthmus.assign.stochastic import StochasticSolution, stochastic
from isthmus.assign.unserved import element_names
from isthmus.assign.warm_start import (
    match_parent,
    parent_costs,
    parent_flows,
    parent_unit,
    parent_volume,
)
from isthmus.errors import Infeasible
from isthmus.kernels.delay import NONE

if TYPE_CHECKING:
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
    length : ndarray, shape (n_class, n_arc)
        See `Inputs`.
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
    length: FloatArray
    start: Assignment | None
    gap: float
    progress: Progress | None


def _stochastic(problem: Problem, **options: Any) -> Solution:
    """Perturbed utility equilibrium, begun from the parent's flows where there is one."""
    virtual, cost, trips, start = problem.virtual, problem.cost, problem.trips, problem.start
    begin = None
    if start is not None and isinstance(start.solution, StochasticSolution):
        of = match_parent(start, virtual, problem.table, trips)
        known = parent_unit(start, start.solution.unit, of, virtual, len(trips.flow))
        flow = parent_volume(start, of)[None, :]
        at = parent_costs(start, of, trips, cost.usd.shape)
        begin = replace(start.solution, arc_flow=flow, unit=known, unit_at=at)
    value = cost.commodities["value_usd_t"].to_numpy(float)[trips.klass]
    get = cost.parameters.get
    asked = {
        "mu": get("perturbation"),
        "floor": get("least_arc_cost_usd_t"),
        "most": get("no_trade_value_share") * value,
    }
    return stochastic(
        virtual.graph,
        cost.usd,
        trips,
        vot=cost.vot_usd_t_h,
        delay=problem.delay,
        length=problem.length,
        gap=problem.gap,
        start=begin,
        progress=problem.progress,
        **asked | options,
    )


def _path_based(problem: Problem, **options: Any) -> Solution:
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
            kept = ("trees", "value", "converged", "iterations")
            parts = {f.name: getattr(likely, f.name) for f in fields(Solution)}
            found = Solution(**parts | {name: getattr(found, name) for name in kept})
    return found


def _capacitated(problem: Problem, **options: Any) -> Solution:
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
    return found


def _all_or_nothing(problem: Problem, **options: Any) -> Solution:
    """Every trip on its cheapest path, without congestion."""
    return all_or_nothing(
        problem.virtual.graph,
        problem.cost.usd,
        problem.trips,
        progress=problem.progress,
        **options,
    )


METHODS: dict[str, Callable[..., Solution]] = {
    "stochastic": _stochastic,
    "path_based": _path_based,
    "capacitated": _capacitated,
    "all_or_nothing": _all_or_nothing,
}
"""Methods by the names `assign` and the command line accept, the default first."""
