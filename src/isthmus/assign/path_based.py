"""
Deterministic user equilibrium and system optimum, path-based.

Every used path of a trip costs the same and no path costs less (Wardrop 1952). With delays that all
classes share and class constants divided by the value of time this is a convex programme
(docs/model.md), solved by gradient projection over paths with joint Newton steps; see
`kernels.projection` and `kernels.path_newton`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Delay, Graph, Progress, Trips
from isthmus.assign.checks import checked_cost, checked_trips, checked_vot
from isthmus.assign.gradient_projection import GradientProjection
from isthmus.assign.interrupt import interruptible
from isthmus.assign.path_sets import build_path_sets, build_solution, load_paths
from isthmus.assign.solution import PathFlows, Solution

__all__ = ["path_based"]

_JOINT, _AIM, _PASSES = 0.12, 0.05, 4
"""Share of the excess that sweeps may leave before joint steps follow; share these aim at; most sweeps."""


def path_based(
    graph: Graph,
    cost: npt.ArrayLike,
    trips: Trips,
    *,
    delay: Delay | None = None,
    vot: npt.ArrayLike = 1.0,
    gap: float = 1e-6,
    first_through_node: int = 0,
    system_optimum: bool = False,
    preload: npt.ArrayLike | None = None,
    start: Solution | PathFlows | None = None,
    keep_trees: bool = False,
    threads: int = 1,
    max_iterations: int = 1000,
    progress: Progress | None = None,
) -> Solution:
    """
    Assign trips to a deterministic user equilibrium, or to a system optimum.

    The result is the same to the bit on any number of threads.

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
        Minimise total cost in place of each user's own: costs are then marginal ones, and so is
        the gap.
    preload : array_like, shape (n_arc,), optional
        Flow that is always on the arcs; it delays, but is not in the result. [t/yr]
    start : Solution or PathFlows, optional
        Paths and flows to begin with, of the same graph: its trips are those of this call, row by
        row. Paths with a closed arc are dropped, and trips that lose all of theirs begin anew.
    keep_trees : bool
        Keep the least-cost trees in the solution (16 bytes a tree and node), so that assignments
        begun from it need not grow them.
    threads : int
    max_iterations : int
    progress : callable, optional
        What it raises ends the assignment; KeyboardInterrupt, and Ctrl-C, end it with the flows
        reached: begin from them again to go on.

    Returns
    -------
    Solution
        `gap` is measured at fixed flows, all trees grown exactly.

    Raises
    ------
    CostError
        If a cost is negative or not a number, or a value of time is not above 0.
    InputError
        If a trip names a class or node that does not exist.

    References
    ----------
    .. [1] J. G. Wardrop, "Some theoretical aspects of road traffic research", Proceedings of the
       Institution of Civil Engineers 1(3), 1952.
    .. [2] M. Beckmann, C. McGuire and C. Winsten, *Studies in the Economics of Transportation*,
       Yale University Press, 1956.

    Examples
    --------
    Two roads of 1 h and 2 h, the short one slower by an hour with every 100 t:

    >>> from isthmus.assign.base import build_graph
    >>> graph, _ = build_graph([0, 0], [1, 1], 2)
    >>> laws = Delay(*(np.array(x) for x in ([1, 0], [1.0, 2.0], [100.0, 1.0], [1.0, 0.0], [1.0, 0.0])))
    >>> trips = Trips(*(np.array([x]) for x in (0, 0, 1, 150.0)))
    >>> path_based(graph, [1.0, 2.0], trips, delay=laws, gap=1e-12).arc_flow[0].round(9).tolist()
    [100.0, 50.0]
    """
    table = checked_cost(graph, cost)
    trips = checked_trips(graph, len(table), trips)
    price = checked_vot(vot, len(table))
    state = build_path_sets(
        graph, table, trips, delay, price, first_through_node, system_optimum, preload
    )
    if start is not None:
        load_paths(state, start)
    with GradientProjection(state, threads) as sweeps, interruptible() as pressed:
        reached, iterations = _iterate(sweeps, gap, max_iterations, progress, pressed)
    return build_solution(state, graph, table, trips, price, reached, gap, iterations, keep_trees)


def _iterate(
    sweeps: GradientProjection,
    gap: float,
    max_iterations: int,
    progress: Progress | None,
    pressed: Callable[[], bool],
) -> tuple[float, int]:
    """Iterate to the asked gap; returns the gap measured and the number of iterations."""
    if sweeps.n_tree == 0:
        return 0.0, 0
    # flows to begin from are near the end, but for what a change has touched
    estimate = 1.0 if sweeps.state.used[0] == 0 else 1e-17
    before, measured, best, stale = estimate, np.inf, np.inf, 0
    tight, passes, iteration = 1.0, 2, 0
    try:
        while iteration < max_iterations and not pressed():
            iteration += 1
            excess, total, last = sweeps.iterate(passes, estimate * tight)
            if excess > 0.0 or iteration > 1:
                before = estimate
                estimate = max(sweeps.gap(excess, total), 1e-17)
                left = last / max(excess, 1e-300)
                if left > _JOINT and iteration > 3:
                    sweeps.newton_steps(estimate * tight, _AIM * excess)
                elif left > 0.05:
                    passes = min(2 * passes, _PASSES)
                elif left < 0.005:
                    passes = max(passes // 2, 2)
            if progress is not None:
                progress(iteration, estimate)
            # the estimate is that of the flows before this iteration, which has brought them nearer
            if estimate * min(max(estimate / before, 0.01), 1.0) <= 0.5 * gap:
                measured = sweeps.measured_gap()
                if measured <= gap:
                    break
                if measured > 10.0 * estimate:
                    tight *= 0.1
                stale = stale + 1 if measured > 0.5 * best else 0
                best = min(best, measured)
                if stale >= 20:
                    break
                estimate = measured
    except KeyboardInterrupt:
        measured = np.inf
    if not measured <= gap:
        measured = sweeps.measured_gap()
    return measured, iteration
