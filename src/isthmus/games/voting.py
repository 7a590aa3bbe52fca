"""Weighted voting: indices of power as exact fractions, by counting coalitions of each weight."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property
from math import factorial, lcm
from typing import Any

import numpy as np
import numpy.typing as npt

from isthmus.errors import Fault, InputError
from isthmus.games.checks import subset_sums

__all__ = ["VotingGame"]

_MOST_PLAYERS = 24
"""Beyond, the vector of a game is larger than 128 MB."""

_MOST_CELLS = 50_000_000
"""Sizes times weights of the table that counts coalitions."""


class VotingGame:
    """
    A motion passes if the weights of those for it add up to the quota.

    Parameters
    ----------
    quota : int, Fraction or float
        Above 0. Floats are taken as the decimal they print as.
    weights : iterable of int, Fraction or float
        0 or more, one a player.

    Raises
    ------
    InputError
        If a weight is below 0, the quota is not above 0 or more than all weights, or the numbers
        have no common unit small enough to count in.

    References
    ----------
    .. [1] L. S. Shapley and M. Shubik, "A method for evaluating the distribution of power in a
       committee system", American Political Science Review 48, 1954, 787-792.
    .. [2] I. Mann and L. S. Shapley, "Values of large games, VI: evaluating the electoral college
       exactly", RAND RM-3158, 1962 (counting by size and weight, after D. G. Cantor).

    Examples
    --------
    The Council of the European Economic Community of 1958:

    >>> council = VotingGame(12, [4, 4, 4, 2, 2, 1])
    >>> [str(f) for f in council.shapley()]
    ['7/30', '7/30', '7/30', '3/20', '3/20', '0']
    >>> [str(f) for f in council.banzhaf()]
    ['5/21', '5/21', '5/21', '1/7', '1/7', '0']
    """

    def __init__(
        self, quota: int | Fraction | float, weights: Iterable[int | Fraction | float]
    ) -> None:
        try:
            exact = [Fraction(str(w)) for w in (quota, *weights)]
        except (TypeError, ValueError, ZeroDivisionError) as error:
            raise _wrong(f"not a number: {error}.", "Give numbers.") from None
        unit = lcm(*(f.denominator for f in exact))
        self.quota, *self.weights = (int(f * unit) for f in exact)
        self.n = len(self.weights)
        if not self.n:
            raise _wrong("no weights.", "Give one weight a player.")
        if any(w < 0 for w in self.weights):
            raise _wrong("a weight is below 0.", "Give weights of 0 or more.")
        if not 0 < self.quota <= sum(self.weights):
            what = f"the quota {quota} is not above 0 and at most all weights together."
            raise _wrong(what, "Otherwise no motion passes, or every one.")
        if (self.n + 1) * self.quota > _MOST_CELLS:
            what = f"{self.n} players and a quota of {self.quota} units are too many to count."
            raise _wrong(what, "Round the weights.")

    def values(self) -> npt.NDArray[np.float64]:
        """
        Return the game as a vector: 1 if a coalition passes a motion, 0 if not.

        Returns
        -------
        ndarray, shape (2**n,)
            By bitmask.

        Raises
        ------
        InputError
            If there are more than 24 players.
        """
        if self.n > _MOST_PLAYERS:
            what = f"{self.n} players make a vector of 2**{self.n} values."
            raise _wrong(what, "`shapley` and `banzhaf` of this object need no vector.")
        return (subset_sums(self.weights) >= self.quota).astype(np.float64)

    def shapley(self) -> tuple[Fraction, ...]:
        """
        Return the Shapley-Shubik index: in what share of all orders a player turns a no into a yes.

        Returns
        -------
        tuple of Fraction
            One a player; they add up to 1.
        """
        n, quota = self.n, self.quota
        by_weight = {w: self._losing_without(w) for w in set(self.weights)}
        orders = [factorial(s) * factorial(n - s - 1) for s in range(n)]
        index = {}
        for w, table in by_weight.items():
            swings = table[:n, max(0, quota - w) :].sum(axis=1)
            total = sum(int(c) * o for c, o in zip(swings, orders, strict=True))
            index[w] = Fraction(total, factorial(n))
        return tuple(index[w] for w in self.weights)

    def swings(self) -> tuple[int, ...]:
        """
        Return in how many coalitions of the others a player turns a no into a yes.

        Returns
        -------
        tuple of int
            One a player.
        """
        counted = {
            w: int(self._losing_without(w)[:, max(0, self.quota - w) :].sum())
            for w in set(self.weights)
        }
        return tuple(counted[w] for w in self.weights)

    def banzhaf(self, *, normalized: bool = True) -> tuple[Fraction, ...]:
        """
        Return the Banzhaf index: each player's share of all swings.

        Parameters
        ----------
        normalized : bool
            Without, swings over the ``2**(n - 1)`` coalitions of the others.

        Returns
        -------
        tuple of Fraction
            One a player.
        """
        swings = self.swings()
        whole = sum(swings) if normalized else 2 ** (self.n - 1)
        return tuple(Fraction(s, whole) for s in swings)

    @cached_property
    def _losing(self) -> npt.NDArray[Any]:
        """Coalitions by number of members and by weight below the quota, shape (n + 1, quota)."""
        # counts stay below 2**n; beyond 62 players they need Python's integers
        table = np.zeros((self.n + 1, self.quota), np.int64 if self.n <= 62 else object)
        table[0, 0] = 1
        for w in self.weights:
            if w < self.quota:
                table[1:, w:] = table[1:, w:] + table[:-1, : self.quota - w]
        return table

    def _losing_without(self, w: int) -> npt.NDArray[Any]:
        """Return the same of the coalitions without one player of a weight."""
        table = self._losing.copy()
        if w < self.quota:
            for s in range(1, self.n + 1):
                table[s, w:] = table[s, w:] - table[s - 1, : self.quota - w]
        return table


def _wrong(what: str, mend: str) -> InputError:
    return InputError([Fault("voting game", what, mend, "voting")])
