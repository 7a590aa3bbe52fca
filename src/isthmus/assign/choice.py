"""
Choice sets of a scenario, inherited from its parent.

Two assignments can be compared only if a trade that the change does not touch chooses among the
same routes in both. So a scenario keeps the parent's routes that are still open, and gets new ones
only where the change offers a better arc or has taken a route away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.assign.base import PathFlows, Trips
from isthmus.assign.revisit import may_change
from isthmus.assign.routes import Routes, draw, trips_of
from isthmus.kernels import routes as route_kernels

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.cost.model import ArcCost
    from isthmus.virtual import VirtualNetwork

__all__ = ["PAIR", "arc_keys", "inherit", "parent_flows", "parent_volume"]

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


def inherit(
    start: Assignment,
    virtual: VirtualNetwork,
    cost: ArcCost,
    table: pd.DataFrame,
    trips: Trips,
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
    virtual : VirtualNetwork
    cost : ArcCost
    table : DataFrame
        Rows of `Assignment.trips` of the scenario.
    trips : Trips

    Returns
    -------
    routes : Routes
    touched : ndarray of bool, shape (n_trip,)
    """
    graph, n_trip = virtual.graph, len(table)
    same = same_graph(start.virtual, virtual)
    here = there = to_here = None
    if not same:
        here, there = arc_keys(virtual), arc_keys(start.virtual)
        to_here = here.get_indexer(there)
    kept, lost, _ = _kept(start, to_here, cost, table, trips)
    back = None if there is None else there.get_indexer(here)
    better, dearer, pair = _better(start, back, cost, table)
    bare = np.asarray(lost | (np.diff(kept.trip) == 0))
    asked = bare.copy()
    left = ~asked & np.asarray(better.any(axis=1))[pair]
    if left.any():
        asked |= left & may_change(start, graph, cost.usd, better, dearer, pair, trips, left, same)
    rows = np.flatnonzero(asked)
    fresh = draw(graph, cost.usd, trips_of(trips, rows)).routes
    trip_of = np.repeat(rows, np.diff(fresh.trip))
    entry = np.repeat(np.arange(len(trip_of)), np.diff(fresh.starts))
    hit = np.zeros(len(trip_of), dtype=bool)
    hit[entry[better[pair[trip_of[entry]], fresh.arcs]]] = True
    wanted = hit | bare[trip_of]
    touched = np.bincount(trip_of[wanted], minlength=n_trip) > 0
    if not touched.any():
        return kept, touched
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
    to_here = None
    if not same_graph(start.virtual, virtual):
        to_here = arc_keys(virtual).get_indexer(arc_keys(start.virtual))
    kept, _, flow = _kept(start, to_here, cost, table, trips)
    owner = np.repeat(np.arange(len(table), dtype=np.int32), np.diff(kept.trip))
    same = to_here is None or (
        len(to_here) == virtual.n_arc and bool((to_here == np.arange(virtual.n_arc)).all())
    )
    return PathFlows(owner, kept.starts, kept.arcs, flow, start.trees if same else None)


def parent_volume(start: Assignment, virtual: VirtualNetwork) -> npt.NDArray[np.float64]:
    """
    Return the parent's flows on the arcs of a scenario, 0 on those it has not.

    Parameters
    ----------
    start : Assignment
    virtual : VirtualNetwork

    Returns
    -------
    ndarray, shape (n_arc,)
        [t/yr]
    """
    flow = np.asarray(start.arc_flow.sum(axis=0))
    if same_graph(start.virtual, virtual):
        return flow
    back = arc_keys(start.virtual).get_indexer(arc_keys(virtual))
    return np.where(back >= 0, flow[np.maximum(back, 0)], 0.0)


def same_graph(one: VirtualNetwork, other: VirtualNetwork) -> bool:
    """Return whether the arcs of two networks are the same, in the same places."""
    return one.graph is other.graph or (
        one.n_arc == other.n_arc
        and one.stops == other.stops
        and arc_keys(one).equals(arc_keys(other))
    )


def _rows_here(start: Assignment, table: pd.DataFrame) -> npt.NDArray[np.int64] | None:
    """Return the row here of each trip of the parent, -1 where it is none; None if they are the same."""
    if (
        len(table) == len(start.trips)
        and not start.has_twins
        and all(np.array_equal(table[c].to_numpy(), start.trips[c].to_numpy()) for c in PAIR)
    ):
        return None
    row = pd.Series(np.arange(len(table)), index=pd.MultiIndex.from_frame(table[PAIR]))
    row = row[~row.index.duplicated()]
    old = pd.MultiIndex.from_frame(start.trips[PAIR])
    return row.reindex(old).fillna(-1).to_numpy().astype(np.int64)


def _kept(
    start: Assignment,
    to_here: npt.NDArray[np.intp] | None,
    cost: ArcCost,
    table: pd.DataFrame,
    trips: Trips,
) -> tuple[Routes, npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """
    Return the parent's routes that are still open, which trips have lost one, and their flows.

    `to_here` gives each arc of the parent its place here; None where they are the same.
    """
    n_trip, paths, rows = len(table), start.paths, _rows_here(start, table)
    trip_of = paths.trip if rows is None else rows[paths.trip]
    klass = np.where(trip_of >= 0, trips.klass[np.maximum(trip_of, 0)], 0)
    arcs = start.routes.arcs if to_here is None else to_here[paths.arcs].astype(np.int32)
    whole = np.ones(paths.n_path, dtype=bool)
    route_kernels.open_routes(klass, paths.indptr, arcs, np.isfinite(cost.usd), whole)
    lost = np.zeros(n_trip, dtype=bool)
    lost[trip_of[~whole & (trip_of >= 0)]] = True
    if rows is None and whole.all():
        return start.routes._replace(arcs=arcs), lost, paths.flow
    keep = np.flatnonzero(whole & (trip_of >= 0))
    keep = keep[np.argsort(trip_of[keep], kind="stable")]
    count = np.bincount(trip_of[keep], minlength=n_trip)
    trip = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
    return Routes(trip, *route_kernels.reorder(paths.indptr, arcs, keep)), lost, paths.flow[keep]


def _better(
    start: Assignment,
    back: npt.NDArray[np.intp] | None,
    cost: ArcCost,
    table: pd.DataFrame,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.intp]]:
    """
    Return the arcs that cost less than in the parent, newly open ones among them.

    A scenario that changes a restriction has other classes than its parent, so costs are compared
    by the class of a trade here and the one it had there. `back` gives each arc its place in the
    parent, None where they are the same.

    Returns
    -------
    better : ndarray of bool, shape (n_pair, n_arc)
    dearer : ndarray of bool, shape (n_pair,)
        Some arc costs something else without being better.
    pair : ndarray of int, shape (n_trip,)
        Row of `better` of each trip.
    """
    now_class, was = table["class"].to_numpy(), start.trips["class"].to_numpy()
    if _rows_here(start, table) is not None:
        old = start.trips[[*PAIR, "class"]].drop_duplicates(PAIR)
        was = table[PAIR].merge(old, on=PAIR, how="left")["class"].to_numpy(dtype=float)
    unknown = [start.cost.position(c) for c in cost.commodities["commodity_id"]]
    before = np.where(np.isnan(was), np.array(unknown)[now_class], was).astype(np.int64)
    if cost.usd.shape == start.cost.usd.shape and np.array_equal(now_class, before):
        pairs, pair = np.tile(np.arange(len(cost.usd)), (2, 1)), now_class
        now, cheap = cost.usd, start.cost.usd
    else:
        pairs, pair = np.unique(np.stack([now_class, before]), axis=1, return_inverse=True)
        now, cheap = cost.usd[pairs[0]], start.cost.usd[pairs[1]]
    if back is not None:
        cheap = np.where(back >= 0, cheap[:, np.maximum(back, 0)], np.inf)
    differ = now != cheap
    better = np.zeros(now.shape, dtype=bool)
    columns = np.flatnonzero(differ.any(axis=0))
    with np.errstate(invalid="ignore"):
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
