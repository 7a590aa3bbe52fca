"""Alternatives between two places: money, hours, CO2, territories crossed, sanctions exposure, leg by leg."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.analysis.flows.exposure import listed_arcs
from isthmus.assign.base import Trips
from isthmus.assign.route_generation import generate_routes
from isthmus.assign.unserved import closed_elements
from isthmus.errors import NoPath
from isthmus.virtual import VirtualNetwork, expand

if TYPE_CHECKING:
    from isthmus.cost.model import ArcCost, GeneralizedCost
    from isthmus.network import Network

__all__ = ["Z90", "Routes", "path_hours", "route"]

IntArray = npt.NDArray[np.int64]

Z90 = 1.2815515594
"""90th percentile of the standard normal."""

_ALIKE = 0.7
"""Two routes that share more than this part of the shorter one's length are one alternative."""


@dataclass(frozen=True)
class Routes:
    """
    Alternatives between two places.

    Parameters
    ----------
    origin, destination : str
        Node ids.
    commodity : str
    date : str
    table : DataFrame
        One row a route, cheapest in generalised cost first: route, usd_t, money_usd_t [USD/t],
        money_usd_feu [USD per 40-foot container, NaN for bulk], hours_p50, hours_p90 [h],
        co2_kg_t [kg/t], length_km, modes, territories, crossings, exposure.
    legs : DataFrame
        route, leg, what, from, to, mode, territories, length_km, hours, money_usd_t, co2_kg_t.
    exposures : DataFrame
        route, subject, listed_by, measure, from_date, scope, source_id.
    paths : list of ndarray
        Arcs of each route on `virtual`.
    virtual : VirtualNetwork
    """

    origin: str
    destination: str
    origin_name: str
    destination_name: str
    commodity: str
    date: str
    table: pd.DataFrame = field(repr=False)
    legs: pd.DataFrame = field(repr=False)
    exposures: pd.DataFrame = field(repr=False)
    paths: list[IntArray] = field(repr=False)
    virtual: VirtualNetwork = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return {
            "origin": {"id": self.origin, "name": self.origin_name},
            "destination": {"id": self.destination, "name": self.destination_name},
            "commodity": self.commodity,
            "date": self.date,
            "facts_digest": self.virtual.network.facts.digest,
            "routes": [
                {
                    **row,
                    "legs": self.legs[self.legs["route"] == row["route"]]
                    .drop(columns="route")
                    .to_dict("records"),
                    "exposures": self.exposures[self.exposures["route"] == row["route"]]
                    .drop(columns="route")
                    .to_dict("records"),
                }
                for row in self.table.to_dict("records")
            ],
        }


def route(
    network: Network,
    cost: GeneralizedCost,
    origin: str,
    destination: str,
    commodity: str = "container",
    k: int = 5,
) -> Routes:
    """
    Return the cheapest route between two places and real alternatives to it.

    Parameters
    ----------
    network : Network
    cost : GeneralizedCost
    origin, destination : str
        Id, name or alias of a place.
    commodity : str
    k : int
        At most so many; an alternative differs from every cheaper one in more than three tenths of
        its length.

    Returns
    -------
    Routes

    Raises
    ------
    UnknownName
        With the nearest names.
    NoPath
        Naming the closed elements that cut the two.

    Examples
    --------
    >>> import isthmus as ist
    >>> facts = ist.read()
    >>> found = ist.route(facts.network("2025-01-01"), ist.GeneralizedCost(facts), "Baku", "Poti")
    >>> bool(found.table.money_usd_t.gt(0).all())
    True
    """
    names = network.facts.names
    start, end = names.node(origin, "FROM"), names.node(destination, "TO")
    goods = names.commodity(commodity, "--commodity")
    virtual = expand(network)
    territory = network.nodes.set_index("node_id")["territory_id"]
    trade = {"origin": territory[start], "destination": territory[end], "commodity_id": goods}
    classes, class_of = cost.classes(network, pd.DataFrame([trade]))
    arc_cost, one = cost.of(virtual, classes), int(class_of[0])
    title = dict(zip(network.nodes["node_id"], network.nodes["name"], strict=True))
    for place in (start, end):
        if place not in virtual.source_of_node or place not in virtual.sink_of_node:
            raise NoPath(f"{title[place]} has no terminal, port or station where goods are loaded.")
    trip = Trips(
        np.zeros(1, np.int32),
        np.array([virtual.source_of_node[start]], np.int32),
        np.array([virtual.sink_of_node[end]], np.int32),
        np.ones(1),
    )
    usd = arc_cost.usd[one : one + 1]
    found = generate_routes(virtual.graph, usd, trip, n_routes=max(24, 8 * k), max_detour=4.0)
    n_found = len(found.starts) - 1
    if start == end or n_found == 0:
        raise NoPath(_why(virtual, arc_cost, trip, one, title[start], title[end]))
    arcs = [
        found.arcs[found.starts[i] : found.starts[i + 1]].astype(np.int64) for i in range(n_found)
    ]
    arcs.sort(key=lambda a: float(usd[0, a].sum()))
    paths = _different(virtual, arcs, k)
    measures, touched = listed_arcs(virtual)
    rows, legs, exposures = [], [], []
    for number, path in enumerate(paths, 1):
        hit = touched[:, path].any(axis=1)
        exposures.append(measures[hit].assign(route=number))
        legs.append(_legs(virtual, arc_cost, one, path, title).assign(route=number))
        rows.append({"route": number, **_row(virtual, arc_cost, one, path, measures[hit])})
    return Routes(
        start,
        end,
        title[start],
        title[end],
        goods,
        network.date,
        pd.DataFrame(rows),
        pd.concat(legs, ignore_index=True),
        pd.concat(exposures, ignore_index=True),
        paths,
        virtual,
    )


def path_hours(cost: ArcCost, k: int, path: IntArray) -> tuple[float, float]:
    """
    Return the median and the 90th percentile of the hours along a path.

    Delays of different arcs are taken as independent, so their means and variances add; the sum of
    many is close to normal, whose median is its mean (docs/model.md, reliability).

    Parameters
    ----------
    cost : ArcCost
    k : int
        Commodity position.
    path : ndarray of int

    Returns
    -------
    p50, p90 : float
        [h]
    """
    middle = float(cost.hours[k, path].sum())
    return middle, middle + Z90 * float(np.sqrt((cost.spread_h[k, path] ** 2).sum()))


def _different(virtual: VirtualNetwork, arcs: list[IntArray], k: int) -> list[IntArray]:
    """Keep up to `k` routes, cheapest first, that are no small variation of a kept one."""
    km = np.where(virtual.arcs["kind"].eq("move"), virtual.arcs["length_km"], 0.0).astype(float)
    kept: list[IntArray] = []
    for path in arcs:
        own = km[path].sum()
        shared = (
            km[np.intersect1d(path, other)].sum() / min(own, km[other].sum())
            for other in kept
            if own > 0
        )
        if not kept or (all(s <= _ALIKE for s in shared) and own > 0):
            kept.append(path)
        if len(kept) == k:
            break
    return kept


def _row(
    virtual: VirtualNetwork, cost: ArcCost, k: int, path: IntArray, listed: pd.DataFrame
) -> dict[str, Any]:
    arcs = virtual.arcs.iloc[path]
    moving = arcs[arcs["kind"].eq("move")]
    goods = cost.commodities.iloc[k]
    money = float(cost.money[k, path].sum())
    p50, p90 = path_hours(cost, k, path)
    boxed = goods["load_type"] == "container" and goods["payload_t_teu"] == goods["payload_t_teu"]
    facts = virtual.network.facts["territories"].set_index("territory_id")["kind"]
    territories = [t for t in dict.fromkeys(moving["territory_id"]) if facts.get(t) == "state"]
    seas = [t for t in dict.fromkeys(moving["territory_id"]) if facts.get(t) == "sea"]
    return {
        "usd_t": float(cost.usd[k, path].sum()),
        "money_usd_t": money,
        "money_usd_feu": money
        * float(goods["payload_t_teu"])
        * cost.parameters.get("teu_per_feu_price")
        if boxed
        else np.nan,
        "hours_p50": p50,
        "hours_p90": p90,
        "co2_kg_t": float(cost.co2_kg[k, path].sum()),
        "length_km": float(moving["length_km"].sum()),
        "modes": " > ".join(_runs(moving["mode"])),
        "territories": " ".join(territories),
        "seas": " ".join(seas),
        "crossings": "; ".join(arcs.loc[arcs["kind"].eq("cross"), "crossing_id"]),
        "exposure": "; ".join(
            f"{r.subject} ({r.listed_by}, {r.from_date})" for r in listed.itertuples(index=False)
        ),
    }


def _runs(values: pd.Series[str]) -> list[str]:
    """Drop repeats that follow each other."""
    return [v for i, v in enumerate(values) if i == 0 or v != values.iloc[i - 1]]


def _legs(
    virtual: VirtualNetwork, cost: ArcCost, k: int, path: IntArray, title: dict[str, str]
) -> pd.DataFrame:
    """Join arcs of one mode into legs; crossings and transfers stand on their own."""
    arcs = virtual.arcs.iloc[path]
    frame = pd.DataFrame(
        {
            "kind": arcs["kind"].to_numpy(),
            "mode": arcs["mode"].to_numpy(),
            "from": [title.get(n, n) for n in arcs["node_id"]],
            "to": [title.get(n, n) for n in arcs["to_node_id"]],
            "territories": arcs["territory_id"].to_numpy(),
            "detail": [_detail(r) for r in arcs.to_dict("records")],
            "length_km": np.where(arcs["kind"].eq("move"), arcs["length_km"].fillna(0.0), 0.0),
            "hours": cost.hours[k, path],
            "money_usd_t": cost.money[k, path],
            "co2_kg_t": cost.co2_kg[k, path],
            "element_id": [r.link_id or r.crossing_id or r.terminal_id for r in arcs.itertuples()],
        }
    )
    new = (
        frame["kind"].ne("move")
        | frame["kind"].ne(frame["kind"].shift())
        | frame["mode"].ne(frame["mode"].shift())
        | frame["territories"].ne(frame["territories"].shift())
    )
    legs = frame.groupby(new.cumsum(), as_index=False).agg(
        {
            "detail": "first",
            "kind": "first",
            "mode": "first",
            "from": "first",
            "to": "last",
            "territories": "first",
            "length_km": "sum",
            "hours": "sum",
            "money_usd_t": "sum",
            "co2_kg_t": "sum",
            "element_id": lambda ids: " ".join(i for i in ids if i),
        }
    )
    legs.insert(0, "leg", np.arange(1, len(legs) + 1))
    return legs.rename(columns={"detail": "what"})


def _detail(arc: dict[str, Any]) -> str:
    kind = arc["kind"]
    if kind == "move":
        return f"{arc['mode'].replace('_', ' ')}, {arc['territory_id']}"
    if kind == "cross":
        return f"border {arc['from_territory_id']} to {arc['territory_id']} ({arc['regime']})"
    if kind == "transfer":
        gauges = (
            f" {arc['from_gauge_mm']:.0f} to {arc['to_gauge_mm']:.0f} mm"
            if arc["from_mode"] == arc["to_mode"] == "rail"
            else ""
        )
        method = str(arc["method"]).replace("_", " ")
        return f"{arc['from_mode']} to {arc['to_mode']}{gauges} ({method})".replace("_", " ")
    return f"{kind} {arc['mode'].replace('_', ' ')}"


def _why(virtual: VirtualNetwork, cost: ArcCost, trip: Trips, k: int, start: str, end: str) -> str:
    if start == end:
        return f"{start} is where it begins and ends."
    cut = closed_elements(virtual, cost, Trips(np.array([k], np.int32), *trip[1:]))[0]
    goods = cost.commodities["commodity_id"][k]
    if cut is None:
        return f"{start} and {end} are not joined by the modes {goods} uses, even with all open."
    named = "; ".join(cut)
    if all(name.startswith("restriction:") for name in cut):
        return f"{start} and {end} are barred to each other on {virtual.network.date}: {named}."
    return (
        f"{start} and {end} are cut on {virtual.network.date}. "
        f"The route past the fewest closed elements needs: {named}."
    )
