"""The engine alone on a network of the TNTP format."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isthmus.assign.all_or_nothing import all_or_nothing
from isthmus.assign.base import Progress, Solution
from isthmus.assign.stochastic import stochastic
from isthmus.errors import Fault, InputError
from isthmus.formats.tntp import TntpNetwork, TntpTrips

__all__ = ["TntpAssignment", "assign_tntp"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TntpAssignment:
    """
    An assignment on a TNTP network; link arrays in file order.

    Parameters
    ----------
    network : TntpNetwork
    method : str
    flow, cost : ndarray, shape (n_link,)
        Flow, and the cost the method ends with: free-flow cost for all-or-nothing.
    objective : float
        Sum of flow times that cost.
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
    """

    network: TntpNetwork
    method: str
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

    def summary(self) -> dict[str, float | int | str | bool]:
        """Return what the command line prints."""
        return {
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


def assign_tntp(
    network: TntpNetwork,
    trips: TntpTrips,
    method: str = "all_or_nothing",
    *,
    toll_weight: float = 0.0,
    distance_weight: float = 0.0,
    theta: float = 10.0,
    gap: float = 1e-6,
    keep_paths: bool = False,
    progress: Progress | None = None,
    **options: float,
) -> TntpAssignment:
    """
    Assign trips to a TNTP network.

    Cost is time plus weighted toll and length. All-or-nothing takes the free-flow time; stochastic
    lets time rise with flow by the file's BPR law. Intrazonal trips load no link.

    Parameters
    ----------
    network : TntpNetwork
    trips : TntpTrips
    method : {'all_or_nothing', 'stochastic'}
    toll_weight, distance_weight : float
        Cost of a unit of toll and of length, in units of time.
    theta : float
        Relative scale of the logit; stochastic only.
    gap : float
        Asked of stochastic.
    keep_paths : bool
        Keep the paths of all-or-nothing in `solution`.
    progress : callable, optional
    **options
        Further options of `isthmus.assign.stochastic.stochastic`.

    Returns
    -------
    TntpAssignment

    Raises
    ------
    InputError
        If the method is unknown, a weight is not 0 or more, or a trip names a zone that the
        network has not.
    """
    faults = []
    for name, weight in (("toll_weight", toll_weight), ("distance_weight", distance_weight)):
        if not (weight >= 0.0 and math.isfinite(weight)):
            faults.append(Fault(name, f"{weight} is not 0 or more.", "", "tntp-weight"))
    if method not in ("all_or_nothing", "stochastic"):
        text = f'"{method}" is no method.'
        faults.append(Fault("method", text, "One of all_or_nothing, stochastic.", "tntp-method"))
    zone = max(trips.origin.max(initial=0), trips.destination.max(initial=0))
    if zone > network.n_node:
        text = f"zone {zone} is no node of {network.path}, which has {network.n_node}."
        mend = "Do the two files belong together?"
        faults.append(Fault(str(trips.path), text, mend, "tntp-zone"))
    if faults:
        raise InputError(faults)
    graph, order = network.graph()
    fixed = network.fixed_cost(toll_weight, distance_weight)
    laws = network.delay()
    first = max(network.first_through_node - 1, 0)
    if method == "all_or_nothing":
        found = all_or_nothing(graph, fixed[order], trips.trips(), first, progress, keep_paths)
    else:
        found = stochastic(
            graph,
            fixed[order],
            trips.trips(),
            delay=laws.take(order),
            theta=theta,
            gap=gap,
            first_through_node=first,
            progress=progress,
            **options,  # type: ignore[arg-type]
        )
    flow = np.empty(network.n_link)
    flow[order] = found.arc_flow[0]
    delay, _, integral = laws.evaluate(flow)
    cost = fixed if method == "all_or_nothing" else fixed + delay
    return TntpAssignment(
        network=network,
        method=method,
        flow=flow,
        cost=cost,
        objective=found.objective,
        beckmann=math.fsum(fixed * flow + integral),
        loaded_total=math.fsum((fixed + delay) * flow),
        demand=trips.total,
        intrazonal=trips.intrazonal,
        unserved=math.fsum(found.unserved),
        gap=found.gap,
        iterations=found.iterations,
        converged=found.converged,
        solution=found,
    )
