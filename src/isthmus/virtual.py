"""
The virtual network: real nodes and links expanded to what freight does.

Directed arcs *access, load, move, cross, transfer, unload, egress* between *stops*; a stop is a
place on one mode, one gauge and one side of a border. Ids are left here and come back through
`VirtualNetwork.arcs`: nobody else translates.

References
----------
.. [1] B. Jourquin and M. Beuthe, "Transportation policy analysis with a geographic information
   system: the virtual network of freight transportation in Europe", Transportation Research C
   4(6), 1996, 359-371. Differs in: border crossings are arcs of their own, and gauges are stops.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from isthmus.kernels.graph import Graph, build_graph
from isthmus.vocab import FREIGHT_MODES

if TYPE_CHECKING:
    from isthmus.network import Network

__all__ = ["Builder", "Stop", "VirtualNetwork", "expand", "is_text"]

_LOADED = ("rail", "road", "sea", "inland_water")
"""Modes on which a shipment can begin or end; ferries take lorries and wagons, not goods."""

_FACTORS = ["delay_factor", "spread_factor", "fee_factor"]
"""What a regime multiplies."""

_COLUMNS = (
    "link_id", "crossing_id", "terminal_id", "passage_id", "operator_id", "control_id", "regime",
    "from_territory_id", "from_mode", "from_gauge_mm", "to_mode", "to_gauge_mm", "method", "forward",
    "length_km", "capacity_t_yr", "tracks",
)  # fmt: skip


_OF_LINK = (
    "operator_id", "control_id", "passage_id", "length_km", "free_speed_km_h", "wait_h",
    "capacity_t_yr", "source_id",
)  # fmt: skip
_OF_STOP = (
    "operator_id", "control_id", "delay_p50_h", "delay_p90_h", "fee_usd_t", "capacity_t_yr",
    "source_id",
)  # fmt: skip


class Stop(NamedTuple):
    """A place on one mode, one gauge [mm, 0 = none] and one side of a border."""

    node_id: str
    mode: str
    gauge_mm: int
    territory_id: str


@dataclass(frozen=True)
class VirtualNetwork:
    """
    The network expanded for routing.

    Parameters
    ----------
    network : Network
    graph : Graph
        Arrays `indptr`, `head`, `tail`; the position of an arc is its id.
    arcs : DataFrame
        One row an arc, in the order of the graph: kind, mode, link_id, crossing_id, terminal_id,
        node_id, to_node_id, territory_id, operator_id, control_id, passage_id, length_km, is_open,
        source_id and what the cost terms need.
    stops : list of Stop
        Position is the node of the graph.
    source : Network
        The network as it was given, other modes among it.
    modes : frozenset of str
        Those that `network` was cut down to.
    """

    network: Network = field(repr=False)
    graph: Graph = field(repr=False)
    arcs: pd.DataFrame = field(repr=False)
    stops: list[Stop] = field(repr=False)
    source: Network = field(repr=False)
    modes: frozenset[str] = frozenset()

    @cached_property
    def source_of_zone(self) -> dict[str, int]:
        """Stop where the trade of a zone begins."""
        return self._ends("zone source")

    @cached_property
    def sink_of_zone(self) -> dict[str, int]:
        """Stop where the trade of a zone ends."""
        return self._ends("zone sink")

    @cached_property
    def source_of_node(self) -> dict[str, int]:
        """Stop where a shipment from a place begins."""
        return self._ends("source")

    @cached_property
    def sink_of_node(self) -> dict[str, int]:
        """Stop where a shipment to a place ends."""
        return self._ends("sink")

    def _ends(self, mode: str) -> dict[str, int]:
        return {s.node_id: i for i, s in enumerate(self.stops) if s.mode == mode}

    @cached_property
    def arcs_of(self) -> dict[tuple[str, str], list[int]]:
        """Positions of the arcs of each link, crossing and terminal, by table and id."""
        found: dict[tuple[str, str], list[int]] = {}
        for table, column in (
            ("links", "link_id"), ("crossings", "crossing_id"), ("terminals", "terminal_id")
        ):  # fmt: skip
            for i, name in enumerate(self.arcs[column].to_list()):
                if name:
                    found.setdefault((table, name), []).append(i)
        return found

    @property
    def n_arc(self) -> int:
        """Number of arcs."""
        return len(self.arcs)

    @property
    def n_stop(self) -> int:
        """Number of stops."""
        return len(self.stops)


def is_text(column: str) -> bool:
    """Return whether a column of arcs holds text, empty where nothing is known."""
    return column.endswith("_id") or column in ("mode", "regime", "method", "from_mode", "to_mode")


def expand(network: Network, modes: Collection[str] = FREIGHT_MODES) -> VirtualNetwork:
    """
    Expand a network to its virtual network.

    Closed elements become arcs too, marked not open, so that a cut can be named.

    Parameters
    ----------
    network : Network
    modes : collection of str
        Links, crossings and terminals of other modes are left out: freight knows no pipes.

    Returns
    -------
    VirtualNetwork
    """
    builder = Builder(network.of_modes(modes))
    builder.source, builder.modes = network, frozenset(modes)
    builder.move()
    builder.cross_stops()
    builder.transfer()
    builder.cross()
    builder.ends()
    return builder.finish()


class Builder:
    """Collects stops and arcs; each verb adds one kind."""

    def __init__(self, network: Network) -> None:
        self.network = self.source = network
        self.modes: frozenset[str] = frozenset()
        self.index: dict[Stop, int] = {}
        self.rows: list[dict[str, object]] = []
        self.territory = dict(zip(network.nodes.node_id, network.nodes.territory_id, strict=True))
        self.shut = network.closed_territories
        self.regimes = network.regimes.set_index("regime")[_FACTORS].to_dict("index")
        self.factors: dict[tuple[str, str], dict[str, float]] = {}

    def stop(self, *key: object) -> int:
        """Return the position of a stop, a new one if there is none."""
        return self.index.setdefault(Stop(*key), len(self.index))  # type: ignore[arg-type]

    @property
    def _by_place(self) -> dict[tuple[str, str], list[Stop]]:
        found: dict[tuple[str, str], list[Stop]] = {}
        for s in self.index:
            found.setdefault((s.node_id, s.mode), []).append(s)
        return found

    def of_link(self, row: dict[Any, Any]) -> dict[str, object]:
        """Return what the arcs of a link hold that may change where the graph does not."""
        return {
            **{c: row[c] for c in _OF_LINK},
            "tracks": np.nan if pd.isna(row["tracks"]) else float(row["tracks"]),
            "is_open": bool(row["is_open"]) and row["territory_id"] not in self.shut,
        }

    def of_crossing(self, row: dict[Any, Any]) -> dict[str, object]:
        """Return what the arcs of a crossing hold that may change where the graph does not."""
        shut = {row["from_territory_id"], row["to_territory_id"]} & self.shut
        return {
            **{c: row[c] for c in (*_OF_STOP, "regime")},
            "is_open": bool(row["is_open"]) and not shut,
            **self._factors(row["regime"], row["surveyed_regime"] or "normal"),
        }

    def of_terminal(self, row: dict[Any, Any]) -> dict[str, object]:
        """Return what the arcs of a terminal hold that may change where the graph does not."""
        shut = self.territory[row["node_id"]] in self.shut
        return {
            **{c: row[c] for c in (*_OF_STOP, "method")},
            "is_open": bool(row["is_open"]) and not shut,
        }

    def arc(self, kind: str, tail: int, head: int, **facts: object) -> None:
        """Add an arc."""
        self.rows.append({"kind": kind, "tail": tail, "head": head, **facts})

    def move(self) -> None:
        """Add links."""
        links = self.network.links
        for link in links.to_dict("records"):
            gauge = (
                0 if pd.isna(link["gauge_mm"]) or link["mode"] != "rail" else int(link["gauge_mm"])
            )
            a = self.stop(link["from_node_id"], link["mode"], gauge, link["territory_id"])
            b = self.stop(link["to_node_id"], link["mode"], gauge, link["territory_id"])
            facts = self.of_link(link)
            both = [(a, b, "from_node_id", "to_node_id")]
            if not link["directed"]:
                both.append((b, a, "to_node_id", "from_node_id"))
            for tail, head, start, end in both:
                self.arc(
                    "move",
                    tail,
                    head,
                    mode=link["mode"],
                    gauge_mm=gauge,
                    link_id=link["link_id"],
                    node_id=link[start],
                    to_node_id=link[end],
                    territory_id=link["territory_id"],
                    forward=start == "from_node_id",
                    **facts,
                )

    def cross_stops(self) -> None:
        """Give both sides of every crossing a stop in each gauge that comes to it."""
        place = self._by_place
        for row in self.network.crossings.itertuples(index=False):
            for gauge in {s.gauge_mm for s in place.get((row.node_id, row.mode), [])} or {0}:
                self.stop(row.node_id, row.mode, gauge, row.from_territory_id)
                self.stop(row.node_id, row.mode, gauge, row.to_territory_id)

    def cross(self) -> None:
        """Add crossings."""
        place = self._by_place
        for row in self.network.crossings.to_dict("records"):
            sides = place.get((row["node_id"], row["mode"]), [])
            gauges = {s.gauge_mm for s in sides if s.territory_id == row["from_territory_id"]} & {
                s.gauge_mm for s in sides if s.territory_id == row["to_territory_id"]
            }
            facts = self.of_crossing(row)
            for gauge in sorted(gauges):
                self.arc(
                    "cross",
                    self.stop(row["node_id"], row["mode"], gauge, row["from_territory_id"]),
                    self.stop(row["node_id"], row["mode"], gauge, row["to_territory_id"]),
                    mode=row["mode"],
                    gauge_mm=gauge,
                    crossing_id=row["crossing_id"],
                    node_id=row["node_id"],
                    to_node_id=row["node_id"],
                    territory_id=row["to_territory_id"],
                    from_territory_id=row["from_territory_id"],
                    **facts,
                )

    def _factors(self, regime: str, surveyed: str) -> dict[str, float]:
        """Factors of a regime against the one the hours were surveyed under; 1 for a shut one."""
        known = self.factors.get((regime, surveyed))
        if known is None:
            now, then = self.regimes.get(regime, {}), self.regimes.get(surveyed, {})
            known = {c: _ratio(now.get(c, np.nan), then.get(c, np.nan)) for c in _FACTORS}
            self.factors[regime, surveyed] = known
        return known

    def transfer(self) -> None:
        """Add terminals."""
        place = self._by_place
        for row in self.network.terminals.to_dict("records"):
            node = row["node_id"]
            territory = self.territory[node]
            for a in self._gauges(row["from_mode"], row["from_gauge_mm"], place, node):
                for b in self._gauges(row["to_mode"], row["to_gauge_mm"], place, node):
                    tail = self.stop(node, row["from_mode"], a, territory)
                    head = self.stop(node, row["to_mode"], b, territory)
                    self._transfer_arc(row, territory, tail, head, a, b, forward=True)
                    if row["both_ways"]:
                        self._transfer_arc(row, territory, head, tail, b, a, forward=False)

    @staticmethod
    def _gauges(
        mode: str, gauge: object, place: dict[tuple[str, str], list[Stop]], node: str
    ) -> list[int]:
        """Return the gauge a terminal row names, or every gauge that comes to the place."""
        if mode != "rail":
            return [0]
        if not pd.isna(gauge):
            return [int(gauge)]  # type: ignore[call-overload]
        return sorted({s.gauge_mm for s in place.get((node, "rail"), [])})

    def _transfer_arc(
        self,
        row: dict[str, object],
        territory: str,
        tail: int,
        head: int,
        gauge: int,
        to_gauge: int,
        *,
        forward: bool,
    ) -> None:
        if tail == head:
            return
        self.arc(
            "transfer",
            tail,
            head,
            mode=row["to_mode"] if forward else row["from_mode"],
            from_mode=row["from_mode"] if forward else row["to_mode"],
            to_mode=row["to_mode"] if forward else row["from_mode"],
            gauge_mm=to_gauge,
            from_gauge_mm=gauge,
            to_gauge_mm=to_gauge,
            terminal_id=row["terminal_id"],
            node_id=row["node_id"],
            to_node_id=row["node_id"],
            territory_id=territory,
            forward=forward,
            **self.of_terminal(row),
        )

    def ends(self) -> None:
        """Zones and places: where shipments begin and end."""
        place = self._by_place
        for zone in self.network.zones["zone_id"]:
            self.stop(zone, "zone source", 0, "")
            self.stop(zone, "zone sink", 0, "")
        kind = dict(
            zip(self.network.nodes["node_id"], self.network.nodes["node_type"], strict=True)
        )
        for node, territory in self.territory.items():
            if kind[node] in ("sea_point", "strait"):
                continue
            here = {"node_id": node, "to_node_id": node, "territory_id": territory}
            self._load(place, node, "", "source", "sink", here)
        for row in self.network.connectors.to_dict("records"):
            node, zone = row["node_id"], row["zone_id"]
            territory = self.territory[node]
            facts = {
                "mode": "road",
                "node_id": node,
                "to_node_id": node,
                "territory_id": territory,
                "length_km": row["access_km"],
                "is_open": territory not in self.shut,
                "source_id": row["source_id"],
            }
            only = str(row["modes"])
            start, end = (
                f"source of {zone}" if only else "source",
                f"sink of {zone}" if only else "sink",
            )
            if only:
                self._load(place, node, only, start, end, facts)
            self.arc(
                "access",
                self.stop(zone, "zone source", 0, ""),
                self.stop(node, start, 0, territory),
                **facts,
            )
            self.arc(
                "egress",
                self.stop(node, end, 0, territory),
                self.stop(zone, "zone sink", 0, ""),
                **facts,
            )

    def _load(
        self,
        place: dict[tuple[str, str], list[Stop]],
        node: str,
        only: str,
        start: str,
        end: str,
        facts: dict[str, object],
    ) -> None:
        territory = self.territory[node]
        wanted = {m.strip() for m in only.split(";")} if only else set(_LOADED)
        keep = {k: v for k, v in facts.items() if k not in ("mode", "length_km", "source_id")}
        keep["is_open"] = territory not in self.shut
        for mode in _LOADED:
            if mode not in wanted:
                continue
            for s in place.get((node, mode), []):
                if s.territory_id != territory:
                    continue
                extra = {**keep, "mode": mode, "gauge_mm": s.gauge_mm}
                self.arc("load", self.stop(node, start, 0, territory), self.index[s], **extra)
                self.arc("unload", self.index[s], self.stop(node, end, 0, territory), **extra)

    def finish(self) -> VirtualNetwork:
        """Put arcs in the order of the graph."""
        arcs = pd.DataFrame(self.rows)
        # a network without terminals or links has the same columns
        arcs = arcs.reindex(columns=list(dict.fromkeys([*arcs.columns, *_COLUMNS])))
        text = [c for c in arcs if is_text(c)]
        arcs[text] = arcs[text].astype(object).fillna("")
        graph, order = build_graph(
            arcs["tail"].to_numpy(np.int32), arcs["head"].to_numpy(np.int32), len(self.index)
        )
        arcs = arcs.drop(columns=["tail", "head"]).iloc[order].reset_index(drop=True)
        arcs["is_open"] = arcs["is_open"].astype(bool)
        stops = list(self.index)
        return VirtualNetwork(self.network, graph, arcs, stops, self.source, self.modes)


def _ratio(now: float, then: float) -> float:
    """Return a factor against another, 1 where one is unknown or the other is none."""
    return float(now / then) if now == now and then == then and then > 0 else 1.0
