"""The engine alone on a network of the TNTP format."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from isthmus.assign.all_or_nothing import all_or_nothing
from isthmus.assign.base import Delay, Graph, Progress, Trips
from isthmus.assign.capacitated import CapacitatedSolution, capacitated
from isthmus.assign.link_based import link_based
from isthmus.assign.path_based import path_based
from isthmus.assign.solution import PathFlows, Solution
from isthmus.assign.stochastic import stochastic
from isthmus.errors import Fault, Infeasible, InputError
from isthmus.formats.tntp import TntpNetwork, TntpTrips

__all__ = ["TNTP_METHODS", "TntpAssignment", "assign_tntp"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TntpAssignment:
    """
    An assignment on a TNTP network; link arrays in file order.

    Parameters
    ----------
    network : TntpNetwork
    method : str
    system_optimum : bool
    flow, cost : ndarray, shape (n_link,)
        Flow, and the cost the method ends with: free-flow cost for all-or-nothing and capacitated.
    objective : float
        What the method makes least: `beckmann` for user equilibrium, `loaded_total` for a system
        optimum, else the sum of flow times `cost`.
    beckmann : float
        Sum of the integrals of the link costs up to the flows.
    loaded_total : float
        Sum of flow times cost at the delays of the flows.
    demand, intrazonal, unserved : float
        Totals of trips.
    gap : float
    iterations : int
    converged : bool
    solution : Solution
    dual : ndarray, shape (n_link,), optional
        What one more unit of capacity would save; capacitated only.
    """

    network: TntpNetwork
    method: str
    system_optimum: bool
    flow: FloatArray
    cost: FloatArray
    objective: float
    beckmann: float
    loaded_total: float
    demand: float
    intrazonal: float
    unserved: float
    gap: float
    iterations: int
    converged: bool
    solution: Solution
    dual: FloatArray | None = None

    def summary(self) -> dict[str, float | int | str | bool]:
        """Return what the command line prints."""
        found: dict[str, float | int | str | bool] = {
            "network": self.network.path.name,
            "method": self.method,
            "links": self.network.n_link,
            "demand": self.demand,
            "intrazonal": self.intrazonal,
            "unserved": self.unserved,
            "objective": self.objective,
            "beckmann": self.beckmann,
            "total_cost_at_delays": self.loaded_total,
            "gap": self.gap,
            "iterations": self.iterations,
            "converged": self.converged,
        }
        if isinstance(self.solution, CapacitatedSolution):
            found["bound"] = self.solution.bound
        return found


@dataclass(frozen=True)
class _Problem:
    """A network and its trips as every method takes them."""

    graph: Graph
    fixed: FloatArray
    trips: Trips
    laws: Delay
    capacity: FloatArray
    names: list[str]
    first: int
    progress: Progress | None

    def stochastic(self, mu: float = 0.6, **options: Any) -> Solution:
        return stochastic(
            self.graph,
            self.fixed,
            self.trips,
            delay=self.laws,
            mu=mu,
            first_through_node=self.first,
            progress=self.progress,
            **options,
        )

    def path_based(self, **options: Any) -> Solution:
        return path_based(
            self.graph,
            self.fixed,
            self.trips,
            delay=self.laws,
            first_through_node=self.first,
            progress=self.progress,
            **options,
        )

    def link_based(self, **options: Any) -> Solution:
        return link_based(
            self.graph,
            self.fixed,
            self.trips,
            delay=self.laws,
            first_through_node=self.first,
            progress=self.progress,
            **options,
        )

    def capacitated(self, **options: Any) -> Solution:
        try:
            return capacitated(
                self.graph,
                self.fixed,
                self.trips,
                self.capacity,
                first_through_node=self.first,
                progress=self.progress,
                **options,
            )
        except Infeasible as error:
            names = [self.names[a] for a in error.cut.arcs]
            raise Infeasible(names, error.need, error.room, error.cut) from None

    def all_or_nothing(self, keep_paths: bool = False, gap: float = 0.0) -> Solution:
        del gap  # always met
        return all_or_nothing(
            self.graph, self.fixed, self.trips, self.first, self.progress, keep_paths
        )


TNTP_METHODS: dict[str, Callable[..., Solution]] = {
    "path_based": _Problem.path_based,
    "link_based": _Problem.link_based,
    "stochastic": _Problem.stochastic,
    "capacitated": _Problem.capacitated,
    "all_or_nothing": _Problem.all_or_nothing,
}
"""Methods by name, the default first."""
_DELAYED = ("path_based", "link_based", "stochastic")


def assign_tntp(
    network: TntpNetwork,
    trips: TntpTrips,
    method: str = "path_based",
    *,
    toll_weight: float = 0.0,
    distance_weight: float = 0.0,
    gap: float = 1e-6,
    system_optimum: bool = False,
    start: PathFlows | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> TntpAssignment:
    """
    Assign trips to a TNTP network.

    Cost is time plus weighted toll and length. Time rises with flow by the file's BPR law; for
    all-or-nothing and capacitated it is the free-flow time, and for the latter the file's
    capacities are hard. Intrazonal trips load no link.

    Parameters
    ----------
    network : TntpNetwork
    trips : TntpTrips
    method : {'path_based', 'link_based', 'stochastic', 'capacitated', 'all_or_nothing'}
    toll_weight, distance_weight : float
        Cost of a unit of toll and of length, in units of time.
    gap : float
        Relative gap asked for.
    system_optimum : bool
        Least total cost in place of equilibrium: path_based and link_based.
    start : PathFlows, optional
        Flows to begin from: path_based.
    progress : callable, optional
    **options
        Further options of the method's own function.

    Returns
    -------
    TntpAssignment

    Raises
    ------
    InputError
        If the method is unknown or cannot do what is asked, a weight is not 0 or more, or a trip
        names a zone that the network has not.
    Infeasible
        If the trips do not fit the capacities: capacitated.
    """
    _check(network, trips, method, toll_weight, distance_weight, system_optimum, start)
    graph, order = network.graph()
    fixed = network.fixed_cost(toll_weight, distance_weight)
    laws = network.delay()
    problem = _Problem(
        graph,
        fixed[order],
        trips.trips(),
        laws.take(order),
        network.capacity[order],
        [f"{network.tail[i]}-{network.head[i]}" for i in order] if method == "capacitated" else [],
        max(network.first_through_node - 1, 0),
        progress,
    )
    if system_optimum:
        options["system_optimum"] = True
    if start is not None:
        options["start"] = start
    found = TNTP_METHODS[method](problem, gap=gap, **options)
    flow = np.empty(network.n_link)
    flow[order] = found.arc_flow[0]
    dual = None
    if isinstance(found, CapacitatedSolution):
        dual = np.empty(network.n_link)
        dual[order] = found.dual
    delay, _, integral = laws.evaluate(flow)
    cost = fixed + delay if method in _DELAYED else fixed
    beckmann = math.fsum(fixed * flow + integral)
    total = math.fsum((fixed + delay) * flow)
    least = {"path_based": beckmann, "link_based": beckmann}.get(method, found.objective)
    return TntpAssignment(
        network=network,
        method=method,
        system_optimum=system_optimum,
        flow=flow,
        cost=cost,
        objective=total if system_optimum else least,
        beckmann=beckmann,
        loaded_total=total,
        demand=trips.total,
        intrazonal=trips.intrazonal,
        unserved=math.fsum(found.unserved),
        gap=found.gap,
        iterations=found.iterations,
        converged=found.converged,
        solution=found,
        dual=dual,
    )


def _check(
    network: TntpNetwork,
    trips: TntpTrips,
    method: str,
    toll_weight: float,
    distance_weight: float,
    system_optimum: bool,
    start: PathFlows | None,
) -> None:
    """Raise all that is wrong at once."""
    faults = []
    for name, weight in (("toll_weight", toll_weight), ("distance_weight", distance_weight)):
        if not (weight >= 0.0 and math.isfinite(weight)):
            faults.append(Fault(name, f"{weight} is not 0 or more.", "", "tntp-weight"))
    if method not in TNTP_METHODS:
        mend = f"One of {', '.join(TNTP_METHODS)}."
        faults.append(Fault("method", f'"{method}" is no method.', mend, "tntp-method"))
    elif system_optimum and method not in ("path_based", "link_based"):
        text = f"{method} has no system optimum."
        faults.append(Fault("system_optimum", text, "Use path_based.", "tntp-method"))
    elif start is not None and method != "path_based":
        text = f"{method} cannot begin from other flows."
        faults.append(Fault("start", text, "Use path_based.", "tntp-method"))
    zone = max(trips.origin.max(initial=0), trips.destination.max(initial=0))
    if zone > network.n_node:
        text = f"zone {zone} is no node of {network.path}, which has {network.n_node}."
        mend = "Do the two files belong together?"
        faults.append(Fault(str(trips.path), text, mend, "tntp-zone"))
    if faults:
        raise InputError(faults)
