"""The bench of a network of the TNTP format: flows at equilibrium, costs held there, elements to take away."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isthmus.analysis.criticality.ground import Ground, ground
from isthmus.errors import Fault, InputError
from isthmus.formats.tntp import TntpNetwork, TntpTrips

__all__ = ["REMOVALS", "Bench", "bench"]


IntArray = npt.NDArray[np.int64]
REMOVALS = ("links", "arcs")
"""What is removed: all rows between two nodes, both ways; or one row of the file."""


@dataclass(frozen=True)
class Bench:
    """
    A TNTP network and its trips, cut into elements.

    Parameters
    ----------
    network : TntpNetwork
    trips : TntpTrips
    remove : {'links', 'arcs'}
    problem : Ground
    order : ndarray of int
        Row of the file of each arc.
    names : tuple of str
        Of each element: ``9-10``; for arcs ``9>10``, ``9>10#2`` for a second one in parallel.
    rows : tuple of tuple of int
        Rows of the file of each element.
    """

    network: TntpNetwork
    trips: TntpTrips
    remove: str
    problem: Ground
    order: IntArray
    names: tuple[str, ...]
    rows: tuple[tuple[int, ...], ...]

    def arcs(self, elements: tuple[int, ...]) -> list[list[int]]:
        """Return the rows of some elements as pairs of nodes."""
        rows = [r for e in elements for r in self.rows[e]]
        return [[int(self.network.tail[r]), int(self.network.head[r])] for r in rows]


def bench(
    network: TntpNetwork,
    trips: TntpTrips,
    *,
    remove: str = "links",
    toll_weight: float = 0.0,
    distance_weight: float = 0.0,
) -> Bench:
    """
    Lay out a TNTP problem at free-flow cost.

    Parameters
    ----------
    network : TntpNetwork
    trips : TntpTrips
    remove : {'links', 'arcs'}
    toll_weight, distance_weight : float
        Cost of a unit of toll and of length, in units of time.

    Returns
    -------
    Bench

    Raises
    ------
    InputError
        If a trip names a node that the network has not, or `remove` is unknown.
    """
    if remove not in REMOVALS:
        mend = f"One of {', '.join(REMOVALS)}."
        raise InputError([Fault("remove", f'"{remove}" cannot be removed.', mend, "remove")])
    if not (0.0 <= toll_weight < math.inf and 0.0 <= distance_weight < math.inf):
        what = f"{toll_weight:g} and {distance_weight:g}: not both finite and 0 or more."
        raise InputError([Fault("--toll-weight, --distance-weight", what, "", "weights")])
    zone = max(trips.origin.max(initial=0), trips.destination.max(initial=0))
    if zone > network.n_node:
        text = f"zone {zone} is no node of {network.path}, which has {network.n_node}."
        raise InputError(
            [Fault(str(trips.path), text, "Do the two files belong together?", "tntp-zone")]
        )
    graph, order = network.graph()
    label, names, rows = _elements(network, remove)
    problem = ground(
        graph,
        network.fixed_cost(toll_weight, distance_weight)[order],
        trips.trips(),
        label[order],
        max(network.first_through_node - 1, 0),
    )
    return Bench(network, trips, remove, problem, order, names, rows)


def _elements(
    network: TntpNetwork, remove: str
) -> tuple[IntArray, tuple[str, ...], tuple[tuple[int, ...], ...]]:
    """Return the element of each row of the file, their names and their rows."""
    known: dict[tuple[int, ...], int] = {}
    label = np.empty(network.n_link, np.int64)
    names: list[str] = []
    rows: list[list[int]] = []
    seen: dict[tuple[int, int], int] = {}
    for i, (a, b) in enumerate(zip(network.tail.tolist(), network.head.tolist(), strict=True)):
        key: tuple[int, ...] = (min(a, b), max(a, b)) if remove == "links" else (i,)
        if key not in known:
            known[key] = len(names)
            seen[a, b] = seen.get((a, b), 0) + 1
            more = f"#{seen[a, b]}" if remove == "arcs" and seen[a, b] > 1 else ""
            names.append(f"{key[0]}-{key[1]}" if remove == "links" else f"{a}>{b}{more}")
            rows.append([])
        label[i] = known[key]
        rows[known[key]].append(i)
    return label, tuple(names), tuple(tuple(r) for r in rows)
