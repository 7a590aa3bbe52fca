"""The logit fixed point over fixed routes: damped Newton on the flows of arcs with a delay law."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Delay, FloatArray, Graph, Int32Array, Progress, Trips
from isthmus.assign.parts import cut, together
from isthmus.assign.routes import Routes
from isthmus.kernels import loading
from isthmus.kernels import slope as slopes
from isthmus.kernels.delay import NONE

__all__ = ["FixedPoint"]

_EASY = 10.0
"""Change of utility, by the delays of one loading, that Newton takes without help."""
_STAGE, _STAGE_STEPS, _TRY_STEPS = 6.0, 25, 8
"""Growth of theta from stage to stage, and Newton steps in one, or in a first try."""
_STAGE_GAP = 1e-3
"""Gap at which a stage is good enough to begin the next with."""
_ROUNDED, _WORSE = 1e-3, 3
"""Gap below which the rest may be rounding, and steps without a better gap that show it is not."""
_SMALL_FLOW = 1e-9
"""Share of all flow below which an arc's residual is measured against that flow, not its own."""


class FixedPoint:
    """One logit fixed point: fixed routes, the arcs among them whose delay rises with flow."""

    felt = 1e-5
    """Answer of an arc's flow to its own delay below which Newton leaves it to plain iteration."""

    def __init__(
        self,
        graph: Graph,
        cost: FloatArray,
        length: FloatArray,
        trips: Trips,
        routes: Routes,
        delay: Delay,
        theta: FloatArray,
        vot: FloatArray,
        beta: float,
    ) -> None:
        self.routes, self.flow, self.n_arc = routes, trips.flow, graph.n_arc
        used = np.zeros(graph.n_arc, np.bool_)
        used[routes.arcs] = True
        self.arcs = np.flatnonzero(used & (delay.law != NONE))
        slot = np.full(graph.n_arc, -1, np.int32)
        slot[self.arcs] = np.arange(len(self.arcs), dtype=np.int32)
        self._measure(slot, trips, cost, length)
        self.path_trip = np.repeat(np.arange(len(trips.flow)), np.diff(routes.trip))
        served = np.diff(routes.trip) > 0
        least = np.zeros(len(trips.flow))
        least[served] = self.path_cost[routes.trip[:-1][served]]
        excess = self.path_cost - least[self.path_trip]
        self.choice = -theta[self.path_trip] * excess
        self.overlap = beta * np.log(np.maximum(self.path_size, 1e-300))
        self.full_weight = theta * vot[trips.klass]
        self.soften(1.0)
        self.law = delay.take(self.arcs)
        self.share = np.zeros(len(self.path_cost))
        self.floor = max(_SMALL_FLOW * float(trips.flow[served].sum()), 1e-300)

    def _measure(
        self, slot: Int32Array, trips: Trips, cost: FloatArray, length: FloatArray
    ) -> None:
        """Cost and path size of all routes, and the slots that the choices depend on."""
        trip, starts, arcs = self.routes
        n_path = len(starts) - 1
        self.path_cost, self.path_size = np.zeros(n_path), np.ones(n_path)
        size, slots = np.zeros(n_path, np.int64), np.empty(len(arcs), np.int32)
        parts = cut(starts[trip])
        common = np.zeros((len(parts), len(self.arcs)))

        def work(i: int) -> None:
            loading.measure(
                trip, starts, arcs, trips.klass, trips.flow, cost, length, slot, *parts[i],
                self.path_cost, self.path_size, size, slots, common[i],
            )  # fmt: skip

        together(work, len(parts))
        self.common = common.sum(axis=0)
        self.at = np.concatenate(([0], np.cumsum(size))).astype(np.int64)
        kept = [
            slots[starts[trip[a]] : starts[trip[a]] + self.at[trip[b]] - self.at[trip[a]]]
            for a, b in parts
        ]
        self.slots = np.concatenate(kept)
        self.parts = cut(self.at[trip])

    def soften(self, share: float) -> None:
        """Take only a share of theta: the smaller, the gentler loads answer to delays."""
        self.utility = share * self.choice + self.overlap
        self.weight = share * self.full_weight
        self.free = np.empty(len(self.flow))
        loading.free_worth(self.routes.trip, self.utility, self.free)

    def laws(self, x: FloatArray) -> FloatArray:
        """Value, derivative and integral of the delays at flows `x`, kept finite."""
        return np.minimum(self.law.evaluate(x), 1e100)

    def load(self, hours: FloatArray) -> tuple[FloatArray, float]:
        """Logit flows at given delays, and the dual term they are the slope of."""
        out = np.zeros((len(self.parts), len(self.arcs)))

        def work(i: int) -> float:
            return loading.logit(
                self.routes.trip, self.at, self.slots, self.utility, self.free, self.weight,
                self.flow, hours, *self.parts[i], self.share, out[i],
            )  # fmt: skip

        dual = sum(together(work, len(self.parts)))
        return out.sum(axis=0) + self.common, dual + float(_dot(self.common[None, :], hours)[0])

    def direction(self, slope: FloatArray, residual: FloatArray) -> FloatArray:
        """
        Newton step on the flows: (I + K T) dx = residual.

        Solved in the symmetric form I + S K S with S = sqrt(T), whose eigenvalues are 1 or more,
        over the arcs alone that feel their own delay; K is never written out beyond these.
        """
        root = np.sqrt(np.minimum(slope, 1e60))
        felt = np.flatnonzero(self._slope(slopes.diagonal) * root**2 > self.felt)
        place = np.full(len(root), -1, np.int32)
        place[felt] = np.arange(len(felt), dtype=np.int32)
        inner = self._slope(slopes.block, place, shape=(len(felt), len(felt)))
        inner *= root[felt][None, :]
        inner *= root[felt][:, None]
        inner[np.diag_indices(len(felt))] += 1.0
        y = root[felt] * residual[felt]
        if not slopes.solve_definite(inner, y):
            return residual
        hours = np.zeros(len(root))
        hours[felt] = root[felt] * y
        return residual - self._slope(slopes.times, hours)

    def _slope(
        self,
        kernel: Callable[..., None],
        *given: npt.NDArray[Any],
        shape: tuple[int, ...] | None = None,
    ) -> FloatArray:
        """Sum what a kernel says of the slope over the parts of the trips."""
        out = np.zeros((len(self.parts), *(shape or (len(self.arcs),))))

        def work(i: int) -> None:
            kernel(
                self.routes.trip, self.at, self.slots, self.weight, self.flow, self.share,
                *given, *self.parts[i], out[i],
            )  # fmt: skip

        together(work, len(self.parts))
        for part in out[1:]:
            out[0] += part
        return out[0]

    def residual(self, loaded: FloatArray, x: FloatArray) -> float:
        """Largest relative difference between two vectors of flows."""
        if not len(x):
            return 0.0
        return float(np.max(np.abs(loaded - x) / np.maximum(np.maximum(loaded, x), self.floor)))

    def solve(
        self,
        x: FloatArray,
        gap: float,
        left: int,
        done: int,
        warm: bool,
        progress: Progress | None,
    ) -> tuple[FloatArray, float, int]:
        """
        Damped Newton from flows `x`, with theta raised in steps where delays are far off.

        Far above capacity, delays differ by so much that every trip puts all on one route and the
        slope vanishes. A smaller theta keeps it alive; each stage starts from the last one's flows.

        Returns
        -------
        loaded : ndarray
            Flows that load themselves again up to the gap; `share` holds their probabilities.
        gap : float
        iterations : int
        """
        if not len(self.arcs):
            self.load(np.empty(0))
            return x, 0.0, 1
        self.soften(1.0)
        iterations = 0
        if warm:
            most = min(_TRY_STEPS, left)
            _, loaded, reached, iterations = self._newton(x, gap, most, done, progress)
            if gap < reached <= _ROUNDED:
                loaded, reached = self._polish(loaded, reached, gap)
            if reached <= gap or iterations >= left:
                return loaded, reached, iterations
        share = self._easy(x)
        # flows that were right but for a few routes seldom need the whole way
        near = max(share, _STAGE**-3) if warm else share
        began, steps, good = self._stages(x, near, left - iterations, done + iterations, progress)
        iterations += steps
        if near > share and not good and iterations < left:
            began, steps, _ = self._stages(x, share, left - iterations, done + iterations, progress)
            iterations += steps
        self.soften(1.0)
        left = max(1, left - iterations)
        _, loaded, reached, steps = self._newton(began, gap, left, done + iterations, progress)
        if reached > gap:
            loaded, reached = self._polish(loaded, reached, gap)
        return loaded, reached, iterations + steps

    def _easy(self, x: FloatArray) -> float:
        """Share of theta that Newton takes without help from flows `x`."""
        hours = self.laws(x)[0]
        jump = np.abs(self.laws(self.load(hours)[0])[0] - hours).max()
        return min(1.0, _EASY / max(float(jump * self.full_weight.max()), 1e-300))

    def _polish(self, flow: FloatArray, reached: float, gap: float) -> tuple[FloatArray, float]:
        """
        Newton on route shares, from those that `flow` is made of.

        A loading amplifies the rounding of the delays it is given by theta; a step of Newton shrinks
        it again. So where theta is large, shares that end on a step reach gaps that shares which end
        on a loading cannot.
        """
        best = reached, flow, self.share
        worse = 0
        while worse < _WORSE and best[0] > gap:
            law = self.laws(flow)
            loaded, _ = self.load(law[0])
            step = self.direction(law[1], loaded - flow)
            share = np.empty_like(self.share)
            loading.logit_tilt(
                self.routes.trip, self.at, self.slots, self.weight, self.share, law[1] * step, share
            )  # fmt: skip
            flow = self._carried(share)
            again, _ = self.load(self.laws(flow)[0])
            now = self.residual(again, flow)
            worse = 0 if now < best[0] else worse + 1
            if now < best[0]:
                best = now, flow, share
        self.share = best[2].copy()
        return best[1], best[0]

    def _carried(self, share: FloatArray) -> FloatArray:
        """Flows on arcs, of shares of routes."""
        carried = np.repeat(share * self.flow[self.path_trip], np.diff(self.at))
        return np.bincount(self.slots, carried, len(self.arcs)) + self.common

    def _stages(
        self,
        x: FloatArray,
        share: float,
        left: int,
        done: int,
        progress: Progress | None,
        until: float = 1.0,
    ) -> tuple[FloatArray, int, bool]:
        """
        Raise theta from a share of it to another, each stage from the flows of the last.

        Returns
        -------
        x : ndarray
            Flows to begin with at the whole of theta.
        iterations : int
        good : bool
            False if the first stage got nowhere, and the rest was left.
        """
        iterations = 0
        before: FloatArray | None = None
        while share < until and iterations < left:
            self.soften(share)
            most = min(_STAGE_STEPS, left - iterations)
            found, loaded, reached, steps = self._newton(
                x, _STAGE_GAP, most, done + iterations, progress
            )
            iterations += steps
            if before is None and min(reached, self.residual(loaded, found)) > _STAGE_GAP:
                return x, iterations, False
            # flows are nearly linear in 1 / theta, so the last two stages foretell the next
            x = (
                found
                if before is None
                else np.maximum(found + (found - before) / _STAGE, 0.1 * found)
            )
            before = found
            share *= _STAGE
        return x, iterations, True

    def _newton(
        self, x: FloatArray, gap: float, left: int, done: int, progress: Progress | None
    ) -> tuple[FloatArray, FloatArray, float, int]:
        """Damped Newton at one theta; returns flows, the flows they load, gap and iterations."""
        best: tuple[float, FloatArray, FloatArray, FloatArray] = (np.inf, x, x, self.share)
        iterations = 0
        law = self.laws(x)
        loaded, dual = self.load(law[0])
        while True:
            iterations += 1
            share = self.share.copy()
            again, _ = self.load(self.laws(loaded)[0])
            now = self.residual(again, loaded)
            if now <= best[0]:
                best = (now, x, loaded, share)
            if progress is not None:
                progress(done + iterations, now)
            if now <= gap or iterations >= left:
                break
            self.share = share
            moved = self._search(x, law, loaded, dual, self.direction(law[1], loaded - x))
            if moved is None:
                break
            x, law, loaded, dual = moved
        self.share = best[3]
        return x, best[2], best[0], iterations

    def _least(self, x: FloatArray, loaded: FloatArray) -> FloatArray:  # noqa: ARG002 - who overrides it asks
        """Flows below which no step goes from `x`, which loads `loaded`."""
        return 0.1 * x

    def _search(
        self, x: FloatArray, law: FloatArray, loaded: FloatArray, dual: float, step: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, float] | None:
        """Backtrack until the concave dual rises enough, or, at its rounding, the residual falls."""
        value = dual - float(law[0] @ x - law[2].sum())
        slope = float((loaded - x) @ (law[1] * step))
        noise = 1e-12 * (abs(dual) + float(law[0] @ x) + float(law[2].sum()))
        here = self.residual(loaded, x)
        size = 1.0
        for _ in range(60):
            trial = np.maximum(x + size * step, self._least(x, loaded))
            trial_law = self.laws(trial)
            trial_loaded, trial_dual = self.load(trial_law[0])
            rise = trial_dual - float(trial_law[0] @ trial - trial_law[2].sum()) - value
            better = self.residual(trial_loaded, trial) < here
            if rise >= 1e-4 * size * slope and (slope > noise or better):
                return trial, trial_law, trial_loaded, trial_dual
            if abs(rise) <= noise and better:
                return trial, trial_law, trial_loaded, trial_dual
            size *= 0.5
        return None


def _dot(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """Multiply without BLAS, whose bits depend on the number of threads."""
    return np.asarray((matrix * vector[None, :]).sum(axis=1))
