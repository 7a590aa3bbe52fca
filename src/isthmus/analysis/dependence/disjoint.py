"""Routes that share no link: how many join two countries, and what they can take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import maximum_flow

from isthmus.analysis.dependence.shares import titles_of
from isthmus.corridor import corridor_territories
from isthmus.errors import UnknownName
from isthmus.kernels.delay import NONE

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["all_routes", "routes"]


IntArray = npt.NDArray[np.int64]
_ENDLESS = 2_000_000_000
"""Capacity of what has none, in units of the flow."""
_UNIT_T = 1_000.0
"""Maximum flow is found in whole units of this. [t/yr]"""


def routes(
    base: Assignment, origin: str, destination: str, commodity: str = "container"
) -> tuple[int, float]:
    """
    Count the routes between two countries that share no link, and how much can flow.

    Parameters
    ----------
    base : Assignment
    origin, destination : str
        Countries, by id.
    commodity : str
        Whose modes and permissions hold.

    Returns
    -------
    n_routes : int
        Ways without a common link (Menger): as many links must shut to part the two.
    flow_t_yr : float
        Maximum flow under the capacities that the model knows or assumes, inf where none binds.
        [t/yr]

    Raises
    ------
    UnknownName
        If a country or a good is unknown.
    """
    virtual, cost = base.virtual, base.cost
    goods = list(cost.commodities["commodity_id"])
    if commodity not in goods:
        near = virtual.network.facts.names.nearest("commodity", commodity)
        raise UnknownName("commodity", commodity, near, "dependence --routes")
    zones = virtual.network.zones
    ends = []
    for territory, of_zone in (
        (origin, virtual.source_of_zone),
        (destination, virtual.sink_of_zone),
    ):
        here = [of_zone[z] for z in zones.loc[zones["territory_id"].eq(territory), "zone_id"]]
        if not here:
            near = virtual.network.facts.names.nearest("territory", territory)
            raise UnknownName("territory", territory, near, "dependence --routes")
        ends.append(here)
    is_open = np.isfinite(cost.usd[goods.index(commodity)])
    link, names = pd.factorize(virtual.arcs["link_id"].to_numpy(dtype=object))
    named = np.array([bool(n) for n in names])[link] & is_open
    graph = virtual.graph
    # a link is one, both ways: its arcs lead into a gate of their own and out of it
    shared = _through_gates(graph.tail, graph.head, link, named, is_open, graph.n_node)
    n_routes = _max_flow(*shared, ends[0], ends[1])
    room = np.full(graph.n_arc, float(_ENDLESS))
    delay = None if base.inputs is None else base.inputs.delay
    if delay is not None:
        known = (np.asarray(delay.law) != NONE) & np.isfinite(delay.capacity)
        room[known] = np.minimum(delay.capacity[known] / _UNIT_T, _ENDLESS)
    use = np.flatnonzero(is_open)
    most = _max_flow(
        graph.tail[use], graph.head[use], room[use].astype(np.int64), graph.n_node, ends[0], ends[1]
    )
    return n_routes, float("inf") if most >= _ENDLESS else most * _UNIT_T


def all_routes(
    base: Assignment, commodity: str = "container", territories: Sequence[str] | None = None
) -> pd.DataFrame:
    """
    Count routes and maximum flow between all pairs of some countries.

    Parameters
    ----------
    base : Assignment
    commodity : str
    territories : sequence of str, optional
        Default: those that a named corridor runs through.

    Returns
    -------
    DataFrame
        origin_id, origin, destination_id, destination, routes, flow_t_yr; see `routes`.

    Raises
    ------
    UnknownName
        If a country or a good is unknown.
    """
    network = base.virtual.network
    if territories is None:
        zoned = set(network.zones["territory_id"])
        territories = [x for x in corridor_territories(network.facts) if x in zoned]
    title = titles_of(base)
    rows = [
        (a, title.get(a, a), b, title.get(b, b), *routes(base, a, b, commodity))
        for a in territories
        for b in territories
        if a != b
    ]
    columns = ["origin_id", "origin", "destination_id", "destination", "routes", "flow_t_yr"]
    return pd.DataFrame(rows, columns=columns)


def _through_gates(
    tail: npt.NDArray[np.int32],
    head: npt.NDArray[np.int32],
    link: IntArray,
    named: npt.NDArray[np.bool_],
    is_open: npt.NDArray[np.bool_],
    n_node: int,
) -> tuple[IntArray, IntArray, IntArray, int]:
    """Give every link one gate of room 1 that its arcs pass; other arcs have room without end."""
    gates, at = np.unique(link[named], return_inverse=True)
    enter, leave = n_node + 2 * at, n_node + 2 * at + 1
    plain = is_open & ~named
    gate = n_node + 2 * np.arange(len(gates))
    froms = np.concatenate([tail[plain], tail[named], leave, gate])
    tos = np.concatenate([head[plain], enter, head[named], gate + 1])
    room = np.full(len(froms), _ENDLESS, np.int64)
    room[len(froms) - len(gate) :] = 1
    return froms.astype(np.int64), tos.astype(np.int64), room, n_node + 2 * len(gates)


def _max_flow(
    tail: npt.NDArray[np.integer],
    head: npt.NDArray[np.integer],
    room: IntArray,
    n_node: int,
    origins: list[int],
    destinations: list[int],
) -> int:
    """Maximum flow from some nodes to others, by scipy; parallel arcs add up."""
    source, sink = n_node, n_node + 1
    froms = np.concatenate([tail, np.full(len(origins), source), destinations])
    tos = np.concatenate([head, origins, np.full(len(destinations), sink)])
    rooms = np.concatenate([room, np.full(len(origins) + len(destinations), _ENDLESS)])
    n = n_node + 2
    keep = froms != tos
    table = coo_matrix((rooms[keep].astype(np.float64), (froms[keep], tos[keep])), (n, n)).tocsr()
    table.data = np.minimum(table.data, _ENDLESS)
    return int(maximum_flow(table.astype(np.int32), source, sink).flow_value)
