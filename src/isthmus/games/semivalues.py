"""Shapley and Banzhaf values: a player's mean contribution to those who are there before."""

from __future__ import annotations

from math import comb

import numpy as np
import numpy.typing as npt

from isthmus.games.checks import checked_game

__all__ = ["banzhaf", "shapley"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def shapley(v: npt.ArrayLike) -> FloatArray:
    """
    Return the Shapley value of every player.

    ``phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! * (v(S + i) - v(S))``: the mean
    contribution of i over all orders of arrival. The values add up to that of all players.

    Parameters
    ----------
    v : array_like, shape (2**n,)
        Worth of each coalition, by bitmask (bit 0 is player 0); ``v[0]`` is 0. An array of float64
        is read in place, so that 24 players take 128 MB and little more.

    Returns
    -------
    ndarray, shape (n,)
        In the unit of `v`.

    Raises
    ------
    InputError
        If the length is no power of two above 1, a value is not finite, or ``v[0]`` is not 0.

    References
    ----------
    .. [1] L. S. Shapley, "A value for n-person games", Contributions to the Theory of Games II,
       Princeton, 1953, 307-317.

    Examples
    --------
    Two left gloves and a right one, a pair worth 1:

    >>> shapley([0, 0, 0, 0, 0, 1, 1, 1]).round(6).tolist()
    [0.166667, 0.166667, 0.666667]
    """
    values, n = checked_game(v)
    return _weighted(values, n, np.array([1.0 / (n * comb(n - 1, s)) for s in range(n)]))


def banzhaf(v: npt.ArrayLike, *, normalized: bool = False) -> FloatArray:
    """
    Return the Banzhaf value of every player.

    ``beta_i = 2**(1 - n) * sum over S without i of (v(S + i) - v(S))``: the mean contribution of i
    when everyone else is there or not by the toss of a coin. The values need not add up to that of
    all players; in a voting game they are swings over ``2**(n - 1)``.

    Parameters
    ----------
    v : array_like, shape (2**n,)
        As for `shapley`.
    normalized : bool
        Scale the values so that they add up to that of all players; in a voting game, the
        Banzhaf index. Where they add up to 0 they are returned as they are.

    Returns
    -------
    ndarray, shape (n,)
        In the unit of `v`.

    Raises
    ------
    InputError
        As for `shapley`.

    References
    ----------
    .. [1] J. F. Banzhaf, "Weighted voting doesn't work: a mathematical analysis", Rutgers Law
       Review 19, 1965, 317-343.

    Examples
    --------
    >>> banzhaf([0, 0, 0, 0, 0, 1, 1, 1]).tolist()
    [0.25, 0.25, 0.75]
    """
    values, n = checked_game(v)
    found = _weighted(values, n, np.full(n, 0.5 ** (n - 1)))
    total = float(found.sum())
    return found * (float(values[-1]) / total) if normalized and total else found


def _weighted(values: FloatArray, n: int, weight: FloatArray) -> FloatArray:
    """
    Return the contributions of every player, weighted by the size of the coalition joined.

    The vector is read as a matrix, the low players along its columns, the high ones along its rows.
    Rows of one size are added up for the low players, columns for the high ones: two passes over
    the values instead of n. Equal rows give equal sums, so a player who adds nothing gets 0, not
    a rounding.
    """
    low = n // 2
    matrix = values.reshape(1 << (n - low), 1 << low)
    by_row = np.zeros((n - low + 1, 1 << low))
    for row, size in enumerate(_sizes(n - low)):
        by_row[size] += matrix[row]
    by_column = np.zeros((1 << (n - low), low + 1))
    order = np.argsort(_sizes(low), kind="stable")
    starts = np.cumsum([0, *(comb(low, s) for s in range(low))])
    for row in range(len(matrix)):
        np.add.reduceat(matrix[row, order], starts, out=by_column[row])
    of_low = _joined(by_row, low, weight)
    return np.concatenate([of_low, _joined(by_column.T, n - low, weight)])


def _joined(table: FloatArray, k: int, weight: FloatArray) -> FloatArray:
    """Return contributions of k players; `table` has a row a size of the others, shape (., 2**k)."""
    size, masks = _sizes(k), np.arange(1 << k)
    out = np.empty(k)
    for i in range(k):
        without = masks[masks >> i & 1 == 0]
        gain = table[:, without | 1 << i] - table[:, without]
        out[i] = (gain * weight[np.arange(len(table))[:, None] + size[without]]).sum()
    return out


def _sizes(k: int) -> IntArray:
    """Return the number of members of every coalition of k players."""
    return np.bitwise_count(np.arange(1 << k)).astype(np.int64)
