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
from isthmus.assign.stochastic import Routes, generate_routes
from isthmus.kernels import routes as route_kernels

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.cost.model import ArcCost
    from isthmus.virtual import VirtualNetwork

__all__ = ["PAIR", "arc_keys", "inherit", "parent_flows"]

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
    here = arc_keys(virtual)
    there = arc_keys(start.virtual)
    to_here = here.get_indexer(there)
    kept, lost, _ = _kept(start, to_here, cost, table, trips)
    better, pair = _better(start, here, there, cost, table)
    fresh = generate_routes(virtual.graph, cost.usd, trips)
    trip_of = np.repeat(np.arange(len(table)), np.diff(fresh.trip))
    entry = np.repeat(np.arange(len(trip_of)), np.diff(fresh.starts))
    hit = np.zeros(len(trip_of), dtype=bool)
    hit[entry[better[pair[trip_of[entry]], fresh.arcs]]] = True
    none = np.diff(kept.trip) == 0
    wanted = hit | lost[trip_of] | none[trip_of]
    touched = np.bincount(trip_of[wanted], minlength=len(table)) > 0
    some = _take(fresh, wanted, trip_of, len(table))
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
    to_here = arc_keys(virtual).get_indexer(arc_keys(start.virtual))
    kept, _, flow = _kept(start, to_here, cost, table, trips)
    owner = np.repeat(np.arange(len(table), dtype=np.int32), np.diff(kept.trip))
    same = len(to_here) == virtual.n_arc and bool((to_here == np.arange(virtual.n_arc)).all())
    return PathFlows(owner, kept.starts, kept.arcs, flow, start.trees if same else None)


def _kept(
    start: Assignment,
    to_here: npt.NDArray[np.intp],
    cost: ArcCost,
    table: pd.DataFrame,
    trips: Trips,
) -> tuple[Routes, npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Return the parent's routes that are still open, which trips have lost one, and their flows."""
    row = pd.Series(np.arange(len(table)), index=pd.MultiIndex.from_frame(table[PAIR]))
    row = row[~row.index.duplicated()]
    old = pd.MultiIndex.from_frame(start.trips[PAIR])
    trip_here = row.reindex(old).fillna(-1).to_numpy().astype(np.int64)
    paths = start.paths
    trip_of = trip_here[paths.trip]
    arcs = to_here[paths.arcs]
    klass = np.where(trip_of >= 0, trips.klass[np.maximum(trip_of, 0)], 0)
    open_ = (arcs >= 0) & np.isfinite(cost.usd[klass[paths.path_of_arc], np.maximum(arcs, 0)])
    whole = np.ones(paths.n_path, dtype=bool)
    whole[paths.path_of_arc[~open_]] = False
    lost = np.zeros(len(table), dtype=bool)
    lost[trip_of[~whole & (trip_of >= 0)]] = True
    keep = np.flatnonzero(whole & (trip_of >= 0))
    keep = keep[np.argsort(trip_of[keep], kind="stable")]
    size = np.diff(paths.indptr)[keep]
    starts = np.concatenate(([0], np.cumsum(size))).astype(np.int64)
    index = np.repeat(paths.indptr[:-1][keep] - starts[:-1], size) + np.arange(starts[-1])
    count = np.bincount(trip_of[keep], minlength=len(table))
    trip = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
    return Routes(trip, starts, arcs[index].astype(np.int32)), lost, paths.flow[keep]


def _better(
    start: Assignment, here: pd.Index, there: pd.Index, cost: ArcCost, table: pd.DataFrame
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp]]:
    """
    Return the arcs that cost less than in the parent, newly open ones among them.

    A scenario that changes a restriction has other classes than its parent, so costs are compared
    by the class of a trade here and the one it had there.

    Returns
    -------
    better : ndarray of bool, shape (n_pair, n_arc)
    pair : ndarray of int, shape (n_trip,)
        Row of `better` of each trip.
    """
    back = there.get_indexer(here)
    old = start.trips[[*PAIR, "class"]].drop_duplicates(PAIR)
    was = table[PAIR].merge(old, on=PAIR, how="left")["class"].to_numpy(dtype=float)
    unknown = [start.cost.position(c) for c in cost.commodities["commodity_id"]]
    now_class = table["class"].to_numpy()
    before = np.where(np.isnan(was), np.array(unknown)[now_class], was).astype(np.int64)
    pairs, pair = np.unique(np.stack([now_class, before]), axis=1, return_inverse=True)
    cheap = np.where(back >= 0, start.cost.usd[pairs[1]][:, np.maximum(back, 0)], np.inf)
    now = cost.usd[pairs[0]]
    with np.errstate(invalid="ignore"):
        return np.isfinite(now) & (now < cheap * (1.0 - 1e-12)), pair.reshape(-1)


def _take(
    routes: Routes, wanted: npt.NDArray[np.bool_], trip_of: npt.NDArray[np.intp], n_trip: int
) -> Routes:
    keep = np.flatnonzero(wanted)
    size = np.diff(routes.starts)[keep]
    starts = np.concatenate(([0], np.cumsum(size))).astype(np.int64)
    index = np.repeat(routes.starts[:-1][keep] - starts[:-1], size) + np.arange(starts[-1])
    count = np.bincount(trip_of[keep], minlength=n_trip)
    trip = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
    return Routes(trip, starts, routes.arcs[index])
