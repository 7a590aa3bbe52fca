"""
Totals of one assignment by a dimension: what `compare` sets side by side.

Every frame has a key, a name and quantities with a unit in the column name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from isthmus.corridor import corridor_links
from isthmus.errors import Fault, InputError
from isthmus.kernels import path_totals

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["DIMENSIONS", "corridor_levels", "levels", "transit", "trip_levels"]


def _once(
    assignment: Assignment, name: str, of: Callable[[Assignment], pd.DataFrame]
) -> pd.DataFrame:
    """Take a table from the memo of the assignment, or compute it; the caller gets a copy."""
    key = f"levels {name}"
    if key not in assignment.memo:
        assignment.memo[key] = of(assignment)
    table: pd.DataFrame = assignment.memo[key]
    return table.copy()


def trip_levels(assignment: Assignment) -> pd.DataFrame:
    """
    Return one row a trip: tonnes, served tonnes and mean attributes over its used paths.

    Parameters
    ----------
    assignment : Assignment

    Returns
    -------
    DataFrame
        origin_zone_id, destination_zone_id, commodity_id, origin_territory_id,
        destination_territory_id, tonnes_t_yr, served_t_yr [t/yr]; usd_t, money_usd_t [USD/t],
        hours_h [h], co2_kg_t [kg/t], length_km [km]: means by flow, NaN where nothing is served;
        borne_usd_t [USD/t]: what a tonne bears, the perturbation of a stochastic method among it;
        doubt_usd_yr [USD/yr]: what the gaps of the assignment may be worth to it; and what borne_usd_t is
        made of, in USD/t: money_usd_t, time_usd_t, spread_usd_t, co2_usd_t, waiting_usd_t, choice_usd_t.
    """
    return _once(assignment, "trips", _trip_levels)


def _trip_levels(assignment: Assignment) -> pd.DataFrame:
    table = assignment.trips
    zone_of = assignment.virtual.network.zones.set_index("zone_id")["territory_id"]
    frame = table[
        ["origin_zone_id", "destination_zone_id", "commodity_id", "tonnes_t_yr", "served_t_yr"]
    ].copy()
    frame.insert(3, "origin_territory_id", frame["origin_zone_id"].map(zone_of))
    frame.insert(4, "destination_territory_id", frame["destination_zone_id"].map(zone_of))
    paths = assignment.paths
    flow = np.bincount(paths.trip, weights=paths.flow, minlength=len(frame))
    names = {
        "usd": "usd_t",
        "money": "money_usd_t",
        "hours": "hours_h",
        "co2": "co2_kg_t",
        "length_km": "length_km",
    }
    for attribute, column in names.items():
        weighted = paths.flow * assignment.path_total(attribute)
        total = np.bincount(paths.trip, weights=weighted, minlength=len(frame))
        with np.errstate(invalid="ignore"):
            frame[column] = np.where(flow > 0, total / np.where(flow > 0, flow, 1.0), np.nan)
    klass = table["class"].to_numpy()
    prices = assignment.cost.prices
    spread = np.bincount(paths.trip, paths.flow * assignment.path_total("spread"), len(frame))
    waits = np.bincount(paths.trip, paths.flow * assignment.path_total("delay"), len(frame))
    with np.errstate(invalid="ignore", divide="ignore"):
        frame["waiting_usd_t"] = prices["hours"].to_numpy()[klass] * waits / flow
        frame["spread_usd_t"] = prices["spread"].to_numpy()[klass] * spread / flow
    hours = prices["hours"].to_numpy()[klass] * frame["hours_h"]
    frame["time_usd_t"] = hours - frame["waiting_usd_t"]
    frame["co2_usd_t"] = prices["co2"].to_numpy()[klass] * frame["co2_kg_t"]
    frame["borne_usd_t"] = table["borne_usd_t"]
    frame["choice_usd_t"] = frame["borne_usd_t"] - frame["usd_t"]
    proof = assignment.certificate
    frame["doubt_usd_yr"] = 0.0 if proof is None else proof.doubt_usd_yr
    return frame


def transit(assignment: Assignment) -> pd.DataFrame:
    """
    Return what moves over each territory or sea.

    Parameters
    ----------
    assignment : Assignment

    Returns
    -------
    DataFrame
        Indexed by territory_id: over_t_yr, every tonne that moves there; transit_t_yr, of these
        the tonnes whose trade neither begins nor ends there [t/yr]; moved_tkm_yr [t·km/yr].
    """
    return _once(assignment, "transit", _transit)


def _transit(assignment: Assignment) -> pd.DataFrame:
    virtual, paths = assignment.virtual, assignment.paths
    arcs = virtual.arcs
    zone_of = virtual.network.zones.set_index("zone_id")["territory_id"]
    ends = [assignment.trips[f"{e}_zone_id"].map(zone_of) for e in ("origin", "destination")]
    moving = arcs["kind"].eq("move").to_numpy()
    territory = arcs["territory_id"].to_numpy(dtype=object)
    codes, names = pd.factorize(
        np.concatenate([territory, *(e.to_numpy(dtype=object) for e in ends)])
    )
    of_arc, origin, destination = np.split(codes, np.cumsum([len(territory), len(ends[0])]))
    over, through = np.zeros((2, len(names)))
    path_totals.passed(
        paths.indptr, paths.arcs, paths.flow, np.where(moving, of_arc, -1),
        origin[paths.trip], destination[paths.trip], over, through,
    )  # fmt: skip
    km = np.where(moving, arcs["length_km"].fillna(0.0), 0.0)
    tkm = np.bincount(of_arc, km * assignment.arc_flow.sum(axis=0), len(names))
    columns = {"over_t_yr": over, "transit_t_yr": through, "moved_tkm_yr": tkm}
    frame = pd.DataFrame(columns, index=pd.Index(names, name="territory_id"))
    # ends of trips alone are no territory that anything moves over
    frame = frame.iloc[np.unique(of_arc)]
    return frame[frame.index != ""].sort_index()


def _by_territory(assignment: Assignment) -> pd.DataFrame:
    names = assignment.virtual.network.facts["territories"].set_index("territory_id")
    trips = trip_levels(assignment)
    trade = _of_ends(trips)
    frame = trade.join(transit(assignment), how="outer").fillna(0.0)
    frame = frame.reindex(sorted(frame.index))
    frame.insert(0, "name", names["name"].reindex(frame.index).fillna(""))
    frame.insert(1, "territory_kind", names["kind"].reindex(frame.index).fillna(""))
    return frame.rename_axis("territory_id").reset_index()


def _of_ends(trips: pd.DataFrame) -> pd.DataFrame:
    """Trade of each territory: flows that begin or end there, those within it once."""
    values = trips.assign(
        trade_t_yr=trips["tonnes_t_yr"],
        unserved_t_yr=trips["tonnes_t_yr"] - trips["served_t_yr"],
        cost_usd_yr=trips["served_t_yr"] * trips["usd_t"].fillna(0.0),
        money_usd_yr=trips["served_t_yr"] * trips["money_usd_t"].fillna(0.0),
        time_th_yr=trips["served_t_yr"] * trips["hours_h"].fillna(0.0),
        co2_t_yr=trips["served_t_yr"] * trips["co2_kg_t"].fillna(0.0) / 1000.0,
    )
    columns = [
        "trade_t_yr",
        "unserved_t_yr",
        "cost_usd_yr",
        "money_usd_yr",
        "time_th_yr",
        "co2_t_yr",
    ]
    begins = values.groupby("origin_territory_id")[columns].sum()
    inside = values["origin_territory_id"].eq(values["destination_territory_id"])
    ends = values[~inside].groupby("destination_territory_id")[columns].sum()
    return begins.add(ends, fill_value=0.0)


def _flows(assignment: Assignment, key: str, kind: str) -> pd.Series:
    """Tonnes by element, both directions together. [t/yr]"""
    arcs = assignment.virtual.arcs
    here = arcs["kind"].eq(kind).to_numpy()
    total = pd.Series(assignment.arc_flow.sum(axis=0)[here])
    return total.groupby(arcs.loc[here, key].to_numpy()).sum()


def _by_link(assignment: Assignment) -> pd.DataFrame:
    links = assignment.virtual.network.links
    columns = [
        "link_id",
        "name",
        "mode",
        "territory_id",
        "control_id",
        "status",
        "length_km",
        "capacity_t_yr",
    ]
    frame = links[columns].copy()
    frame["flow_t_yr"] = frame["link_id"].map(_flows(assignment, "link_id", "move")).fillna(0.0)
    frame["moved_tkm_yr"] = frame["flow_t_yr"] * frame["length_km"]
    return frame


def _by_crossing(assignment: Assignment) -> pd.DataFrame:
    crossings = assignment.virtual.network.crossings
    columns = [
        "crossing_id",
        "name",
        "node_id",
        "mode",
        "from_territory_id",
        "to_territory_id",
        "regime",
    ]
    frame = crossings[columns].copy()
    flow = _flows(assignment, "crossing_id", "cross")
    frame["flow_t_yr"] = frame["crossing_id"].map(flow).fillna(0.0)
    return frame


def _by_corridor(assignment: Assignment, links: pd.DataFrame | None = None) -> pd.DataFrame:
    """Corridors by their chains over some links, all of the network if none are given."""
    network = assignment.virtual.network
    chain = corridor_links(network, links)
    flows = _by_link(assignment).set_index("link_id")
    chain = chain[chain["link_id"].ne("")].copy()
    known = (network.links if links is None else links).set_index("link_id")["length_km"]
    chain["t"] = chain["link_id"].map(flows["flow_t_yr"]).fillna(0.0)
    chain["km"] = chain["link_id"].map(known)
    chain["tkm"] = chain["t"] * chain["km"]
    grouped = chain.groupby("corridor_id")
    frame = network.facts["corridors"][["corridor_id", "name", "proponent"]].set_index(
        "corridor_id"
    )
    frame["length_km"] = grouped["km"].sum()
    frame["moved_tkm_yr"] = grouped["tkm"].sum()
    frame["mean_t_yr"] = frame["moved_tkm_yr"] / frame["length_km"]
    frame["peak_t_yr"] = grouped["t"].max()
    frame["weakest_t_yr"] = grouped["t"].min()
    return frame.fillna(0.0).reset_index()


def _grouped(key: list[str]) -> Callable[[Assignment], pd.DataFrame]:
    def by(assignment: Assignment) -> pd.DataFrame:
        trips = trip_levels(assignment)
        served = trips["served_t_yr"]
        values = pd.DataFrame(
            {
                "trade_t_yr": trips["tonnes_t_yr"],
                "unserved_t_yr": trips["tonnes_t_yr"] - served,
                "cost_usd_yr": served * trips["usd_t"].fillna(0.0),
                "money_usd_yr": served * trips["money_usd_t"].fillna(0.0),
                "time_th_yr": served * trips["hours_h"].fillna(0.0),
                "co2_t_yr": served * trips["co2_kg_t"].fillna(0.0) / 1000.0,
            }
        )
        return values.groupby([trips[k] for k in key], sort=True).sum().reset_index()

    return by


def _by_mode(assignment: Assignment) -> pd.DataFrame:
    links = _by_link(assignment)
    return links.groupby("mode")[["moved_tkm_yr"]].sum().reset_index()


def _by_component(assignment: Assignment) -> pd.DataFrame:
    from isthmus.cost.model import ATTRIBUTES

    rows = []
    cost = assignment.cost
    for name, values in cost.components.items():
        attribute = cost.attribute_of[name]
        total = float((values * assignment.arc_flow).sum())
        price = cost.prices[attribute].to_numpy(dtype=float)[:, None]
        priced = float((price * values * assignment.arc_flow).sum())
        rows.append((name, attribute, ATTRIBUTES[attribute], total, priced))
    waiting = assignment.delay_h * assignment.arc_flow
    priced = float((cost.vot_usd_t_h[:, None] * waiting).sum())
    rows.append(("congestion", "hours", ATTRIBUTES["hours"], float(waiting.sum()), priced))
    return pd.DataFrame(
        rows, columns=["component", "attribute", "unit_per_t", "total_yr", "cost_usd_yr"]
    )


DIMENSIONS: dict[str, tuple[list[str], Callable[[Assignment], pd.DataFrame]]] = {
    "territory": (["territory_id"], _by_territory),
    "corridor": (["corridor_id"], _by_corridor),
    "link": (["link_id"], _by_link),
    "crossing": (["crossing_id"], _by_crossing),
    "od": (
        ["origin_zone_id", "destination_zone_id"],
        _grouped(["origin_zone_id", "destination_zone_id"]),
    ),
    "commodity": (["commodity_id"], _grouped(["commodity_id"])),
    "mode": (["mode"], _by_mode),
    "component": (["component"], _by_component),
}
"""What totals can be taken by: the key columns, and the function."""


def corridor_levels(assignment: Assignment, links: pd.DataFrame) -> pd.DataFrame:
    """
    Return the totals of corridors whose chains run over some links.

    Parameters
    ----------
    assignment : Assignment
    links : DataFrame
        Rows of links: of two networks together, so that a corridor is the same chain in both.

    Returns
    -------
    DataFrame
        As `levels` by corridor.
    """
    return _by_corridor(assignment, links)


def levels(assignment: Assignment, dimension: str) -> pd.DataFrame:
    """
    Return the totals of one assignment.

    Parameters
    ----------
    assignment : Assignment
    dimension : {'territory', 'corridor', 'link', 'crossing', 'od', 'commodity', 'mode', 'component'}

    Returns
    -------
    DataFrame
        One row a key.

    Raises
    ------
    InputError
        If there is no such dimension.
    """
    if dimension not in DIMENSIONS:
        known = ", ".join(DIMENSIONS)
        raise InputError([Fault("by", f'"{dimension}" is no dimension.', f"One of {known}.")])
    return _once(assignment, dimension, DIMENSIONS[dimension][1])
