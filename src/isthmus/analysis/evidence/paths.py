"""The model's own way between two places, past waypoints, on a date: for validation."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isthmus.assign.least_cost import shortest_tree
from isthmus.kernels.graph import build_graph
from isthmus.network import Network
from isthmus.virtual import VirtualNetwork, expand
from isthmus.vocab import MODES

if TYPE_CHECKING:
    from isthmus.cost.model import ArcCost, GeneralizedCost

__all__ = ["Route", "Routes"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Route:
    """
    One way through the virtual network of a date.

    Parameters
    ----------
    virtual : VirtualNetwork
    cost : ArcCost
    arcs : ndarray of int
        Arcs in order.
    k : int
        Commodity position.
    """

    virtual: VirtualNetwork = field(repr=False)
    cost: ArcCost = field(repr=False)
    arcs: IntArray
    k: int

    @property
    def kind(self) -> npt.NDArray[np.object_]:
        """Kind of each arc."""
        return np.asarray(self.virtual.arcs["kind"].to_numpy(dtype=object)[self.arcs], dtype=object)

    @property
    def km(self) -> float:
        """Length of the links passed. [km]"""
        km = self.virtual.arcs["length_km"].to_numpy(dtype=float)[self.arcs]
        return float(km[self.kind == "move"].sum())

    @property
    def modes(self) -> str:
        """Modes in order, each once."""
        mode = self.virtual.arcs["mode"].to_numpy(dtype=object)[self.arcs]
        return "+".join(dict.fromkeys(str(m) for m in mode[self.kind == "move"]))

    def parts(self, attribute: str) -> dict[str, FloatArray]:
        """Return the components of an attribute along the way, name → value of each arc."""
        return {
            name: values[self.k, self.arcs]
            for name, values in self.cost.components.items()
            if self.cost.attribute_of[name] == attribute
        }


class Routes:
    """
    Ways on any date, each network built once.

    Parameters
    ----------
    network : Network
    cost : GeneralizedCost
    """

    def __init__(self, network: Network, cost: GeneralizedCost) -> None:
        self.network = network
        self.model = cost
        self.on = lru_cache(maxsize=6)(self._on)

    def _on(self, date: str) -> tuple[VirtualNetwork, ArcCost]:
        network = self.network
        virtual = expand(network if date == network.date else Network.at(network.facts, date))
        return virtual, self.model.of(virtual)

    def find(
        self,
        start: frozenset[str],
        end: frozenset[str],
        *,
        date: str,
        commodity: str = "container",
        modes: frozenset[str] = frozenset(),
        via: tuple[frozenset[str], ...] = (),
        any_order: bool = False,
        shut: frozenset[str] = frozenset(),
        by_length: bool = False,
        built: bool = True,
    ) -> Route | None:
        """
        Return the best way, or None.

        Parameters
        ----------
        start, end : frozenset of str
            Nodes to begin and end at; several are a choice.
        date : str
        commodity : str
        modes : frozenset of str
            Allowed modes; empty allows those of the commodity.
        via : tuple of frozenset of str
            Waypoints in order, each a choice of nodes.
        any_order : bool
            Whether the waypoints may be passed in the opposite order.
        shut : frozenset of str
            Passages (``#suez``) and territories (``@RUS``) gone round.
        by_length : bool
            The shortest instead of the cheapest.
        built : bool
            Take only what was open; otherwise links and borders of any status.
        """
        virtual, cost = self.on(date)
        k = cost.position(commodity)
        arcs = virtual.arcs
        mode = arcs["mode"].to_numpy(dtype=object)
        moving = arcs["kind"].eq("move").to_numpy()
        allowed = (
            ~moving | np.isin(mode, sorted(modes)) if modes else np.ones(len(arcs), dtype=bool)
        )
        allowed &= ~("#" + arcs["passage_id"]).isin(shut).to_numpy()
        allowed &= ~("@" + arcs["territory_id"]).isin(shut).to_numpy()
        allowed &= ~arcs["kind"].isin(["access", "egress"]).to_numpy()
        if built:
            allowed &= arcs["is_open"].to_numpy(dtype=bool)
        if by_length:
            km = np.where(moving, arcs["length_km"].to_numpy(dtype=float), 0.1)
            price = np.where(allowed & np.isfinite(km), km, np.inf)
        else:
            price = np.where(allowed, cost.usd_if_open[k], np.inf)
            price[~cost.allowed[k] & arcs["is_open"].to_numpy(dtype=bool)] = np.inf
        best: tuple[float, IntArray] | None = None
        orders = [via, via[::-1]] if any_order and len(via) > 1 else [via]
        for order in orders:
            found = _layered(virtual, price, start, end, order)
            if found is not None and (best is None or found[0] < best[0]):
                best = found
        return None if best is None else Route(virtual, cost, best[1], k)


def _ends(virtual: VirtualNetwork, nodes: frozenset[str], ends: dict[str, int]) -> list[int]:
    """Return the stops where shipments of these places begin or end, else any of their stops."""
    found = [ends[n] for n in sorted(nodes) if n in ends]
    return found or _stops(virtual, nodes)


def _stops(virtual: VirtualNetwork, places: frozenset[str]) -> list[int]:
    """Return the stops at nodes, in territories (``@``) or at the ends of passages (``#``)."""
    passages = {p[1:] for p in places if p.startswith("#")}
    ends = virtual.arcs.loc[virtual.arcs["passage_id"].isin(passages), ["node_id", "to_node_id"]]
    nodes = places | set(ends.to_numpy().ravel())
    return [
        i
        for i, s in enumerate(virtual.stops)
        if s.mode in MODES and (s.node_id in nodes or f"@{s.territory_id}" in places)
    ]


def _layered(
    virtual: VirtualNetwork,
    price: FloatArray,
    start: frozenset[str],
    end: frozenset[str],
    via: tuple[frozenset[str], ...],
) -> tuple[float, IntArray] | None:
    """Return cost and arcs of the best way past the waypoints: one layer of the graph for each."""
    n, m, layers = virtual.n_stop, virtual.n_arc, len(via) + 1
    tails = [virtual.graph.tail.astype(np.int64) + layer * n for layer in range(layers)]
    heads = [virtual.graph.head.astype(np.int64) + layer * n for layer in range(layers)]
    prices = [price] * layers
    source, sink = layers * n, layers * n + 1
    begin = _ends(virtual, start, virtual.source_of_node)
    finish = _ends(virtual, end, virtual.sink_of_node)
    steps = [(source, i) for i in begin] + [(i + (layers - 1) * n, sink) for i in finish]
    for layer, nodes in enumerate(via):
        steps += [(i + layer * n, i + (layer + 1) * n) for i in _stops(virtual, nodes)]
    extra = np.array(steps, dtype=np.int64).reshape(-1, 2)
    tail = np.concatenate([*tails, extra[:, 0]]).astype(np.int32)
    head = np.concatenate([*heads, extra[:, 1]]).astype(np.int32)
    cost = np.concatenate([*prices, np.zeros(len(extra))])
    graph, order = build_graph(tail, head, layers * n + 2)
    dist, last = shortest_tree(graph, cost[order], source)
    if not np.isfinite(dist[sink]):
        return None
    arcs, at = [], sink
    while at != source:
        arc = int(last[at])
        arcs.append(int(order[arc]))
        at = int(graph.tail[arc])
    real = [a % m for a in reversed(arcs) if a < layers * m]
    return float(dist[sink]), np.array(real, dtype=np.int64)
