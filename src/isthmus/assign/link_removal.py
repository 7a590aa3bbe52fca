"""
What an assignment becomes without some arcs, many times over: the work that all cases share, once.

Trips over an arc that goes are solved exactly. The others bear what waiting changes for them and answer to it by the
slope of the base; those for whom it changes more than a little are solved exactly too. Delays are those that fit, by
Newton's method. What a case prints is what a scenario that closes the same arcs prints.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from isthmus.assign.assignment import Assignment
from isthmus.assign.base import BoolArray, FloatArray, IntArray
from isthmus.assign.equilibrium import (
    FollowedDelays,
    delay_slopes,
    equilibrium,
    flow_gap,
    newton_direction,
)
from isthmus.assign.perturbed_utility import PerturbedUtility
from isthmus.assign.stochastic import StochasticSolution
from isthmus.assign.unit_flows import Choice, UnitFlows
from isthmus.errors import Fault, InputError
from isthmus.kernels import flow_decomposition

__all__ = ["LinkRemoval", "Outcome"]

_FELT = 1e-4
"""Change of what a trip waits, over what it bears, from which it is solved exactly."""
_LITTLE = 1e-5
"""The same from which a trip is looked at once more with the arcs it has."""
_BESIDE = 1e-3
"""Share of what a trip bears by which it may be below the band in which tonnes stay at home, and counts as in it."""
_COUPLED = 1e-3
"""Part of a delay's own change that comes back, from which it is followed by Newton's method."""
_NEAR = 1e-3
"""Gap from which what trips leave out is priced at each step."""
_STEPS = 15
"""Newton steps beside the base before all trips are solved anew."""
_FAR = 0.4
"""Share of trips solved exactly from which all are."""


class Outcome(NamedTuple):
    """
    Trips without some arcs, beside the base.

    Parameters
    ----------
    stopped_t_yr : ndarray, shape (m,)
        Tonnes that moved and do not. [t/yr]
    kept_t_yr : ndarray, shape (m,)
        Tonnes that move in both. [t/yr]
    usd_t : ndarray, shape (m,)
        Change of what a tonne bears that moves in both. [USD/t]
    network_usd_t : ndarray, shape (m,)
        Of that, at the delays of the base. [USD/t]
    hours : ndarray, shape (m,)
        Change of the mean, waiting included. [h]
    co2_kg_t : ndarray, shape (m,)
        The same. [kg CO2e/t]
    gap : float
        Relative gap of the flows.
    """

    stopped_t_yr: FloatArray
    kept_t_yr: FloatArray
    usd_t: FloatArray
    network_usd_t: FloatArray
    hours: FloatArray
    co2_kg_t: FloatArray
    gap: float

    @property
    def lost(self) -> BoolArray:
        """Trips of which nothing moves any more."""
        return (self.stopped_t_yr > 0.0) & (self.kept_t_yr <= 0.0)


class LinkRemoval:
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

    def __init__(self, base: Assignment, gap: float = 1e-6) -> None:
        solution = base.solution
        if not isinstance(solution, StochasticSolution):
            text = f"was assigned by {base.method}."
            mend = 'Assign it with method="stochastic".'
            raise InputError([Fault("base", text, mend, "without-method")])
        self.base, self.gap = base, gap
        self.found = found = solution.equilibrium
        self.problem: PerturbedUtility = found.problem
        self.trips, self.unit, self.graph = self.problem.trips, solution.unit, self.problem.graph
        self.vot = self.problem.vot
        m = len(self.trips.flow)
        rows = found.choice.rows
        self.value, self.share = np.full(m, np.inf), np.zeros(m)
        self.value[rows], self.share[rows] = found.choice.value, found.choice.served
        self.flow = self.trips.flow * self.share
        # of a trip that is about to stay at home, or does in part, it is the band that waiting is held against
        top, band = self.problem.ceiling, self.problem.band
        near = self.value * (1.0 + _BESIDE) > top - band
        self.scale = np.where(near, np.minimum(self.value, band), self.value)
        law, known = self.problem.law_at(found.volume), found.choice.flows
        followed = FollowedDelays(self.problem, rows).followed(known, law)
        choice = self.problem.solve(
            found.hours, known=known, known_at=found.choice.cost, followed=followed
        )
        assert choice.slope is not None
        self.load = choice.load[self.problem.arcs]
        steep = delay_slopes(self.problem, self.load, law)
        # delays that answer to flow are few; the others follow
        some = np.diagonal(choice.slope[:, followed]) * steep[followed] > _COUPLED
        self.followed = followed[some]
        self.slope = np.ascontiguousarray(choice.slope[some])
        self.rank = np.full(m, -1, np.int64)
        self.rank[rows] = np.arange(len(rows))
        # which trips are over which arc
        self._owner = np.repeat(np.arange(m), np.diff(self.unit.at))
        order = np.argsort(self.unit.arcs, kind="stable")
        count = np.bincount(self.unit.arcs, minlength=self.graph.n_arc)
        self._at = np.concatenate(([0], np.cumsum(count)))
        self._over = self._owner[order]
        self._mean = {
            "hours": self._along(base.cost.hours, self.unit, self.trips.klass),
            "co2": self._along(base.cost.co2_kg, self.unit, self.trips.klass),
        }

    def _along(
        self, table: FloatArray, unit: UnitFlows, klass: npt.NDArray[np.int32]
    ) -> FloatArray:
        out = np.zeros(len(klass))
        flow_decomposition.along_class(unit.at, unit.arcs, unit.x, klass, table, out)
        return out

    def trips_over(self, arcs: npt.ArrayLike) -> IntArray:
        """Return the trips that use one of some arcs."""
        pieces = [self._over[self._at[a] : self._at[a + 1]] for a in np.asarray(arcs, np.int64)]
        return np.unique(np.concatenate(pieces)) if pieces else np.empty(0, np.int64)

    def tonnes(self, arcs: IntArray, whose: BoolArray | None = None) -> float:
        """
        Return what moves over any of some arcs.

        Parameters
        ----------
        arcs : ndarray of int
        whose : ndarray of bool, shape (m,), optional
            Trips that count; default is all.

        Returns
        -------
        float
            [t/yr]
        """
        paths = self.base.paths
        marked = np.zeros(self.graph.n_arc, np.bool_)
        marked[arcs] = True
        hit = paths.any_arc(marked)
        if whose is not None:
            hit &= whose[paths.trip]
        return float(paths.flow[hit].sum())

    def remove(self, arcs: IntArray, whose: BoolArray | None = None) -> Outcome:
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
        hit = self.trips_over(arcs)
        if whose is not None:
            hit = hit[whose[hit]]
        hit = hit[self.flow[hit] > 0.0]
        if not len(hit):
            zero = np.zeros(len(self.trips.flow))
            return Outcome(zero, self.flow, zero, zero, zero, zero, self.found.gap)
        shut = (
            self.problem.with_closed(arcs)
            if whose is None
            else self.problem.with_closed_for(arcs, whose)
        )
        near = None
        if len(hit) < _FAR * len(self.found.choice.rows):
            near = self._solve_beside_base(shut, hit)
        return self._solve_all(shut, hit) if near is None else near

    def at_held_delays(self, arcs: IntArray) -> tuple[IntArray, FloatArray]:
        """
        Return the trips that use some arcs, and what a tonne of each bears without them at the base's delays.

        Parameters
        ----------
        arcs : ndarray of int
            Closed.

        Returns
        -------
        trips : ndarray of int64
        usd_t : ndarray
            inf without a route. [USD/t]
        """
        hit = self.trips_over(arcs)
        hit = self._sorted(hit[self.flow[hit] > 0.0])
        shut = self.problem.with_closed(arcs)
        choice = shut.solve(
            self.found.hours, hit, self.unit.take(hit), known_at=self._base_costs(shut)
        )
        return hit, choice.value

    def _sorted(self, trips: IntArray) -> IntArray:
        return trips[np.argsort(self.rank[trips], kind="stable")]

    def _solve_beside_base(self, shut: PerturbedUtility, hit: IntArray) -> Outcome | None:
        """Solve beside the base; None if the case is far from it."""
        problem, found, followed = self.problem, self.found, self.followed
        exact = self._sorted(hit)
        known, at = self.unit.take(exact), self._base_costs(shut)
        load, inner = self._base_loads(exact)
        volume, hours = found.volume.copy(), found.hours
        law = problem.law_at(volume)
        network: FloatArray | None = None
        first, before, checked = exact, np.inf, True
        for _ in range(_STEPS):
            # on the way trips keep to their arcs; what they leave out is priced at both ends
            choice = shut.solve(
                hours, exact, known, known_at=at, checked=checked, followed=followed
            )
            known, at = choice.flows, choice.cost
            if network is None:
                network = choice.value
            assert choice.slope is not None
            late = hours - found.hours
            slope = self.slope - inner
            loaded = self.load - load - (slope * late[followed][:, None]).sum(axis=0)
            loaded = np.maximum(loaded + choice.load[problem.arcs], 0.0)
            reached = flow_gap(problem, volume, loaded)
            if reached <= self.gap and checked:
                return self._outcome(first, network, choice, late, reached)
            if reached > 100.0 * before:
                return None
            before = min(before, reached)
            if not checked and reached <= _NEAR:
                before = np.inf
            checked = reached <= _NEAR
            if reached > self.gap:
                lean = delay_slopes(problem, loaded, law)
                step = newton_direction(slope + choice.slope, followed, lean, loaded - volume)
                volume = np.maximum(volume + step, 0.0)
                law = problem.law_at(volume)
                hours = law[0]
            more = self._more_affected(hours - found.hours, exact, _FELT)
            if len(more):
                if len(exact) + len(more) > _FAR * len(found.choice.rows):
                    return None
                some = self._base_loads(self._sorted(more))
                load, inner = load + some[0], inner + some[1]
                both = np.concatenate([exact, more])
                new = self.unit.take(more)
                # proven at the delays of the base, not at those of the last step
                new = new._replace(room=np.zeros(len(more)))
                known = UnitFlows.joined([known, new])
                order = np.argsort(self.rank[both], kind="stable")
                exact, known = both[order], known.take(order)
        return None

    def _base_costs(self, shut: PerturbedUtility) -> FloatArray:
        """Return the costs of the base by the classes of a case, which may have each twice."""
        table = self.found.choice.cost
        return np.concatenate([table] * (len(shut.free) // len(table)))

    def _base_loads(self, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return what some trips load on delayed arcs in the base, and their part of the slope."""
        choice = self.problem.solve(
            self.found.hours,
            rows,
            self.unit.take(rows),
            known_at=self.found.choice.cost,
            checked=False,
            followed=self.followed,
        )
        assert choice.slope is not None
        return choice.load[self.problem.arcs], choice.slope

    def _more_affected(self, late: FloatArray, exact: IntArray, share: float) -> IntArray:
        """Return the trips, beside some, whose waiting changes by more than a share of what counts to them."""
        waits = np.zeros(len(self.trips.flow))
        flow_decomposition.along(
            self.unit.at,
            self.unit.arcs,
            self.unit.x,
            self.problem.over_all_arcs(np.abs(late)),
            waits,
        )
        followed = waits * self.vot[self.trips.klass] > share * self.scale
        followed &= self.flow > 0.0
        followed[exact] = False
        return np.flatnonzero(followed)

    def _outcome(
        self,
        first: IntArray,
        network: FloatArray,
        choice: Choice,
        late: FloatArray,
        gap: float,
    ) -> Outcome:
        m, flow = len(self.trips.flow), self.trips.flow
        rows = choice.rows
        waits = np.zeros(m)
        flow_decomposition.along(
            self.unit.at, self.unit.arcs, self.unit.x, self.problem.over_all_arcs(late), waits
        )
        usd, hours = waits * self.vot[self.trips.klass], waits.copy()
        usd[self.flow <= 0.0] = hours[self.flow <= 0.0] = 0.0
        share = self.share.copy()
        # those it is little to keep to their arcs
        little = self._sorted(self._more_affected(late, rows, _LITTLE))
        if len(little):
            kept_to = self.problem.solve(
                self.found.hours + late, little, self.unit.take(little), checked=False
            )
            usd[little] = kept_to.value - self.value[little]
            share[little] = kept_to.served
        co2, of_network = np.zeros(m), np.zeros(m)
        share[rows] = choice.served
        kept = flow * np.minimum(share, self.share)
        stopped = flow * np.maximum(self.share - share, 0.0)
        stopped[stopped < 1e-9 * flow] = 0.0
        usd[rows] = np.where(kept[rows] > 0.0, choice.value - self.value[rows], 0.0)
        of_network[first] = np.where(kept[first] > 0.0, network - self.value[first], 0.0)
        klass = self.trips.klass[rows]
        at = self.problem.over_all_arcs(self.found.hours + late)
        for out, name, table in (
            (hours, "hours", self.base.cost.hours), (co2, "co2", self.base.cost.co2_kg),
        ):  # fmt: skip
            now = self._along(table, choice.flows, klass)
            before = self._mean[name][rows]
            if name == "hours":
                more, less = np.zeros(len(rows)), np.zeros(len(rows))
                flow_decomposition.along(*choice.flows[:3], at, more)
                old = self.unit.take(rows)
                flow_decomposition.along(
                    *old[:3], self.problem.over_all_arcs(self.found.hours), less
                )
                now, before = now + more, before + less
            out[rows] = np.where(kept[rows] > 0.0, now - before, 0.0)
        return Outcome(stopped, kept, usd, of_network, hours, co2, gap)

    def _solve_all(self, shut: PerturbedUtility, hit: IntArray) -> Outcome:
        """Solve all trips anew."""
        rows = self.found.choice.rows
        known = self.unit.take(rows)
        first = self._sorted(hit)
        at = self._base_costs(shut)
        network = shut.solve(self.found.hours, first, self.unit.take(first), known_at=at).value
        found = equilibrium(shut, self.gap, volume=self.found.volume, known=known, known_at=at)
        late = found.hours - self.found.hours
        return self._outcome(first, network, found.choice, late, found.gap)
