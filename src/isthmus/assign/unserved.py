"""Why tonnes stay behind: the fewest closed elements that would have to open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.assign.base import Trips
from isthmus.assign.least_cost import least_cost_paths

if TYPE_CHECKING:
    from isthmus.cost.model import ArcCost
    from isthmus.virtual import VirtualNetwork

__all__ = ["closed_elements", "element_names", "unserved_reasons"]

_PER_CLOSED = 1e7
"""Added to the cost of a closed arc, so that a way past the fewest of them is the cheapest."""

_NOT_BUILT = ("planned", "under_construction", "destroyed", "")


def closed_elements(
    virtual: VirtualNetwork, cost: ArcCost, trips: Trips
) -> list[tuple[str, ...] | None]:
    """
    Return, for each trip, the closed elements on the route that passes the fewest of them.

    What bars the trade alone counts as closed; it is named ``restriction:<id>``.

    Parameters
    ----------
    virtual : VirtualNetwork
    cost : ArcCost
    trips : Trips

    Returns
    -------
    list
        Ids of links, crossings and terminals and ``territory:<id>``; None where no route exists even
        with everything open.
    """
    arcs = virtual.arcs
    status = dict(zip(virtual.network.links.link_id, virtual.network.links.status, strict=True))
    unbuilt = (
        arcs["link_id"].map(status).isin(_NOT_BUILT).to_numpy() & arcs["kind"].eq("move").to_numpy()
    )
    modes = [{m.strip() for m in str(text).split(";")} for text in cost.commodities["modes"]]
    free = arcs["kind"].isin(["access", "egress"]).to_numpy()
    can = np.array([free | arcs["mode"].isin(m).to_numpy() for m in modes])
    closed = can & ~cost.allowed
    penalty = np.where(closed, _PER_CLOSED, 0.0) + np.where(closed & unbuilt, 3 * _PER_CLOSED, 0.0)
    as_if_open = np.where(can, cost.usd_if_open + penalty, np.inf)
    barred = np.where(arcs["is_open"].to_numpy(dtype=bool), cost.barred_by, -1)
    restriction = [f"restriction:{i}" for i in virtual.network.restrictions["restriction_id"]]
    element = _elements(arcs)
    found: list[tuple[str, ...] | None] = []
    for path, k in zip(
        least_cost_paths(virtual.graph, as_if_open, trips), trips.klass, strict=True
    ):
        if path is None:
            found.append(None)
            continue
        shut = path[closed[k, path]]
        by = barred[k, shut]
        names = [
            restriction[row] if row >= 0 else element[a] for a, row in zip(shut, by, strict=True)
        ]
        found.append(tuple(dict.fromkeys(names)))
    return found


def element_names(arcs: pd.DataFrame, rows: npt.NDArray[np.int64]) -> tuple[str, ...]:
    """Return the ids of the links, crossings and terminals that some arcs stand for, each once."""
    return tuple(dict.fromkeys(_elements(arcs.iloc[rows])))


def _elements(arcs: pd.DataFrame) -> list[str]:
    """Return the id of what each arc stands for: a link, a crossing, a terminal or a territory."""
    out = "territory:" + arcs["territory_id"].astype(object)
    for column in ("terminal_id", "crossing_id", "link_id"):
        ids = arcs[column].astype(object)
        out = ids.where(ids.ne(""), out)
    return list(out)


def unserved_reasons(
    virtual: VirtualNetwork,
    cost: ArcCost,
    table: pd.DataFrame,
    trips: Trips,
    unserved: npt.NDArray[np.float64],
) -> pd.DataFrame:
    """
    Return the tonnes without a path, each with the reason.

    Parameters
    ----------
    virtual : VirtualNetwork
    cost : ArcCost
    table : DataFrame
        Rows of `Assignment.trips`.
    trips : Trips
    unserved : ndarray, shape (n_trip,)
        [t/yr]

    Returns
    -------
    DataFrame
        commodity_id, origin_zone_id, destination_zone_id, tonnes_t_yr [t/yr], reason, cut. `cut`
        holds ids separated by "; ".
    """
    rows = np.flatnonzero(unserved > 0)
    columns = ["commodity_id", "origin_zone_id", "destination_zone_id"]
    frame = table.loc[rows, columns].reset_index(drop=True)
    frame["tonnes_t_yr"] = unserved[rows]
    if not len(rows):
        return frame.assign(reason="", cut="")
    cuts = closed_elements(virtual, cost, trips.take(rows))
    shut = virtual.network.closed_territories
    reasons = []
    for cut in cuts:
        if cut is None:
            reasons.append("no route by the modes this commodity uses")
        elif all(c.startswith("restriction:") for c in cut):
            reasons.append("barred to this trade")
        elif shut & {c.removeprefix("territory:") for c in cut}:
            reasons.append("the trade of this territory is closed")
        else:
            reasons.append("cut by closed elements")
    frame["reason"] = reasons
    frame["cut"] = ["" if cut is None else "; ".join(cut) for cut in cuts]
    return frame
