"""
The virtual network of a change: that of its parent, with the arcs of a few elements written anew.

A scenario mostly opens, closes or improves what is there. Then stops and arcs stay where they are,
and it is enough to look at the rows of links, crossings and terminals that differ.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.network import cells_differ, differing_rows
from isthmus.virtual import Builder, VirtualNetwork, is_text

if TYPE_CHECKING:
    from isthmus.network import Network

__all__ = ["revise"]

_FIXED = {
    "links": ("link_id", "from_node_id", "to_node_id", "directed", "mode", "gauge_mm",
              "territory_id"),
    "crossings": ("crossing_id", "node_id", "mode", "from_territory_id", "to_territory_id"),
    "terminals": ("terminal_id", "node_id", "from_mode", "from_gauge_mm", "to_mode", "to_gauge_mm",
                  "both_ways"),
}  # fmt: skip
"""What decides which stops and arcs an element has, its name first."""
_MOST = 200
"""Rows beyond which all is expanded anew."""


def revise(
    network: Network, like: VirtualNetwork
) -> tuple[VirtualNetwork, npt.NDArray[np.int64]] | None:
    """
    Expand a network that differs from another in what its elements are like alone.

    Parameters
    ----------
    network : Network
    like : VirtualNetwork
        Of the parent.

    Returns
    -------
    virtual : VirtualNetwork
        What `expand` returns, with the graph of `like`.
    arcs : ndarray of int
        Arcs that were written anew.

    None if the networks differ in more, or in much: then `expand` has to do it.
    """
    old = like.source
    same = ("nodes", "zones", "connectors", "regimes")
    if (
        network.facts is not old.facts
        or network.closed_territories != old.closed_territories
        or any(getattr(network, t) is not getattr(old, t) for t in same)
    ):
        return None
    rows = {t: differing_rows(getattr(old, t), getattr(network, t)) for t in _FIXED}
    found = {t: r for t, r in rows.items() if r is not None}
    if len(found) < len(rows) or sum(map(len, found.values())) > _MOST:
        return None
    for table, changed in found.items():
        for column in _FIXED[table] if len(changed) else ():
            before, now = (getattr(n, table)[column].array for n in (old, network))
            if any(cells_differ(before[i], now[i]) for i in changed):
                return None
    kept = {t: getattr(like.network, t) for t, changed in found.items() if not len(changed)}
    cut = network.replace(**kept).of_modes(like.modes).replace(**kept)
    arcs, positions = _written(Builder(cut), network, found, like)
    return (
        VirtualNetwork(cut, like.graph, arcs, like.stops, network, like.modes),
        np.array(sorted(positions), dtype=np.int64),
    )


def _written(
    builder: Builder,
    network: Network,
    changed: dict[str, npt.NDArray[np.intp]],
    like: VirtualNetwork,
) -> tuple[pd.DataFrame, set[int]]:
    """Return the arcs with those of changed rows written anew, and which these are."""
    write: dict[str, Callable[[dict[Any, Any]], dict[str, object]]] = {
        "links": builder.of_link,
        "crossings": builder.of_crossing,
        "terminals": builder.of_terminal,
    }
    cells: dict[str, dict[int, object]] = {}
    positions: set[int] = set()
    for table, rows in changed.items():
        if not len(rows):
            continue
        columns = {str(c): column.array for c, column in getattr(network, table).items()}
        for i in rows:
            row = {c: column[i] for c, column in columns.items()}
            here = like.arcs_of.get((table, row[_FIXED[table][0]]), [])
            positions.update(here)
            for column, value in write[table](row).items():
                cells.setdefault(column, {}).update(dict.fromkeys(here, value))
    arcs = like.arcs.copy(deep=False)
    for column, values in cells.items():
        if values:
            arcs[column] = _with(like.arcs[column], values, is_text(column))
    return arcs, positions


def _with(column: pd.Series, values: dict[int, object], text: bool) -> pd.Series:
    """Return a column with other values in some rows."""
    out = column.to_numpy(copy=True)
    for i, value in values.items():
        out[i] = "" if text and pd.isna(value) else value
    return pd.Series(out, index=column.index, dtype=column.dtype)
