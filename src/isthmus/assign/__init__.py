"""
Assignment: the flows that follow from demand and cost.

`assign` is the door; each method is one module with one function on arrays, and is named in
`isthmus.assign.methods`, where a new one is added.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from isthmus.assign.assignment import Assignment, Paths
from isthmus.assign.inputs import network_digest
from isthmus.assign.methods import METHODS, Problem
from isthmus.assign.network_update import prepare_inputs
from isthmus.assign.solution import Solution
from isthmus.assign.unserved import unserved_reasons
from isthmus.cost.model import GeneralizedCost
from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from isthmus.demand import Demand
    from isthmus.network import Network

_SETTLED = {True: "most likely", False: "as found"}

__all__ = ["METHODS", "Assignment", "Paths", "assign", "network_digest"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def assign(
    network: Network,
    demand: Demand,
    cost: GeneralizedCost,
    method: str = "stochastic",
    gap: float = 1e-6,
    start: Assignment | None = None,
    progress: Callable[[int, float], None] | None = None,
    **options: Any,
) -> Assignment:
    """
    Assign demand to a network.

    Parameters
    ----------
    network : Network
    demand : Demand
    cost : GeneralizedCost
    method : {'stochastic', 'path_based', 'capacitated', 'all_or_nothing'}
        Perturbed utility equilibrium with congestion; user equilibrium with congestion
        (``system_optimum=True``: least total cost); least total cost under hard capacities; every
        flow on its cheapest path without congestion.
    gap : float
        Relative gap asked for.
    start : Assignment, optional
        Of a parent scenario, by the same method, to begin with its flows. The answer is the same.
    progress : callable, optional
        Called with iteration and gap; whatever it raises interrupts the assignment.
    **options
        Passed to the method.

    Returns
    -------
    Assignment
        `converged` says whether the asked gap was reached.

    Raises
    ------
    InputError
        If the method, a zone or a commodity is unknown.
    CostError
        If a cost is negative or not a number.

    Examples
    --------
    >>> import isthmus as ist
    >>> facts = ist.read()
    >>> network, demand = facts.network("2025-01-01"), facts.demand(2024)
    >>> result = ist.assign(network, demand, ist.GeneralizedCost(facts), method="all_or_nothing")
    >>> bool(abs(result.paths.flow.sum() + result.unserved.tonnes_t_yr.sum() - demand.tonnes) < 1)
    True
    """
    if method not in METHODS:
        raise InputError(
            [Fault("method", f'"{method}" is no method.', f"One of {', '.join(METHODS)}.")]
        )
    made = prepare_inputs(network, demand, cost, start)
    virtual, arc_cost, table, trips = made.virtual, made.cost, made.table.copy(), made.trips
    problem = Problem(
        virtual, arc_cost, table, trips, made.delay, made.length, start, gap, progress
    )
    solution = METHODS[method](problem, **options)
    paths = Paths(
        solution.path_trip.astype(np.int64),
        solution.path_indptr.astype(np.int64),
        solution.path_arcs.astype(np.int64),
        solution.path_flow,
    )
    table["served_t_yr"] = np.bincount(paths.trip, weights=paths.flow, minlength=len(table))
    whole = np.isclose(table["served_t_yr"], table["tonnes_t_yr"], rtol=1e-9, atol=0.0)
    table["served_t_yr"] = np.where(whole, table["tonnes_t_yr"], table["served_t_yr"])
    digests = {
        "facts": network.facts.digest,
        "network": network_digest(network, demand, None if start is None else start.virtual.source),
        "cost": cost.digest,
    }
    found = Assignment(
        virtual,
        arc_cost,
        demand,
        table,
        paths,
        solution.arc_flow,
        solution.delay_h,
        unserved_reasons(virtual, arc_cost, table, trips, solution.unserved),
        method,
        float(solution.gap),
        gap,
        bool(solution.converged),
        int(solution.iterations),
        digests,
        solution.trees,
        "by choice" if method == "stochastic" else _SETTLED[solution.settled],
        made,
        solution,
    )
    table["borne_usd_t"] = _borne(found, solution)
    return found


def _borne(found: Assignment, solution: Solution) -> FloatArray:
    """Return what a tonne of each trip bears: what the method says, or the mean cost of its paths."""
    served = found.trips["served_t_yr"].to_numpy()
    value = solution.value
    if value is None:
        paths = found.paths
        paid = np.bincount(paths.trip, paths.flow * found.path_total("usd"), len(served))
        flow = np.bincount(paths.trip, paths.flow, len(served))
        value = np.divide(paid, flow, out=np.full(len(served), np.nan), where=flow > 0.0)
    return np.where(served > 0, value, np.nan)
