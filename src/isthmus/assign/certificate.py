"""What proves a stochastic equilibrium, and how small a change it can tell from none."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from isthmus.assign.base import FloatArray
from isthmus.assign.equilibrium import Equilibrium
from isthmus.assign.unit_flows import UnitFlows
from isthmus.kernels import flow_decomposition

__all__ = ["Certificate", "certify"]


@dataclass(frozen=True)
class Certificate:
    """
    What proves a stochastic equilibrium.

    Parameters
    ----------
    conservation : float
        Largest flow out of balance at a node, of a trip of 1.
    duality_gap : float
        What trips bear above the bound of their duals, over all that they bear.
    gap : float
        Of the equilibrium.
    doubt_usd_yr : ndarray, shape (m,)
        By trip, what the two gaps may be worth: a change below it is none. [USD/yr]
    """

    conservation: float
    duality_gap: float
    gap: float
    doubt_usd_yr: FloatArray = field(repr=False)

    @property
    def least_usd_yr(self) -> float:
        """Smallest change of all trade that the gaps can tell from none. [USD/yr]"""
        return float(self.doubt_usd_yr.sum())


def certify(
    found: Equilibrium, unit: UnitFlows, value: FloatArray, dual: FloatArray
) -> Certificate:
    """
    Return what proves an equilibrium, and how small a change it can tell from none.

    A flow that is off by e makes delays wrong by d'(v) e, and a trip's value by its share of these; a trip's own
    gap is the other doubt.

    Parameters
    ----------
    found : Equilibrium
    unit : UnitFlows
        By trip.
    value, dual : ndarray, shape (m,)
        [USD/t]

    Returns
    -------
    Certificate
    """
    problem = found.problem
    trips, choice = problem.trips, found.choice
    off = np.abs(choice.load[problem.arcs] - found.volume) * np.minimum(
        problem.law_at(found.volume)[1], 1e30
    )
    late = np.zeros(len(trips.flow))
    flow_decomposition.along(unit.at, unit.arcs, unit.x, problem.over_all_arcs(off), late)
    moves = np.isfinite(value)
    own = np.abs(np.subtract(value, dual, out=np.zeros_like(value), where=moves))
    doubt = trips.flow * (problem.vot[trips.klass] * late + own)
    size = trips.flow[moves] * value[moves]
    return Certificate(
        choice.missing, float((trips.flow * own).sum() / max(size.sum(), 1e-300)), found.gap, doubt
    )
