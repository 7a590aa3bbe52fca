"""A game as a vector, checked; sums over all its coalitions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isthmus.errors import Fault, InputError

__all__ = ["checked_game", "checked_payoff", "checked_tolerance", "stake", "subset_sums"]

FloatArray = npt.NDArray[np.float64]

_LARGEST = 1e300
"""Sums of worths beyond it may be no numbers."""

_ROUNDING = 1e-15
"""Share of the largest number, for each player, that sums of members may be off by."""

_CHUNK = 1 << 20
"""Values looked at in one go, so that a check of a large game needs little room."""


def checked_game(v: npt.ArrayLike) -> tuple[FloatArray, int]:
    """
    Return the values of a game and its number of players, or say what is wrong.

    An array of float64 is not copied.

    Parameters
    ----------
    v : array_like, shape (2**n,)
        Worth of each coalition, by bitmask; ``v[0]`` is 0.

    Returns
    -------
    values : ndarray, shape (2**n,)
    n : int

    Raises
    ------
    InputError
        If the length is no power of two above 1, a value is no number, not finite or beyond 1e300,
        or ``v[0]`` is not 0.
    """
    values = np.ascontiguousarray(_numbers(v, "Give one number a coalition.", "v"))
    if np.ndim(v) != 1:
        what = f"shape {np.shape(v)} is no vector."
        raise _wrong(what, "Give one value a coalition, by bitmask.")
    size = len(values)
    n = size.bit_length() - 1
    if size < 2 or size != 1 << n:
        near = 1 << max(1, (size - 1).bit_length())
        what = f"{size} values are not 2**n for any number of players n of 1 or more."
        mend = f"Give one value a coalition, the empty one first; {near} for {near.bit_length() - 1} players."
        raise _wrong(what, mend)
    for first in range(0, size, _CHUNK):
        bad = np.flatnonzero(~(np.abs(values[first : first + _CHUNK]) <= _LARGEST))
        if len(bad):
            at = first + int(bad[0])
            what = f"v[{at}] is {values[at]}, coalition {_members(at)}."
            raise _wrong(what, f"Every coalition has a finite worth, {_LARGEST:g} at most.")
    if values[0] != 0.0:
        what = f"v[0], the empty coalition, is {values[0]:g}."
        raise _wrong(what, "It is worth 0: subtract it from every value, or put it first.")
    return values, n


def checked_payoff(x: npt.ArrayLike, n: int) -> FloatArray:
    """
    Return a payoff vector, or say what is wrong.

    Parameters
    ----------
    x : array_like, shape (n,)
    n : int
        Players of the game.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    InputError
        If the number of entries is not n or one is not finite.
    """
    payoff = _numbers(x, "Give one number a player.", "x")
    if payoff.shape != (n,):
        what = f"shape {payoff.shape} does not fit a game of {n} players."
        raise _wrong(what, "Give one number a player.", "x")
    if not np.isfinite(payoff).all():
        raise _wrong("a payoff is not finite.", "Give one finite number a player.", "x")
    return payoff


def checked_tolerance(tolerance: float) -> float:
    """
    Return a tolerance, or say what is wrong.

    Raises
    ------
    InputError
        If it is no finite number of 0 or more.
    """
    try:
        value = float(tolerance)
    except (TypeError, ValueError):
        value = np.nan
    if not 0.0 <= value < np.inf:
        what = f"{tolerance!r} is no finite number of 0 or more."
        raise _wrong(what, "Give a small share, such as 1e-9.", "tolerance")
    return value


def stake(values: FloatArray, n: int) -> tuple[FloatArray, FloatArray, float, float]:
    """
    Return what there is to share beyond what each player has alone.

    Parameters
    ----------
    values : ndarray, shape (2**n,)
    n : int

    Returns
    -------
    own : ndarray, shape (n,)
        Worth of each player alone.
    rest : ndarray, shape (2**n,)
        What each coalition is worth beyond that of its members alone.
    size : float
        The most of it, of any coalition, or what it is of all players, without its sign. Coalitions
        far below it, such as those forbidden by a penalty, do not count.
    rounding : float
        What the entries of `rest` may be off by.
    """
    own = values[[1 << i for i in range(n)]]
    rest = values - subset_sums(own)
    size = max(float(rest.max()), abs(float(rest[-1])))
    above = float(np.abs(values[values >= -size]).max(initial=0.0)) if size > 0.0 else 0.0
    largest = max(above, float(np.abs(own).max()), abs(float(values[-1])))
    return own, rest, size, _ROUNDING * n * largest


def subset_sums(values: npt.ArrayLike) -> FloatArray:
    """
    Return the sum of the members' values of every coalition.

    Parameters
    ----------
    values : array_like, shape (n,)

    Returns
    -------
    ndarray, shape (2**n,)
        By bitmask.

    Examples
    --------
    >>> subset_sums([1, 2, 4]).tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    """
    each = np.asarray(values, dtype=np.float64)
    out = np.zeros(1 << len(each))
    for i, value in enumerate(each):
        np.add(out[: 1 << i], value, out=out[1 << i : 2 << i])
    return out


def _numbers(given: npt.ArrayLike, mend: str, where: str) -> FloatArray:
    """Return numbers as float64, without a copy where they are; text, dates and gaps are none."""
    try:
        array = np.asarray(given)
        if array.dtype.kind not in "biufO":
            raise TypeError(array.dtype.name)
        if isinstance(given, np.ma.MaskedArray) and np.any(given.mask):
            raise ValueError("some are masked")
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError) as error:
        raise _wrong(f"these are not numbers: {error}.", mend, where) from None


def _members(mask: int) -> str:
    """Return the players of a coalition."""
    players = [str(i) for i in range(mask.bit_length()) if mask >> i & 1]
    return "{" + ", ".join(players) + "}"


def _wrong(what: str, mend: str, where: str = "v") -> InputError:
    return InputError([Fault(where, what, mend, "game")])
