"""What the model says of a published quantity: one function a quantity."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from isthmus.analysis.evidence.outcome import Measured
from isthmus.analysis.evidence.places import Places, Reading, choices, read_row
from isthmus.analysis.evidence.volumes import volume
from isthmus.errors import InputError, NotTestable
from isthmus.facts.units import PRICE_YEAR, usd
from isthmus.vocab import LAND_MODES, WATER_MODES

if TYPE_CHECKING:
    from isthmus.analysis.evidence.paths import Route, Routes
    from isthmus.assign import Assignment

__all__ = ["measure"]

_SHIPMENT_T = 20.0
"""Shipment of the border-cost surveys. [t]"""
_SURVEY_KM = 500.0
"""Length a survey speed is taken over, one border in it. [km]"""
_DETOUR = 1.8
"""A way over open links that is so much longer is not the one a row means."""
_FERRY_GAIN = 1.4
"""Rails alone that are so much longer than with a train ferry are not the way a row means."""
_CAREC = ("AFG", "AZE", "CHN", "GEO", "KAZ", "KGZ", "MNG", "PAK", "TJK", "TKM", "UZB")
"""Members of the Central Asia Regional Economic Cooperation, whose borders are surveyed."""


def measure(
    row: dict[str, Any], places: Places, routes: Routes, assignment: Assignment | None
) -> Measured:
    """
    Return the model's value for a published row.

    Parameters
    ----------
    row : dict
        A row of `read_observations`.
    places : Places
    routes : Routes
    assignment : Assignment or None

    Returns
    -------
    Measured

    Raises
    ------
    NotTestable
        With the reason.
    UnknownName
        If a place is unknown.
    """
    quantity = row["quantity"].strip().lower()
    if quantity.startswith("volume_"):
        return volume(row, places, assignment)
    f = _QUANTITIES.get(quantity)
    if f is None:
        raise NotTestable(f"no such quantity in the model: {quantity or 'empty'}")
    if row["not_testable"]:
        raise NotTestable(row["not_testable"])
    if row["value"] <= 0:
        raise NotTestable("a difference, not a level: the value is not positive")
    return f(row, places, routes)


# --- ways -----------------------------------------------------------------------------------------


def _route(
    row: dict[str, Any], places: Places, routes: Routes, *, goods: str = "container"
) -> tuple[Route, Reading, str]:
    """Return the cheapest route a row speaks of, how it was read, and what was assumed."""
    start, end, reading = _ends(row, places)
    via = tuple(v for v in reading.via if not v & (start | end))
    for date, modes, note in _tries(row, routes.network.date, reading.modes):
        found = _by_rail_or_ferry(
            routes, modes, start, end, date=date, commodity=goods, via=via, shut=reading.shut
        )
        if found is not None and found.km > 0:
            return found, reading, note
    raise _no_route(row, start, end, reading)


def _tries(
    row: dict[str, Any], today: str, modes: frozenset[str]
) -> list[tuple[str, frozenset[str], str]]:
    """Return dates and modes to try, the closest to the row first, with what each assumes."""
    year = "" if pd.isna(row["year"]) else str(int(row["year"]))
    days = [today] if not year else list(dict.fromkeys([f"{year}-07-01", f"{year}-12-31", today]))
    widths = [(modes, "")]
    water = modes & set(WATER_MODES)
    if water and len(modes) > len(water) and not modes & {"sea"}:
        widths.insert(0, (water, ""))  # a ferry from port to port
    if modes and modes <= set(WATER_MODES):
        widths.append((modes | set(LAND_MODES), "with a route to the port by land"))
    if modes:
        widths.append((frozenset(), "no route by the modes named: all are taken"))
    return [
        (
            day,
            width,
            "; ".join(filter(None, [note, f"as of {day}" if year and day == today else ""])),
        )
        for width, note in widths
        for day in days
    ]


def _shortest(row: dict[str, Any], places: Places, routes: Routes) -> tuple[Route, str]:
    """
    Return the shortest way by the modes named.

    Open links come first; where they make a way much longer than links of any status do, the row
    speaks of a line that is planned, closed or destroyed.
    """
    start, end, reading = _ends(row, places)
    via = tuple(v for v in reading.via if not v & (start | end))
    date, shut = routes.network.date, reading.shut
    open_, any_ = (
        _by_rail_or_ferry(
            routes,
            reading.modes,
            start,
            end,
            date=date,
            via=via,
            shut=shut,
            by_length=True,
            built=built,
        )
        for built in (True, False)
    )
    if any_ is None or any_.km <= 0:
        raise _no_route(row, start, end, reading)
    if open_ is None or open_.km > _DETOUR * any_.km:
        return any_, "over links of any status"
    return open_, ""


def _by_rail_or_ferry(
    routes: Routes, modes: frozenset[str], start: frozenset[str], end: frozenset[str], **more: Any
) -> Route | None:
    """Return a way; by rail with wagons on a ferry only where the rails alone lead far round."""
    found = routes.find(start, end, modes=modes, any_order=True, **more)
    if modes != {"rail"}:
        return found
    ferried = routes.find(start, end, modes=modes | {"rail_ferry"}, any_order=True, **more)
    if found is None or (ferried is not None and found.km > _FERRY_GAIN * ferried.km):
        return ferried
    return found


def _no_route(
    row: dict[str, Any], start: frozenset[str], end: frozenset[str], reading: Reading
) -> NotTestable:
    if start & end:
        return NotTestable("one place: both ends are the same node")
    named = ", ".join(sorted(reading.modes)) or "any mode"
    return NotTestable(
        f"no route: {row['origin']} and {row['destination']} are not joined by {named}"
    )


def _ends(row: dict[str, Any], places: Places) -> tuple[frozenset[str], frozenset[str], Reading]:
    if not (row["from"] and row["to"]):
        raise NotTestable("no two places: origin or destination is not given")
    reading = read_row(places, row)
    return places.resolve(row["from"]), places.resolve(row["to"]), reading


def _largest(parts: dict[str, float], unit: str) -> str:
    total = sum(parts.values())
    if total <= 0:
        return ""
    name, value = max(parts.items(), key=lambda item: item[1])
    return f"{name.replace('_', ' ')} is {value / total:.0%} of the modelled {unit}"


def _transit_days(row: dict[str, Any], places: Places, routes: Routes) -> Measured:
    """Hours of the way; without loading, unloading and the first wait unless door to door."""
    route, reading, note = _route(row, places, routes)
    parts = route.parts("hours")
    ferry = set(route.modes.split("+")) <= {"ferry", "rail_ferry"}
    if reading.sailing or ferry:
        water = np.isin(route.virtual.arcs["mode"].to_numpy(dtype=object)[route.arcs], WATER_MODES)
        parts = {"haul_hours": parts["haul_hours"] * water}
        note = "; ".join(filter(None, [note, "time under sail alone"]))
    elif not reading.door:
        parts = {n: v for n, v in parts.items() if n not in ("load_hours", "unload_hours")}
        parts["wait_hours"] = np.where(route.kind == "load", 0.0, parts["wait_hours"])
    sums = {n: float(v.sum()) for n, v in parts.items()}
    hours = sum(sums.values())
    if hours <= 0:
        raise NotTestable("no route: the row speaks of a sailing and the route has none")
    return Measured(hours / 24, row["value"], route.modes, _largest(sums, "time"), note)


def _distance(row: dict[str, Any], places: Places, routes: Routes) -> Measured:
    """Length of the shortest way by the modes named, over links of any status."""
    route, note = _shortest(row, places, routes)
    return Measured(route.km, row["value"], route.modes, "length of the links on the route", note)


def _price(per: str) -> Callable[[dict[str, Any], Places, Routes], Measured]:
    def f(row: dict[str, Any], places: Places, routes: Routes) -> Measured:
        """Freight, boarding, transfers and borders; loading and unloading are left out."""
        goods = row["goods"] or "container"
        route, _, note = _route(row, places, routes, goods=goods)
        parts = {
            n: float(v.sum())
            for n, v in route.parts("money").items()
            if n not in ("load_fee", "unload_fee", "access")
        }
        factor = 1.0
        if per != "t":
            factor = float(route.cost.commodities["payload_t_teu"].iloc[route.k])
            factor *= routes.model.parameters.get("teu_per_feu_price") if per == "feu" else 1.0
        observed = _in_model_money(row, routes)
        return Measured(
            sum(parts.values()) * factor, observed, route.modes, _largest(parts, "price"), note
        )

    return f


def _in_model_money(row: dict[str, Any], routes: Routes) -> float:
    year = PRICE_YEAR if pd.isna(row["year"]) else int(row["year"])
    found = re.match(r"\s*([A-Z]{3})\b", row["unit"] or "USD")
    currency = found[1] if found else "USD"
    for back in range(4):  # the deflator of the newest years is not out yet
        try:
            return usd(routes.network.facts, row["value"], currency, year - back)
        except InputError:
            continue
    raise NotTestable(f"no rate: {currency} of {year} cannot be brought to {PRICE_YEAR} prices")


# --- borders --------------------------------------------------------------------------------------


def _border(column: str) -> Callable[[dict[str, Any], Places, Routes], Measured]:
    def f(row: dict[str, Any], places: Places, routes: Routes) -> Measured:
        """Mean over the crossings a row names: a place, or all land borders of a country."""
        virtual, cost = routes.on(_day(row, routes.network.date))
        arcs = virtual.arcs
        here = _crossings(row, places, arcs)
        if not here.any():
            raise NotTestable("no crossing: the row names none that the network has")
        at = np.flatnonzero(here)
        k = cost.position("container")
        values = cost.components[column][k, at]
        if column == "crossing_fee":
            values = values * _SHIPMENT_T
        modes = "+".join(sorted(set(arcs["mode"].to_numpy(dtype=object)[at])))
        note = f"mean of {len(at)} crossings" if len(at) > 1 else ""
        observed = row["value"] if column == "crossing_hours" else _in_model_money(row, routes)
        return Measured(float(np.mean(values)), observed, modes, "hours set at the crossing", note)

    return f


def _day(row: dict[str, Any], today: str) -> str:
    return today if pd.isna(row["year"]) else f"{int(row['year'])}-07-01"


def _crossings(row: dict[str, Any], places: Places, arcs: pd.DataFrame) -> Any:
    """Return which arcs are the border places of a row: those at a place, of some countries, between two."""
    here = arcs["kind"].eq("cross") & arcs["mode"].isin(LAND_MODES) & arcs["is_open"]
    if row["mode"]:
        here &= arcs["mode"].isin(choices(row["mode"]))
    nodes = places.resolve(row["place"]) if row["place"] else frozenset()
    named = arcs["node_id"].isin(nodes)
    territories = _territories(row)
    ends = [row["from"].removeprefix("@"), row["to"].removeprefix("@")]
    if (here & named).any():
        here &= named
    elif territories:
        here &= arcs["from_territory_id"].isin(territories) | arcs["territory_id"].isin(territories)
        here &= arcs["from_territory_id"].isin(_CAREC) & arcs["territory_id"].isin(_CAREC)
    elif not all(ends):
        return here & False
    if all(ends):
        here &= arcs["from_territory_id"].eq(ends[0]) & arcs["territory_id"].eq(ends[1])
    elif row["direction"] == "outbound":
        here &= arcs["from_territory_id"].isin(territories)
    elif row["direction"] == "inbound":
        here &= arcs["territory_id"].isin(territories)
    return here.to_numpy(dtype=bool)


def _territories(row: dict[str, Any]) -> frozenset[str]:
    named = choices(row["border_of"])
    return frozenset(_CAREC) if named == {"CAREC"} else named


def _speed(row: dict[str, Any], places: Places, routes: Routes) -> Measured:
    """Speed of a way, or of 500 km and a border in a country (speed with delay of the surveys)."""
    if row["from"] and row["to"]:
        route, _, note = _route(row, places, routes)
        hours = float(route.parts("hours")["haul_hours"].sum())
        return Measured(
            route.km / hours, row["value"], route.modes, "speeds by mode and country", note
        )
    mode, territories = row["mode"] or "road", _territories(row) or frozenset(_CAREC)
    virtual, cost = routes.on(_day(row, routes.network.date))
    arcs, k = virtual.arcs, cost.position("container")
    of_mode = arcs["mode"].eq(mode) & arcs["is_open"]
    move = (of_mode & arcs["kind"].eq("move") & arcs["territory_id"].isin(territories)).to_numpy()
    out = of_mode & arcs["kind"].eq("cross") & arcs["from_territory_id"].isin(territories)
    if not move.any() or not out.any():
        raise NotTestable("no route: no open link or border of that mode in that country")
    hours, km = (
        cost.components["haul_hours"][k, move],
        arcs["length_km"].to_numpy(dtype=float)[move],
    )
    border = float(np.mean(cost.components["crossing_hours"][k, out.to_numpy()]))
    total = _SURVEY_KM * hours.sum() / km.sum() + border
    note = f"{_SURVEY_KM:.0f} km and one border of {border:.1f} h"
    return Measured(
        _SURVEY_KM / float(total), row["value"], mode, "speeds by mode and country", note
    )


_QUANTITIES: dict[str, Callable[[dict[str, Any], Places, Routes], Measured]] = {
    "transit_time_days": _transit_days,
    "distance_km": _distance,
    "cost_usd_per_feu": _price("feu"),
    "cost_usd_per_teu": _price("teu"),
    "cost_usd_per_t": _price("t"),
    "border_hours": _border("crossing_hours"),
    "border_cost_usd": _border("crossing_fee"),
    "speed_kmh": _speed,
}
"""Quantities that have a counterpart in the model, besides volumes."""
