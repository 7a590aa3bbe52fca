"""All-or-nothing: every flow on its least-cost path."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Graph, Progress, Trips
from isthmus.assign.checks import checked_cost, checked_trips
from isthmus.assign.least_cost import load_least
from isthmus.assign.solution import Solution

__all__ = ["all_or_nothing"]


def all_or_nothing(
    graph: Graph,
    cost: npt.ArrayLike,
    trips: Trips,
    first_through_node: int = 0,
    progress: Progress | None = None,
    keep_paths: bool = True,
) -> Solution:
    """
    Load each flow on its least-cost path.

    Congestion is ignored. Trips with no path are kept in `Solution.unserved`, never dropped;
    intrazonal trips (origin is destination) get a path of no arcs.

    Parameters
    ----------
    graph : Graph
    cost : array_like, shape (n_class, n_arc)
        Generalised cost, 0 or more, inf is closed. [USD/t]
    trips : Trips
        [t/yr]
    first_through_node : int
        Nodes below it begin and end paths but are never passed.
    progress : callable, optional
        Called with 0 and inf after each block of trees; what it raises interrupts.
    keep_paths : bool
        Without paths, large matrices need a tenth of the memory.

    Returns
    -------
    Solution
        `gap` is 0: at these costs no flow could do better. `objective` is the sum of flow times
        cost. [USD/yr]

    Raises
    ------
    CostError
        If a cost is negative or not a number; names the class and the arc.
    InputError
        If a trip names a node or class that does not exist, or has no proper flow.

    References
    ----------
    .. [1] Y. Sheffi, *Urban Transportation Networks*, Prentice-Hall, 1985, ch. 5. Differs in: ties
       go to the lower arc index.

    Examples
    --------
    >>> import numpy as np
    >>> from isthmus.assign.base import Trips, build_graph
    >>> graph, _ = build_graph([0, 1, 0], [1, 2, 2], 3)
    >>> one = np.zeros(1, np.int32)
    >>> trips = Trips(one, one, one + 2, np.array([100.0]))
    >>> all_or_nothing(graph, [[1.0, 5.0, 1.0]], trips).arc_flow.tolist()
    [[100.0, 0.0, 100.0]]
    """
    table = checked_cost(graph, cost)
    trips = checked_trips(graph, len(table), trips)
    served, indptr, arcs, arc_flow, total = load_least(
        graph, table, trips, first_through_node, keep_paths, progress
    )
    found = np.flatnonzero(served) if keep_paths else np.empty(0, np.int64)
    starts = np.zeros(len(found) + 1, np.int64)
    np.cumsum(np.diff(indptr)[found], out=starts[1:])
    return Solution(
        path_trip=found.astype(np.int32),
        path_indptr=starts,
        path_arcs=arcs,
        path_flow=trips.flow[found],
        arc_flow=arc_flow,
        unserved=np.where(served, 0.0, trips.flow),
        gap=0.0,
        iterations=1,
        converged=True,
        objective=float(total),
        delay_h=np.zeros(graph.n_arc),
    )
