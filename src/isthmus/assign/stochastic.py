"""Stochastic equilibrium: perturbed utility route choice, delays solved to fit the flows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Delay, FloatArray, Graph, Progress, Trips
from isthmus.assign.certificate import Certificate, certify
from isthmus.assign.checks import checked_cost, checked_trips
from isthmus.assign.equilibrium import Equilibrium, equilibrium
from isthmus.assign.perturbed_utility import PerturbedUtility
from isthmus.assign.solution import Solution
from isthmus.assign.unit_flows import UnitFlows
from isthmus.errors import Fault, InputError, IsthmusError
from isthmus.kernels import flow_decomposition

__all__ = ["StochasticSolution", "stochastic"]

_FLOOR = 1e-6
"""Least cost of an arc over the mean length, which no closure changes, where none is given."""


@dataclass(frozen=True, kw_only=True)
class StochasticSolution(Solution):
    """
    Flows of a stochastic equilibrium, with what proves them and what another begins from.

    Parameters
    ----------
    unit : UnitFlows
        Flow of one unit of each trip.
    unit_at : ndarray, shape (n_class, n_arc), optional
        Costs that `unit` was proven at. [USD/t]
    certificate : Certificate
    equilibrium : Equilibrium
    """

    unit: UnitFlows = field(repr=False)
    unit_at: FloatArray | None = field(repr=False)
    certificate: Certificate
    equilibrium: Equilibrium = field(repr=False)


def stochastic(
    graph: Graph,
    cost: npt.ArrayLike,
    trips: Trips,
    *,
    vot: npt.ArrayLike = 1.0,
    delay: Delay | None = None,
    mu: float,
    length: npt.ArrayLike | None = None,
    floor: float | None = None,
    normalised: bool = True,
    most: npt.ArrayLike | None = None,
    gap: float = 1e-6,
    max_iterations: int = 100,
    first_through_node: int = 0,
    start: Solution | None = None,
    progress: Progress | None = None,
) -> StochasticSolution:
    """
    Let each trip spread over the network as its perturbed utility has it, with delays that fit the flows.

    A trip of class k sends one unit at the least of ``sum c x + mu sum l F(x)`` over all flows that conserve it, with
    ``c = cost + vot_k d(v)`` and ``F(x) = (1 + x) ln(1 + x) - x - (2 ln 2 - 1) x`` (docs/model.md, 5). No routes are
    listed. As mu falls to 0 flows on arcs tend to those of `path_based`.

    Trips with no route, and those who would bear more than they may, are kept in `Solution.unserved`.

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
    mu : float
        Size of the perturbation, above 0. [-]
    length : array_like, shape (n_arc,) or (n_class, n_arc), optional
        What the perturbation is measured in, *l*; default is the cost. Of an arc that costs less than it did, no more
        is taken than leaves half of its cost at no flow. [USD/t]
    floor : float, optional
        Least cost and length of an arc; default is a millionth of the mean length. [USD/t]
    normalised : bool
        Without it *F* is ``(1 + x) ln(1 + x) - x``, and a single route costs more than its cost.
    most : array_like, shape (m,) or a number, optional
        What a tonne bears beyond its least cost without delay; in the tenth of it below, tonnes stay at home one after
        the other. [USD/t]
    gap : float
        Relative gap asked for.
    max_iterations : int
        Newton steps.
    first_through_node : int
        Nodes below it are never passed.
    start : Solution, optional
        Of nearly the same problem on the same graph, to begin from. The answer is the same up to the gap.
    progress : callable, optional
        Called with iteration and gap; what it raises interrupts.

    Returns
    -------
    StochasticSolution
        `gap` is the largest |v' - v| / max(v, v', 1e-9 of all flow) over arcs with a delay law, where v are the flows
        that delays are taken at and v' what trips load at these delays. `certificate` has the rest.

    Raises
    ------
    CostError, InputError
        If costs, laws, trips or options are wrong.

    References
    ----------
    .. [1] M. Fosgerau, M. Paulsen, T. K. Rasmussen, "A perturbed utility route choice model", Transportation Research
       Part C 136, 2022.
    .. [2] R. Yao, M. Fosgerau, M. Paulsen, T. K. Rasmussen, "Perturbed utility stochastic traffic assignment",
       Transportation Science 58, 2024.
    """
    table = checked_cost(graph, cost)
    trips = checked_trips(graph, len(table), trips)
    vots = np.ascontiguousarray(np.broadcast_to(np.asarray(vot, np.float64), (len(table),)))
    bears = (
        None if most is None else np.broadcast_to(np.asarray(most, np.float64), trips.flow.shape)
    )
    _check_options(mu, vots, gap, floor, length, bears)
    ell = table if length is None else np.broadcast_to(np.asarray(length, np.float64), table.shape)
    problem = PerturbedUtility(
        graph, table, trips, vots, delay, mu=mu, length=ell, floor=floor or _floor(ell),
        normalised=normalised, most=bears,
        first_through_node=first_through_node,
    )  # fmt: skip
    volume = known = known_at = None
    if isinstance(start, StochasticSolution):
        known, known_at = start.unit.take(problem.rows), start.unit_at
        volume = start.arc_flow.sum(axis=0)[problem.arcs]
    found = equilibrium(
        problem, gap, volume=volume, known=known, known_at=known_at, max_iterations=max_iterations,
        progress=progress,
    )  # fmt: skip
    return build_solution(found, gap)


def build_solution(found: Equilibrium, gap: float) -> StochasticSolution:
    """
    Return the flows of an equilibrium on arcs and paths, and what proves them.

    Parameters
    ----------
    found : Equilibrium
    gap : float
        Asked for.

    Returns
    -------
    StochasticSolution

    Raises
    ------
    IsthmusError
        If a trip was not solved.
    """
    problem, choice = found.problem, found.choice
    if not choice.solved:
        raise IsthmusError("a trip was not solved: its costs span too many powers of ten.")
    trips, graph, rows = problem.trips, problem.graph, choice.rows
    m = len(trips.flow)
    unit = _by_trip(choice.flows, rows, m)
    value, served, dual = np.full(m, np.nan), np.zeros(m), np.full(m, np.nan)
    value[rows], served[rows], dual[rows] = choice.value, choice.served, choice.dual
    flow = trips.flow * served
    paths = flow_decomposition.paths(
        unit.at, unit.arcs, unit.x, trips.origin, trips.destination, flow, graph.tail, graph.head
    )
    arc_flow = np.zeros(problem.usd.shape)
    flow_decomposition.by_class(unit.at, unit.arcs, unit.x, trips.klass, flow, arc_flow)
    hours = problem.over_all_arcs(found.hours)
    total = float(
        (np.where(arc_flow > 0.0, problem.usd + problem.vot[:, None] * hours, 0.0) * arc_flow).sum()
    )
    return StochasticSolution(
        path_trip=paths[0],
        path_indptr=paths[1],
        path_arcs=paths[2],
        path_flow=paths[3],
        arc_flow=arc_flow,
        unserved=trips.flow - flow,
        gap=found.gap,
        iterations=found.iterations,
        converged=found.gap <= gap,
        objective=total,
        delay_h=hours,
        value=np.where(flow > 0.0, value, np.nan),
        unit=unit,
        unit_at=choice.cost,
        certificate=certify(found, unit, value, dual),
        equilibrium=found,
    )


def _by_trip(flows: UnitFlows, rows: npt.NDArray[np.int64], m: int) -> UnitFlows:
    """Return flows in the order of the trips, empty where a trip has none."""
    place = np.full(m, len(rows), np.int64)
    place[rows] = np.arange(len(rows))
    return flows.with_empty().take(place)


def _floor(length: FloatArray) -> float:
    some = length[np.isfinite(length) & (length > 0.0)]
    return _FLOOR * float(some.mean()) if len(some) else _FLOOR


def _check_options(
    mu: float,
    vot: FloatArray,
    gap: float,
    floor: float | None,
    length: npt.ArrayLike | None,
    most: FloatArray | None,
) -> None:
    faults = []
    if not 0.0 < mu < np.inf:
        mend = "Give a number above 0; for its limit at 0 use path_based."
        faults.append(Fault("mu", f"{mu} is not above 0.", mend))
    if not np.all((vot >= 0.0) & (vot < np.inf)):
        faults.append(Fault("vot", "is negative, infinite or not a number.", ""))
    if not gap > 0.0:
        faults.append(Fault("gap", f"{gap} is not above 0.", ""))
    if floor is not None and not 0.0 < floor < np.inf:
        faults.append(Fault("floor", f"{floor} is not above 0.", ""))
    for name, values in (("length", length), ("most", most)):
        if values is not None and not np.all(np.asarray(values, np.float64) >= 0.0):
            faults.append(Fault(name, "is negative or not a number.", ""))
    if faults:
        raise InputError(faults)
