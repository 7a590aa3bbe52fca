"""How two territories are joined: routes that share no third territory, and what rails between them can take."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import maximum_flow

from isthmus.assign.congestion import capacities, direction_share
from isthmus.vocab import LAND_MODES

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.network import Network

__all__ = ["branch_shares", "disjoint_routes", "most_tonnes", "trade_between"]

_UNIT_T = 1000.0
"""Capacities are rounded down to so many tonnes: the solver counts in whole numbers."""
_ENDLESS = np.iinfo(np.int32).max // 4
"""Stands for an element whose capacity does not bind."""


def disjoint_routes(
    network: Network, one: str, other: str, through: Collection[str] | None = None
) -> int:
    """
    Count the routes between two territories that have no third territory or sea in common.

    Territories and seas are the nodes and open crossings the edges; every third node may be used once, so
    the largest number of such ways is a maximum flow (Menger, "Zur allgemeinen Kurventheorie",
    Fundamenta Mathematicae 10, 1927).

    Parameters
    ----------
    network : Network
    one, other : str
        Territory ids.
    through : collection of str, optional
        Third territories and seas that may be used; all if None.

    Returns
    -------
    int
        0 if nothing joins them. An open crossing from one into the other counts as one way.
    """
    crossings = network.crossings
    pairs = crossings.loc[crossings["is_open"], ["from_territory_id", "to_territory_id"]]
    usable = {one, other} | (set(pairs.to_numpy().ravel()) if through is None else set(through))
    usable -= set(network.closed_territories)
    if one not in usable or other not in usable:
        return 0
    pairs = pairs[pairs.isin(usable).all(axis=1)].drop_duplicates()
    place = {territory: i for i, territory in enumerate(sorted(usable))}
    n = len(place)
    begin = pairs["from_territory_id"].map(place).to_numpy() + n  # leaves by its second half
    end = pairs["to_territory_id"].map(place).to_numpy()
    inside = np.arange(n)
    room = np.ones(n)
    room[[place[one], place[other]]] = _ENDLESS
    graph = coo_array(
        (
            np.concatenate([np.ones(len(pairs)), room]).astype(np.int32),
            (np.concatenate([begin, inside]), np.concatenate([end, inside + n])),
        ),
        shape=(2 * n, 2 * n),
    )
    return int(maximum_flow(csr_array(graph), place[one] + n, place[other]).flow_value)


def most_tonnes(
    assignment: Assignment,
    one: str,
    other: str,
    modes: Collection[str] = LAND_MODES,
    through: Collection[str] | None = None,
) -> float:
    """
    Return what land modes can carry at most from the zones of a territory to those of another.

    The maximum flow (Ford and Fulkerson, "Maximal flow through a network", Canadian Journal of
    Mathematics 8, 1956) over open links, crossings and terminals of these modes, each taking what
    its capacity allows in one direction; reaching a mode from a zone does not bind.

    Parameters
    ----------
    assignment : Assignment
        For its network and the capacities that cost and parameters give; flows do not matter.
    one, other : str
        Territory ids.
    modes : collection of str
        Of land: lanes of ships have no capacity.
    through : collection of str, optional
        Third territories that may be used; all if None.

    Returns
    -------
    float
        [t/yr], rounded down to 1000 t on each element. Crossings and terminals without a known
        capacity do not bind; infinite where nothing binds.
    """
    virtual = assignment.virtual
    arcs = virtual.arcs
    kind = arcs["kind"]
    same = arcs["mode"].isin(modes) & (
        kind.isin(["move", "cross", "load", "unload"])
        | (kind.eq("transfer") & arcs["from_mode"].isin(modes) & arcs["to_mode"].isin(modes))
    )
    same |= kind.isin(["access", "egress"])
    if through is not None:
        same &= arcs["territory_id"].isin({one, other, *through})
    here = np.flatnonzero((same & arcs["is_open"].astype(bool)).to_numpy())
    table = capacities(virtual, assignment.cost)["capacity_t_yr"].to_numpy()
    room = table * direction_share(virtual, assignment.cost)
    units = np.where(np.isnan(room), _ENDLESS, np.minimum(room / _UNIT_T, _ENDLESS))[here]
    n = virtual.n_stop
    territory = dict(
        zip(virtual.network.zones["zone_id"], virtual.network.zones["territory_id"], strict=True)
    )
    first = np.array(
        [i for z, i in virtual.source_of_zone.items() if territory[z] == one], dtype=int
    )
    last = np.array(
        [i for z, i in virtual.sink_of_zone.items() if territory[z] == other], dtype=int
    )
    if not len(first) or not len(last) or not len(here):
        return 0.0
    tail = np.concatenate([virtual.graph.tail[here], np.full(len(first), n), last])
    head = np.concatenate([virtual.graph.head[here], first, np.full(len(last), n + 1)])
    size = np.concatenate([units, np.full(len(first) + len(last), _ENDLESS)])
    edges = pd.DataFrame({"tail": tail, "head": head, "size": np.floor(size)})
    edges = edges.groupby(["tail", "head"], as_index=False)["size"].sum()
    graph = coo_array(
        (
            np.minimum(edges["size"], _ENDLESS).to_numpy(np.int32),
            (edges["tail"].to_numpy(), edges["head"].to_numpy()),
        ),
        shape=(n + 2, n + 2),
    )
    most = int(maximum_flow(csr_array(graph), n, n + 1).flow_value)
    return math.inf if most >= _ENDLESS else most * _UNIT_T


def trade_between(
    assignment: Assignment, one: Collection[str], other: Collection[str]
) -> np.ndarray:
    """
    Return the used paths of the trade of some territories with others, in both directions.

    Parameters
    ----------
    assignment : Assignment
    one, other : collection of str
        Territory ids.

    Returns
    -------
    ndarray of int
        Positions in `Assignment.paths`.
    """
    zones = assignment.virtual.network.zones.set_index("zone_id")["territory_id"]
    trips = assignment.trips
    begins, ends = trips["origin_zone_id"].map(zones), trips["destination_zone_id"].map(zones)
    wanted = (begins.isin(one) & ends.isin(other)) | (begins.isin(other) & ends.isin(one))
    return np.flatnonzero(wanted.to_numpy()[assignment.paths.trip])


def branch_shares(assignment: Assignment, one: str, other: str) -> pd.Series:
    """
    Return how the trade of two territories splits by the third states it moves through.

    Parameters
    ----------
    assignment : Assignment
    one, other : str
        Territory ids.

    Returns
    -------
    Series
        Share [-] by states in alphabetical order, "" where there is none; largest first.
    """
    network = assignment.virtual.network
    kinds = network.facts["territories"].set_index("territory_id")["kind"]
    states = set(kinds.index[kinds.eq("state")]) - {one, other}
    arcs, paths = assignment.virtual.arcs, assignment.paths
    territory = arcs["territory_id"].where(arcs["kind"].eq("move"), "").to_numpy()
    tonnes: dict[str, float] = {}
    for path in trade_between(assignment, [one], [other]):
        key = " ".join(sorted(set(territory[paths.of(int(path))]) & states))
        tonnes[key] = tonnes.get(key, 0.0) + float(paths.flow[path])
    total = sum(tonnes.values())
    shares = pd.Series({k: v / total for k, v in tonnes.items() if total > 0}, dtype=float)
    return shares.sort_values(ascending=False)
