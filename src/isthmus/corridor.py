"""A corridor is a lens: the links along a named chain of nodes, as its proponents define it."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts
    from isthmus.network import Network

__all__ = ["corridor_chain_links", "corridor_links", "corridor_territories"]


def corridor_links(network: Network, links: pd.DataFrame | None = None) -> pd.DataFrame:
    """
    Return the links of each corridor.

    Consecutive nodes of a chain are joined by the shortest way [km] over links of the mode the
    chain names; where it names none, any mode. Status does not matter: a corridor may be a plan.

    Parameters
    ----------
    network : Network
    links : DataFrame, optional
        Links that chains may run over; default is all of the network.

    Returns
    -------
    DataFrame
        corridor_id, branch, sequence, link_id. A leg with no way at all has an empty `link_id`:
        `isthmus check` reports it.
    """
    return _chain_links(network.facts["corridor_nodes"], network.links if links is None else links)


def corridor_chain_links(facts: Facts, links: pd.DataFrame, corridor_id: str) -> list[str]:
    """Return the link ids of one corridor over a table of links."""
    nodes = facts["corridor_nodes"]
    found = _chain_links(nodes[nodes["corridor_id"].eq(corridor_id)], links)
    return [link for link in found["link_id"] if link]


def corridor_territories(facts: Facts) -> list[str]:
    """Return the ids of the territories and seas that any named corridor runs through, sorted."""
    territories = facts["nodes"].set_index("node_id")["territory_id"]
    return sorted(set(territories.reindex(facts["corridor_nodes"]["node_id"]).dropna()))


def _chain_links(corridor_nodes: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    neighbours: dict[str, list[tuple[str, str, str, float]]] = {}
    columns = ["link_id", "from_node_id", "to_node_id", "mode", "length_km"]
    for link, a, b, mode, km in links[columns].itertuples(index=False):
        neighbours.setdefault(a, []).append((b, link, mode, km))
        neighbours.setdefault(b, []).append((a, link, mode, km))
    rows = []
    chains = corridor_nodes.sort_values(["corridor_id", "branch", "sequence"])
    for (corridor, branch), chain in chains.groupby(["corridor_id", "branch"], sort=False):
        legs = zip(
            chain["node_id"], chain["node_id"].iloc[1:], chain["mode"].iloc[1:], strict=False
        )
        for sequence, (a, b, mode) in enumerate(legs):
            for link in _shortest(neighbours, a, b, mode) or [""]:
                rows.append((corridor, branch, sequence, link))
    frame = pd.DataFrame(rows, columns=["corridor_id", "branch", "sequence", "link_id"])
    return frame.drop_duplicates(["corridor_id", "link_id"], ignore_index=True)


def _shortest(
    neighbours: dict[str, list[tuple[str, str, str, float]]], a: str, b: str, mode: str
) -> list[str]:
    """Return the links of the shortest way between two nodes [km], empty if there is none."""
    best: dict[str, tuple[float, str, str]] = {a: (0.0, "", "")}
    queue = [(0.0, a)]
    while queue:
        at, node = heapq.heappop(queue)
        if node == b:
            links = []
            while node != a:
                _, node, link = best[node]
                links.append(link)
            return links[::-1]
        if at > best[node][0]:
            continue
        for other, link, link_mode, km in neighbours.get(node, []):
            if mode and link_mode != mode:
                continue
            if other not in best or at + km < best[other][0]:
                best[other] = (at + km, node, link)
                heapq.heappush(queue, (at + km, other))
    return []
