"""An assignment as frames to write: ids, positions and flows, without the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["FlowMap", "flow_map"]


@dataclass(frozen=True)
class FlowMap:
    """
    The network of an assignment with its flows.

    Parameters
    ----------
    links : DataFrame
        Columns of the data package, the ends as coordinates, and `flow_t_yr`, both directions and
        all commodities, with `flow_<commodity>_t_yr` for each.
    crossings : DataFrame
        One row a direction, with `lon`, `lat` and flows.
    nodes : DataFrame
        With `lon` and `lat`.
    disputed : DataFrame
    """

    links: pd.DataFrame = field(repr=False)
    nodes: pd.DataFrame = field(repr=False)
    crossings: pd.DataFrame = field(repr=False)
    disputed: pd.DataFrame = field(repr=False)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Frames for formats without geometry, links first."""
        return {"links": self.links, "crossings": self.crossings, "nodes": self.nodes}


def flow_map(assignment: Assignment) -> FlowMap:
    """
    Lay the arc flows of an assignment on links and crossings.

    Parameters
    ----------
    assignment : Assignment

    Returns
    -------
    FlowMap
        An element that carries nothing has flow 0; one that is shut keeps its row.
    """
    network = assignment.virtual.network
    nodes = network.nodes.rename(columns={"x_coord": "lon", "y_coord": "lat"})
    place = nodes.set_index("node_id")[["lon", "lat"]]
    links = network.links.merge(_flows(assignment, "link_id"), on="link_id", how="left")
    for end in ("from", "to"):
        at = place.reindex(links[f"{end}_node_id"])
        links[f"{end}_lon"], links[f"{end}_lat"] = at["lon"].to_numpy(), at["lat"].to_numpy()
    crossings = network.crossings.merge(
        _flows(assignment, "crossing_id"), on="crossing_id", how="left"
    )
    at = place.reindex(crossings["node_id"])
    crossings = crossings.assign(lon=at["lon"].to_numpy(), lat=at["lat"].to_numpy())
    disputed = network.facts["disputed_areas"]
    return FlowMap(
        links=_without_gaps(links),
        nodes=nodes,
        crossings=_without_gaps(crossings),
        disputed=disputed.rename(columns={"x_coord": "lon", "y_coord": "lat"}),
    )


def _flows(assignment: Assignment, key: str) -> pd.DataFrame:
    """Sum the flows of the arcs of each element, in all and by commodity."""
    arcs = assignment.virtual.arcs
    goods = [f"flow_{c}_t_yr" for c in assignment.cost.commodities["commodity_id"]]
    frame = pd.DataFrame(assignment.arc_flow).groupby(goods, sort=False).sum().T
    frame.insert(0, "flow_t_yr", assignment.arc_flow.sum(axis=0))
    frame.insert(0, key, arcs[key].to_numpy())
    named = frame[frame[key].notna() & frame[key].ne("")]
    return named.groupby(key, as_index=False, sort=True).sum()


def _without_gaps(frame: pd.DataFrame) -> pd.DataFrame:
    flows = [c for c in frame.columns if str(c).startswith("flow_")]
    return frame.fillna(dict.fromkeys(flows, 0.0))
