"""
Choice sets of a scenario, inherited from its parent.

Two assignments can be compared only if a trade that the change does not touch chooses among the
same routes in both. So a scenario keeps the parent's routes that are still open, and gets new ones
only where the change offers a better arc or has taken a route away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.assign.base import Graph, PathFlows, Trips
from isthmus.assign.revisit import may_change
from isthmus.assign.routes import Routes, draw, trips_of
from isthmus.kernels import routes as route_kernels

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.cost.model import ArcCost
    from isthmus.virtual import VirtualNetwork

__all__ = ["PAIR", "Kin", "arc_keys", "inherit", "kin", "parent_flows", "parent_volume"]

IntArray = npt.NDArray[np.int64]

_MOST = 24
"""Routes a trip may hold after inheritance."""

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


def inherit(
    start: Assignment, of: Kin, graph: Graph, cost: ArcCost, trips: Trips
) -> tuple[Routes, npt.NDArray[np.bool_]]:
    """
    Return the choice sets of a scenario and the trips that the change touches.

    A trip keeps the parent's routes. It gets those generated anew that use a better arc, or all of
    them if it has lost a route or has none. Generating routes is most of the work, so it is left
    out where nothing would come of it: for all trips but those if no arc is better, and else for
    trips whose routes cannot go over a better arc (`assign.revisit`). The answer is the same.

    Parameters
    ----------
    start : Assignment
        Of the parent.
    of : Kin
    graph : Graph
    cost : ArcCost
    trips : Trips

    Returns
    -------
    routes : Routes
    touched : ndarray of bool, shape (n_trip,)
    """
    n_trip = len(trips.flow)
    kept, lost, _ = _kept(start, of, cost, trips)
    better, dearer, pair = _better(start, of, cost, trips)
    bare = np.asarray(lost | (np.diff(kept.trip) == 0))
    asked = bare.copy()
    left = ~asked & np.asarray(better.any(axis=1))[pair]
    if left.any():
        may = may_change(start, of, graph, cost.usd, better, dearer, pair, trips, left)
        asked |= left & may
    rows = np.flatnonzero(asked)
    if not len(rows):
        return kept, asked
    fresh = draw(graph, cost.usd, trips_of(trips, rows)).routes
    trip_of = np.repeat(rows, np.diff(fresh.trip))
    entry = np.repeat(np.arange(len(trip_of)), np.diff(fresh.starts))
    hit = np.zeros(len(trip_of), dtype=bool)
    hit[entry[better[pair[trip_of[entry]], fresh.arcs]]] = True
    wanted = hit | bare[trip_of]
    touched = np.bincount(trip_of[wanted], minlength=n_trip) > 0
    some = _take(fresh, wanted, trip_of, n_trip)
    return Routes(*route_kernels.merge(*kept, *some, _MOST)), touched


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
    start, virtual, cost, table, trips
        As in `inherit`.

    Returns
    -------
    PathFlows
    """
    of = kin(start, virtual, table, trips)
    kept, _, flow = _kept(start, of, cost, trips)
    owner = np.repeat(np.arange(len(table), dtype=np.int32), np.diff(kept.trip))
    return PathFlows(owner, kept.starts, kept.arcs, flow, start.trees if of.back is None else None)


def parent_volume(start: Assignment, of: Kin) -> npt.NDArray[np.float64]:
    """
    Return the parent's flows on the arcs of a scenario, 0 on those it has not.

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
    return flow if of.back is None else np.where(of.back >= 0, flow[of.back], 0.0)


def _kept(
    start: Assignment, of: Kin, cost: ArcCost, trips: Trips
) -> tuple[Routes, npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Return the parent's routes that are still open, which trips have lost one, and their flows."""
    n_trip, paths = len(trips.flow), start.paths
    trip_of = paths.trip if of.row is None else of.row[paths.trip]
    klass = np.where(trip_of >= 0, trips.klass[np.maximum(trip_of, 0)], 0)
    arcs = start.routes.arcs
    if of.to_here is not None:
        arcs = of.to_here[arcs].astype(np.int32)
    whole = np.ones(paths.n_path, dtype=bool)
    route_kernels.open_routes(klass, paths.indptr, arcs, np.isfinite(cost.usd), whole)
    lost = np.zeros(n_trip, dtype=bool)
    if of.row is None and whole.all():
        return start.routes._replace(arcs=arcs), lost, paths.flow
    lost[trip_of[~whole & (trip_of >= 0)]] = True
    keep = np.flatnonzero(whole & (trip_of >= 0))
    if of.row is not None:
        keep = keep[np.argsort(trip_of[keep], kind="stable")]
    count = np.bincount(trip_of[keep], minlength=n_trip)
    trip = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
    return Routes(trip, *route_kernels.reorder(paths.indptr, arcs, keep)), lost, paths.flow[keep]


def _better(
    start: Assignment, of: Kin, cost: ArcCost, trips: Trips
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], IntArray]:
    """
    Return the arcs that cost less than in the parent, newly open ones among them.

    A scenario that changes a restriction has other classes than its parent, so costs are compared
    by the class of a trade here and the one it had there.

    Returns
    -------
    better : ndarray of bool, shape (n_pair, n_arc)
    dearer : ndarray of bool, shape (n_pair,)
        Some arc costs something else without being better.
    pair : ndarray of int, shape (n_trip,)
        Row of `better` of each trip.
    """
    now_class, before = trips.klass.astype(np.int64), of.earlier(start, "class")
    new = np.isnan(before)
    if new.any():
        goods = cost.commodities["commodity_id"].to_numpy()[now_class[new]]
        before[new] = [start.cost.position(c) for c in goods]
    before = before.astype(np.int64)
    if cost.usd.shape == start.cost.usd.shape and np.array_equal(now_class, before):
        pair, now, cheap = now_class, cost.usd, start.cost.usd
    else:
        pairs, pair = np.unique(np.stack([now_class, before]), axis=1, return_inverse=True)
        now, cheap = cost.usd[pairs[0]], start.cost.usd[pairs[1]]
    if of.back is not None:
        cheap = np.where(of.back >= 0, cheap[:, of.back], np.inf)
    differ = now != cheap
    better = np.zeros(now.shape, dtype=bool)
    columns = np.flatnonzero(differ.any(axis=0))
    some, than = now[:, columns], cheap[:, columns] * (1.0 - 1e-12)
    better[:, columns] = np.isfinite(some) & (some < than)
    dearer = (differ[:, columns] & ~better[:, columns]).any(axis=1)
    return better, dearer, pair.reshape(-1)


def _take(
    routes: Routes, wanted: npt.NDArray[np.bool_], trip_of: npt.NDArray[np.intp], n_trip: int
) -> Routes:
    keep = np.flatnonzero(wanted)
    count = np.bincount(trip_of[keep], minlength=n_trip)
    trip = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
    return Routes(trip, *route_kernels.reorder(routes.starts, routes.arcs, keep))
