"""What costs, trips, delay laws, values of time and penalties must be like before a method takes them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Delay, FloatArray, Graph, Trips
from isthmus.errors import CostError, Fault, InputError
from isthmus.kernels.delay import CONICAL, LAWS, NONE, QUEUE

__all__ = ["checked_cost", "checked_delay", "checked_penalty", "checked_trips", "checked_vot"]


def checked_cost(graph: Graph, cost: npt.ArrayLike) -> FloatArray:
    """
    Return costs as a contiguous table, or say which arc is wrong.

    Parameters
    ----------
    graph : Graph
    cost : array_like, shape (n_class, n_arc) or (n_arc,)
        Not negative; inf is closed. [USD/t]

    Returns
    -------
    ndarray, shape (n_class, n_arc)

    Raises
    ------
    CostError
        If a cost is negative or not a number; names the class and the arc.
    InputError
        If the shape does not fit the graph.
    """
    table = np.ascontiguousarray(np.atleast_2d(np.asarray(cost, np.float64)))
    if table.ndim != 2 or table.shape[1] != graph.n_arc:
        raise InputError(
            [
                Fault(
                    "cost",
                    f"shape {np.shape(cost)} does not fit a graph of {graph.n_arc} arcs.",
                    "Give one row a class and one column an arc.",
                    "cost-shape",
                )
            ]
        )
    right = table >= 0.0
    if not right.all():
        wrong = np.argwhere(~right)
        k, a = (int(i) for i in wrong[0])
        raise CostError(
            f"cost of class {k} on arc {a} ({graph.tail[a]} to {graph.head[a]}) is {table[k, a]}: "
            f"it must be 0 or more, or inf for closed. {len(wrong)} such in all."
        )
    return table


def checked_trips(graph: Graph, n_class: int, trips: Trips) -> Trips:
    """
    Return trips with their proper types, or say which is wrong.

    Parameters
    ----------
    graph : Graph
    n_class : int
    trips : Trips

    Returns
    -------
    Trips

    Raises
    ------
    InputError
        If a class or node does not exist, or a flow is negative or not finite; lists them all.
    """
    klass, origin, destination = (np.ascontiguousarray(x, np.int32) for x in trips[:3])
    flow = np.ascontiguousarray(trips.flow, np.float64)
    faults = []
    for name, values, end in (
        ("klass", klass, n_class),
        ("origin", origin, graph.n_node),
        ("destination", destination, graph.n_node),
    ):
        for i in np.flatnonzero((values < 0) | (values >= end)):
            text = f"{name} = {values[i]} is not among 0 .. {end - 1}."
            faults.append(Fault(f"trip {i}", text, "", "trip-index"))
    for i in np.flatnonzero(~(np.isfinite(flow) & (flow >= 0.0))):
        faults.append(Fault(f"trip {i}", f"flow = {flow[i]} is not a flow.", "", "trip-flow"))
    if faults:
        raise InputError(faults)
    return Trips(klass, origin, destination, flow)


def checked_vot(vot: npt.ArrayLike, n_class: int) -> FloatArray:
    """
    Return the value of time of every class, or say that one is wrong.

    Parameters
    ----------
    vot : array_like, shape (n_class,) or scalar
        Above 0, finite. [USD/(t*h)]
    n_class : int

    Returns
    -------
    ndarray, shape (n_class,)

    Raises
    ------
    CostError
        If a value is not above 0.
    """
    each = np.broadcast_to(np.asarray(vot, np.float64), (n_class,))
    if not (np.isfinite(each).all() and (each > 0.0).all()):
        raise CostError(f"values of time are {each.tolist()}: each must be above 0.")
    return each


def checked_delay(delay: Delay | None, cost: FloatArray) -> tuple[Delay, FloatArray]:
    """
    Check the laws, and close arcs of no capacity.

    Parameters
    ----------
    delay : Delay or None
        None: no arc has a delay.
    cost : ndarray, shape (n_class, n_arc)
        inf is closed. [USD/t]

    Returns
    -------
    delay : Delay
        Of no law where the arc is closed or its delay always 0.
    cost : ndarray, shape (n_class, n_arc)
        inf too where an arc takes nothing. [USD/t]

    Raises
    ------
    CostError
        If a law is unknown, or one of its numbers is negative, unknown or out of its range.
    """
    n_arc = cost.shape[1]
    if delay is None:
        zero = np.zeros(n_arc)
        return Delay(np.zeros(n_arc, np.int8), zero, zero, zero, zero), cost
    law = np.asarray(delay.law, np.int8)
    numbers = [np.ascontiguousarray(x, np.float64) for x in delay[1:]]
    t0, capacity, a, b = numbers
    on = (law != NONE) & np.isfinite(cost).any(axis=0)
    strange = on & ~np.isin(law, list(LAWS.values()))
    if strange.any():
        i = int(np.flatnonzero(strange)[0])
        raise CostError(f"delay law {law[i]} of arc {i} is none of {LAWS}.")
    law = np.where(on & (t0 * a != 0.0), law, NONE).astype(np.int8)
    on = law != NONE
    bad = on & ~((t0 >= 0) & (t0 < np.inf) & (a >= 0) & (a < np.inf) & (capacity >= 0) & (b >= 0))
    bad |= (law == QUEUE) & ~(b < 1.0)
    bad |= (law == CONICAL) & ~((b > 1.0) & (b < np.inf))
    if bad.any():
        i = int(np.flatnonzero(bad)[0])
        raise CostError(
            f"delay law {law[i]} of arc {i} has t0 = {t0[i]}, capacity = {capacity[i]}, "
            f"a = {a[i]}, b = {b[i]}: none may be negative or unknown; b of a queue is below 1, "
            f"that of a conical law above 1. {int(bad.sum())} such in all."
        )
    shut = on & (capacity == 0.0)
    if shut.any():
        cost = np.where(shut[None, :], np.inf, cost)
    law = np.where(shut, NONE, law).astype(np.int8)
    return Delay(law, *(np.where(law != NONE, x, 0.0) for x in numbers)), cost


def checked_penalty(penalty: npt.ArrayLike | None, n_trip: int) -> FloatArray | None:
    """
    Return the penalty of every trip, or say which is wrong.

    Parameters
    ----------
    penalty : array_like, shape () or (n_trip,), optional
        0 or more, finite. [USD/t]
    n_trip : int

    Returns
    -------
    ndarray, shape (n_trip,), or None

    Raises
    ------
    InputError
        If a penalty is no price or their number does not fit; lists them all.
    """
    if penalty is None:
        return None
    given = np.asarray(penalty, np.float64)
    if given.shape not in ((), (n_trip,)):
        text = f"shape {given.shape} does not fit {n_trip} trips."
        raise InputError([Fault("penalty", text, "Give one number, or one a trip.", "penalty")])
    faults = [
        Fault(f"penalty of trip {i}", f"{p} is no price.", "It must be 0 or more.", "penalty")
        for i, p in enumerate(np.atleast_1d(given))
        if not (p >= 0.0 and np.isfinite(p))
    ]
    if faults:
        raise InputError(faults)
    return np.array(np.broadcast_to(given, n_trip))
