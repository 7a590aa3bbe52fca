"""
Deterministic user equilibrium and system optimum on arc flows: Frank and Wolfe's method.

The plain twin of `path_based`: the same programme and the same gap, by other means. Each iteration
loads all trips on least-cost paths and walks towards those flows, or towards a mixture of them with
the points walked to before, as far as the objective falls. It reaches 1e-4 soon and 1e-6 late.

Trees are grown anew by `kernels.paths`, not repaired as those of `path_based`: one that checks the
other should share little with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Delay, Graph, Progress, Trips, relative_gap
from isthmus.assign.checks import checked_cost, checked_trips, checked_vot
from isthmus.assign.hours import in_hours, objective
from isthmus.assign.least_cost import load_least
from isthmus.assign.solution import Solution
from isthmus.errors import Fault, InputError
from isthmus.kernels import projection

__all__ = ["link_based"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_DEPTH = {"frank_wolfe": 0, "conjugate": 1, "biconjugate": 2}
"""How many earlier directions each variant makes a new one conjugate to."""
_WHOLE = 0.99
"""A step beyond it, or an earlier point of more weight, leaves nothing to be conjugate to."""


@dataclass(frozen=True)
class _Programme:
    """What is minimised: costs in hours, as the delay is shared by all classes."""

    graph: Graph
    first_through: int
    trips: Trips
    hours: FloatArray
    constant: FloatArray
    laws: tuple[Any, ...]
    marginal: bool
    preload: FloatArray

    def congestion(self, total: FloatArray, marginal: bool) -> tuple[FloatArray, FloatArray]:
        """Return delay [h] and its slope [h per t/yr] at a flow of all classes, shape (n_arc,)."""
        delay, slope = np.zeros((2, len(total)))
        free = np.zeros(len(total))
        projection.refresh(self.laws, marginal, free, self.preload + total, delay, slope)
        return delay, slope

    def load(self, delay: FloatArray) -> tuple[BoolArray, FloatArray]:
        """Return which trips are served, and the arc flows of all on least-cost paths."""
        found = load_least(self.graph, self.hours + delay, self.trips, self.first_through, False)
        return found[0], found[3]

    def search(self, flow: FloatArray, point: FloatArray) -> float:
        """Return how far to walk from a flow towards a point, 0 to 1: bisection on the derivative."""
        way = point - flow
        total, shift, fixed = flow.sum(axis=0), way.sum(axis=0), float((self.constant * way).sum())

        def rises(step: float) -> bool:
            return fixed + self.congestion(total + step * shift, self.marginal)[0] @ shift > 0.0

        if not rises(1.0):
            return 1.0
        low, high = 0.0, 1.0
        while high - low > 1e-12 * high and high > 1e-15:
            middle = 0.5 * (low + high)
            low, high = (low, middle) if rises(middle) else (middle, high)
        return low  # from here back the objective falls: a step never raises it


def link_based(
    graph: Graph,
    cost: npt.ArrayLike,
    trips: Trips,
    *,
    delay: Delay | None = None,
    vot: npt.ArrayLike = 1.0,
    gap: float = 1e-4,
    first_through_node: int = 0,
    system_optimum: bool = False,
    preload: npt.ArrayLike | None = None,
    variant: str = "biconjugate",
    max_iterations: int = 1000,
    progress: Progress | None = None,
) -> Solution:
    """
    Assign trips to a deterministic user equilibrium, or to a system optimum, without paths.

    Parameters
    ----------
    graph : Graph
    cost : array_like, shape (n_class, n_arc)
        Cost without delay, inf where closed. [USD/t]
    trips : Trips
    delay : Delay, optional
        None: all-or-nothing flows come out.
    vot : array_like, shape (n_class,) or scalar
        Value of time, above 0. [USD/(t*h)]
    gap : float
        Relative gap asked for: flow times what it pays above least cost, over flow times least cost.
    first_through_node : int
        Nodes below it are not passed.
    system_optimum : bool
        Minimise total cost, that of each class over its value of time, in place of each user's own:
        costs are then marginal ones, and so is the gap.
    preload : array_like, shape (n_arc,), optional
        Flow that is always on the arcs; it delays, but is not in the result. [t/yr]
    variant : {'biconjugate', 'conjugate', 'frank_wolfe'}
        To how many earlier directions a new one is conjugate: two, one or none.
    max_iterations : int
        At least one is made; the first measures the flows of least cost without trips.
    progress : callable, optional
        What it raises ends the assignment; KeyboardInterrupt ends it with the flows reached.

    Returns
    -------
    Solution
        Without paths. `gap` is that of the flows returned.

    Raises
    ------
    CostError
        If a cost is negative or not a number, or a value of time is not above 0.
    InputError
        If a trip names a class or node that does not exist, or the variant is unknown.

    References
    ----------
    .. [1] M. Frank and P. Wolfe, "An algorithm for quadratic programming", Naval Research Logistics
       Quarterly 3(1-2), 1956.
    .. [2] M. Mitradjieva and P. O. Lindberg, "The stiff is moving: conjugate direction Frank-Wolfe
       methods with applications to traffic assignment", Transportation Science 47(2), 2013. Differs
       in: after a step of nearly 1 earlier points are forgotten.

    Examples
    --------
    Two roads of 1 h and 2 h, the short one slower by an hour with every 100 t:

    >>> from isthmus.assign.base import build_graph
    >>> graph, _ = build_graph([0, 0], [1, 1], 2)
    >>> laws = Delay(*(np.array(x) for x in ([1, 0], [1.0, 2.0], [100.0, 1.0], [1.0, 0.0], [1.0, 0.0])))
    >>> trips = Trips(*(np.array([x]) for x in (0, 0, 1, 150.0)))
    >>> link_based(graph, [1.0, 2.0], trips, delay=laws).arc_flow[0].round(6).tolist()
    [100.0, 50.0]
    """
    if variant not in _DEPTH:
        raise InputError([Fault("variant", f'"{variant}" is none.', f"One of {tuple(_DEPTH)}.")])
    table = checked_cost(graph, cost)
    trips = checked_trips(graph, len(table), trips)
    price = checked_vot(vot, len(table))
    load = np.zeros(graph.n_arc) if preload is None else np.asarray(preload, np.float64)
    programme = _programme(
        graph, table, trips, delay, price, first_through_node, system_optimum, load
    )
    free, _ = programme.congestion(np.zeros(graph.n_arc), system_optimum)
    served, flow = programme.load(free)
    unserved = np.where(trips.origin == trips.destination, 0.0, trips.flow)
    unserved[np.flatnonzero(unserved > 0.0)[served]] = 0.0
    flow, reached, iterations = _iterate(
        programme, flow, price, gap, _DEPTH[variant], max_iterations, progress
    )
    delay_h, _ = programme.congestion(flow.sum(axis=0), False)
    return Solution(
        path_trip=np.empty(0, np.int32),
        path_indptr=np.zeros(1, np.int64),
        path_arcs=np.empty(0, np.int32),
        path_flow=np.empty(0),
        arc_flow=flow,
        unserved=unserved,
        gap=reached,
        iterations=iterations,
        converged=reached <= gap,
        objective=objective(flow, table, price, delay_h),
        delay_h=delay_h,
    )


def _programme(
    graph: Graph,
    cost: FloatArray,
    trips: Trips,
    delay: Delay | None,
    vot: FloatArray,
    first_through: int,
    marginal: bool,
    preload: FloatArray,
) -> _Programme:
    """Put costs into hours, close arcs that take nothing, leave trips out that go nowhere."""
    hours, laws = in_hours(cost, delay, vot)
    rows = np.flatnonzero((trips.flow > 0.0) & (trips.origin != trips.destination))
    moving = trips.take(rows)
    constant = np.where(np.isfinite(hours), hours, 0.0)  # of flows: closed arcs have none
    return _Programme(graph, first_through, moving, hours, constant, laws, marginal, preload)


def _iterate(
    programme: _Programme,
    flow: FloatArray,
    vot: FloatArray,
    gap: float,
    depth: int,
    max_iterations: int,
    progress: Progress | None,
) -> tuple[FloatArray, float, int]:
    """Walk from point to point; returns flows, their gap and the number of iterations."""
    past: list[FloatArray] = []
    hour = float((vot[programme.trips.klass] * programme.trips.flow).sum())
    reached, iteration, step, now = (flow, np.inf, 0), 0, 0.0, flow
    try:
        while True:
            iteration += 1
            delay, slope = programme.congestion(now.sum(axis=0), programme.marginal)
            _, least = programme.load(delay)
            price = vot[:, None] * (programme.constant + delay)
            excess, total = float((price * (now - least)).sum()), float((price * least).sum())
            reached = now, relative_gap(excess, total, hour), iteration
            if progress is not None:
                progress(iteration, reached[1])
            if reached[1] <= gap or iteration >= max_iterations:
                break
            point = _mixture(now, least, past, step, slope)
            step = programme.search(now, point)
            if step == 0.0 and past:
                past, point = [], least
                step = programme.search(now, point)
            if step == 0.0:  # what is left is rounding
                break
            past = [point, *past][:depth] if step < _WHOLE else []
            now = (1.0 - step) * now + step * point
    except KeyboardInterrupt:
        pass
    return reached


def _mixture(
    flow: FloatArray, least: FloatArray, past: list[FloatArray], step: float, slope: FloatArray
) -> FloatArray:
    """
    Return the point that makes the way to it conjugate to the last ways walked.

    Conjugate is with the second derivative of the objective, which is of total flows alone: the
    slope of the delays on its diagonal. Weights below 0 are left out, so that the point is a flow.

    Parameters
    ----------
    flow, least : ndarray, shape (n_class, n_arc)
        Where we are, and the flows on least-cost paths. [t/yr]
    past : list of ndarray
        Points walked to before, the last one first: none, one or two.
    step : float
        How far the last one was approached.
    slope : ndarray, shape (n_arc,)
        [h per t/yr]

    Returns
    -------
    ndarray, shape (n_class, n_arc)
    """
    if not past:
        return least
    here, wish = flow.sum(axis=0), slope * (least - flow).sum(axis=0)
    last = past[0].sum(axis=0)
    way = last - here  # along the last way walked
    newer, older = _ratio(-way @ wish, way @ (slope * way)), 0.0
    if len(past) > 1:
        former = past[1].sum(axis=0)
        before = step * last + (1.0 - step) * former - here  # along the one before
        older = max(_ratio(-before @ wish, before @ (slope * (former - last))), 0.0)
        newer += older * step / (1.0 - step)
    newer = max(newer, 0.0)
    most = _WHOLE / (1.0 - _WHOLE)
    scale = min(1.0, most / max(newer + older, most))
    newer, older = newer * scale, older * scale
    point = least + newer * past[0]
    if older > 0.0:
        point += older * past[1]
    return point / (1.0 + newer + older)


def _ratio(part: float, whole: float) -> float:
    """Return a quotient, 0 where there is nothing to divide by."""
    return float(part / whole) if whole > 0.0 else 0.0
