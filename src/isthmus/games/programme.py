"""The linear programme of the largest complaint, grown by the coalitions that complain most."""

from __future__ import annotations

import random
from typing import NamedTuple

import highspy
import numpy as np
import numpy.typing as npt

from isthmus.errors import IsthmusError
from isthmus.games.checks import subset_sums

__all__ = ["LARGEST_LEVEL", "Programme", "Span", "Stage"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_PRIME = (1 << 61) - 1
"""
Determinants of matrices of zeros and ones stay below it up to 30 players (Hadamard's bound), so
rank modulo this prime is rank.
"""

LARGEST_LEVEL = 64.0
"""Complaints of a game scaled to 1 do not fall below minus this; it keeps a first stage bounded."""

_TOLERANCE = 1e-10
_VIOLATED = 2e-9
_WEIGHT = 1e-7
"""A coalition whose dual is above it holds the level up."""


class Span:
    """
    The coalitions whose sum is settled: those in the linear span of the ones that were fixed.

    Rows of zeros and ones are reduced modulo a large prime, in exact arithmetic: no tolerance says
    what depends on what.

    Parameters
    ----------
    n : int
        Players. The whole set is settled from the start.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self.rows: dict[int, list[int]] = {}
        self.masks: list[int] = []
        self.add((1 << n) - 1)

    @property
    def rank(self) -> int:
        """Number of independent coalitions settled."""
        return len(self.rows)

    def add(self, mask: int) -> bool:
        """Settle a coalition; returns whether it was not settled before."""
        row = [mask >> i & 1 for i in range(self.n)]
        for pivot, known in self.rows.items():
            if row[pivot]:
                row = [(a - row[pivot] * b) % _PRIME for a, b in zip(row, known, strict=True)]
        lead = next((i for i, a in enumerate(row) if a), None)
        if lead is None:
            return False
        inverse = pow(row[lead], -1, _PRIME)
        row = [a * inverse % _PRIME for a in row]
        for pivot, known in self.rows.items():
            if known[lead]:
                by = known[lead]
                self.rows[pivot] = [(a - by * b) % _PRIME for a, b in zip(known, row, strict=True)]
        self.rows[lead] = row
        self.masks.append(mask)
        return True

    def inside(self) -> BoolArray:
        """
        Return which coalitions are settled, shape (2**n,).

        A random vector orthogonal to the span is orthogonal to a coalition outside it with
        probability ``1 / (2**61 - 1)``; its seed is fixed, so the answer is the same every time.
        """
        draw = random.Random(self.n)
        vector = [0 if i in self.rows else draw.randrange(1, _PRIME) for i in range(self.n)]
        free = [i for i in range(self.n) if i not in self.rows]
        for pivot, row in self.rows.items():
            vector[pivot] = -sum(row[i] * vector[i] for i in free) % _PRIME
        out = np.zeros(1 << self.n, np.uint64)
        for i, value in enumerate(vector):
            part = out[1 << i : 2 << i]
            np.add(out[: 1 << i], np.uint64(value), out=part)
            part[part >= _PRIME] -= np.uint64(_PRIME)
        return out == 0


class Stage(NamedTuple):
    """
    One level of complaints.

    Parameters
    ----------
    level : float
        Least possible largest excess of the coalitions that are not settled.
    payoff : ndarray, shape (n,)
        One that reaches it.
    coalitions : ndarray of int64, shape (k,)
        Those that hold the level up: their excess is the level whoever gets what.
    weights : ndarray, shape (k,)
        Their duals, which add up to 1.
    floors : ndarray of int64, shape (m,)
        Players whose own value holds the level up.
    """

    level: float
    payoff: FloatArray
    coalitions: IntArray
    weights: FloatArray
    floors: IntArray


class _Highs(highspy.Highs):
    """HiGHS that says nothing: its banner would land in the output of a command."""

    def enableCallbacks(self) -> None:  # noqa: N802 - HiGHS's name; its first word comes from here
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


class Programme:
    """
    Least largest excess of the coalitions that are not settled, stage by stage.

    Variables are the payoffs and the level; a row is a coalition, added once it complains.

    Parameters
    ----------
    v : ndarray, shape (2**n,)
        Scaled so that values are about 1.
    n : int
        2 or more.
    floor : bool
        No player gets less than 0.
    """

    def __init__(self, v: FloatArray, n: int, *, floor: bool) -> None:
        self.v, self.n = v, n
        self.span = Span(n)
        self.masks: list[int] = []
        self.is_row = np.zeros(len(v), np.bool_)
        self.highs = highs = _Highs()  # type: ignore[no-untyped-call]
        for option, value in (
            ("presolve", "off"),
            ("solver", "simplex"),
            ("parallel", "off"),
            ("primal_feasibility_tolerance", _TOLERANCE),
            ("dual_feasibility_tolerance", _TOLERANCE),
        ):
            highs.setOptionValue(option, value)
        inf = highspy.kHighsInf
        for _ in range(n):
            highs.addVar(0.0 if floor else -inf, inf)
        highs.addVar(-LARGEST_LEVEL, inf)
        highs.changeColCost(n, 1.0)
        every = np.arange(n, dtype=np.int32)
        highs.addRow(float(v[-1]), float(v[-1]), n, every, np.ones(n))
        self._add([1 << i for i in range(n)])
        self._add([(1 << n) - 1 - (1 << i) for i in range(n)])

    def _add(self, masks: list[int]) -> None:
        for mask in masks:
            if self.is_row[mask]:
                continue
            self.is_row[mask] = True
            self.masks.append(mask)
            members = [i for i in range(self.n) if mask >> i & 1]
            index = np.array([*members, self.n], np.int32)
            inf = highspy.kHighsInf
            self.highs.addRow(float(self.v[mask]), inf, len(index), index, np.ones(len(index)))

    def next(self) -> Stage:
        """
        Solve the present stage.

        Returns
        -------
        Stage

        Raises
        ------
        IsthmusError
            If HiGHS gives up.
        """
        settled = self.span.inside()
        while True:
            payoff, level, dual, bound_dual = self._solve()
            excess = self.v - subset_sums(payoff)
            excess[settled | self.is_row] = -np.inf
            over = np.flatnonzero(excess > level + _VIOLATED)
            if not len(over):
                break
            most = 4 * self.n
            if len(over) > most:
                over = over[np.argpartition(excess[over], -most)[-most:]]
            self._add([int(s) for s in over])
        masks = np.array(self.masks, np.int64)
        weights = np.where(settled[masks], 0.0, dual)
        rows = np.flatnonzero(weights > min(_WEIGHT, 0.5 * float(weights.max())))
        floors = np.flatnonzero(bound_dual > _WEIGHT).astype(np.int64)
        return Stage(level, payoff, masks[rows], weights[rows], floors)

    def settle(self, stage: Stage) -> None:
        """Fix the coalitions that hold up a level and drop those that then cannot change."""
        for mask in stage.coalitions[np.argsort(-stage.weights, kind="stable")].tolist():
            if self.span.add(mask):
                row = 1 + self.masks.index(mask)
                fixed = float(self.v[mask] - stage.level)
                self.highs.changeCoeff(row, self.n, 0.0)
                self.highs.changeRowBounds(row, fixed, fixed)
        fixed_masks, settled = set(self.span.masks), self.span.inside()
        for row, mask in enumerate(self.masks, start=1):
            if settled[mask] and mask not in fixed_masks:
                self.highs.changeCoeff(row, self.n, 0.0)
                self.highs.changeRowBounds(row, -highspy.kHighsInf, highspy.kHighsInf)

    def _solve(self) -> tuple[FloatArray, float, FloatArray, FloatArray]:
        highs = self.highs
        highs.run()
        if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            # a poor starting basis; the programme itself always has an optimum
            highs.clearSolver()
            highs.run()
        status = highs.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            said = highs.modelStatusToString(status)
            raise IsthmusError(f"the programme of the game was not solved: HiGHS says {said}.")
        found = highs.getSolution()
        column = np.array(found.col_value)
        bound_dual = np.array(found.col_dual)[: self.n]
        return column[: self.n], float(column[self.n]), np.array(found.row_dual)[1:], bound_dual
