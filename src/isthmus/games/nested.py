"""Core, least core and nucleolus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isthmus.errors import Fault, InputError
from isthmus.games.checks import (
    checked_game,
    checked_payoff,
    checked_tolerance,
    stake,
    subset_sums,
)
from isthmus.games.programme import Programme, Stage

__all__ = ["LeastCore", "core_is_empty", "in_core", "least_core", "nucleolus", "prenucleolus"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_ZERO = 1e-9
"""Share of what is at stake (`checks.stake`) below which a complaint is none."""

_NOTHING = 1e-13
"""Share of it below which there is nothing for all players to share."""


@dataclass(frozen=True)
class LeastCore:
    """
    The payoffs whose largest complaint is least, and the proof that none is less.

    Parameters
    ----------
    level : float
        Least possible largest excess ``v(S) - x(S)`` of a coalition other than none and all; above
        0 the core is empty. -inf for one player.
    payoff : ndarray, shape (n,)
        One of the least core; of the core where that is not empty.
    coalitions : ndarray of int64, shape (k,)
        Bitmasks of a balanced collection that holds the level up.
    weights : ndarray, shape (k,)
        Add up to 1. With ``t`` the sum of the weights of the coalitions of any one player, the
        level is ``sum of weights * v - t * v(all)``: no payoff does better.
    """

    level: float
    payoff: FloatArray
    coalitions: IntArray
    weights: FloatArray


def in_core(v: npt.ArrayLike, x: npt.ArrayLike, *, tolerance: float = _ZERO) -> bool:
    """
    Return whether a payoff is in the core: all is handed out, and no coalition can do better alone.

    Parameters
    ----------
    v : array_like, shape (2**n,)
        Worth of each coalition, by bitmask; ``v[0]`` is 0.
    x : array_like, shape (n,)
        What each player gets.
    tolerance : float
        Share that may be missing of what is at stake: the most that a coalition is worth beyond
        what its members have alone.

    Returns
    -------
    bool

    Raises
    ------
    InputError
        If the game or the payoff is none.

    References
    ----------
    .. [1] D. B. Gillies, "Solutions to general non-zero-sum games", Contributions to the Theory of
       Games IV, Princeton, 1959, 47-85.

    Examples
    --------
    >>> in_core([0, 0, 0, 0, 0, 1, 1, 1], [0, 0, 1])
    True
    >>> in_core([0, 0, 0, 0, 0, 1, 1, 1], [1 / 6, 1 / 6, 2 / 3])
    False
    """
    values, n = checked_game(v)
    payoff = checked_payoff(x, n)
    _, _, size, rounding = stake(values, n)
    room = checked_tolerance(tolerance) * size
    room += max(rounding, 1e-15 * n * float(np.abs(payoff).max()))
    if abs(float(payoff.sum()) - float(values[-1])) > room:
        return False
    return bool(np.all(values <= subset_sums(payoff) + room))


def least_core(v: npt.ArrayLike) -> LeastCore:
    """
    Return a payoff whose largest complaint is least.

    Parameters
    ----------
    v : array_like, shape (2**n,)

    Returns
    -------
    LeastCore

    Raises
    ------
    InputError
        If the game is none.

    References
    ----------
    .. [1] O. N. Bondareva, "Some applications of linear programming methods to the theory of
       cooperative games", Problemy Kibernetiki 10, 1963; L. S. Shapley, "On balanced sets and
       cores", Naval Research Logistics Quarterly 14, 1967 (the proof by balanced collections).

    Examples
    --------
    Any two of three share 1:

    >>> found = least_core([0, 0, 0, 1, 0, 1, 1, 1])
    >>> round(found.level, 6), found.payoff.round(6).tolist()
    (0.333333, [0.333333, 0.333333, 0.333333])
    """
    values, n = checked_game(v)
    if n == 1:
        none = np.empty(0, np.int64)
        return LeastCore(-np.inf, values[1:].copy(), none, np.empty(0))
    own, scaled, scale = _normal(values, n)
    if not scale:
        return LeastCore(0.0, own, np.array([1, len(values) - 2]), np.array([0.5, 0.5]))
    stage = Programme(scaled, n, floor=False).next()
    payoff = _exact(values, n, [stage], own, stage.payoff * scale + own)
    share = stage.weights / stage.weights.sum()
    return LeastCore(stage.level * scale, payoff, stage.coalitions, share)


def core_is_empty(v: npt.ArrayLike, *, tolerance: float = _ZERO) -> bool:
    """
    Return whether no payoff satisfies every coalition.

    Parameters
    ----------
    v : array_like, shape (2**n,)
    tolerance : float
        Share that may be missing of what is at stake: the most that a coalition is worth beyond
        what its members have alone.

    Returns
    -------
    bool

    Raises
    ------
    InputError
        If the game is none.

    Examples
    --------
    >>> core_is_empty([0, 0, 0, 1, 0, 1, 1, 1]), core_is_empty([0, 0, 0, 0, 0, 1, 1, 1])
    (True, False)
    """
    values, n = checked_game(v)
    _, _, size, rounding = stake(values, n)
    return bool(least_core(values).level > checked_tolerance(tolerance) * size + rounding)


def nucleolus(v: npt.ArrayLike) -> FloatArray:
    """
    Return the nucleolus: the payoff whose complaints, sorted from the largest, are the least.

    No player gets less than alone. Linear programmes are solved one after the other, each with
    the coalitions that hold up the level of the last one settled, at most n - 1 of them; coalitions
    enter as they complain. `kohlberg` certifies the answer.

    Parameters
    ----------
    v : array_like, shape (2**n,)
        Worth of each coalition, by bitmask (bit 0 is player 0); ``v[0]`` is 0. For a game of
        costs, pass ``-c`` and change the sign of the answer.

    Returns
    -------
    ndarray, shape (n,)
        In the unit of `v`.

    Raises
    ------
    InputError
        If the game is none, or if the players alone are worth more than together, so that no
        payoff gives each what it is worth alone; `prenucleolus` asks no such thing.

    Notes
    -----
    Right to about 1e-9 of what is at stake: the most that a coalition is worth beyond what its members
    have alone. Amounts smaller than that beside one so large are not told apart.

    References
    ----------
    .. [1] D. Schmeidler, "The nucleolus of a characteristic function game", SIAM Journal on Applied
       Mathematics 17, 1969, 1163-1170.
    .. [2] M. Maschler, B. Peleg and L. S. Shapley, "Geometric properties of the kernel, nucleolus,
       and related solution concepts", Mathematics of Operations Research 4, 1979, 303-338 (the
       sequence of programmes).
    .. [3] M. Benedek, J. Fliege and T.-D. Nguyen, "Finding and verifying the nucleolus of
       cooperative games", Mathematical Programming 190, 2021, 135-170 (only coalitions outside the
       span of the settled ones matter).

    Examples
    --------
    >>> nucleolus([0, 0, 0, 0, 0, 1, 1, 1]).round(9).tolist()
    [0.0, 0.0, 1.0]
    """
    values, n = checked_game(v)
    _, rest, _, rounding = stake(values, n)
    if rest[-1] < -(_ZERO * max(float(rest.max()), 0.0) + rounding):
        what = f"all players together are worth {-rest[-1]:g} less than the sum of each alone."
        mend = (
            "No payoff gives everyone what it is worth alone, so there is no nucleolus. "
            "For costs pass -c; `prenucleolus` asks no such thing."
        )
        raise InputError([Fault("v", what, mend, "no-imputation")])
    return _nested(values, n, floor=True)


def prenucleolus(v: npt.ArrayLike) -> FloatArray:
    """
    Return the prenucleolus: as `nucleolus`, but a player may get less than alone.

    Parameters
    ----------
    v : array_like, shape (2**n,)

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    InputError
        If the game is none.

    Examples
    --------
    >>> prenucleolus([0, 2, 2, 3]).tolist()
    [1.5, 1.5]
    """
    values, n = checked_game(v)
    return _nested(values, n, floor=False)


def _nested(values: FloatArray, n: int, *, floor: bool) -> FloatArray:
    own, scaled, scale = _normal(values, n)
    if n == 1 or not scale:
        return own if n > 1 else values[1:].copy()
    if floor and scaled[-1] <= _NOTHING:
        return own + (float(values[-1]) - float(own.sum())) / n
    programme = Programme(scaled, n, floor=floor)
    stages: list[Stage] = []
    while programme.span.rank < n:
        stages.append(programme.next())
        programme.settle(stages[-1])
    found = _exact(values, n, stages, own, stages[-1].payoff * scale + own)
    return np.maximum(found, own) if floor else found


def _exact(
    values: FloatArray, n: int, stages: list[Stage], own: FloatArray, found: FloatArray
) -> FloatArray:
    """
    Return the payoff that the settled coalitions name, free of what the programmes allow themselves.

    Coalitions of one stage share one excess, players held at their own value get it, and all add
    up: linear equations of the payoffs and the levels.
    """
    rows = [np.concatenate([np.ones(n), np.zeros(len(stages))])]
    right = [float(values[-1])]
    for k, stage in enumerate(stages):
        for mask in stage.coalitions.tolist():
            row = np.zeros(n + len(stages))
            row[:n] = [mask >> i & 1 for i in range(n)]
            row[n + k] = 1.0
            rows.append(row)
            right.append(float(values[mask]))
    for i in {int(i) for stage in stages for i in stage.floors}:
        row = np.zeros(n + len(stages))
        row[i] = 1.0
        rows.append(row)
        right.append(float(own[i]))
    matrix, room = np.array(rows), 1e-6 * stake(values, n)[2]
    # the change against what was found: where an unknown is free, it stays as it is
    begin = np.concatenate([found, [float("nan")] * len(stages)])
    for k, stage in enumerate(stages):
        mask = int(stage.coalitions[0])
        begin[n + k] = values[mask] - found[[mask >> i & 1 == 1 for i in range(n)]].sum()
    step = np.linalg.lstsq(matrix, np.array(right) - matrix @ begin, rcond=1e-12)[0][:n]
    return found + step if float(np.abs(step).max()) <= room else found


def _normal(values: FloatArray, n: int) -> tuple[FloatArray, FloatArray, float]:
    """
    Return what each is worth alone, the game without it scaled to 1, and the scale.

    With P what is at stake, some payoff leaves no complaint above 2 P; then no player has less than
    -2 P, nor more than (2 n - 1) P, and complaints of single players settle all. Coalitions below
    -4 n P never complain as loud as they do, so that they are set there: a penalty spoils no scale.
    """
    own, rest, size, rounding = stake(values, n)
    if size <= rounding:
        return own, rest, 0.0
    return own, np.maximum(rest / size, -4.0 * n), size
