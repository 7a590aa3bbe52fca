"""Where the arcs, nodes and trips of a scenario are in its parent, and what it can begin from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.assign.base import PathFlows, Trips
from isthmus.assign.perturbed import UnitFlows

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.cost.model import ArcCost
    from isthmus.virtual import VirtualNetwork

__all__ = [
    "PAIR", "Kin", "arc_keys", "kin", "parent_costs", "parent_flows", "parent_unit", "parent_volume",
]  # fmt: skip

IntArray = npt.NDArray[np.int64]

_KEY = [
    "kind",
    "link_id",
    "crossing_id",
    "terminal_id",
    "gauge_mm",
    "from_gauge_mm",
    "forward",
    "mode",
]
PAIR = ["origin_zone_id", "destination_zone_id", "commodity_id"]
"""What names a trip."""


def arc_keys(virtual: VirtualNetwork) -> pd.Index:
    """
    Return a key for each arc that two networks of the same facts share.

    Parameters
    ----------
    virtual : VirtualNetwork

    Returns
    -------
    Index of str, shape (n_arc,)
    """
    arcs = virtual.arcs
    ends = [
        "|".join(map(str, virtual.stops[t])) + ">" + "|".join(map(str, virtual.stops[h]))
        for t, h in zip(virtual.graph.tail, virtual.graph.head, strict=True)
    ]
    rows = arcs[_KEY].itertuples(index=False, name=None)
    return pd.Index(
        ["|".join(map(str, row)) + "@" + end for row, end in zip(rows, ends, strict=True)]
    )


@dataclass(frozen=True)
class Kin:
    """
    Where a scenario's arcs and trips are in its parent, and the other way round.

    Parameters
    ----------
    to_here : ndarray of int, shape (n_parent_arc,), optional
        Place here of each arc of the parent, -1 where it is gone; None if arcs are the same.
    back : ndarray of int, shape (n_arc,), optional
        Place in the parent of each arc here.
    row : ndarray of int, shape (n_parent_trip,), optional
        Row here of each trip of the parent, -1 where there is none; None if trips are the same.
    was : ndarray of int, shape (n_trip,), optional
        Row in the parent of each trip here.
    """

    to_here: IntArray | None
    back: IntArray | None
    row: IntArray | None
    was: IntArray | None

    def earlier(self, start: Assignment, column: str) -> npt.NDArray[np.float64]:
        """Return what the parent says of each trip here, NaN where it has none."""
        values = start.trips[column].to_numpy(dtype=float)
        return values if self.was is None else np.where(self.was >= 0, values[self.was], np.nan)


def kin(start: Assignment, virtual: VirtualNetwork, table: pd.DataFrame, trips: Trips) -> Kin:
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
    Kin
    """
    to_here = back = row = was = None
    if virtual.graph is not start.virtual.graph:
        here, there = arc_keys(virtual), arc_keys(start.virtual)
        if not (here.equals(there) and virtual.stops == start.virtual.stops):
            to_here, back = here.get_indexer(there), there.get_indexer(here)
    known = start.prepared is not None and trips is start.prepared.trips
    if start.has_twins or not (known or _same_pairs(table, start.trips)):
        ours, theirs = (pd.MultiIndex.from_frame(t[PAIR]) for t in (table, start.trips))
        row, was = _first_places(ours, theirs), _first_places(theirs, ours)
    return Kin(to_here, back, row, was)


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
    of, paths = kin(start, virtual, table, trips), start.paths
    trip = paths.trip if of.row is None else of.row[paths.trip]
    arcs = paths.arcs if of.to_here is None else of.to_here[paths.arcs]
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
        start.trees if of.back is None else None,
    )  # fmt: skip


def parent_unit(start: Assignment, of: Kin, virtual: VirtualNetwork, m: int) -> UnitFlows | None:
    """
    Return what the parent's trips do, on the arcs and nodes of a scenario.

    Parameters
    ----------
    start : Assignment
    of : Kin
    virtual : VirtualNetwork
        Of the scenario.
    m : int
        Trips here.

    Returns
    -------
    UnitFlows or None
        By trip here; of those over arcs that are gone, and of new ones, nothing. None if the parent was assigned by
        another method.
    """
    unit = start.unit
    if unit is None:
        return None
    if of.was is not None:
        rows = np.where(of.was >= 0, of.was, len(unit.at) - 1)
        unit = unit.with_empty().take(rows.astype(np.int64))
    if of.to_here is None:
        return unit
    stops = {stop: i for i, stop in enumerate(virtual.stops)}
    node = np.array([stops.get(s, -1) for s in start.virtual.stops], np.int32)
    arcs, nodes = of.to_here[unit.arcs].astype(np.int32), node[unit.nodes]
    owner = np.repeat(np.arange(m), np.diff(unit.at))
    gone = np.bincount(owner[arcs < 0], minlength=m) > 0
    moved = unit._replace(arcs=arcs, nodes=nodes)
    return moved.with_empty().take(np.where(gone, m, np.arange(m)).astype(np.int64))


def parent_volume(start: Assignment, of: Kin) -> npt.NDArray[np.float64]:
    """
    Return the flows that the parent's delays are of, on the arcs of a scenario; 0 on those it has not.

    Parameters
    ----------
    start : Assignment
    of : Kin

    Returns
    -------
    ndarray, shape (n_arc,)
        [t/yr]
    """
    flow = np.asarray(start.arc_flow.sum(axis=0))
    found = None if start.solution is None else start.solution.equilibrium
    if found is not None:
        flow[found.problem.arcs] = found.volume
    return flow if of.back is None else np.where(of.back >= 0, flow[of.back], 0.0)


def parent_costs(
    start: Assignment, of: Kin, trips: Trips, shape: tuple[int, int]
) -> npt.NDArray[np.float64] | None:
    """
    Return the costs that the parent's answers were proven at, by class and arc of a scenario.

    Parameters
    ----------
    start : Assignment
    of : Kin
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
    table = None if start.solution is None else start.solution.unit_at
    if table is None:
        return None
    there = start.trip_ends.klass
    was = np.arange(len(there)) if of.was is None else of.was
    known = was >= 0
    first = np.full(shape[0], len(table), np.int64)
    last = np.full(shape[0], -1, np.int64)
    np.minimum.at(first, trips.klass[known], there[was[known]])
    np.maximum.at(last, trips.klass[known], there[was[known]])
    out = np.full(shape, np.inf)
    same = first == last
    rows = table[first[same]]
    out[same] = rows if of.back is None else np.where(of.back >= 0, rows[:, of.back], np.inf)
    return out
