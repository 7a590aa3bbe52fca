"""
Equilibrium of perturbed utility: delays that fit the flows they bring about.

Newton's method on the flows of delayed arcs, with the concave dual as merit (docs/model.md, 6). Where a small mu or arcs
that are nearly free leave choices all but kinked, it comes from longer arcs to the true ones by stages.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from isthmus.assign.base import FloatArray, IntArray, Progress
from isthmus.assign.perturbed_utility import PerturbedUtility
from isthmus.assign.unit_flows import Choice, UnitFlows
from isthmus.kernels.cholesky import solve_dense

__all__ = ["Equilibrium", "equilibrium", "newton_direction"]

_TRIES, _SHORTER = 12, 0.3
"""Step lengths tried, and what each is of the last."""
_SOFTEST, _HARDER = 0.1, 0.2
"""Least length of an arc over its cost where choices are made smooth first, and what each is of the last."""
_SLOW = 25
"""Steps after which a search that is not near yet counts as stuck."""
_KINKED = 1e-4
"""Gap above which a search that is stuck is stuck at a kink, and not at what rounding leaves."""
_BEGIN = 0.9
"""Share of capacity that first flows are cut off at."""
_COUPLED = 1e-3
"""Part of a delay's own change that comes back to it, from which it is followed by Newton's method."""
_CLOSE = 0.3
"""Share of that part from which a delay is kept in sight."""
_LEAST_SHARE = 0.05
"""Share of what a delay could come back at most that is always reckoned with."""
_STEEPEST = 1e30
"""Rise of a delay that stands for one without bound. [h per t/yr]"""
_LEAST = 1e-9
"""Share of all flow below which a flow counts as this much, when a gap is taken."""


@dataclass(frozen=True)
class Equilibrium:
    """
    Flows and delays that fit each other.

    Parameters
    ----------
    problem : PerturbedUtility
    volume : ndarray, shape (n_slot,)
        Flows on delayed arcs that the delays are of. [t/yr]
    hours : ndarray, shape (n_slot,)
        [h]
    choice : Choice
        What trips do at these delays.
    gap : float
        Largest difference between `volume` and what the trips load, of the greater of the two.
    iterations : int
    """

    problem: PerturbedUtility = field(repr=False)
    volume: FloatArray = field(repr=False)
    hours: FloatArray = field(repr=False)
    choice: Choice = field(repr=False)
    gap: float
    iterations: int


def flow_gap(problem: PerturbedUtility, volume: FloatArray, loaded: FloatArray) -> float:
    """Return the relative gap of flows on delayed arcs to what trips load at their delays."""
    least = _LEAST * float(problem.trips.flow.sum())
    size = np.maximum(np.maximum(volume, loaded), max(least, 1e-300))
    return float((np.abs(loaded - volume) / size).max(initial=0.0))


def newton_direction(
    slope: FloatArray, followed: IntArray, steep: FloatArray, missing: FloatArray
) -> FloatArray:
    """
    Return the Newton step of flows: solve ``(I + K D') step = missing``, D' of some delays alone.

    Parameters
    ----------
    slope : ndarray, shape (n_followed, n)
        K: how loads fall (columns) as some delays rise (rows). [t/yr per h]
    followed : ndarray of int64, shape (n_followed,)
        Which delays these are; the others follow.
    steep : ndarray, shape (n,)
        D': how delays rise with flow. [h per t/yr]
    missing : ndarray, shape (n,)
        Load less flow. [t/yr]
    """
    root = np.sqrt(np.minimum(steep[followed], 1e60))
    inner = slope[:, followed]
    some = np.flatnonzero(np.diagonal(inner) * root**2 > _COUPLED)
    root = root[some]
    inner = inner[np.ix_(some, some)] * root[:, None] * root
    inner[np.diag_indices(len(some))] += 1.0
    y = root * missing[followed[some]]
    if not solve_dense(inner, y):
        return missing
    # no product of a library: its bits depend on how many threads it has
    return np.asarray(missing - (slope[some] * (root * y)[:, None]).sum(axis=0))


class FollowedDelays:
    """
    Which delays Newton's method is to follow: those that come back to themselves by more than a little.

    How much they do is known where a slope was taken, as a share of what it could be at most, and guessed from there.

    Parameters
    ----------
    problem : PerturbedUtility
    rows : ndarray of int64
        Trips.
    """

    def __init__(self, problem: PerturbedUtility, rows: IntArray) -> None:
        self.problem, self.rows = problem, rows
        self.share = np.ones(len(problem.arcs))

    def followed(self, flows: UnitFlows, law: FloatArray) -> IntArray:
        """Return the delays to follow at some flows, and those of arcs that nobody uses yet."""
        most = self.problem.largest_response(self.rows, flows)
        steep = np.minimum(law[1], _STEEPEST)
        return np.flatnonzero((most <= 0.0) | (most * self.share * steep > _CLOSE * _COUPLED))

    def learn(self, choice: Choice) -> None:
        """Take what a slope says."""
        assert choice.slope is not None
        assert choice.followed is not None
        most = self.problem.largest_response(choice.rows, choice.flows)[choice.followed]
        own = np.diagonal(choice.slope[:, choice.followed])
        share = np.divide(own, most, out=np.ones(len(own)), where=most > 0.0)
        # who has one way now may find another
        self.share[choice.followed] = np.maximum(share, _LEAST_SHARE)


def delay_slopes(problem: PerturbedUtility, loaded: FloatArray, law: FloatArray) -> FloatArray:
    """
    Return how delays rise with flow; where that is without bound, as of a root at no flow, up to what is loaded.

    Parameters
    ----------
    problem : PerturbedUtility
    loaded : ndarray, shape (n_slot,)
        What trips load. [t/yr]
    law : ndarray, shape (3, n_slot)
        At the flows that delays are taken at.

    Returns
    -------
    ndarray, shape (n_slot,)
        [h per t/yr]
    """
    steep = law[1]
    if np.isfinite(steep).all():
        return steep
    rise = np.where(loaded > 0.0, problem.law_at(loaded)[0] - law[0], _STEEPEST)
    return np.where(np.isfinite(steep), steep, rise / np.where(loaded > 0.0, loaded, 1.0))


def dual_objective(
    problem: PerturbedUtility, choice: Choice, volume: FloatArray, law: FloatArray
) -> float:
    """Return the dual: hours of all trips at the delays, less what the laws take. [t*h/yr]"""
    weight = problem.trips.flow[choice.rows]
    vot = problem.vot[problem.trips.klass[choice.rows]]
    top, band = problem.ceiling[choice.rows], problem.band[choice.rows]
    value = choice.value
    worth = np.where(np.isfinite(value), value, 0.0)
    limited = np.isfinite(value) & np.isfinite(top)
    limited[limited] = value[limited] > top[limited] - band[limited]
    if limited.any():
        left = np.clip(top[limited] - value[limited], 0.0, band[limited])
        safe = np.where(band[limited] > 0.0, band[limited], 1.0)
        worth[limited] = top[limited] - 0.5 * band[limited] - 0.5 * left**2 / safe
    total = np.divide(weight * worth, vot, out=np.zeros_like(weight), where=vot > 0.0).sum()
    return float(total - (volume * law[0] - law[2]).sum())


def equilibrium(
    problem: PerturbedUtility,
    gap: float,
    *,
    volume: FloatArray | None = None,
    known: UnitFlows | None = None,
    known_at: FloatArray | None = None,
    max_iterations: int = 100,
    progress: Progress | None = None,
) -> Equilibrium:
    """
    Solve to a gap.

    Parameters
    ----------
    problem : PerturbedUtility
    gap : float
    volume : ndarray, shape (n_slot,), optional
        Flows on delayed arcs to begin from. [t/yr]
    known : UnitFlows, optional
        What trips did there.
    known_at : ndarray, shape (n_class, n_arc), optional
        Costs that this was proven at. [USD/t]
    max_iterations : int
    progress : callable, optional
        Called with iteration and gap; what it raises interrupts.

    Returns
    -------
    Equilibrium
        The best met; its gap says whether it is good enough.
    """
    if volume is None:
        free = problem.solve(np.zeros(len(problem.arcs)), checked=False)
        known, known_at = free.flows, None
        volume = np.minimum(free.load[problem.arcs], _BEGIN * problem.law.capacity)
    best, stuck = _descend(problem, gap, volume, known, known_at, 0, max_iterations, progress)
    soft, done = _SOFTEST, best.iterations
    if stuck and best.gap > _KINKED:
        # what is left of the choice is all but a kink: come to it from a choice that is smoother
        volume, known = best.volume, best.choice.flows
        while soft > 0.0 and done < max_iterations:
            if progress is not None:
                progress(done, best.gap)
            easy = problem.with_longer_arcs(soft)
            soft = soft * _HARDER if easy is not problem else 0.0
            wanted = gap if easy is problem else max(gap, _KINKED)
            found, _ = _descend(easy, wanted, volume, known, None, done, max_iterations, None, True)
            volume, known, done = found.volume, found.choice.flows, found.iterations
            if easy is problem and found.gap < best.gap:
                best = found
    return best


def _descend(
    problem: PerturbedUtility,
    gap: float,
    volume: FloatArray,
    known: UnitFlows | None,
    known_at: FloatArray | None,
    iteration: int,
    max_iterations: int,
    progress: Progress | None,
    patient: bool = False,
) -> tuple[Equilibrium, bool]:
    """
    Take Newton steps from flows; return the best met, and whether no length of a step was good any more.

    With patience the shortest step is taken then, and the search goes on.
    """
    law = problem.law_at(volume)
    known = UnitFlows.none(len(problem.rows)) if known is None else known
    follow = FollowedDelays(problem, problem.rows)
    choice = problem.solve(
        law[0], known=known, known_at=known_at, followed=follow.followed(known, law)
    )
    best: Equilibrium | None = None
    now = dual_objective(problem, choice, volume, law)
    stuck, begun = False, iteration
    while True:
        loaded = choice.load[problem.arcs]
        reached = flow_gap(problem, volume, loaded)
        if best is None or reached < best.gap:
            best = Equilibrium(problem, volume, law[0], choice, reached, iteration)
        if progress is not None:
            progress(iteration, reached)
        if (
            reached <= gap
            or iteration >= max_iterations
            or (stuck and not patient and best.gap > _KINKED)
        ):
            break
        missing = loaded - volume
        assert choice.slope is not None
        assert choice.followed is not None
        follow.learn(choice)
        steep = delay_slopes(problem, loaded, law)
        step = newton_direction(choice.slope, choice.followed, steep, missing)
        rise = float(missing @ (steep * step))
        length, moved = 1.0, False
        for _ in range(_TRIES):
            after = np.maximum(volume + length * step, 0.0)
            law_after = problem.law_at(after)
            tried = problem.solve(
                law_after[0], known=choice.flows, known_at=choice.cost,
                followed=follow.followed(choice.flows, law_after),
            )  # fmt: skip
            if not tried.solved:
                length *= _SHORTER
                continue
            moved, then = True, dual_objective(problem, tried, after, law_after)
            closer = flow_gap(problem, after, tried.load[problem.arcs]) < 0.5 * best.gap
            if closer or then >= now + 1e-4 * length * rise - 1e-13 * abs(now):
                break
            length *= _SHORTER
        else:
            stuck = True
        if not moved or not tried.solved:
            break
        volume, law, choice, now = after, law_after, tried, then
        iteration += 1
        stuck = stuck or iteration - begun >= _SLOW
    return best, stuck
