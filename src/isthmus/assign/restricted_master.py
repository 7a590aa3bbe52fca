"""The linear programme of path flows that grows by paths and by capacities, kept in HiGHS."""

from __future__ import annotations

from typing import NamedTuple

import highspy
import numpy as np
import numpy.typing as npt

from isthmus.errors import IsthmusError
from isthmus.kernels import pricing

__all__ = ["Basis", "Columns", "QuietHighs", "RestrictedMaster"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

_LOWER, _BASIC = highspy.HighsBasisStatus.kLower, highspy.HighsBasisStatus.kBasic

_TOLERANCE = 1e-9


class Columns(NamedTuple):
    """
    Paths of trips, in the order they were found.

    Parameters
    ----------
    trip : ndarray of int32, shape (n_path,)
    starts : ndarray of int64, shape (n_path + 1,)
    arcs : ndarray of int32
        Arcs of path p are ``arcs[starts[p]:starts[p + 1]]``.
    """

    trip: Int32Array
    starts: IntArray
    arcs: Int32Array

    def plus(self, other: Columns) -> Columns:
        """Return these paths followed by others."""
        return Columns(
            np.concatenate([self.trip, other.trip]),
            np.concatenate([self.starts, other.starts[1:] + self.starts[-1]]),
            np.concatenate([self.arcs, other.arcs]),
        )

    def take(self, rows: npt.NDArray[np.intp]) -> Columns:
        """Return some of the paths."""
        size = np.diff(self.starts)[rows]
        starts = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(size, out=starts[1:])
        at = np.repeat(self.starts[rows] - starts[:-1], size) + np.arange(starts[-1])
        return Columns(self.trip[rows], starts, self.arcs[at])

    def keys(self) -> list[bytes]:
        """Return one key a path; equal keys are equal paths of one trip."""
        arcs, cut = self.arcs.tobytes(), 4 * self.starts
        return [
            t.to_bytes(4, "little") + arcs[cut[p] : cut[p + 1]]
            for p, t in enumerate(self.trip.tolist())
        ]


class Basis(NamedTuple):
    """
    Where a solved programme stood, to start another from; in the terms of HiGHS.

    Parameters
    ----------
    columns : list of HighsBasisStatus
        Of what stays unserved, a trip each, then of the paths.
    rows : list of HighsBasisStatus
        Of the trips, then of the capacities.
    """

    columns: list[highspy.HighsBasisStatus]
    rows: list[highspy.HighsBasisStatus]


class QuietHighs(highspy.Highs):
    """HiGHS that says nothing: its banner would land in the output of a command."""

    def enableCallbacks(self) -> None:  # noqa: N802 - the name is HiGHS's, its first word comes from here
        """Turn the output off before anything is said."""
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


class RestrictedMaster:
    """
    Least cost of flows on known paths under the capacities met so far.

    One row a trip (its paths and what stays unserved make up its flow), one row a capacity that was
    once exceeded. Numbers are scaled by the caller.

    Parameters
    ----------
    demand : ndarray, shape (m,)
    price : ndarray, shape (m,)
        Cost of leaving a unit unserved.
    n_arc : int
    """

    def __init__(self, demand: FloatArray, price: FloatArray, n_arc: int) -> None:
        self.n_trip = m = len(demand)
        self.columns = Columns(np.empty(0, np.int32), np.zeros(1, np.int64), np.empty(0, np.int32))
        self.cost = np.empty(0)
        self.row_arcs = np.empty(0, np.int64)
        self.row_of_arc = np.full(n_arc, -1, np.int64)
        self.price = price
        self.highs = highs = QuietHighs()  # type: ignore[no-untyped-call]
        for option, value in (
            ("presolve", "off"),
            ("solver", "simplex"),
            ("parallel", "off"),
            ("primal_feasibility_tolerance", _TOLERANCE),
            ("dual_feasibility_tolerance", _TOLERANCE),
        ):
            highs.setOptionValue(option, value)
        none, empty = np.zeros(m, np.int32), np.empty(0, np.int32)
        highs.addRows(m, demand, demand, 0, none, empty, np.empty(0))
        each = np.arange(m, dtype=np.int32)
        ones, inf = np.ones(m), np.full(m, np.inf)
        highs.addCols(m, price, np.zeros(m), inf, m, each, each, ones)

    @property
    def n_path(self) -> int:
        """Number of paths."""
        return len(self.cost)

    def add_paths(self, paths: Columns, cost: FloatArray) -> None:
        """
        Add paths at their cost; a cost of inf keeps the path but lets no flow on it.

        Parameters
        ----------
        paths : Columns
        cost : ndarray, shape (n_path,)
        """
        n = len(cost)
        path = np.repeat(np.arange(n), np.diff(paths.starts))
        rows = self.row_of_arc[paths.arcs]
        met = rows >= 0
        owner = np.concatenate([np.arange(n), path[met]])
        order = np.argsort(owner, kind="stable")
        index = np.concatenate([paths.trip, rows[met]])[order].astype(np.int32)
        starts = np.zeros(n, np.int32)
        np.cumsum(np.bincount(owner, minlength=n)[:-1], out=starts[1:])
        is_open = np.isfinite(cost)
        self.highs.addCols(
            n,
            np.where(is_open, cost, 0.0),
            np.zeros(n),
            np.where(is_open, np.inf, 0.0),
            len(index),
            starts,
            index,
            np.ones(len(index)),
        )
        self.columns = self.columns.plus(paths)
        self.cost = np.concatenate([self.cost, cost])

    def unknown_paths(self, paths: Columns) -> Columns:
        """Return those paths that are not among the known: rounding may find one again."""
        asked = np.zeros(self.n_trip, np.bool_)
        asked[paths.trip] = True
        known = set(self.columns.take(np.flatnonzero(asked[self.columns.trip])).keys())
        new = [p for p, key in enumerate(paths.keys()) if key not in known]
        return paths.take(np.array(new, np.intp))

    def add_arcs(self, arcs: IntArray, capacity: FloatArray) -> None:
        """
        Add the capacities of arcs that have no row yet.

        Parameters
        ----------
        arcs : ndarray of int64, shape (n,)
        capacity : ndarray, shape (n,)
        """
        n = len(arcs)
        self.row_of_arc[arcs] = self.n_trip + len(self.row_arcs) + np.arange(n)
        self.row_arcs = np.concatenate([self.row_arcs, arcs])
        new = np.full(len(self.row_of_arc), -1, np.int64)
        new[arcs] = np.arange(n)
        met = np.flatnonzero(new[self.columns.arcs] >= 0)
        row = new[self.columns.arcs[met]]
        path = np.searchsorted(self.columns.starts, met, side="right") - 1
        order = np.argsort(row, kind="stable")
        starts = np.zeros(n, np.int32)
        np.cumsum(np.bincount(row, minlength=n)[:-1], out=starts[1:])
        index = (self.n_trip + path[order]).astype(np.int32)
        lower = np.full(n, -np.inf)
        self.highs.addRows(n, lower, capacity, len(index), starts, index, np.ones(len(index)))

    def set_price(self, price: FloatArray) -> None:
        """Change what a unit unserved costs; `price` has shape (m,)."""
        self.price = price
        m = self.n_trip
        self.highs.changeColsCost(m, np.arange(m, dtype=np.int32), price)

    def set_capacity(self, arc: int, capacity: float) -> None:
        """Change the capacity of an arc that has a row."""
        self.highs.changeRowBounds(int(self.row_of_arc[arc]), -np.inf, capacity)

    def start_from_first_paths(self, served: BoolArray) -> None:
        """
        Start where each trip marked as served is on its first open path, and every row has room.

        Parameters
        ----------
        served : ndarray of bool, shape (m,)
        """
        usable = np.flatnonzero(np.isfinite(self.cost))
        trip, first = np.unique(self.columns.trip[usable], return_index=True)
        chosen = served[trip]
        unserved = np.ones(self.n_trip, np.bool_)
        unserved[trip[chosen]] = False
        path = np.zeros(self.n_path, np.bool_)
        path[usable[first[chosen]]] = True
        columns = [_BASIC if b else _LOWER for b in np.concatenate([unserved, path]).tolist()]
        rows = [_LOWER] * self.n_trip + [_BASIC] * len(self.row_arcs)
        self.resume(Basis(columns, rows))

    def resume(self, basis: Basis) -> None:
        """Start where another programme of the same rows and columns stood."""
        start = highspy.HighsBasis()
        start.col_status, start.row_status = basis.columns, basis.rows
        start.valid = True
        self.highs.setBasis(start)

    def used_paths(self, most: int) -> tuple[Columns, Basis]:
        """
        Return paths and basis for a later programme: paths in the basis and the latest others.

        Parameters
        ----------
        most : int
            Number of latest paths.

        Returns
        -------
        Columns, Basis
        """
        now, m = self.highs.getBasis(), self.n_trip
        columns, basis = self.columns, Basis(now.col_status, now.row_status)
        first = self.n_path - most
        if first <= 0:
            return columns, basis
        rows = [p for p in range(self.n_path) if p >= first or basis.columns[m + p] == _BASIC]
        status = basis.columns[:m] + [basis.columns[m + p] for p in rows]
        return columns.take(np.array(rows, np.intp)), Basis(status, basis.rows)

    def solve(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """
        Solve from where it stands.

        The dual simplex, HiGHS's own choice, is also the faster one after new paths.

        Returns
        -------
        unserved : ndarray, shape (m,)
        flow : ndarray, shape (n_path,)
        pays : ndarray, shape (m,)
            Dual of each trip's row: what its last unit costs.
        toll : ndarray, shape (n_arc,)
            Dual of the capacities, 0 or more.

        Raises
        ------
        IsthmusError
            If HiGHS finds no optimum of a programme that has one.
        """
        highs, m = self.highs, self.n_trip
        if not m:  # HiGHS calls a programme without columns empty, not optimal
            return np.empty(0), np.empty(0), np.empty(0), np.zeros(len(self.row_of_arc))
        highs.run()
        if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            # a poor starting basis; the programme itself always has an optimum
            highs.clearSolver()
            highs.run()
        status = highs.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            said = highs.modelStatusToString(status)
            raise IsthmusError(f"the path programme was not solved: HiGHS says {said}.")
        found = highs.getSolution()
        x = np.maximum(np.array(found.col_value), 0.0)
        y = np.array(found.row_dual)
        toll = np.zeros(len(self.row_of_arc))
        toll[self.row_arcs] = np.maximum(-y[m:], 0.0)
        return x[:m], x[m:], y[:m], toll

    def loads(self, flow: FloatArray, klass: Int32Array, n_class: int) -> FloatArray:
        """Return the flow of arcs by class, shape (n_class, n_arc)."""
        out = np.zeros((n_class, len(self.row_of_arc)))
        pricing.load(*self.columns, flow, klass, out)
        return out
