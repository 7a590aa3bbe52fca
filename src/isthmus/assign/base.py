"""What every assignment method takes: trips on a graph, and the delay laws of its arcs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from isthmus.kernels import delay as delay_kernels
from isthmus.kernels.graph import Graph, build_graph, by_head

__all__ = ["Delay", "Graph", "Progress", "Trips", "build_graph", "by_head", "relative_gap"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

Progress = Callable[[int, float], None]
"""Called with iteration and gap (inf while unknown); what it raises interrupts the assignment."""


class Trips(NamedTuple):
    """
    Demand as arrays.

    A trip whose origin is its destination is intrazonal: it costs nothing, has one path of no
    arcs, and loads no arc.

    Parameters
    ----------
    klass, origin, destination : ndarray of int32, shape (m,)
    flow : ndarray of float64, shape (m,)
        [t/yr]
    """

    klass: Int32Array
    origin: Int32Array
    destination: Int32Array
    flow: FloatArray

    def take(self, rows: npt.NDArray[np.integer[Any]]) -> Trips:
        """Return some of the trips."""
        return Trips(self.klass[rows], self.origin[rows], self.destination[rows], self.flow[rows])


class Delay(NamedTuple):
    """
    Delay law of every arc: hours added to its free-flow hours by the flow of all classes.

    Parameters
    ----------
    law : ndarray of int8, shape (n_arc,)
        One of `kernels.delay.LAWS`; 0 is no delay.
    t0 : ndarray, shape (n_arc,)
        Free-flow or service time. [h]
    capacity : ndarray, shape (n_arc,)
        0 closes an arc whose law is not 0. [t/yr]
    a, b : ndarray, shape (n_arc,)
        Shape of the law.
    """

    law: npt.NDArray[np.int8]
    t0: FloatArray
    capacity: FloatArray
    a: FloatArray
    b: FloatArray

    def evaluate(self, flow: FloatArray) -> FloatArray:
        """
        Return value [h], derivative [h per t/yr] and integral [h*t/yr] at a flow.

        Parameters
        ----------
        flow : ndarray, shape (n_arc,)
            [t/yr]

        Returns
        -------
        ndarray, shape (3, n_arc)
        """
        out = np.empty((3, len(flow)))
        delay_kernels.evaluate(  # type: ignore[call-arg]
            np.asarray(self.law, np.int8),
            *(np.asarray(x, np.float64) for x in (self.t0, self.capacity, self.a, self.b, flow)),
            out,
        )
        return out

    def value(self, flow: FloatArray) -> FloatArray:
        """Return the delay at a flow, shape (n_arc,). [h]"""
        return self.evaluate(flow)[0]

    def take(self, arcs: IntArray) -> Delay:
        """Return the laws of some arcs."""
        return Delay(self.law[arcs], self.t0[arcs], self.capacity[arcs], self.a[arcs], self.b[arcs])


def relative_gap(excess: float, total: float, hour: float) -> float:
    """
    Return what flows pay above least cost, over least cost.

    Where no trip's least cost is above zero nothing is too much in proportion, and yet flows may
    pay: there it is over an hour for each tonne.

    Parameters
    ----------
    excess, total : float
        Flow times what it pays above least cost, and times least cost.
    hour : float
        What an hour more would cost all flow, in the same unit.

    Returns
    -------
    float
        0 or more.
    """
    whole = total if total > 0.0 else hour
    return max(float(excess / whole), 0.0) if whole > 0.0 else 0.0
