"""A fixed point beside a known one: a few trips have other routes, all else is as it was."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from isthmus.assign.base import Delay, FloatArray, IntArray
from isthmus.assign.fixed_point import FixedPoint
from isthmus.assign.parts import cut
from isthmus.assign.routes import Routes
from isthmus.kernels import loading
from isthmus.kernels import slope as slopes

__all__ = ["Base", "Spliced"]

_STEPS = 12
"""Newton steps with the slope of the base before the slope of the case is worked out."""
_ROUGH = 0.1
"""Share of theta at which delays tell what routes are wanted."""
_TRIES, _DOWN = 4, 1.0 / 6.0
"""Beginnings of theta that are tried, each so much of the last."""


class _State(NamedTuple):
    """Flows, the laws there, what they load and the dual term."""

    x: FloatArray
    law: FloatArray
    loaded: FloatArray
    dual: float


class Base(FixedPoint):
    """The fixed point that the cases lie near, at its flows."""

    def hold(self, hours: FloatArray, volume: FloatArray) -> None:
        """
        Remember flows, shares and slope, and which routes meet which delayed arcs.

        Parameters
        ----------
        hours : ndarray, shape (n_arc,)
            [h]
        volume : ndarray, shape (n_arc,)
            [t/yr]
        """
        self.hours, self.x = hours[self.arcs], volume[self.arcs]
        self.loaded, self.dual = self.load(self.hours)
        self.slot = np.full(self.n_arc, -1, np.int32)
        self.slot[self.arcs] = np.arange(len(self.arcs), dtype=np.int32)
        self.known = self._slope(slopes.block, self.slot[self.arcs], shape=(len(self.arcs),) * 2)
        self.known += np.triu(self.known, 1).T
        met = self.slot[self.routes.arcs]
        self.count = np.bincount(met[met >= 0], minlength=len(self.arcs))
        at = np.concatenate(([0], np.cumsum(met >= 0)))[self.routes.starts].astype(np.int64)
        self.meets = Routes(self.routes.trip, at, met[met >= 0])
        self.duals = self._duals()
        # delayed arcs that all routes of a trip take: those its first meets and does not choose by
        n = len(self.arcs)
        first = np.zeros(len(self.path_trip), np.bool_)
        first[self.routes.trip[:-1][np.diff(self.routes.trip) > 0]] = True
        sure = np.repeat(first, np.diff(at))
        all_met = np.repeat(self.path_trip, np.diff(at)) * n + self.meets.arcs
        chosen = np.repeat(self.path_trip, np.diff(self.at)) * n + self.slots
        common = np.setdiff1d(all_met[sure], chosen[np.repeat(first, np.diff(self.at))])
        owner, self.common_slot = np.divmod(common, n)
        self.common_at = np.searchsorted(owner, np.arange(len(self.flow) + 1))

    def _duals(self) -> FloatArray:
        """Each trip's part of the dual term of `load`, without what all its routes take."""
        owner = np.repeat(np.arange(len(self.path_trip)), np.diff(self.at))
        waits = np.bincount(owner, self.hours[self.slots], len(self.path_trip))
        worth = np.empty(len(self.flow))
        utility = self.utility - self.weight[self.path_trip] * waits
        loading.free_worth(self.routes.trip, utility, worth)
        plain = np.bincount(self.path_trip, self.share * waits, len(self.flow))
        some = self.weight > 0.0
        perceived = np.where(some, (self.free - worth) / np.where(some, self.weight, 1.0), plain)
        return np.where(np.diff(self.routes.trip) > 1, self.flow * perceived, 0.0)

    def taken_by(self, rows: IntArray) -> tuple[FloatArray, FloatArray, IntArray]:
        """
        Return what some trips take of each delayed arc.

        Parameters
        ----------
        rows : ndarray of int, shape (n,)

        Returns
        -------
        all, common : ndarray, shape (n_slot,)
            Flow, and that of trips with no way round. [t/yr]
        count : ndarray of int, shape (n_slot,)
            Routes over it.
        """
        trip, at, slots = self.meets
        n = len(self.arcs)
        paths = spans(trip[rows], trip[rows + 1])
        places = slots[spans(at[paths], at[paths + 1])]
        carried = self.share[paths] * self.flow[self.path_trip[paths]]
        each = np.repeat(carried, at[paths + 1] - at[paths])
        flow = np.asarray(np.bincount(places, each, n), np.float64)
        begin, end = self.common_at[rows], self.common_at[rows + 1]
        sure = np.repeat(self.flow[rows], end - begin)
        common = np.asarray(np.bincount(self.common_slot[spans(begin, end)], sure, n), np.float64)
        return flow, common, np.bincount(places, minlength=n)


class Spliced(FixedPoint):
    """
    The fixed point of a base in which some trips have other routes.

    Parameters
    ----------
    base : Base
    rows : ndarray of int, shape (n,)
        Trips whose routes are replaced.
    now : FixedPoint
        These trips alone, with the routes that replace theirs.
    delay : Delay
        Of all arcs.

    Notes
    -----
    The trips of the base come first, those of `rows` with no flow, then `rows` once more. Newton goes by
    the slope of the base, as few trips differ; where it does not get there, by that of the case.
    """

    felt = 1e-3

    def __init__(self, base: Base, rows: IntArray, now: FixedPoint, delay: Delay) -> None:
        new = now.arcs[base.slot[now.arcs] < 0]
        self.n_arc, self.n_base = base.n_arc, len(base.arcs)
        self.arcs = np.concatenate([base.arcs, new])
        slot = base.slot.copy()
        slot[new] = self.n_base + np.arange(len(new), dtype=np.int32)
        mine = slot[now.arcs]
        rest = base.flow.copy()
        rest[rows] = 0.0
        self.flow = np.concatenate([rest, now.flow])
        self.n_path = int(base.routes.trip[-1])
        trip = np.concatenate([base.routes.trip, self.n_path + now.routes.trip[1:]])
        self.routes = Routes(trip, np.empty(0, np.int64), np.empty(0, np.int32))
        self.at = np.concatenate([base.at, base.at[-1] + now.at[1:]])
        self.slots = np.concatenate([base.slots, mine[now.slots]])
        self.path_trip = np.concatenate([base.path_trip, len(rest) + now.path_trip])
        self.choice = np.concatenate([base.choice, now.choice])
        self.overlap = np.concatenate([base.overlap, now.overlap])
        self.full_weight = np.concatenate([base.full_weight, now.full_weight])
        self.utility = np.concatenate([base.utility, now.utility])
        self.weight = np.concatenate([base.weight, now.weight])
        self.free = np.concatenate([base.free, now.free])
        self.law = delay.take(self.arcs)
        self.parts = cut(self.at[trip])
        self.floor = base.floor
        self.known: FloatArray | None = base.known
        self._diagonal = np.diagonal(base.known)

        flow, common, count = base.taken_by(rows)
        self.common, loaded = np.zeros(len(self.arcs)), np.zeros(len(self.arcs))
        self.common[: self.n_base] = base.common - common
        loaded[: self.n_base] = base.loaded - flow
        met = slot[now.routes.arcs]
        met = met[(met >= 0) & (met < self.n_base)]
        self.used = base.count - count + np.bincount(met, minlength=self.n_base) > 0
        self.common[: self.n_base][~self.used] = 0.0
        loaded[: self.n_base][~self.used] = 0.0
        # what the base loads needs no loading: only what the replaced trips take anew
        x = np.zeros(len(self.arcs))
        x[: self.n_base] = base.x
        law = self.laws(x)
        law[0, : self.n_base] = base.hours
        anew, dual = now.load(law[0, mine])
        shared = float((base.common - self.common[: self.n_base]) @ base.hours)
        self.common[mine] += now.common
        loaded[mine] += anew
        np.maximum(self.common, 0.0, out=self.common)
        np.maximum(loaded, 0.0, out=loaded)
        self.share = np.concatenate([base.share, now.share])
        self.start = _State(
            x, law, loaded, base.dual - float(base.duals[rows].sum()) - shared + dual
        )

    def direction(self, slope: FloatArray, residual: FloatArray) -> FloatArray:
        """See `FixedPoint.direction`; K is that of the base."""
        if self.known is None:
            return super().direction(slope, residual)
        root = np.sqrt(np.minimum(slope[: self.n_base], 1e60))
        # an arc that lost its last route answers no more, whatever the base says
        felt = np.flatnonzero((self._diagonal * root**2 > self.felt) & self.used)
        rows = self.known[felt]
        inner = rows[:, felt] * root[felt][None, :]
        inner *= root[felt][:, None]
        inner[np.diag_indices(len(felt))] += 1.0
        y = root[felt] * residual[felt]
        if not slopes.solve_definite(inner, y):
            return residual
        step = residual.copy()
        step[: self.n_base] -= np.where(self.used, (root[felt] * y) @ rows, 0.0)
        return step

    def _least(self, x: FloatArray, loaded: FloatArray) -> FloatArray:
        """See `FixedPoint._least`; an arc that loses its last route is empty at once."""
        return np.minimum(0.1 * x, loaded)

    def begin(self, x: FloatArray) -> None:
        """Begin at other flows than those of the base."""
        law = self.laws(x)
        self.start = _State(x, law, *self.load(law[0]))

    def settle(
        self, gap: float, rough: bool = False, share: float | None = None
    ) -> tuple[FloatArray, float, float | None]:
        """
        Find the fixed point from the flows it begins at, and begin there when asked again.

        Parameters
        ----------
        gap : float
        rough : bool
            Where the slope of the base does not lead there, delays that tell which routes are wanted
            are enough: theta is raised to a share of it only.
        share : float, optional
            Share of theta the beginning is right for, of a case that is far from the base.

        Returns
        -------
        flow : ndarray, shape (n_slot,)
            Flows that load themselves up to the gap; `share` belongs to them.
        gap : float
        share : float or None
            Share of theta the flows are for; None if the case is near the base.
        """
        if share is None:
            state = self.start
            for _ in range(_STEPS):
                x, law, loaded, dual = self.start = state
                now = self.residual(loaded, x)
                if now <= gap:
                    return x, now, None
                moved = self._search(x, law, loaded, dual, self.direction(law[1], loaded - x))
                if moved is None:
                    break
                state = _State(*moved)
            share = self._easy(self.start.x)
        self.known = None
        until = max(_ROUGH, share * (1.0 + 1e-9)) if rough else 1.0
        began, last = self._climbed(self.start.x, share, until)
        if rough:
            return began, 0.0, last
        self.soften(1.0)
        return *self._newton(began, gap, 400, 0, None)[1:3], 1.0

    def _climbed(self, x: FloatArray, share: float, until: float) -> tuple[FloatArray, float]:
        """Raise theta from a share of it, or from less where that gets nowhere; and the last share."""
        began = x
        for _ in range(_TRIES):
            began, _, good = self._stages(x, share, 400, 0, None, until)
            if good:
                break
            share *= _DOWN
        while share / _DOWN < until:
            share /= _DOWN
        return began, share


def spans(begin: IntArray, end: IntArray) -> IntArray:
    """Return begin[0] .. end[0] - 1, begin[1] .. end[1] - 1, and so on."""
    size = end - begin
    before = np.cumsum(size) - size
    return np.asarray(np.repeat(begin - before, size) + np.arange(size.sum()), np.int64)
