"""Shapley values of many players, by sampled orders of arrival, with what the sample leaves open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from isthmus.errors import Fault, InputError

__all__ = ["Sampled", "sampled_shapley"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sampled:
    """
    Estimates of Shapley values.

    Parameters
    ----------
    value : ndarray, shape (n,)
        They add up to the worth of all players, but for rounding.
    std_error : ndarray, shape (n,)
        Of the mean over pairs of orders.
    low, high : ndarray, shape (n,)
        Interval of the asked confidence, player by player: by Student's t, and no narrower than what a
        contribution that was never drawn may add (the rule of three, with the largest that was drawn).
    n_pair : int
        Pairs of an order of arrival and its reverse.
    n_value : int
        Coalitions whose worth was asked for.
    """

    value: FloatArray
    std_error: FloatArray
    low: FloatArray
    high: FloatArray
    n_pair: int
    n_value: int


def sampled_shapley(
    worth: Callable[[int], float],
    n: int,
    *,
    pairs: int = 500,
    confidence: float = 0.95,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Sampled:
    """
    Estimate the Shapley values of a game whose vector is too long to write down.

    Players arrive in a random order, and then in its reverse: who comes late in one comes early in
    the other, which evens out contributions that fall or rise with the crowd. The worth of each
    coalition is asked for once.

    Parameters
    ----------
    worth : callable
        Worth of a coalition given by its bitmask, an integer of any length; not called with 0.
    n : int
        Players.
    pairs : int
        Pairs of orders, 2 or more.
    confidence : float
        Of the intervals, between 0 and 1.
    seed : int
        The same seed gives the same bits.
    progress : callable, optional
        Called with pairs done and asked for; what it raises interrupts.

    Returns
    -------
    Sampled

    Raises
    ------
    InputError
        If an option is out of range or a worth is not finite.

    References
    ----------
    .. [1] J. Castro, D. Gomez and J. Tejada, "Polynomial calculation of the Shapley value based on
       sampling", Computers & Operations Research 36, 2009, 1726-1730.
    .. [2] R. Mitchell, J. Cooper, E. Frank and G. Holmes, "Sampling permutations for Shapley value
       estimation", Journal of Machine Learning Research 23, 2022 (orders with their reverses).

    Examples
    --------
    >>> found = sampled_shapley(lambda s: float(s.bit_count() >= 16), 31, pairs=400)
    >>> bool(((found.low <= 1 / 31) & (1 / 31 <= found.high)).mean() > 0.8)
    True
    """
    _check(n, pairs, confidence, seed)
    draw = np.random.default_rng(seed)
    known: dict[int, float] = {0: 0.0}
    total, squares, largest = np.zeros(n), np.zeros(n), 0.0
    for done in range(pairs):
        order = draw.permutation(n).tolist()
        one, other = _gains(worth, order, known), _gains(worth, order[::-1], known)
        gain = 0.5 * (one + other)
        largest = max(largest, float(np.ptp(one)), float(np.ptp(other)))
        step = gain - total
        total += step / (done + 1)
        squares += step * (gain - total)
        if progress is not None:
            progress(done + 1, pairs)
    error = np.sqrt(squares / (pairs - 1) / pairs)
    half = float(student.ppf(0.5 + confidence / 2, pairs - 1)) * error
    # what no order of so many showed has at most this chance
    half = np.maximum(half, -np.log1p(-confidence) / (2 * pairs) * largest)
    return Sampled(total, error, total - half, total + half, pairs, len(known) - 1)


def _gains(worth: Callable[[int], float], order: list[int], known: dict[int, float]) -> FloatArray:
    """Return what each player adds on arrival."""
    out, mask, before = np.empty(len(order)), 0, 0.0
    for i in order:
        mask |= 1 << i
        if mask not in known:
            try:
                known[mask] = float(worth(mask))
            except (TypeError, ValueError, OverflowError) as error:
                what = f"the worth of coalition {mask} is no number: {error}."
                raise InputError([Fault("worth", what, "Give a number.", "game")]) from None
            if not np.isfinite(known[mask]):
                what = f"the worth of coalition {mask} is {known[mask]}."
                raise InputError([Fault("worth", what, "Give a finite number.", "game")])
        out[i] = known[mask] - before
        before = known[mask]
    return out


def _check(n: int, pairs: int, confidence: float, seed: int) -> None:
    faults = []
    for name, value in (("n", n), ("pairs", pairs), ("seed", seed)):
        if not isinstance(value, (int, np.integer)) or value < 0:
            faults.append(Fault(name, f"{value!r} is no whole number of 0 or more.", "", "game"))
    if faults:
        raise InputError(faults)
    if n < 1:
        faults.append(Fault("n", f"{n} players.", "Give 1 or more.", "game"))
    if pairs < 2:
        faults.append(Fault("pairs", f"{pairs} pairs give no interval.", "Ask for 2 or more."))
    if not 0.0 < confidence < 1.0:
        faults.append(Fault("confidence", f"{confidence} is no share.", "Between 0 and 1."))
    if faults:
        raise InputError(faults)
