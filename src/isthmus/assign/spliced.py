"""A fixed point beside a known one: a few trips have other routes, all else is as it was."""

from __future__ import annotations

import numpy as np

from isthmus.assign.base import Delay, FloatArray, IntArray
from isthmus.assign.fixed_point import FixedPoint
from isthmus.assign.parts import cut
from isthmus.assign.routes import Routes
from isthmus.kernels import loading
from isthmus.kernels import slope as slopes

__all__ = ["Base", "Spliced"]

_FELT = 1e-3
"""Answer of an arc's flow to its own delay below which plain iteration is left to it."""
_STEPS = 12
"""Newton steps with the slope of the base before the slope of the case is worked out."""


class Base(FixedPoint):
    """The fixed point that the cases lie near, at its flows."""

    def hold(self, hours: FloatArray) -> None:
        """
        Remember shares and slope at some delays, and which routes meet which delayed arcs.

        Parameters
        ----------
        hours : ndarray, shape (n_arc,)
            [h]
        """
        self.load(hours[self.arcs])
        self.slot = np.full(self.n_arc, -1, np.int32)
        self.slot[self.arcs] = np.arange(len(self.arcs), dtype=np.int32)
        self.known = self._slope(slopes.block, self.slot[self.arcs], shape=(len(self.arcs),) * 2)
        upper = np.triu(self.known, 1)
        self.known += upper.T
        met = self.slot[self.routes.arcs]
        count = np.concatenate(([0], np.cumsum(met >= 0)))
        self.count = np.bincount(met[met >= 0], minlength=len(self.arcs))
        self.meets = met[met >= 0], count[self.routes.starts].astype(np.int64)


class Spliced(FixedPoint):
    """
    The fixed point of a base in which some trips have other routes.

    Parameters
    ----------
    base : Base
    rows : ndarray of int, shape (n,)
        Trips whose routes are replaced.
    before, now : FixedPoint
        These trips alone, with the routes of the base and with those that replace them.
    delay : Delay
        Of all arcs.

    Notes
    -----
    The trips of the base come first, those of `rows` with no flow, then `rows` once more. Newton goes by
    the slope of the base, as few trips differ; where it does not get there, by that of the case.
    """

    def __init__(
        self, base: Base, rows: IntArray, before: FixedPoint, now: FixedPoint, delay: Delay
    ) -> None:
        new = now.arcs[base.slot[now.arcs] < 0]
        self.n_arc, self.n_base = base.n_arc, len(base.arcs)
        self.arcs = np.concatenate([base.arcs, new])
        self.slot = base.slot.copy()
        self.slot[new] = self.n_base + np.arange(len(new), dtype=np.int32)
        rest = base.flow.copy()
        rest[rows] = 0.0
        self.flow = np.concatenate([rest, now.flow])
        self.n_path = int(base.routes.trip[-1])
        trip = np.concatenate([base.routes.trip, self.n_path + now.routes.trip[1:]])
        self.routes = Routes(trip, np.empty(0, np.int64), np.empty(0, np.int32))
        self.at = np.concatenate([base.at, base.at[-1] + now.at[1:]])
        self.slots = np.concatenate([base.slots, self.slot[now.arcs][now.slots]])
        self.path_trip = np.concatenate([base.path_trip, len(rest) + now.path_trip])
        self.choice = np.concatenate([base.choice, now.choice])
        self.overlap = np.concatenate([base.overlap, now.overlap])
        self.full_weight = np.concatenate([base.full_weight, now.full_weight])
        self.utility = np.concatenate([base.utility, now.utility])
        self.weight = np.concatenate([base.weight, now.weight])
        self.free = np.concatenate([base.free, now.free])
        self.law = delay.take(self.arcs)
        self.common = np.zeros(len(self.arcs))
        self.common[: self.n_base] = base.common
        self.common[self.slot[before.arcs]] -= before.common
        self.common[self.slot[now.arcs]] += now.common
        np.maximum(self.common, 0.0, out=self.common)
        count = base.count.copy()
        for fixed, sign in ((before, -1), (now, 1)):
            met = self.slot[fixed.routes.arcs]
            met = met[(met >= 0) & (met < self.n_base)]
            count += sign * np.bincount(met, minlength=self.n_base)
        self.used = count > 0
        self.share = np.concatenate([base.share, np.zeros(len(now.path_trip))])
        self.parts = cut(self.at[trip])
        self.floor = base.floor
        self.known: FloatArray | None = base.known
        self._diagonal = np.diagonal(base.known)

    def direction(self, slope: FloatArray, residual: FloatArray) -> FloatArray:
        """See `FixedPoint.direction`; K is that of the base."""
        if self.known is None:
            return super().direction(slope, residual)
        root = np.sqrt(np.minimum(slope[: self.n_base], 1e60))
        # an arc that lost its last route answers no more, whatever the base says
        felt = np.flatnonzero((self._diagonal * root**2 > _FELT) & self.used)
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

    def settle(self, x: FloatArray, gap: float) -> tuple[FloatArray, float]:
        """
        Find the fixed point from flows near it.

        Parameters
        ----------
        x : ndarray, shape (n_slot,)
            [t/yr]
        gap : float

        Returns
        -------
        flow : ndarray, shape (n_slot,)
            Flows that load themselves up to the gap; `share` belongs to them.
        gap : float
        """
        law = self.laws(x)
        loaded, dual = self.load(law[0])
        for _ in range(_STEPS):
            now = self.residual(loaded, x)
            if now <= gap:
                return x, now
            moved = self._search(x, law, loaded, dual, self.direction(law[1], loaded - x))
            if moved is None:
                break
            x, law, loaded, dual = moved
        self.known = None
        found, reached, _ = self.solve(x, gap, 400, 0, False, None)
        return found, reached
