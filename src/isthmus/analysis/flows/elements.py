"""What can be taken away from a network as one: elements, each with the arcs it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.corridor import corridor_links
from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["KINDS", "Elements", "elements_of"]

IntArray = npt.NDArray[np.int64]

KINDS = ("link", "crossing", "terminal", "corridor", "territory", "sea", "passage")
"""What is taken away. A crossing is a border place or a port, all its modes and both ways; a terminal all that
changes mode or gauge at a place; a corridor all links of its chain, whoever uses them, but for ocean routes, which
share their seas with each other: their straits are passages; a territory all that lies in it, its own trade included."""


@dataclass(frozen=True)
class Elements:
    """
    Elements of a network and their arcs.

    Parameters
    ----------
    table : DataFrame
        kind, element_id, name.
    arcs : list of ndarray of int
        Positions in the graph, by row of the table.
    """

    table: pd.DataFrame
    arcs: list[IntArray]


def elements_of(base: Assignment, kinds: Sequence[str] = KINDS) -> Elements:
    """
    List what can be taken away, with the open arcs it stands for.

    Parameters
    ----------
    base : Assignment
    kinds : sequence of str
        Of `KINDS`.

    Returns
    -------
    Elements

    Raises
    ------
    InputError
        If a kind is unknown.
    """
    faults = [
        Fault("kind", f'"{k}" is none.', f"One of {', '.join(KINDS)}.")
        for k in kinds
        if k not in KINDS
    ]
    if faults:
        raise InputError(faults)
    network, arcs = base.virtual.network, base.virtual.arcs
    facts = network.facts
    is_open = arcs["is_open"].to_numpy(dtype=bool)
    kind = arcs["kind"].to_numpy(dtype=object)
    states = set(facts["territories"].query("kind == 'state'")["territory_id"])
    ashore = (arcs["territory_id"].isin(states) | arcs["from_territory_id"].isin(states)).to_numpy()
    territories = facts["territories"].set_index("territory_id")
    places = network.nodes.set_index("node_id")["name"]
    columns = {
        "link": ("link_id", is_open, network.links.set_index("link_id")["name"]),
        "crossing": ("node_id", is_open & (kind == "cross") & ashore, places),
        "terminal": ("node_id", is_open & (kind == "transfer"), places),
        "territory": (
            "territory_id",
            is_open & arcs["territory_id"].map(territories["kind"]).eq("state").to_numpy(),
            territories["name"],
        ),
        "sea": (
            "territory_id",
            is_open & ~arcs["territory_id"].map(territories["kind"]).eq("state").to_numpy(),
            territories["name"],
        ),
        "passage": ("passage_id", is_open, facts["passages"].set_index("passage_id")["name"]),
    }
    rows: list[tuple[str, str, str]] = []
    found: list[IntArray] = []
    links: dict[str, IntArray] = {}
    for wanted in dict.fromkeys(kinds):
        if wanted == "corridor":
            if not links:
                links = dict(_grouped(arcs["link_id"], is_open))
            chains = corridor_links(network)
            titles = facts["corridors"].set_index("corridor_id")["name"]
            mode = network.links.set_index("link_id")["mode"]
            for name, chain in chains.groupby("corridor_id", sort=True):
                if chain["link_id"].map(mode).isin(["sea"]).all():
                    continue
                pieces = [links[x] for x in chain["link_id"] if x in links]
                if pieces:
                    rows.append((wanted, str(name), str(titles[name])))
                    found.append(np.concatenate(pieces))
            continue
        column, where, title = columns[wanted]
        for name, positions in _grouped(arcs[column], where):
            rows.append((wanted, name, str(title.get(name, name))))
            found.append(positions)
    return Elements(pd.DataFrame(rows, columns=["kind", "element_id", "name"]), found)


def _grouped(column: pd.Series, where: npt.NDArray[np.bool_]) -> list[tuple[str, IntArray]]:
    """Positions of the arcs of each name of a column; those without a name are left out."""
    rows = np.flatnonzero(where & column.ne("").to_numpy(dtype=bool))
    codes, names = pd.factorize(column.to_numpy(dtype=object)[rows], sort=True)
    order = np.argsort(codes, kind="stable")
    cuts = np.cumsum(np.bincount(codes, minlength=len(names)))[:-1]
    return [
        (str(n), np.asarray(p, np.int64))
        for n, p in zip(names, np.split(rows[order], cuts), strict=True)
    ]
