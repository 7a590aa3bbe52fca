"""What a report draws on its maps: links, nodes, crossings and disputed areas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from isthmus.analysis.flows import Comparison

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["crossings_of", "disputed_of", "links_of", "nodes_of"]


def links_of(comparison: Comparison, facts: Facts) -> pd.DataFrame:
    """Return the links that the maps draw."""
    frame = comparison.by("link")
    columns = ["link_id", "from_node_id", "to_node_id", "waypoints", "source_id"]
    both = [a.virtual.network.links[columns] for a in (comparison.new, comparison.base)]
    ends = pd.concat(both).drop_duplicates("link_id")
    place = _places(comparison)
    frame = frame.merge(ends, on="link_id", how="left")
    names = facts["territories"].set_index("territory_id")["name"]
    shown = place["name"]
    default = frame["from_node_id"].map(shown) + " – " + frame["to_node_id"].map(shown)
    return pd.DataFrame(
        {
            "link_id": frame["link_id"],
            "name": frame["name"].where(frame["name"].ne(""), default),
            "mode": frame["mode"],
            "from_lon": frame["from_node_id"].map(place["x_coord"]),
            "from_lat": frame["from_node_id"].map(place["y_coord"]),
            "to_lon": frame["to_node_id"].map(place["x_coord"]),
            "to_lat": frame["to_node_id"].map(place["y_coord"]),
            "waypoints": [_points(text) for text in frame["waypoints"]],
            "territory": frame["territory_id"].map(names).fillna(frame["territory_id"]),
            "status_base": frame["status_base"],
            "status_new": frame["status_new"],
            "flow_base": frame["flow_t_yr_base"],
            "flow_new": frame["flow_t_yr_new"],
            "capacity": frame["capacity_t_yr"],
            "source": frame["source_id"],
        }
    )


def _places(comparison: Comparison) -> pd.DataFrame:
    """Return the nodes of both networks: a scenario may have added some."""
    both = [a.virtual.network.nodes for a in (comparison.new, comparison.base)]
    return pd.concat(both).drop_duplicates("node_id").set_index("node_id")


def _points(text: object) -> list[tuple[float, float]]:
    """
    Return the points of a ``lon lat; lon lat`` cell.

    Examples
    --------
    >>> _points("49.4 40; 50 41.5")
    [(49.4, 40.0), (50.0, 41.5)]
    """
    pairs = (p.split() for p in str(text).split(";") if p.strip() and text == text)
    return [(float(x), float(y)) for x, y in pairs]


def nodes_of(facts: Facts, links: pd.DataFrame) -> pd.DataFrame:
    """Return the places that the maps draw."""
    nodes = facts["nodes"]
    local = [c for c in nodes if c.startswith("name_")]
    names = [
        " · ".join(dict.fromkeys(n for n in row if n))
        for row in nodes[local].itertuples(index=False)
    ]
    load = (
        pd.concat(
            [
                links[["from_lon", "from_lat", "flow_new"]].set_axis(["x", "y", "t"], axis=1),
                links[["to_lon", "to_lat", "flow_new"]].set_axis(["x", "y", "t"], axis=1),
            ]
        )
        .groupby(["x", "y"])["t"]
        .sum()
    )
    at = pd.MultiIndex.from_frame(nodes[["x_coord", "y_coord"]])
    return pd.DataFrame(
        {
            "name": nodes["name"],
            "lon": nodes["x_coord"],
            "lat": nodes["y_coord"],
            "node_type": nodes["node_type"],
            "local_names": names,
            "flow_new": np.nan_to_num(load.reindex(at).to_numpy(dtype=float)),
        }
    )


def crossings_of(comparison: Comparison) -> pd.DataFrame:
    """Return the border crossings that the maps draw."""
    frame = comparison.by("crossing")
    place = _places(comparison)
    frame = frame[frame["mode"].isin(["rail", "road"])]
    best = frame.assign(
        ends=[
            " – ".join(sorted(p))
            for p in zip(frame["from_territory_id"], frame["to_territory_id"], strict=True)
        ]
    )
    grouped = (
        best.groupby(["node_id", "mode"], sort=False)
        .agg(
            regime_base=("regime_base", "first"),
            regime_new=("regime_new", "first"),
            flow_base=("flow_t_yr_base", "sum"),
            flow_new=("flow_t_yr_new", "sum"),
        )
        .reset_index()
    )
    return pd.DataFrame(
        {
            "name": grouped["node_id"].map(place["name"]),
            "lon": grouped["node_id"].map(place["x_coord"]),
            "lat": grouped["node_id"].map(place["y_coord"]),
            **{
                c: grouped[c]
                for c in ("mode", "regime_base", "regime_new", "flow_base", "flow_new")
            },
        }
    )


def disputed_of(facts: Facts) -> pd.DataFrame:
    """Return the disputed areas, with who says what."""
    columns = ["area_id", "name", "un_usage", "positions"]
    frame = facts["disputed_areas"]
    return frame[columns].assign(
        lon=frame["x_coord"], lat=frame["y_coord"], outline=[_points(t) for t in frame["outline"]]
    )
