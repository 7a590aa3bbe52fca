"""Money over years: what a stream of savings and costs is worth today."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from isthmus.analysis.invest.projects import Project

__all__ = ["Appraisal", "appraise", "present"]

FloatArray = npt.NDArray[np.float64]


def present(rate: float, first: int, last: int) -> float:
    """
    Return what 1 a year is worth today, paid at the end of the years `first` to `last`.

    Examples
    --------
    >>> round(present(0.05, 1, 30), 4)
    15.3725
    """
    return sum((1.0 + rate) ** -y for y in range(first, last + 1))


@dataclass(frozen=True)
class Appraisal:
    """
    When projects serve, and what they cost today.

    Parameters
    ----------
    rate : float
        [share per year]
    years : int
        Counted from the first payment.
    stages : tuple of (int, float)
        Set of projects in service, and what 1 a year through that stage is worth today; in order of time.
    cost_usd : ndarray, shape (n,)
        Capital spread evenly over the years of works, and upkeep while in service, today. [USD]
    """

    rate: float
    years: int
    stages: tuple[tuple[int, float], ...]
    cost_usd: FloatArray = field(repr=False)

    def worth(self, saving: FloatArray) -> FloatArray:
        """
        Return what the savings of every set are worth today.

        Parameters
        ----------
        saving : ndarray, shape (2**n,)
            When all of the set is in service. [USD/yr]

        Returns
        -------
        ndarray, shape (2**n,)
            [USD]
        """
        index = np.arange(len(saving))
        out = np.zeros(len(saving))
        for serving, weight in self.stages:
            out += weight * saving[index & serving]
        return out


def appraise(
    projects: Sequence[Project], rate: float, years: int, upkeep: float = 0.0
) -> Appraisal:
    """
    Return the stages and the cost of projects that begin together.

    Parameters
    ----------
    projects : sequence of Project
    rate : float
        Discount rate. [share per year]
    years : int
        Years counted; nothing is left after them.
    upkeep : float
        Share of the capital paid each year of service.

    Returns
    -------
    Appraisal

    Raises
    ------
    InputError
        If the rate or the years are out of range.
    """
    if not -0.5 < rate < 1.0:
        raise InputError([Fault("--rate", f"{rate} is no rate.", "Give a share, such as 0.05.")])
    if not 1 <= years <= 200:
        raise InputError([Fault("--years", f"{years} years.", "Give 1 to 200.")])
    opens = [math.ceil(p.build_years) for p in projects]
    stages = []
    days = sorted(set(opens))
    for i, day in enumerate(days):
        end = min(days[i + 1] if i + 1 < len(days) else years, years)
        serving = sum(1 << p for p, o in enumerate(opens) if o <= day)
        if end > day:
            stages.append((serving, present(rate, day + 1, end)))
    cost = np.zeros(len(projects))
    for p, (project, day) in enumerate(zip(projects, opens, strict=True)):
        spread = present(rate, 1, day) / day if day else 1.0
        kept = upkeep * present(rate, day + 1, years) if years > day else 0.0
        cost[p] = project.capital_usd * (spread + kept)
    return Appraisal(rate, years, tuple(stages), cost)
