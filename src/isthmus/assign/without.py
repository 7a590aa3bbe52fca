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

from isthmus.assign.base import BoolArray, FloatArray, IntArray, Trips, by_head
from isthmus.assign.fixed_point import FixedPoint
from isthmus.assign.laws import open_delay
from isthmus.assign.parts import cut, together
from isthmus.assign.routes import Routes, draw, plant, trips_of
from isthmus.assign.spliced import Base, Spliced, spans
from isthmus.errors import Fault, InputError
from isthmus.kernels import pricing
from isthmus.kernels import routes as route_kernels
from isthmus.kernels.beside import changes
from isthmus.kernels.mended import mend
from isthmus.kernels.satisfaction import best_logsum

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["Outcome", "Without"]

_MOST = 24
"""Routes a trip may hold."""

_FEW, _MANY = 1, 4
"""Routes a trip looks for that has some left, and one that has none."""

_ROUNDS, _STRAINED_H = 2, 5.0
"""Searches for routes at the new flows, for trips that wait longer than before by more. [h]"""

_LOOSE = 0.1
"""Relative gap of flows that are only to tell where more routes are wanted."""

_EASY = 0.1
"""Change of a route's utility by waiting up to which the rule of a half stands for the log-sum."""


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
        self.delay_h = base.delay_h
        order = np.argsort(self.routes.arcs, kind="stable")
        count = np.bincount(self.routes.arcs, minlength=self.graph.n_arc)
        self._at = np.concatenate(([0], np.cumsum(count)))
        self._over = np.repeat(np.arange(len(self.path_trip)), np.diff(self.routes.starts))[order]
        self._tables = {"hours": cost.hours, "co2": cost.co2_kg, "usd": cost.usd_if_open}
        klass = self.trips.klass
        self._known = {n: self._along(self.routes, klass, t) for n, t in self._tables.items()}
        self._wait = self._along(self.routes, None, self.delay_h[None, :])
        self.served = np.diff(self.routes.trip) > 0
        self._share = self.flow / np.maximum(self.trips.flow, 1e-300)[self.path_trip]
        self._mean = {
            n: np.bincount(self.path_trip, self._share * along, len(self.served))
            for n, along in (("hours", self._known["hours"] + self._wait),
                             ("co2", self._known["co2"]))
        }  # fmt: skip
        self._point = Base(
            self.graph, self.usd, self.length, self.trips, self.routes, self.laws, self.theta,
            self.vot, self.beta,
        )  # fmt: skip
        self._point.hold(self.delay_h, np.asarray(base.arc_flow.sum(axis=0)))
        self._congested = self.usd + self.vot[:, None] * np.where(
            np.isfinite(self.usd), self.delay_h, 0.0
        )
        self._trees = plant(self.graph, None, self._congested, klass, self.trips.origin)
        self._both_ways = (self.graph.indptr, self.graph.head, self.graph.tail,
                           *by_head(self.graph))  # fmt: skip
        self._worth_before = self._worth(self.routes, np.arange(len(klass)), self.delay_h)

    def routes_over(self, arcs: npt.ArrayLike) -> IntArray:
        """Return the routes, known to any trip, that use one of some arcs."""
        pieces = [self._over[self._at[a] : self._at[a + 1]] for a in np.asarray(arcs, np.int64)]
        return np.unique(np.concatenate(pieces)) if pieces else np.empty(0, np.int64)

    def tonnes(self, arcs: npt.ArrayLike) -> float:
        """Return what moves over any of some arcs. [t/yr]"""
        return float(self.flow[self.routes_over(arcs)].sum())

    def of(
        self,
        arcs: IntArray,
        whose: BoolArray | None = None,
        known: dict[bytes, Outcome] | None = None,
    ) -> Outcome:
        """
        Return the outcome without some arcs.

        Parameters
        ----------
        arcs : ndarray of int
            Closed.
        whose : ndarray of bool, shape (m,), optional
            Trips they are closed to; default is all.
        known : dict, optional
            Outcomes of cases that lose the same routes, by the routes found instead: where these are
            the same too, so is the outcome. It is added to.

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
        case = self._case(arcs, gone)
        fresh = self._mended(case)
        name = fresh.trip.tobytes() + fresh.arcs.tobytes()
        if known is not None and name in known:
            return known[name]
        outcome = self._solved(case, fresh)
        if known is not None:
            known[name] = outcome
        return outcome

    def _solved(self, case: _Case, fresh: Routes) -> Outcome:
        """Search for routes where waiting grows, and settle the flows."""
        share = flow = None
        for turn in range(_ROUNDS + 1):
            routes = Routes(*route_kernels.merge(*case.kept, *fresh, _MOST))
            now = FixedPoint(
                self.graph, self.usd, self.length, case.trips, routes, self.laws,
                self.theta[case.hit], self.vot, self.beta,
            )  # fmt: skip
            point = Spliced(self._point, case.hit, now, self.laws)
            if flow is not None:
                point.begin(flow[point.arcs])
            last = turn == _ROUNDS
            aim = self.gap if last else max(self.gap, _LOOSE)
            found, reached, share = point.settle(aim, not last, share)
            flow, hours = self._everywhere(point, found)
            if last:
                break
            more = self._more(case, now, point.share[point.n_path :], hours)
            wider = fresh if more is None else Routes(*route_kernels.merge(*fresh, *more, _MOST))
            if len(wider.starts) == len(fresh.starts):
                if share is not None:
                    point.begin(found)
                found, reached, _ = point.settle(self.gap, False, share)
                _, hours = self._everywhere(point, found)
                break
            fresh = wider
        return self._beside(case, point, now, fresh, hours, reached)

    def _case(self, arcs: IntArray, gone: IntArray) -> _Case:
        """Set out the trips that lose a route."""
        hit = np.unique(self.path_trip[gone])
        usd = self.usd.copy()
        usd[:, arcs] = np.inf
        shut = np.zeros(self.graph.n_arc, np.bool_)
        shut[arcs] = True
        left = np.ones(len(self.path_trip), np.bool_)
        left[gone] = False
        paths = spans(self.routes.trip[hit], self.routes.trip[hit + 1])
        before = self._of_paths(paths, hit)
        return _Case(hit, trips_of(self.trips, hit), usd, shut, before,
                     self._of_paths(paths[left[paths]], hit))  # fmt: skip

    def _of_paths(self, paths: IntArray, rows: IntArray) -> Routes:
        """Return some routes, by some trips, which become trips 0, 1, …"""
        count = np.bincount(np.searchsorted(rows, self.path_trip[paths]), minlength=len(rows))
        trip = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
        return Routes(trip, *route_kernels.reorder(self.routes.starts, self.routes.arcs, paths))

    def _everywhere(self, point: Spliced, found: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return flows and delays of all arcs; no flow where no law stands."""
        flow = np.zeros(self.graph.n_arc)
        flow[point.arcs] = found
        hours = self.delay_h.copy()
        hours[point.arcs] = point.laws(found)[0]
        return flow, hours

    def _mended(self, case: _Case) -> Routes:
        """Find routes of the trips that are hit, at the delays of the base."""
        trips, m = case.trips, len(case.hit)
        tree = self._trees.find(trips.klass, trips.origin)
        order = np.argsort(tree, kind="stable")
        starts = np.zeros(m + 1, np.int64)
        arcs = np.empty(m * self.graph.n_node, np.int32)
        mend(
            self._both_ways, self._congested, case.shut, trips.klass[order], trips.origin[order],
            trips.destination[order], tree[order], *self._trees[1:], starts, arcs,
        )  # fmt: skip
        size = np.diff(starts)
        trip = np.concatenate(([0], np.cumsum((size > 0)[np.argsort(order)]))).astype(np.int64)
        at = np.concatenate((starts[:-1][size > 0], starts[-1:]))
        place = np.argsort(order[size > 0], kind="stable")
        one = Routes(trip, *route_kernels.reorder(at, arcs[: starts[-1]], place))
        none_left = np.flatnonzero((np.diff(case.kept.trip) == 0) & (np.diff(trip) > 0))
        if not len(none_left):
            return one
        usd = self._at_delays(case.usd, self.delay_h)
        some = draw(self.graph, usd, trips_of(trips, none_left), _MANY).routes
        return Routes(*route_kernels.merge(*one, *_spread(some, none_left, m), _MOST))

    def _more(
        self, case: _Case, now: FixedPoint, share: FloatArray, hours: FloatArray
    ) -> Routes | None:
        """Find routes at some delays for the trips that are hit and wait longer than before."""
        if np.abs(hours - self.delay_h).max(initial=0.0) <= _STRAINED_H:
            return None
        routes, m = now.routes, len(case.hit)
        longer = self._along(routes, None, (hours - self.delay_h)[None, :])
        waits = np.bincount(now.path_trip, share * longer, m)
        rows = np.flatnonzero(waits > _STRAINED_H)
        if not len(rows):
            return None
        usd = self._at_delays(case.usd, hours)
        return _spread(draw(self.graph, usd, trips_of(case.trips, rows), _FEW).routes, rows, m)

    def _at_delays(self, usd: FloatArray, hours: FloatArray) -> FloatArray:
        """Return generalised costs at some delays. [USD/t]"""
        return usd + self.vot[:, None] * np.where(np.isfinite(usd), hours, 0.0)

    def cost_along(self, routes: Routes) -> FloatArray:
        """Return generalised cost, with the waiting of the base, along routes of the trips. [USD/t]"""
        klass = self.trips.klass
        owner = np.repeat(np.arange(len(klass)), np.diff(routes.trip))
        waits = self._along(routes, None, self.delay_h[None, :])
        return self._along(routes, klass, self._tables["usd"]) + self.vot[klass[owner]] * waits

    def _along(
        self, routes: Routes, klass: npt.NDArray[np.int32] | None, table: FloatArray
    ) -> FloatArray:
        """Sum a table, of each class or of all, along routes."""
        owner = np.repeat(np.arange(len(routes.trip) - 1), np.diff(routes.trip))
        of = np.zeros(len(routes.trip) - 1, np.int32) if klass is None else klass
        out = np.empty(len(routes.starts) - 1)
        pricing.path_costs(owner, routes.starts, routes.arcs, of, table, out)
        return out

    def _beside(
        self,
        case: _Case,
        point: Spliced,
        now: FixedPoint,
        fresh: Routes,
        hours: FloatArray,
        gap: float,
    ) -> Outcome:
        """Set a case beside the base."""
        m, hit = len(self.trips.flow), case.hit
        stays = self.served.copy()
        stays[hit] = False
        usd, time, co2 = np.zeros(m), np.zeros(m), np.zeros(m)
        hard = np.zeros(m, np.bool_)
        _, at, slots = self._point.meets
        changes(
            self.routes.trip, at, slots, ~stays, self._share, point.share, self._wait,
            self._known["hours"], self._known["co2"], (hours - self.delay_h)[self._point.arcs],
            self.vot[self.trips.klass], self.theta, _EASY, usd, time, co2, hard,
        )  # fmt: skip
        rows = np.flatnonzero(hard)
        usd[rows] = self._worth(_of_trips(self.routes, rows), rows, hours)
        usd[rows] -= self._worth_before[rows]
        # what a trip finds it could have taken before, so it stands on both sides
        lost = np.zeros(m, np.bool_)
        lost[hit] = np.diff(now.routes.trip) == 0
        some = np.flatnonzero(~lost[hit])
        both = Routes(*route_kernels.merge(*case.before, *fresh, 2 * _MOST))
        mine = hit[some]
        usd[mine] = self._worth(_of_trips(now.routes, some), mine, hours) - self._worth_before[mine]
        new = np.flatnonzero(~lost[hit] & (np.diff(both.trip) > np.diff(case.before.trip)))
        mine = hit[new]
        usd[mine] += self._worth_before[mine]
        usd[mine] -= self._worth(_of_trips(both, new), mine, self.delay_h)
        klass, share = case.trips.klass, point.share[point.n_path :]
        waits = self._along(now.routes, None, hours[None, :])
        for out, name, more in ((time, "hours", waits), (co2, "co2", 0.0)):
            along = self._along(now.routes, klass, self._tables[name]) + more
            mean = np.bincount(now.path_trip, share * along, len(hit))
            out[hit] = np.where(lost[hit], 0.0, mean - self._mean[name][hit])
        return Outcome(lost, usd, time, co2, gap)

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


class _Case(NamedTuple):
    """Trips that lose a route: which, what is closed to them, and their routes before and left."""

    hit: IntArray
    trips: Trips
    usd: FloatArray
    shut: BoolArray
    before: Routes
    kept: Routes


def _spread(routes: Routes, rows: IntArray, m: int) -> Routes:
    """Return routes of m trips, those of `rows` given."""
    count = np.zeros(m, np.int64)
    count[rows] = np.diff(routes.trip)
    return routes._replace(trip=np.concatenate(([0], np.cumsum(count))).astype(np.int64))


def _of_trips(routes: Routes, rows: IntArray) -> Routes:
    """Return the routes of some trips, which become trips 0, 1, …"""
    count = np.diff(routes.trip)[rows]
    trip = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
    paths = np.repeat(routes.trip[:-1][rows] - trip[:-1], count) + np.arange(trip[-1])
    return Routes(trip, *route_kernels.reorder(routes.starts, routes.arcs, paths))
