"""Kohlberg's test: a payoff is the nucleolus if the coalitions that complain most are balanced."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from isthmus.games.checks import (
    checked_game,
    checked_payoff,
    checked_tolerance,
    stake,
    subset_sums,
)
from isthmus.games.programme import Span

__all__ = ["Kohlberg", "Level", "kohlberg"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Level:
    """
    Coalitions of one excess, and weights that balance them.

    ``sum of weights * e_S + sum of floor_weights * e_i = sum of settled_weights * e_B``, where e are
    the vectors of members, S the coalitions here, i the players at their own value and B those
    settled before, all players together first.

    Parameters
    ----------
    excess : float
        ``v(S) - x(S)``, the same for all but rounding.
    coalitions : ndarray of int64, shape (k,)
        Bitmasks; those in the span of the ones settled before are left out.
    weights : ndarray, shape (k,)
        1 or more.
    floor : ndarray of int64, shape (m,)
        Players who get no more than alone.
    floor_weights : ndarray, shape (m,)
        0 or more.
    settled : ndarray of int64, shape (r,)
    settled_weights : ndarray, shape (r,)
        Of any sign: each of those is balanced already.
    """

    excess: float
    coalitions: IntArray
    weights: FloatArray
    floor: IntArray
    floor_weights: FloatArray
    settled: IntArray
    settled_weights: FloatArray


@dataclass(frozen=True)
class Kohlberg:
    """
    Whether a payoff is the nucleolus, and the proof.

    Parameters
    ----------
    holds : bool
    reason : str
        Why it does not, empty if it does.
    levels : tuple of Level
        From the largest excess down, until nothing is left to move.
    """

    holds: bool
    reason: str
    levels: tuple[Level, ...]


def kohlberg(
    v: npt.ArrayLike, x: npt.ArrayLike, *, floor: bool = True, tolerance: float = 1e-8
) -> Kohlberg:
    """
    Test whether a payoff is the nucleolus.

    From the largest excess down, the coalitions of every level must be balanced together with
    those above: moving anything from one to the other would make a complaint louder. Coalitions in
    the span of the ones above cannot move and are left out.

    Parameters
    ----------
    v : array_like, shape (2**n,)
        Worth of each coalition, by bitmask; ``v[0]`` is 0.
    x : array_like, shape (n,)
    floor : bool
        Nobody may get less than alone: the nucleolus; without it, the prenucleolus.
    tolerance : float
        Share of what is at stake, the most that a coalition is worth beyond what its members have
        alone, within which excesses are one level.

    Returns
    -------
    Kohlberg

    Raises
    ------
    InputError
        If the game or the payoff is none.

    References
    ----------
    .. [1] E. Kohlberg, "On the nucleolus of a characteristic function game", SIAM Journal on Applied
       Mathematics 20, 1971, 62-66.
    .. [2] M. Benedek, J. Fliege and T.-D. Nguyen, "Finding and verifying the nucleolus of
       cooperative games", Mathematical Programming 190, 2021, 135-170 (levels by span).

    Examples
    --------
    >>> kohlberg([0, 0, 0, 0, 0, 1, 1, 1], [0, 0, 1]).holds
    True
    >>> kohlberg([0, 0, 0, 0, 0, 1, 1, 1], [0.1, 0.1, 0.8]).reason
    'the coalitions of excess 0.1 are not balanced'
    """
    values, n = checked_game(v)
    payoff = checked_payoff(x, n)
    own, _, size, rounding = stake(values, n)
    room = checked_tolerance(tolerance) * size
    room += max(rounding, 1e-15 * n * float(np.abs(payoff).max()))
    more = float(payoff.sum() - values[-1])
    if abs(more) > room:
        what = f"it hands out {abs(more):g} {'more' if more > 0.0 else 'less'} than all are worth"
        return Kohlberg(False, what, ())
    if floor and np.any(payoff < own - room):
        i = int(np.argmin(payoff - own))
        what = f"player {i} gets {own[i] - payoff[i]:g} less than it is worth alone"
        return Kohlberg(False, what, ())
    at_floor = np.flatnonzero(payoff <= own + room) if floor else np.empty(0, np.int64)
    excess = values - subset_sums(payoff)
    span = Span(n)
    levels: list[Level] = []
    while span.rank < n:
        excess[span.inside()] = -np.inf
        top = float(excess.max())
        here = np.flatnonzero(excess >= top - room)
        found = _balance(n, here, at_floor, np.array(span.masks, np.int64))
        if found is None:
            return Kohlberg(
                False, f"the coalitions of excess {top:g} are not balanced", tuple(levels)
            )
        cut = np.cumsum([len(here), len(at_floor)])
        weights, floor_weights, settled_weights = np.split(found, cut)
        settled = np.array(span.masks, np.int64)
        levels.append(Level(top, here, weights, at_floor, floor_weights, settled, -settled_weights))
        for mask in here.tolist():
            if span.rank == n:
                break
            span.add(mask)
    return Kohlberg(True, "", tuple(levels))


def _balance(n: int, here: IntArray, floor: IntArray, settled: IntArray) -> FloatArray | None:
    """Return weights of 1 or more here, 0 or more at the floor, any of the settled; None if none."""
    masks = np.concatenate([here, 1 << floor, settled])
    matrix = (masks[None, :] >> np.arange(n)[:, None] & 1).astype(np.float64)
    low = np.concatenate([np.ones(len(here)), np.zeros(len(floor)), np.full(len(settled), -np.inf)])
    bounds = np.column_stack([low, np.full(len(masks), np.inf)])
    cost = np.concatenate([np.ones(len(here) + len(floor)), np.zeros(len(settled))])
    found = linprog(cost, A_eq=matrix, b_eq=np.zeros(n), bounds=bounds, method="highs")
    return np.asarray(found.x) if found.status == 0 else None
