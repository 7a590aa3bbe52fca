"""
What a change is worth, and where that comes from: the network itself, others who move, trade that stops or starts.

docs/model.md, 7. The part of the network has a sign that can be proven: at delays that are held, no trip bears less where
something closes, and none bears more where something opens. What others' moving adds or takes (Braess among it) is the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isthmus.assign.equilibrium import equilibrium
from isthmus.assign.stochastic import StochasticSolution
from isthmus.assign.warm_start import match_parent, parent_volume

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.assign.perturbed_utility import PerturbedUtility

__all__ = ["Parts", "parts"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Parts:
    """
    Parts of the change of what trips bear.

    Parameters
    ----------
    network_usd_t : ndarray, shape (m,)
        Of each trip of the new assignment, at the delays of the base; nan where it did not move. [USD/t]
    relief_usd_yr : float
        What trade that stops relieves the rest of, at the base, and what trade that starts costs it. [USD/yr]
    """

    network_usd_t: FloatArray
    relief_usd_yr: float


def parts(base: Assignment, new: Assignment) -> Parts | None:
    """
    Take a change apart.

    Parameters
    ----------
    base, new : Assignment

    Returns
    -------
    Parts or None
        None unless both are stochastic: other methods have no value at given delays.
    """
    both = (base.solution, new.solution)
    if base is new or not all(isinstance(s, StochasticSolution) for s in both):
        return None
    after = new.solution.equilibrium  # type: ignore[union-attr]
    of = match_parent(base, new.virtual, new.trips, after.problem.trips)
    problem = after.problem
    volume = parent_volume(base, of)
    hours = problem.law_at(volume[problem.arcs])[0]
    alone = problem.solve(hours, known=after.choice.flows)
    m = len(new.trips)
    value = np.full(m, np.nan)
    value[alone.rows] = alone.value
    was = base.trips["borne_usd_t"].to_numpy(float)
    was = (
        was
        if of.trip_there is None
        else np.where(of.trip_there >= 0, was[np.maximum(of.trip_there, 0)], np.nan)
    )
    return Parts(value - was, _relief(base, new))


def _relief(base: Assignment, new: Assignment) -> float:
    """Return what stopping and starting of trade is worth to trade that moves in both. [USD/yr]"""
    here = match_parent(base, new.virtual, new.trips, new.solution.equilibrium.problem.trips)  # type: ignore[union-attr]
    served = new.trips["served_t_yr"].to_numpy(float)
    if here.trip_there is None:
        before = base.trips["served_t_yr"].to_numpy(float)
        stay_base = stay_new = np.minimum(served, before)
    else:
        known = np.maximum(here.trip_there, 0)
        before = np.where(
            here.trip_there >= 0, base.trips["served_t_yr"].to_numpy(float)[known], 0.0
        )
        stay_new = np.minimum(served, before)
        stay_base = np.zeros(len(base.trips))
        np.add.at(stay_base, known[here.trip_there >= 0], stay_new[here.trip_there >= 0])
    out = 0.0
    for side, stay, sign in ((base, stay_base, 1.0), (new, stay_new, -1.0)):
        moves = side.trips["served_t_yr"].to_numpy(float)
        if np.any(moves - stay > 1e-9 * np.maximum(moves, 1.0)):
            out += sign * _alone(side, stay)
    return out


def _alone(side: Assignment, stay: FloatArray) -> float:
    """Return what trade that stays bears less if no other moved, in the network of one side. [USD/yr]"""
    found = side.solution.equilibrium  # type: ignore[union-attr]
    assert found is not None
    problem: PerturbedUtility = found.problem.with_flow(stay)
    rows = problem.rows
    less = equilibrium(
        problem,
        side.asked_gap,
        volume=found.volume,
        known=side.unit.take(rows),  # type: ignore[union-attr]
    )
    was = side.trips["borne_usd_t"].to_numpy(float)[rows]
    moves = np.isfinite(less.choice.value) & np.isfinite(was)
    return float((stay[rows] * np.where(moves, less.choice.value - was, 0.0)).sum())
