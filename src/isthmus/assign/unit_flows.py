"""What trips do, as flows of one unit of each: kept from one solution to begin another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from isthmus.assign.base import FloatArray, Int32Array, IntArray
from isthmus.kernels import route_choice as kernel

__all__ = ["Choice", "UnitFlows"]


class UnitFlows(NamedTuple):
    """
    Flow of one unit of each trip, and its potentials.

    Parameters
    ----------
    at : ndarray of int64, shape (m + 1,)
    arcs : ndarray of int32
        In use by trip r: ``arcs[at[r]:at[r + 1]]``.
    x : ndarray
        Share of the trip on each, in (0, 1].
    node_at : ndarray of int64, shape (m + 1,)
    nodes : ndarray of int32
        Nodes in use.
    potential : ndarray
        What is left to pay from each. [USD/t]
    room : ndarray, shape (m,)
        By how much the ways that a trip leaves out fail to pay, at least; 0 where that is not known. [USD/t]
    """

    at: IntArray
    arcs: Int32Array
    x: FloatArray
    node_at: IntArray
    nodes: Int32Array
    potential: FloatArray
    room: FloatArray

    def take(self, rows: IntArray) -> UnitFlows:
        """Return those of some trips, in the order asked."""
        out: list[Any] = []
        for at, names, values in (self[:3], self[3:6]):
            size = int((at[rows + 1] - at[rows]).sum())
            some = np.zeros(len(rows) + 1, np.int64), np.empty(size, np.int32), np.empty(size)
            kernel.take(at, names, values, rows, *some)
            out.extend(some)
        return UnitFlows(*[*out, self.room[rows]])

    def with_empty(self) -> UnitFlows:
        """Return these and one more trip of which nothing is known."""
        at, node_at = (np.append(x, x[-1]).astype(np.int64) for x in (self.at, self.node_at))
        room = np.append(self.room, 0.0)
        return UnitFlows(at, self.arcs, self.x, node_at, self.nodes, self.potential, room)

    @staticmethod
    def none(m: int) -> UnitFlows:
        """Return those of trips of which nothing is known."""
        at, names, values = np.zeros(m + 1, np.int64), np.empty(0, np.int32), np.empty(0)
        return UnitFlows(at, names, values, at.copy(), names, values, np.zeros(m))

    @staticmethod
    def joined(parts: list[UnitFlows]) -> UnitFlows:
        """Return the trips of several, one after the other."""
        if len(parts) == 1:
            return parts[0]
        out: list[Any] = []
        for i in (0, 3):
            size = np.concatenate([np.diff(p[i]) for p in parts])
            out.append(np.concatenate([[0], np.cumsum(size)]).astype(np.int64))
            out += [np.concatenate([p[j] for p in parts]) for j in (i + 1, i + 2)]
        return UnitFlows(*[*out, np.concatenate([p.room for p in parts])])


@dataclass(frozen=True)
class Choice:
    """
    What trips do at some delays.

    Parameters
    ----------
    rows : ndarray of int64, shape (n,)
        The trips, sorted by class and destination.
    flows : UnitFlows
        By place in `rows`.
    value : ndarray, shape (n,)
        What a tonne bears: its cost and what its spread over routes is worth to it, inf without a route. [USD/t]
    dual : ndarray, shape (n,)
        A bound from below of the same. [USD/t]
    missing : float
        Largest flow out of balance at a node, of a trip of 1.
    served : ndarray, shape (n,)
        Share of the trip that moves.
    solved : bool
        Whether every trip was.
    load : ndarray, shape (n_arc,)
        [t/yr]
    slope : ndarray, shape (n_followed, n_slot), optional
        How flows on delayed arcs (columns) fall as delays (rows) rise. [t/yr per h]
    checked : bool
        Whether what the answers leave out was priced.
    cost : ndarray, shape (n_class, n_arc)
        Delays included. [USD/t]
    followed : ndarray of int64, shape (n_followed,), optional
        Delayed arcs that the slope answers to.
    """

    rows: IntArray
    flows: UnitFlows = field(repr=False)
    value: FloatArray = field(repr=False)
    dual: FloatArray = field(repr=False)
    missing: float
    served: FloatArray = field(repr=False)
    solved: bool
    load: FloatArray = field(repr=False)
    slope: FloatArray | None = field(repr=False)
    checked: bool
    cost: FloatArray = field(repr=False)
    followed: IntArray | None = field(default=None, repr=False)
