"""
What an assignment becomes without some arcs, many times over: the work that all cases share, once.

Trips keep the routes that are left; those that lose one look for new ones at the costs of the flows
as they were; then all choose anew until delays fit the flows. What a trip finds so, it could have
taken before: its loss is counted against the choice with these routes. No case touches another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import BoolArray, FloatArray, IntArray, Trips
from isthmus.assign.fixed_point import FixedPoint
from isthmus.assign.laws import open_delay
from isthmus.assign.parts import cut, together
from isthmus.assign.routes import Routes, draw, trips_of
from isthmus.errors import Fault, InputError
from isthmus.kernels import pricing
from isthmus.kernels import routes as route_kernels
from isthmus.kernels import slope as slopes
from isthmus.kernels.satisfaction import best_logsum

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["Outcome", "Without"]

_MOST = 24
"""Routes a trip may hold."""

_FEW, _MANY = 1, 4
"""Routes a trip looks for that has some left, and one that has none."""

_ROUNDS, _STRAINED_H = 3, 0.5
"""Searches for routes at the new flows, where waiting has grown somewhere by more than this. [h]"""

_EASY_H = 0.5
"""Change of a route's waiting up to which the rule of a half stands for the log-sum. [h]"""


class Outcome(NamedTuple):
    """
    Trips without some arcs, beside the base.

    Parameters
    ----------
    lost : ndarray of bool, shape (m,)
        Trips that had a way and have none.
    usd_t : ndarray, shape (m,)
        Change of what a shipper expects the choice as a whole to cost; 0 where lost. [USD/t]
    hours : ndarray, shape (m,)
        Change of the mean over the routes taken, waiting included; 0 where lost. [h]
    co2_kg_t : ndarray, shape (m,)
        The same. [kg CO2e/t]
    gap : float
        Relative gap of the flows.
    """

    lost: BoolArray
    usd_t: FloatArray
    hours: FloatArray
    co2_kg_t: FloatArray
    gap: float


class _Field(NamedTuple):
    """Trips and what arcs cost their classes in one case."""

    trips: Trips
    usd: FloatArray
    length: FloatArray
    vot: FloatArray


class _Point(FixedPoint):
    """A fixed point near another: Newton goes by the slope of the first, which is much the same."""

    known: FloatArray | None = None

    def near(self, slope: FloatArray, place: IntArray) -> None:
        """Take the slope of the base; `place` is where each arc here is in it, -1 if nowhere."""
        known = place >= 0
        self.known = np.where(known[:, None] & known[None, :], slope[place][:, place], 0.0)

    def direction(self, slope: FloatArray, residual: FloatArray) -> FloatArray:
        """See `FixedPoint.direction`; K is that of the base."""
        if self.known is None:
            return super().direction(slope, residual)
        root = np.sqrt(np.minimum(slope, 1e60))
        felt = np.flatnonzero(np.diagonal(self.known) * root**2 > 1e-5)
        inner = self.known[np.ix_(felt, felt)] * root[felt][None, :]
        inner *= root[felt][:, None]
        inner[np.diag_indices(len(felt))] += 1.0
        y = root[felt] * residual[felt]
        if not slopes.solve_definite(inner, y):
            return residual
        return np.asarray(residual - self.known[:, felt] @ (root[felt] * y))


class Without:
    """
    An assignment from which arcs are taken away, case after case.

    Parameters
    ----------
    base : Assignment
        By method stochastic.
    gap : float
        Relative gap of each case.

    Raises
    ------
    InputError
        If the base was assigned by another method.
    """

    def __init__(self, base: Assignment, gap: float = 1e-4) -> None:
        if base.method != "stochastic" or base.prepared is None:
            text = f"was assigned by {base.method}."
            mend = 'Assign it with method="stochastic".'
            raise InputError([Fault("base", text, mend, "without-method")])
        self.base, self.gap = base, gap
        self.graph, self.trips = base.virtual.graph, base.prepared.trips
        cost = base.cost
        self.vot = np.broadcast_to(np.asarray(cost.vot_usd_t_h, np.float64), (len(cost.usd),))
        self.laws, self.usd = open_delay(base.prepared.delay, cost.usd)
        moves = base.virtual.arcs["kind"].eq("move")
        km = np.where(moves, base.virtual.arcs["length_km"], 0.0).astype(np.float64)
        self.length = np.ascontiguousarray(np.broadcast_to(km, self.usd.shape))
        self.beta = float(cost.parameters.get("path_size_beta"))
        self.theta = base.trips["theta"].to_numpy(np.float64)
        self.routes, self.flow = base.routes, base.paths.flow
        self.path_trip = np.repeat(np.arange(len(self.trips.flow)), np.diff(self.routes.trip))
        self.volume = np.asarray(base.arc_flow.sum(axis=0))
        self.delay_h = base.delay_h
        order = np.argsort(self.routes.arcs, kind="stable")
        count = np.bincount(self.routes.arcs, minlength=self.graph.n_arc)
        self._at = np.concatenate(([0], np.cumsum(count)))
        self._over = np.repeat(np.arange(len(self.path_trip)), np.diff(self.routes.starts))[order]
        self._tables = {"hours": cost.hours, "co2": cost.co2_kg, "usd": cost.usd_if_open}
        self._known = {
            name: self._along(self.routes, self.trips.klass, table)
            for name, table in self._tables.items()
        }
        point = self._point(_Field(self.trips, self.usd, self.length, self.vot), self.routes)
        point.load(self.delay_h[point.arcs])
        place = np.arange(len(point.arcs), dtype=np.int32)
        self._slope = point._slope(slopes.block, place, shape=(len(place), len(place)))
        self._place = np.full(self.graph.n_arc, -1, np.int64)
        self._place[point.arcs] = place
        self._tonnes = np.maximum(self.trips.flow, 1e-300)
        self.served = np.diff(self.routes.trip) > 0
        waits = self._along(self.routes, None, self.delay_h[None, :])
        self._before = self._means(self.flow, self._known, waits, self.path_trip)

    def routes_over(self, arcs: npt.ArrayLike) -> IntArray:
        """Return the routes, known to any trip, that use one of some arcs."""
        pieces = [self._over[self._at[a] : self._at[a + 1]] for a in np.asarray(arcs, np.int64)]
        return np.unique(np.concatenate(pieces)) if pieces else np.empty(0, np.int64)

    def tonnes(self, arcs: npt.ArrayLike) -> float:
        """Return what moves over any of some arcs. [t/yr]"""
        return float(self.flow[self.routes_over(arcs)].sum())

    def of(self, arcs: IntArray, whose: BoolArray | None = None) -> Outcome:
        """
        Return the outcome without some arcs.

        Parameters
        ----------
        arcs : ndarray of int
            Closed.
        whose : ndarray of bool, shape (m,), optional
            Trips they are closed to; default is all.

        Returns
        -------
        Outcome
        """
        m = len(self.trips.flow)
        gone = self.routes_over(arcs)
        if whose is not None:
            gone = gone[whose[self.path_trip[gone]]]
        if not len(gone):
            zero = np.zeros(m)
            return Outcome(np.zeros(m, np.bool_), zero, zero, zero, self.base.gap)
        field = self._field(arcs, whose)
        left = np.ones(len(self.path_trip), np.bool_)
        left[gone] = False
        hit = np.unique(self.path_trip[gone])
        kept = self._some(np.flatnonzero(left))
        fresh = self._fresh(field, self.delay_h, hit, np.diff(kept.trip)[hit] > 0)
        begin = self.volume
        for turn in range(_ROUNDS + 1):
            routes = Routes(*route_kernels.merge(*kept, *fresh, _MOST))
            point, hours, total, reached = self._settled(field, routes, begin)
            strained = np.abs(hours - self.delay_h).max(initial=0.0) > _STRAINED_H
            if turn == _ROUNDS or not strained:
                break
            more = self._fresh(field, hours, hit, np.ones(len(hit), np.bool_))
            wider = Routes(*route_kernels.merge(*fresh, *more, _MOST))
            if len(wider.starts) == len(fresh.starts):
                break
            fresh, begin = wider, total
        return self._beside(routes, fresh, point.share, hours, hit, reached)

    def _settled(
        self, field: _Field, routes: Routes, begin: FloatArray
    ) -> tuple[_Point, FloatArray, FloatArray, float]:
        """Return the fixed point over some routes, its delays, its flows where delayed, and its gap."""
        point = self._point(field, routes)
        point.near(self._slope, self._place[point.arcs])
        volume = np.minimum(begin[point.arcs], point.law.capacity)
        loaded, reached, _ = point.solve(volume, self.gap, 200, 0, True, None)
        if reached > self.gap:  # far from the base its slope is none of the case's
            point.known = None
            loaded, reached, _ = point.solve(volume, self.gap, 400, 0, False, None)
        total = np.zeros(self.graph.n_arc)
        total[point.arcs] = loaded
        used = np.zeros(self.graph.n_arc, np.bool_)
        used[point.arcs] = True
        return point, np.where(used, self.laws.value(total), 0.0), total, reached

    def _field(self, arcs: IntArray, whose: BoolArray | None) -> _Field:
        """Close arcs to all, or give those they are closed to classes of their own."""
        shut = self.usd.copy()
        shut[:, arcs] = np.inf
        if whose is None:
            return _Field(self.trips, shut, self.length, self.vot)
        klass = np.where(whose, self.trips.klass + len(self.usd), self.trips.klass)
        return _Field(
            self.trips._replace(klass=klass.astype(np.int32)),
            np.concatenate([self.usd, shut]),
            np.concatenate([self.length, self.length]),
            np.concatenate([self.vot, self.vot]),
        )

    def _fresh(
        self, field: _Field, hours: FloatArray, hit: IntArray, some_left: BoolArray
    ) -> Routes:
        """Find new routes at some delays; more for trips that have none left."""
        waits = np.where(np.isfinite(field.usd), hours, 0.0)
        congested = field.usd + field.vot[:, None] * waits
        found = []
        for rows, n in ((hit[some_left], _FEW), (hit[~some_left], _MANY)):
            if len(rows):
                drawn = draw(self.graph, congested, trips_of(field.trips, rows), n).routes
                found.append((rows, drawn))
        count = np.zeros(len(self.trips.flow), np.int64)
        for rows, drawn in found:
            count[rows] = np.diff(drawn.trip)
        trip = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
        if len(found) == 1:
            return Routes(trip, found[0][1].starts, found[0][1].arcs)
        owner = np.concatenate([np.repeat(rows, np.diff(d.trip)) for rows, d in found])
        size = np.concatenate([np.diff(d.starts) for _, d in found])
        starts = np.concatenate(([0], np.cumsum(size))).astype(np.int64)
        arcs = np.concatenate([d.arcs for _, d in found])
        return Routes(trip, *route_kernels.reorder(starts, arcs, np.argsort(owner, kind="stable")))

    def _point(self, field: _Field, routes: Routes) -> _Point:
        return _Point(
            self.graph, field.usd, field.length, field.trips, routes, self.laws, self.theta,
            field.vot, self.beta,
        )  # fmt: skip

    def cost_along(self, routes: Routes) -> FloatArray:
        """Return generalised cost, with the waiting of the base, along routes of the trips. [USD/t]"""
        klass = self.trips.klass
        owner = np.repeat(np.arange(len(klass)), np.diff(routes.trip))
        waits = self._along(routes, None, self.delay_h[None, :])
        return self._along(routes, klass, self._tables["usd"]) + self.vot[klass[owner]] * waits

    def _some(self, paths: IntArray) -> Routes:
        """Return some of the known routes."""
        count = np.bincount(self.path_trip[paths], minlength=len(self.trips.flow))
        trip = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
        return Routes(trip, *route_kernels.reorder(self.routes.starts, self.routes.arcs, paths))

    def _along(
        self, routes: Routes, klass: npt.NDArray[np.int32] | None, table: FloatArray
    ) -> FloatArray:
        """Sum a table, of each class or of all, along routes."""
        owner = np.repeat(np.arange(len(routes.trip) - 1), np.diff(routes.trip))
        of = np.zeros(len(routes.trip) - 1, np.int32) if klass is None else klass
        out = np.empty(len(routes.starts) - 1)
        pricing.path_costs(owner, routes.starts, routes.arcs, of, table, out)
        return out

    def _means(
        self, flow: FloatArray, known: dict[str, FloatArray], waits: FloatArray, owner: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return mean hours and CO2 of the trips. [h], [kg CO2e/t]"""
        m = len(self.trips.flow)
        time = np.bincount(owner, flow * (known["hours"] + waits), m) / self._tonnes
        return time, np.bincount(owner, flow * known["co2"], m) / self._tonnes

    def _beside(
        self,
        routes: Routes,
        fresh: Routes,
        share: FloatArray,
        hours: FloatArray,
        hit: IntArray,
        gap: float,
    ) -> Outcome:
        """Set a case beside the base."""
        trips, m = self.trips, len(self.trips.flow)
        owner = np.repeat(np.arange(m), np.diff(routes.trip))
        known = {n: self._along(routes, trips.klass, t) for n, t in self._tables.items()
                 if n != "usd"}  # fmt: skip
        waits = self._along(routes, None, hours[None, :])
        was = self._along(routes, None, self.delay_h[None, :])
        time, co2 = self._means(share * trips.flow[owner], known, waits, owner)
        lost = self.served & (np.diff(routes.trip) == 0)
        # rule of a half: a change of waiting counts in full for who stays, half for who comes or goes
        hard = np.zeros(m, np.bool_)
        hard[hit] = True
        hard[owner[np.abs(waits - was) > _EASY_H]] = True
        # trips that lose no route keep theirs in place, so that old shares line up with new ones
        change = self.vot[trips.klass[owner]] * (waits - was)
        easy = ~hard[owner]
        before = np.zeros(len(owner))
        before[easy] = self._share_before()[~hard[self.path_trip]]
        usd = np.asarray(
            np.bincount(owner[easy], (change * 0.5 * (share + before))[easy], m), np.float64
        )
        rows = np.flatnonzero(hard & ~lost & self.served)
        now = self._worth(_of_trips(routes, rows), rows, hours)
        both = Routes(*route_kernels.merge(*_of_trips(self.routes, rows),
                                           *_of_trips(fresh, rows), 2 * _MOST))  # fmt: skip
        usd[rows] = now - self._worth(both, rows, self.delay_h)
        usd[lost] = 0.0
        stays = self.served & ~lost
        return Outcome(
            lost,
            usd,
            np.where(stays, time - self._before[0], 0.0),
            np.where(stays, co2 - self._before[1], 0.0),
            gap,
        )

    def _share_before(self) -> FloatArray:
        """Share of each known route in its trip."""
        return np.asarray(self.flow / self._tonnes[self.path_trip])

    def _worth(self, routes: Routes, rows: IntArray, hours: FloatArray) -> FloatArray:
        """Return the log-sum of some trips over some routes at some delays. [USD/t]"""
        klass = np.ascontiguousarray(self.trips.klass[rows])
        owner = np.repeat(np.arange(len(rows)), np.diff(routes.trip))
        usd = self._along(routes, klass, self._tables["usd"])
        usd += self.vot[klass][owner] * self._along(routes, None, hours[None, :])
        theta, out = np.ascontiguousarray(self.theta[rows]), np.empty(len(rows))
        parts = cut(routes.starts[routes.trip])

        def work(i: int) -> None:
            best_logsum(*routes, klass, usd, self.length, theta, self.beta, *parts[i], out)

        together(work, len(parts))
        return out


def _of_trips(routes: Routes, rows: IntArray) -> Routes:
    """Return the routes of some trips, which become trips 0, 1, …"""
    count = np.diff(routes.trip)[rows]
    trip = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
    paths = np.repeat(routes.trip[:-1][rows] - trip[:-1], count) + np.arange(trip[-1])
    return Routes(trip, *route_kernels.reorder(routes.starts, routes.arcs, paths))
