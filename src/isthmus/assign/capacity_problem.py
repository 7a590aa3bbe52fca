"""A problem with hard capacities, checked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Graph, Trips
from isthmus.assign.checks import checked_cost, checked_trips
from isthmus.errors import Fault, InputError

__all__ = ["CapacityProblem", "checked_capacity_problem"]

FloatArray = npt.NDArray[np.float64]


class CapacityProblem(NamedTuple):
    """
    A checked problem.

    Parameters
    ----------
    graph : Graph
    cost : ndarray, shape (n_class, n_arc)
        [USD/t]
    capacity : ndarray, shape (n_arc,)
        [t/yr]
    trips : Trips
        [t/yr]
    rows : ndarray of int
        The trips that move, sorted by class, origin, destination.
    first_through_node : int
    """

    graph: Graph
    cost: FloatArray
    capacity: FloatArray
    trips: Trips
    rows: npt.NDArray[np.intp]
    first_through_node: int

    @property
    def moving(self) -> Trips:
        """The trips that move, sorted."""
        return self.trips.take(self.rows)

    def joins_as(self, other: CapacityProblem) -> bool:
        """Whether another problem has the same graph and the same ends of trips."""
        mine, theirs = self.graph, other.graph
        return (
            self.first_through_node == other.first_through_node
            and np.array_equal(mine.indptr, theirs.indptr)
            and np.array_equal(mine.head, theirs.head)
            and np.array_equal(self.trips.klass, other.trips.klass)
            and np.array_equal(self.trips.origin, other.trips.origin)
            and np.array_equal(self.trips.destination, other.trips.destination)
        )


def checked_capacity_problem(
    graph: Graph,
    cost: npt.ArrayLike,
    trips: Trips,
    capacity: npt.ArrayLike,
    first_through_node: int,
) -> CapacityProblem:
    """
    Return a problem with its proper types, or say what is wrong with it.

    Parameters
    ----------
    graph : Graph
    cost : array_like, shape (n_class, n_arc)
        [USD/t]
    trips : Trips
        [t/yr]
    capacity : array_like, shape (n_arc,)
        0 or more, inf is no limit. [t/yr]
    first_through_node : int

    Returns
    -------
    CapacityProblem

    Raises
    ------
    CostError, InputError
        As `checked_cost` and `checked_trips`; `InputError` also names every wrong capacity.
    """
    table = checked_cost(graph, cost)
    trips = checked_trips(graph, len(table), trips)
    room = np.ascontiguousarray(capacity, np.float64)
    faults = []
    if room.shape != (graph.n_arc,):
        text = f"shape {room.shape} does not fit a graph of {graph.n_arc} arcs."
        faults.append(Fault("capacity", text, "Give one number an arc.", "capacity-shape"))
    else:
        for a in np.flatnonzero(~(room >= 0.0)):
            where = f"capacity of arc {a} ({graph.tail[a]} to {graph.head[a]})"
            mend = "It must be 0 or more, or inf for no limit."
            faults.append(Fault(where, f"{room[a]} is no capacity.", mend, "capacity"))
    if faults:
        raise InputError(faults)
    order = np.lexsort((trips.destination, trips.origin, trips.klass))
    rows = order[trips.origin[order] != trips.destination[order]]
    return CapacityProblem(graph, table, room, trips, rows, first_through_node)
