"""An assignment: flows on paths and arcs of a network, with what they came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.assign.base import Trips
from isthmus.assign.certificate import Certificate
from isthmus.assign.inputs import Inputs, trip_positions
from isthmus.assign.solution import Solution, Trees
from isthmus.assign.stochastic import StochasticSolution
from isthmus.assign.unit_flows import UnitFlows
from isthmus.cost.model import ArcCost
from isthmus.kernels import pricing
from isthmus.virtual import VirtualNetwork

if TYPE_CHECKING:
    from isthmus.demand import Demand

__all__ = ["Assignment", "Paths"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Paths:
    """
    The used paths.

    Parameters
    ----------
    trip : ndarray of int, shape (n_path,)
        Row of `Assignment.trips` each path serves.
    indptr : ndarray of int, shape (n_path + 1,)
    arcs : ndarray of int
        Arcs of path ``i`` are ``arcs[indptr[i]:indptr[i + 1]]``, in order.
    flow : ndarray, shape (n_path,)
        [t/yr]
    """

    trip: IntArray
    indptr: IntArray
    arcs: IntArray
    flow: FloatArray

    @property
    def n_path(self) -> int:
        """Number of paths."""
        return len(self.flow)

    def of(self, path: int) -> IntArray:
        """Return the arcs of one path."""
        return self.arcs[self.indptr[path] : self.indptr[path + 1]]

    @cached_property
    def path_of_arc(self) -> IntArray:
        """Path of each entry of `arcs`."""
        return np.repeat(np.arange(self.n_path), np.diff(self.indptr))

    def any_arc(self, marked: BoolArray) -> BoolArray:
        """Return which paths use a marked arc; `marked` has shape (n_arc,)."""
        hit = np.zeros(self.n_path, dtype=bool)
        hit[self.path_of_arc[marked[self.arcs]]] = True
        return hit

    def total(self, values: FloatArray) -> FloatArray:
        """Return the sum of per-entry `values` (aligned with `arcs`) over each path."""
        return np.bincount(self.path_of_arc, values, self.n_path).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Assignment:
    """
    Flows on paths and arcs, with everything needed to reproduce them.

    Parameters
    ----------
    virtual : VirtualNetwork
    cost : ArcCost
    demand : Demand
    trips : DataFrame
        One row a flow of the demand: origin_zone_id, destination_zone_id, commodity_id,
        tonnes_t_yr, served_t_yr [t/yr] and borne_usd_t, what a tonne bears: its mean cost, of a
        stochastic method the perturbation too [USD/t].
    paths : Paths
    arc_flow : ndarray, shape (n_class, n_arc)
        A class is a commodity and the restrictions on its trades: rows of `cost.commodities`.
        [t/yr]
    delay_h : ndarray, shape (n_arc,)
        Hours that congestion adds. [h]
    unserved : DataFrame
        commodity_id, origin_zone_id, destination_zone_id, tonnes_t_yr, reason, cut. Tonnes without
        a path are kept here, never dropped.
    method : str
    gap : float
        Relative gap reached; its definition is the method's.
    asked_gap : float
    converged : bool
    iterations : int
    digests : dict of str to str
    trees : Trees, optional
        Least-cost trees, for scenarios that begin from here.
    route_flows : {'by choice', 'most likely', 'as found'}
        What fixes the flows of routes, and with them what a country or a commodity carries: what
        each trip chose; entropy, among all that give the same total flows; or nothing.
    inputs : Inputs, optional
        What it was computed from, for scenarios that begin from here.
    solution : Solution, optional
        What the method gave.
    """

    virtual: VirtualNetwork = field(repr=False)
    cost: ArcCost = field(repr=False)
    demand: Demand = field(repr=False)
    trips: pd.DataFrame = field(repr=False)
    paths: Paths = field(repr=False)
    arc_flow: FloatArray = field(repr=False)
    delay_h: FloatArray = field(repr=False)
    unserved: pd.DataFrame = field(repr=False)
    method: str
    gap: float
    asked_gap: float
    converged: bool
    iterations: int
    digests: dict[str, str]
    trees: Trees | None = field(default=None, repr=False)
    route_flows: str = "as found"
    inputs: Inputs | None = field(default=None, repr=False)
    solution: Solution | None = field(default=None, repr=False)

    @property
    def unit(self) -> UnitFlows | None:
        """Flow of one unit of each trip, of a stochastic method."""
        return self.solution.unit if isinstance(self.solution, StochasticSolution) else None

    @property
    def certificate(self) -> Certificate | None:
        """What proves a stochastic equilibrium."""
        found = self.solution
        return found.certificate if isinstance(found, StochasticSolution) else None

    def as_solution(self) -> Solution:
        """Return what the method gave."""
        assert self.solution is not None
        return self.solution

    @cached_property
    def memo(self) -> dict[str, Any]:
        """Totals already taken, so that a table asked for twice is computed once."""
        return {}

    @cached_property
    def trip_ends(self) -> Trips:
        """The trips by positions: classes, stops where they begin and end, tonnes."""
        return trip_positions(self.trips, self.virtual)

    @cached_property
    def has_twins(self) -> bool:
        """Whether two trips have the same ends and goods."""
        ends = ["origin_zone_id", "destination_zone_id", "commodity_id"]
        return bool(self.trips.duplicated(ends).any())

    @cached_property
    def class_of_path(self) -> IntArray:
        """Class of the trade of each path: row of `cost.commodities` and `arc_flow`."""
        return self.trips["class"].to_numpy()[self.paths.trip]

    def path_total(self, name: str) -> FloatArray:
        """
        Return an attribute summed along each path.

        Parameters
        ----------
        name : {'usd', 'money', 'hours', 'delay', 'spread', 'co2', 'length_km'}
            `usd` and `hours` include congestion, which is `delay`.

        Returns
        -------
        ndarray, shape (n_path,)
            Per tonne: [USD/t], [h], [kg CO2e/t]; `length_km` in [km].
        """
        key = f"path {name}"
        if key not in self.memo:
            self.memo[key] = self._path_total(name)
        return self.memo[key]

    def _path_total(self, name: str) -> FloatArray:
        cost = self.cost
        if name == "length_km":
            arcs = self.virtual.arcs
            return self._along(np.where(arcs["kind"].eq("move"), arcs["length_km"], 0.0)[None, :])
        if name == "delay":
            return self._along(self.delay_h[None, :])
        if name == "usd":
            waiting = cost.vot_usd_t_h[self.class_of_path] * self._along(self.delay_h[None, :])
            return self._along(cost.usd_if_open) + waiting
        table = {
            "money": cost.money,
            "hours": cost.hours,
            "spread": cost.spread_h,
            "co2": cost.co2_kg,
        }
        total = self._along(table[name])
        return total + self._along(self.delay_h[None, :]) if name == "hours" else total

    def _along(self, values: FloatArray) -> FloatArray:
        """Sum of values, one row or one of each class, along each path."""
        paths, out = self.paths, np.empty(self.paths.n_path)
        klass = (
            self.trips["class"].to_numpy() if len(values) > 1 else np.zeros(len(self.trips), int)
        )
        pricing.path_costs(paths.trip, paths.indptr, paths.arcs, klass, values, out)
        return out
