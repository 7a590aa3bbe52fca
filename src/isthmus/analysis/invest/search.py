"""
The best set under a budget, proven: from the value of every set, or by integer programming.

Up to `MOST_LISTED` projects every set is valued and the best is the best of all. Beyond, the choice is a
programme in which a trade takes a way only if all projects of the way are built; HiGHS solves it and
proves how far a better set could be.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from isthmus.errors import Fault, InputError

__all__ = ["MOST_LISTED", "Best", "additive", "best_set", "front", "programme", "ranked"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MOST_LISTED = 22
"""Projects up to which every set is valued."""

_EQUAL = 1e-9
"""Share of the greatest value within which two sets are worth the same."""


class Best(NamedTuple):
    """
    A set and the proof.

    Parameters
    ----------
    chosen : int
        Bit i is project i.
    value : float
    bound : float
        No affordable set is worth more.
    sets : int
        Sets valued; 0 where the programme was solved.
    """

    chosen: int
    value: float
    bound: float
    sets: int

    @property
    def gap(self) -> float:
        """By how much a better set could be better, as a share of the bound."""
        return (self.bound - self.value) / abs(self.bound) if self.bound else 0.0


def additive(amounts: Sequence[float] | FloatArray) -> FloatArray:
    """
    Return the sum of amounts over every set, shape (2**n,).

    Examples
    --------
    >>> additive([1.0, 10.0]).tolist()
    [0.0, 1.0, 10.0, 11.0]
    """
    out = np.zeros(1)
    for amount in amounts:
        out = np.concatenate([out, out + amount])
    return out


def best_set(
    values: npt.ArrayLike, costs: Sequence[float] | FloatArray, budget: float = np.inf
) -> Best:
    """
    Return the best affordable set, of every set.

    Parameters
    ----------
    values : array_like, shape (2**n,)
        What each set is worth; bit i of the index is project i.
    costs : sequence of float, length n
        Not negative.
    budget : float

    Returns
    -------
    Best
        Of sets worth the same the cheapest, then the one of the lowest index.

    Raises
    ------
    InputError
        If the lengths do not fit, or nothing is affordable.

    Examples
    --------
    >>> best_set([0, 5, 4, 6], [3, 1], 3).chosen
    1
    """
    worth = np.asarray(values, np.float64)
    price = additive(np.asarray(costs, np.float64))
    if worth.shape != price.shape:
        what = f"{worth.shape} values for {len(costs)} projects."
        raise InputError([Fault("values", what, f"Give {len(price)}.")])
    _check(costs, budget)
    rows = np.flatnonzero(price <= budget * (1.0 + 1e-12))
    most = float(worth[rows].max())
    near = rows[worth[rows] >= most - _EQUAL * max(abs(most), float(np.abs(worth).max()))]
    chosen = int(near[np.lexsort((near, price[near]))[0]])
    return Best(chosen, float(worth[chosen]), max(most, float(worth[chosen])), len(rows))


def ranked(
    values: FloatArray, costs: Sequence[float] | FloatArray, budget: float, most: int
) -> IntArray:
    """
    Return the best affordable sets in which every project is worth having, best first.

    Parameters
    ----------
    values : ndarray, shape (2**n,)
    costs : sequence of float, length n
    budget : float
    most : int

    Returns
    -------
    ndarray of int64, at most `most`
    """
    price = additive(costs)
    good = price <= budget * (1.0 + 1e-12)
    least = _EQUAL * float(np.abs(values).max(initial=0.0))
    index = np.arange(len(values))
    for i in range(len(costs)):
        with_it = index >> i & 1 == 1
        without = index[with_it] ^ (1 << i)
        good[with_it] &= values[with_it] > values[without] + least
    rows = np.flatnonzero(good)
    few = rows[np.argsort(-values[rows], kind="stable")[:most]]
    return few.astype(np.int64)


def front(values: FloatArray, costs: FloatArray) -> IntArray:
    """
    Return the sets that no other beats in both value and cost, the cheapest first.

    Parameters
    ----------
    values, costs : ndarray, shape (m,)
        Higher values and lower costs are better.

    Returns
    -------
    ndarray of int64

    Examples
    --------
    >>> front(np.array([0.0, 5.0, 4.0, 6.0]), np.array([0.0, 1.0, 2.0, 3.0])).tolist()
    [0, 1, 3]
    """
    order = np.lexsort((-values, costs))
    best = np.maximum.accumulate(values[order])
    least = _EQUAL * float(np.abs(values).max(initial=0.0))
    rising = np.concatenate([[True], values[order][1:] > best[:-1] + least])
    return order[rising].astype(np.int64)


def programme(
    n: int,
    blocks: Sequence[tuple[IntArray, IntArray, FloatArray]],
    fixed: Sequence[float] | FloatArray,
    costs: Sequence[float] | FloatArray,
    budget: float = np.inf,
    *,
    gap: float = 1e-9,
) -> Best:
    """
    Choose projects by integer programming.

    A trade takes a share y of a way only if every project the way needs is built, and all its shares are
    1 at most; what is built costs the budget. At whole x the best y are whole as well.

    Parameters
    ----------
    n : int
        Projects.
    blocks : sequence of (starts, mask, value)
        Groups of trades as in `Choices`: rows of each, the projects each row needs, its worth.
    fixed : sequence of float, length n
        What a project is worth besides, negative for a cost.
    costs : sequence of float, length n
    budget : float
    gap : float
        Relative gap at which to stop.

    Returns
    -------
    Best
        `bound` is that of the solver.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    _check(costs, budget)
    rows: list[int] = []
    cols: list[int] = []
    data: list[float] = []
    upper: list[float] = []
    worth = [-float(v) for v in fixed]
    for starts, mask, value in blocks:
        for a, b in pairwise(starts.tolist()):
            one = len(upper)
            upper.append(1.0)
            for j in range(a, b):
                y = len(worth)
                worth.append(-float(value[j]))
                rows.append(one)
                cols.append(y)
                data.append(1.0)
                for p in range(n):
                    if mask[j] >> p & 1:
                        rows += [len(upper), len(upper)]
                        cols += [y, p]
                        data += [1.0, -1.0]
                        upper.append(0.0)
    if np.isfinite(budget):
        rows += [len(upper)] * n
        cols += list(range(n))
        data += [float(c) for c in costs]
        upper.append(float(budget))
    whole = np.zeros(len(worth))
    whole[:n] = 1
    scale = max(1.0, float(np.abs(worth).max(initial=0.0)))
    limits = None
    if upper:
        matrix = csr_array((data, (rows, cols)), shape=(len(upper), len(worth)))
        limits = LinearConstraint(matrix, -np.inf, np.array(upper))
    found = milp(
        np.array(worth) / scale, integrality=whole, bounds=Bounds(0.0, 1.0), constraints=limits,
        options={"mip_rel_gap": gap},
    )  # fmt: skip
    if found.x is None:
        raise InputError([Fault("budget", found.message, "Give a larger one.", "programme")])
    chosen = sum(1 << p for p in range(n) if found.x[p] > 0.5)
    value_of = -float(found.fun) * scale
    bound = value_of if found.mip_dual_bound is None else -float(found.mip_dual_bound) * scale
    return Best(chosen, value_of, max(bound, value_of), 0)


def _check(costs: Sequence[float] | FloatArray, budget: float) -> None:
    prices = np.asarray(costs, np.float64)
    if not (np.isfinite(prices) & (prices >= 0.0)).all():
        raise InputError([Fault("costs", "a cost is negative or unknown.", "Give 0 or more.")])
    if not budget >= 0.0:
        raise InputError([Fault("--budget", f"{budget} is no budget.", "Give 0 or more.")])
