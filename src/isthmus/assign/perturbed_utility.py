"""Perturbed utility route choice of all trips at given delays: what each does, is worth, and how flows respond."""

from __future__ import annotations

import copy

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Delay, FloatArray, Graph, Int32Array, IntArray, Trips, by_head
from isthmus.assign.checks import checked_delay
from isthmus.assign.least_cost import least_costs
from isthmus.assign.threads import run_parallel, split_work
from isthmus.assign.unit_flows import Choice, UnitFlows
from isthmus.kernels import route_choice as kernel
from isthmus.kernels.delay import NONE

__all__ = ["NORM", "PerturbedUtility"]

NORM = 2.0 * np.log(2.0) - 1.0
"""What the perturbation of a whole unit on one arc is worth, a unit of length: it is taken off the cost, so that a single
route costs exactly what it costs."""

_WORK_ANEW = 600
"""Arcs in use that a trip solved from nothing is as much work as."""


class PerturbedUtility:
    """
    Trips on a network, ready to be solved at any delays.

    Parameters
    ----------
    graph : Graph
    cost : ndarray, shape (n_class, n_arc)
        Without delay; inf is closed. [USD/t]
    trips : Trips
        [t/yr]
    vot : ndarray, shape (n_class,)
        [USD/(t*h)]
    delay : Delay or None
    mu : float
        Size of the perturbation.
    length : ndarray, shape (n_class, n_arc)
        What the perturbation is measured in. [USD/t]
    floor : float
        Least cost and length of an arc: free arcs would form free circles. [USD/t]
    normalised : bool
        Take `NORM` off, so that a single route costs what it costs.
    most : ndarray, shape (m,), optional
        What a tonne bears at most beyond its least cost without delay, before it stays at home. [USD/t]
    first_through_node : int
    """

    def __init__(
        self,
        graph: Graph,
        cost: FloatArray,
        trips: Trips,
        vot: FloatArray,
        delay: Delay | None,
        *,
        mu: float,
        length: FloatArray,
        floor: float,
        normalised: bool = True,
        most: FloatArray | None = None,
        first_through_node: int = 0,
    ) -> None:
        self.graph, self.trips, self.vot = graph, trips, vot
        self.first_through_node, self.mu = first_through_node, mu
        self.delay, usd = checked_delay(delay, cost)
        self.usd = np.maximum(usd, floor)
        norm = NORM if normalised else 0.0
        ell = np.maximum(np.where(np.isfinite(length), length, floor), floor)
        if (
            normalised
        ):  # what is left of the cost is half of it at least, whatever a scenario makes of the arc
            ell = np.minimum(
                ell, np.where(np.isfinite(self.usd), self.usd, np.inf) / (2.0 * NORM * mu)
            )
        self.length = np.ascontiguousarray(mu * ell)
        self.free = np.where(np.isfinite(self.usd), self.usd - norm * self.length, np.inf)
        self.arcs = np.flatnonzero(self.delay.law != NONE)
        self.law = self.delay.take(self.arcs)
        self.slots = np.full(graph.n_arc, -1, np.int32)
        self.slots[self.arcs] = np.arange(len(self.arcs), dtype=np.int32)
        self._graph = (graph.indptr, graph.head, graph.tail, *by_head(graph))
        moves = trips.flow > 0.0
        order = np.lexsort((trips.origin, trips.destination, trips.klass))
        self.rows = order[moves[order]].astype(np.int64)
        m = len(trips.flow)
        self.ceiling, self.band = np.full(m, np.inf), np.zeros(m)
        self.most, self.exact = self.band, np.ones(m, np.bool_)
        if most is not None:
            self._limit(most)

    def _limit(self, most: FloatArray) -> None:
        """
        Set what trips bear at most: what moving alone would cost, and `most` beyond it.

        Alone means over arcs that can take all of the trip, at the delay of its own tonnes: an arc of next to no capacity is
        no way that others take away. Where no such way is, and as a first bound, delays are left out; `_alone` takes
        them in for the few trips that come near.
        """
        least = least_costs(self.graph, self.usd, self.trips, self.first_through_node)
        self.ceiling = least + most
        self.band, self.most = 0.1 * most, most
        self.exact = np.zeros(len(most), np.bool_)

    def _alone(self, rows: IntArray) -> bool:
        """Take the delay of their own tonnes into what some trips bear at most; whether any is new."""
        new = rows[~self.exact[rows]]
        for t in new:
            k = self.trips.klass[t]
            flow = self.trips.flow[t]
            hours = self.law.value(np.full(len(self.arcs), flow))
            # an arc that cannot take the trip is no way for it
            hours[self.law.capacity < flow] = np.inf
            waits = self.over_all_arcs(self.vot[k] * hours) if self.vot[k] > 0.0 else 0.0
            usd = np.where(np.isfinite(self.free[k]), self.usd[k] + waits, np.inf)
            one = Trips(
                np.zeros(1, np.int32), self.trips.origin[t : t + 1], self.trips.destination[t : t + 1],
                np.ones(1),
            )  # fmt: skip
            alone = least_costs(self.graph, usd, one, self.first_through_node)[0]
            if not np.isfinite(
                alone
            ):  # no way takes all of it: without delays, on what is open here
                usd = np.where(np.isfinite(self.free[k]), self.usd[k], np.inf)
                alone = least_costs(self.graph, usd, one, self.first_through_node)[0]
            if np.isfinite(alone):
                self.ceiling[t] = alone + self.most[t]
            self.exact[t] = True
        return len(new) > 0

    def with_closed(self, arcs: IntArray) -> PerturbedUtility:
        """Return the same with some arcs closed, delays of all others as they are."""
        free = self.free.copy()
        free[:, arcs] = np.inf
        return self._with(free, self.trips, self.length, self.vot)

    def with_closed_for(self, arcs: IntArray, whose: npt.NDArray[np.bool_]) -> PerturbedUtility:
        """Return the same with some arcs closed to some trips, which become classes of their own."""
        n, free = len(self.vot), np.concatenate([self.free, self.free])
        free[n:, arcs] = np.inf
        klass = (self.trips.klass + np.where(whose, n, 0)).astype(np.int32)
        both = np.concatenate([self.length, self.length])
        trips = self.trips._replace(klass=klass)
        out = self._with(free, trips, both, np.concatenate([self.vot, self.vot]))
        out.usd = np.concatenate([self.usd, self.usd])
        return out

    def with_flow(self, flow: FloatArray) -> PerturbedUtility:
        """Return the same with other tonnes of the trips, all of which move. [t/yr]"""
        out = self._with(self.free, self.trips._replace(flow=flow), self.length, self.vot)
        out.rows = self.rows[flow[self.rows] > 0.0]
        out.ceiling, out.band = np.full(len(flow), np.inf), np.zeros(len(flow))
        return out

    def _with(
        self, free: FloatArray, trips: Trips, length: FloatArray, vot: FloatArray
    ) -> PerturbedUtility:
        out = copy.copy(self)
        out.free, out.trips, out.length, out.vot = free, trips, length, vot
        # what moving alone costs may be more here, never less
        out.ceiling, out.exact = self.ceiling.copy(), ~np.isfinite(self.ceiling)
        return out

    def with_longer_arcs(self, least: float) -> PerturbedUtility:
        """
        Return the same with arcs of some length at least, a problem whose answer is near and easier to find.

        Parameters
        ----------
        least : float
            Over what the arc costs, or a tenth of what arcs cost in the mean. [-]

        Returns
        -------
        PerturbedUtility
            This one if all arcs are as long.
        """
        is_open = np.isfinite(self.usd)
        mean = float(self.usd[is_open].mean()) if is_open.any() else 0.0
        wanted = least * np.maximum(np.where(is_open, self.usd, 0.0), 0.1 * mean)
        if (self.length >= wanted).all():
            return self
        other = copy.copy(self)
        other.length = np.maximum(self.length, wanted)
        return other

    @property
    def weight(self) -> FloatArray:
        """Flow times value of time of each trip. [USD/h a year]"""
        return self.trips.flow * self.vot[self.trips.klass]

    def law_at(self, volume: FloatArray) -> FloatArray:
        """Return the law at flows on delayed arcs: value, slope and integral, shape (3, n_slot)."""
        return self.law.evaluate(volume)

    def costs_at(self, hours: FloatArray) -> FloatArray:
        """Return the cost of all arcs at some delays of the delayed ones, as it is perturbed, by class. [USD/t]"""
        return self.free + self.vot[:, None] * self.over_all_arcs(hours)

    def over_all_arcs(self, hours: FloatArray) -> FloatArray:
        """Return hours of delayed arcs as hours of all arcs."""
        out = np.zeros(self.graph.n_arc)
        out[self.arcs] = hours
        return out

    def largest_response(self, rows: IntArray, flows: UnitFlows) -> FloatArray:
        """
        Return what flows on delayed arcs fall at most as their own delay rises. [t/yr per h]

        Parameters
        ----------
        rows : ndarray of int64, shape (n,)
            Trips.
        flows : UnitFlows
            What they do.
        """
        most = np.zeros(self.graph.n_arc)
        kernel.largest_response(
            *flows[:3], self.trips.klass[rows], self.weight[rows], self.length, most
        )
        return most[self.arcs]

    def _places(self, some: IntArray) -> Int32Array:
        """Return the place of each arc among some of the delayed ones, -1 of all others."""
        places = np.full(self.graph.n_arc, -1, np.int32)
        places[self.arcs[some]] = np.arange(len(some), dtype=np.int32)
        return places

    def solve(
        self,
        hours: FloatArray,
        rows: IntArray | None = None,
        known: UnitFlows | None = None,
        *,
        known_at: FloatArray | None = None,
        checked: bool = True,
        followed: IntArray | None = None,
    ) -> Choice:
        """
        Solve trips at some delays.

        Parameters
        ----------
        hours : ndarray, shape (n_slot,)
            Of delayed arcs. [h]
        rows : ndarray of int64, optional
            Trips, sorted as `rows`; without it, all.
        known : UnitFlows, optional
            Answers to begin from, by place in `rows`.
        known_at : ndarray, shape (n_class, n_arc), optional
            Costs that `known` was proven at, so that proofs that still hold need not be made again. [USD/t]
        checked : bool
            Without it, trips keep to the arcs they are known to use.
        followed : ndarray of int64, shape (n_followed,), optional
            Delayed arcs to whose delays the answer is wanted; without it, no slope is taken.

        Returns
        -------
        Choice
        """
        rows = self.rows if rows is None else rows
        known = UnitFlows.none(len(rows)) if known is None else known
        cost = self.costs_at(hours)
        fallen = np.full(len(cost), np.inf)
        if known_at is not None:
            kernel.cost_falls(known_at, cost, fallen)
        m = len(self.trips.flow)
        shape = (0, 0) if followed is None else (len(followed), len(self.arcs))
        rows_of = self.slots if followed is None else self._places(followed)
        values = np.zeros((m, 6))
        trips = (*self.trips[:3], self.weight, self.ceiling, self.band)
        size = np.diff(known.at)
        effort = np.concatenate([[0], np.cumsum(np.where(size > 0, size, _WORK_ANEW))])
        parts = split_work(effort.astype(np.int64))

        def work(i: int) -> tuple[UnitFlows, FloatArray, FloatArray]:
            begin, end = parts[i]
            mine = rows[begin:end]
            slope = np.zeros(shape)
            some = known if len(parts) == 1 else known.take(np.arange(begin, end))
            found = UnitFlows(
                *kernel.solve_trips(
                    self._graph, self.first_through_node, cost, self.length, trips, mine, tuple(some),
                    fallen, checked, rows_of, self.slots, values, slope,
                )
            )  # fmt: skip
            load = np.zeros(self.graph.n_arc)
            flow = self.trips.flow[mine] * values[mine, 5]
            kernel.load(*found[:3], flow, load)
            return found, load, slope

        done = run_parallel(work, len(parts))
        stays = rows[(values[rows, 5] < 1.0) & (values[rows, 3] > 0.0)]
        if len(stays) and self._alone(stays):
            flows = UnitFlows.joined([d[0] for d in done])
            return self.solve(hours, rows, flows, known_at=cost, checked=checked, followed=followed)
        slope = None
        if followed is not None:
            slope = done[0][2]
            for _, _, more in done[1:]:
                slope += more
        mine = values[rows]
        return Choice(
            rows,
            UnitFlows.joined([d[0] for d in done]),
            mine[:, 0],
            mine[:, 1],
            float(mine[:, 2].max(initial=0.0)),
            mine[:, 5],
            bool((mine[:, 3] != 0.0).all()),
            np.sum([d[1] for d in done], axis=0),
            slope,
            checked,
            cost,
            followed,
        )
