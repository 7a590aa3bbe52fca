"""Keys by which arcs of one network are found in another of the same facts."""

from __future__ import annotations

import pandas as pd

from isthmus.virtual import VirtualNetwork

__all__ = ["arc_keys"]

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
        [
            "|".join(map(str, trip_here)) + "@" + end
            for trip_here, end in zip(rows, ends, strict=True)
        ]
    )
