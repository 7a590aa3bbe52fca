"""Where the arcs, nodes and trips of a scenario are in its parent, and what it can begin from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.assign.arc_keys import arc_keys
from isthmus.assign.assignment import Assignment
from isthmus.assign.base import Trips
from isthmus.assign.solution import PathFlows
from isthmus.assign.stochastic import StochasticSolution
from isthmus.assign.unit_flows import UnitFlows

if TYPE_CHECKING:
    from isthmus.cost.model import ArcCost
    from isthmus.virtual import VirtualNetwork

__all__ = [
    "PAIR", "ParentMatch", "match_parent", "parent_costs", "parent_flows", "parent_unit", "parent_volume",
]  # fmt: skip

IntArray = npt.NDArray[np.int64]

PAIR = ["origin_zone_id", "destination_zone_id", "commodity_id"]
"""What names a trip."""


@dataclass(frozen=True)
class ParentMatch:
    """
    Where a scenario's arcs and trips are in its parent, and the other way round.

    Parameters
    ----------
    arc_here : ndarray of int, shape (n_parent_arc,), optional
        Place here of each arc of the parent, -1 where it is gone; None if arcs are the same.
    arc_there : ndarray of int, shape (n_arc,), optional
        Place in the parent of each arc here.
    trip_here : ndarray of int, shape (n_parent_trip,), optional
        Row here of each trip of the parent, -1 where there is none; None if trips are the same.
    trip_there : ndarray of int, shape (n_trip,), optional
        Row in the parent of each trip here.
    """

    arc_here: IntArray | None
    arc_there: IntArray | None
    trip_here: IntArray | None
    trip_there: IntArray | None

    def parent_values(self, start: Assignment, column: str) -> npt.NDArray[np.float64]:
        """Return what the parent says of each trip here, NaN where it has none."""
        values = start.trips[column].to_numpy(dtype=float)
        return (
            values
            if self.trip_there is None
            else np.where(self.trip_there >= 0, values[self.trip_there], np.nan)
        )


def match_parent(
    start: Assignment, virtual: VirtualNetwork, table: pd.DataFrame, trips: Trips
) -> ParentMatch:
    """
    Return how a scenario's arcs and trips stand to its parent's.

    Parameters
    ----------
    start : Assignment
        Of the parent.
    virtual : VirtualNetwork
    table : DataFrame
        Rows of `Assignment.trips` of the scenario.
    trips : Trips

    Returns
    -------
    ParentMatch
    """
    arc_here = arc_there = trip_here = trip_there = None
    if virtual.graph is not start.virtual.graph:
        here, there = arc_keys(virtual), arc_keys(start.virtual)
        if not (here.equals(there) and virtual.stops == start.virtual.stops):
            arc_here, arc_there = here.get_indexer(there), there.get_indexer(here)
    known = start.inputs is not None and trips is start.inputs.trips
    if start.has_twins or not (known or _same_pairs(table, start.trips)):
        ours, theirs = (pd.MultiIndex.from_frame(t[PAIR]) for t in (table, start.trips))
        trip_here, trip_there = _first_places(ours, theirs), _first_places(theirs, ours)
    return ParentMatch(arc_here, arc_there, trip_here, trip_there)


def _same_pairs(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(one[c].to_numpy(), other[c].to_numpy()) for c in PAIR
    )


def _first_places(index: pd.MultiIndex, names: pd.MultiIndex) -> IntArray:
    """Return the first place of each name in an index, -1 where it has none."""
    first = np.flatnonzero(~index.duplicated())
    at = index[first].get_indexer(names)
    return np.where(at >= 0, first[at], -1).astype(np.int64)


def parent_flows(
    start: Assignment,
    virtual: VirtualNetwork,
    cost: ArcCost,
    table: pd.DataFrame,
    trips: Trips,
) -> PathFlows:
    """
    Return the parent's path flows on the arcs of a scenario, paths that are closed left out.

    Parameters
    ----------
    start : Assignment
        Of the parent.
    virtual : VirtualNetwork
    cost : ArcCost
    table : DataFrame
        Rows of `Assignment.trips` of the scenario.
    trips : Trips

    Returns
    -------
    PathFlows
    """
    of, paths = match_parent(start, virtual, table, trips), start.paths
    trip = paths.trip if of.trip_here is None else of.trip_here[paths.trip]
    arcs = paths.arcs if of.arc_here is None else of.arc_here[paths.arcs]
    klass = np.where(trip >= 0, trips.klass[np.maximum(trip, 0)], 0)
    is_open = np.isfinite(cost.usd)
    shut = (arcs < 0) | ~is_open[klass[paths.path_of_arc], np.maximum(arcs, 0)]
    whole = np.bincount(paths.path_of_arc[shut], minlength=paths.n_path) == 0
    keep = np.flatnonzero(whole & (trip >= 0))
    keep = keep[np.argsort(trip[keep], kind="stable")]
    size = np.diff(paths.indptr)[keep]
    indptr = np.concatenate(([0], np.cumsum(size))).astype(np.int64)
    at = np.repeat(paths.indptr[:-1][keep] - indptr[:-1], size) + np.arange(indptr[-1])
    return PathFlows(
        trip[keep].astype(np.int32), indptr, arcs[at].astype(np.int32), paths.flow[keep],
        start.trees if of.arc_there is None else None,
    )  # fmt: skip


def parent_unit(
    start: Assignment, unit: UnitFlows, of: ParentMatch, virtual: VirtualNetwork, m: int
) -> UnitFlows:
    """
    Return what the parent's trips do, on the arcs and nodes of a scenario.

    Parameters
    ----------
    start : Assignment
        Of the parent.
    unit : UnitFlows
        What its trips do.
    of : ParentMatch
    virtual : VirtualNetwork
        Of the scenario.
    m : int
        Trips here.

    Returns
    -------
    UnitFlows
        By trip here; of those over arcs that are gone, and of new ones, nothing.
    """
    if of.trip_there is not None:
        rows = np.where(of.trip_there >= 0, of.trip_there, len(unit.at) - 1)
        unit = unit.with_empty().take(rows.astype(np.int64))
    if of.arc_here is None:
        return unit
    stops = {stop: i for i, stop in enumerate(virtual.stops)}
    node = np.array([stops.get(s, -1) for s in start.virtual.stops], np.int32)
    arcs, nodes = of.arc_here[unit.arcs].astype(np.int32), node[unit.nodes]
    owner = np.repeat(np.arange(m), np.diff(unit.at))
    gone = np.bincount(owner[arcs < 0], minlength=m) > 0
    moved = unit._replace(arcs=arcs, nodes=nodes)
    return moved.with_empty().take(np.where(gone, m, np.arange(m)).astype(np.int64))


def parent_volume(start: Assignment, of: ParentMatch) -> npt.NDArray[np.float64]:
    """
    Return the flows that the parent's delays are of, on the arcs of a scenario; 0 on those it has not.

    Parameters
    ----------
    start : Assignment
    of : ParentMatch

    Returns
    -------
    ndarray, shape (n_arc,)
        [t/yr]
    """
    flow = np.asarray(start.arc_flow.sum(axis=0))
    if isinstance(start.solution, StochasticSolution):
        found = start.solution.equilibrium
        flow[found.problem.arcs] = found.volume
    return flow if of.arc_there is None else np.where(of.arc_there >= 0, flow[of.arc_there], 0.0)


def parent_costs(
    start: Assignment, of: ParentMatch, trips: Trips, shape: tuple[int, int]
) -> npt.NDArray[np.float64] | None:
    """
    Return the costs that the parent's answers were proven at, by class and arc of a scenario.

    Parameters
    ----------
    start : Assignment
    of : ParentMatch
    trips : Trips
        Of the scenario.
    shape : tuple of int
        Classes and arcs of the scenario.

    Returns
    -------
    ndarray, shape (n_class, n_arc) or None
        inf where the parent has no such arc, or no class with just these trips; None if the parent was assigned by
        another method. [USD/t]
    """
    table = start.solution.unit_at if isinstance(start.solution, StochasticSolution) else None
    if table is None:
        return None
    there = start.trip_ends.klass
    trip_there = np.arange(len(there)) if of.trip_there is None else of.trip_there
    known = trip_there >= 0
    first = np.full(shape[0], len(table), np.int64)
    last = np.full(shape[0], -1, np.int64)
    np.minimum.at(first, trips.klass[known], there[trip_there[known]])
    np.maximum.at(last, trips.klass[known], there[trip_there[known]])
    out = np.full(shape, np.inf)
    same = first == last
    rows = table[first[same]]
    out[same] = (
        rows if of.arc_there is None else np.where(of.arc_there >= 0, rows[:, of.arc_there], np.inf)
    )
    return out
