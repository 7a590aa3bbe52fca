"""What the map draws before anything is solved: places, links, histories, orders, claims."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from isthmus.corridor import corridor_chain_links
from isthmus.cost.model import freight_goods
from isthmus.facts.history import causes
from isthmus.formats.coordinates import line_points, parse_points
from isthmus.output.map.places import OCEANS, SEAS, label_spots
from isthmus.output.page.theme import MODES, REGIMES, STATUSES
from isthmus.scenario import Scenario, find_scenario, list_scenarios
from isthmus.version import __version__

if TYPE_CHECKING:
    from isthmus.network import Network
    from isthmus.package import Facts

__all__ = ["FIRST_YEAR", "LAST_YEAR", "added_links", "world"]

FIRST_YEAR, LAST_YEAR = 1991, 2030
"""What the time slider spans."""

_TONGUES = {
    "AZE": "az", "ARM": "hy", "GEO": "ka", "IRN": "fa", "RUS": "ru", "TUR": "tr", "CHN": "zh",
}  # fmt: skip
"""Whose name of a place stands beside the one in UN usage."""

_ROUND = 4
"""Decimals of a degree sent: about 10 m."""


def world(facts: Facts) -> dict[str, Any]:
    """
    Return everything the map needs to draw itself on any day.

    Parameters
    ----------
    facts : Facts

    Returns
    -------
    dict
        As `isthmus.web.schemas.World`.
    """
    return {
        "meta": {
            "version": __version__,
            "facts_digest": facts.digest,
            "first_year": FIRST_YEAR,
            "last_year": LAST_YEAR,
            "base_date": find_scenario("baseline").base,
            "rows": int(sum(len(t) for t in facts.tables.values())),
            "tables": {name: len(table) for name, table in sorted(facts.tables.items())},
        },
        "territories": _territories(facts),
        "seas": [{"name": n, "lon": x, "lat": y} for n, x, y in (*SEAS, *OCEANS)],
        "nodes": _nodes(facts),
        "links": _links(facts),
        "crossings": _crossings(facts),
        "regimes": _regimes(facts),
        "statuses": STATUSES,
        "modes": {
            name: {"label": m.label, "colour": m.colour, "dash": list(m.dash)}
            for name, m in MODES.items()
        },
        "corridors": _corridors(facts),
        "passages": [
            {"id": r["passage_id"], "name": r["name"], "note": r["note"]}
            for r in facts["passages"].to_dict("records")
        ],
        "commodities": [
            {"id": r["commodity_id"], "name": r["name"]}
            for r in freight_goods(facts["commodities"]).to_dict("records")
        ],
        "orders": orders(),
        "causes": _causes(facts),
        "disputed": _disputed(facts),
        "claims": _claims(facts),
    }


def orders() -> list[dict[str, Any]]:
    """Return the shipped orders, the baseline first."""
    found = []
    for name, path in list_scenarios().items():
        order = Scenario.read(path)
        found.append(
            {
                "id": name,
                "name": order.name,
                "status": order.status,
                "proponent": order.proponent,
                "base": order.base,
                "description": order.description,
                "source": order.source,
                "elements": sorted(
                    {str(c.cells[k]) for c in order.changes for k in ("id", "at") if k in c.cells}
                ),
            }
        )
    return sorted(found, key=lambda o: o["id"] != "baseline")


def added_links(network: Network) -> list[dict[str, Any]]:
    """Return the links a scenario added, drawn as those of the facts are."""
    known = set(network.facts["links"]["link_id"])
    links = network.links[~network.links["link_id"].isin(known)]
    place = _places(network.nodes)
    return [
        _link(r, place) | {"history": [[r["status"], "", "", ""]]} for r in links.to_dict("records")
    ]


def _territories(facts: Facts) -> list[dict[str, Any]]:
    spots = label_spots()
    out = []
    for r in facts["territories"].to_dict("records"):
        lon, lat, rank = spots.get(r["territory_id"], (r["x_coord"], r["y_coord"], 5.0))
        out.append(
            {
                "id": r["territory_id"],
                "name": r["name"],
                "kind": r["kind"],
                "lon": round(lon, 2),
                "lat": round(lat, 2),
                "rank": int(rank),
            }
        )
    return out


def _nodes(facts: Facts) -> list[dict[str, Any]]:
    out = []
    for r in facts["nodes"].to_dict("records"):
        names = {c.removeprefix("name_"): r[c] for c in r if c.startswith("name_") and r[c]}
        own = names.get(_TONGUES.get(r["territory_id"], ""), "")
        out.append(
            {
                "id": r["node_id"],
                "name": r["name"],
                "local": own if own != r["name"] else "",
                "names": names,
                "aliases": r["aliases"],
                "type": r["node_type"],
                "territory": r["territory_id"],
                "lon": round(r["x_coord"], _ROUND),
                "lat": round(r["y_coord"], _ROUND),
            }
        )
    return out


def _links(facts: Facts) -> list[dict[str, Any]]:
    place = _places(facts["nodes"])
    history = _history(facts["link_status"], "link_id", "status")
    return [
        _link(r, place) | {"history": history.get(r["link_id"], [])}
        for r in facts["links"].to_dict("records")
    ]


def _places(nodes: pd.DataFrame) -> dict[str, tuple[float, float, str]]:
    """Lon, lat and name of each place."""
    columns = ["node_id", "x_coord", "y_coord", "name"]
    return {n: (x, y, name) for n, x, y, name in nodes[columns].itertuples(index=False, name=None)}


def _link(r: dict[str, Any], place: dict[str, tuple[float, float, str]]) -> dict[str, Any]:
    a, b = place[r["from_node_id"]], place[r["to_node_id"]]
    line = line_points(a[:2], r["waypoints"], b[:2])
    return {
        "id": r["link_id"],
        "name": r["name"] or f"{a[2]} – {b[2]}",
        "mode": r["mode"],
        "from": r["from_node_id"],
        "to": r["to_node_id"],
        "territory": r["territory_id"],
        "control": r["control_id"],
        "passage": r["passage_id"],
        "km": _number(r["length_km"]),
        "capacity": _number(r["capacity_t_yr"]),
        "source": r["source_id"],
        "confidence": r["confidence"],
        "line": [[round(x, _ROUND), round(y, _ROUND)] for x, y in line],
    }


def _crossings(facts: Facts) -> list[dict[str, Any]]:
    history = _history(facts["crossing_regimes"], "crossing_id", "regime")
    return [
        {
            "id": r["crossing_id"],
            "name": r["name"],
            "node": r["node_id"],
            "mode": r["mode"],
            "from": r["from_territory_id"],
            "to": r["to_territory_id"],
            "history": history.get(r["crossing_id"], []),
        }
        for r in facts["crossings"].to_dict("records")
    ]


def _regimes(facts: Facts) -> list[dict[str, Any]]:
    return [
        {
            "id": r["regime"],
            "name": r["name"] or REGIMES.get(r["regime"], r["regime"]),
            "definition": r["definition"],
            "open": bool(r["open"]),
        }
        for r in facts["regimes"].to_dict("records")
    ]


def _history(rows: pd.DataFrame, key: str, state: str) -> dict[str, list[list[str]]]:
    """Return [state, from, to, cause] of each element, in order of time."""
    found: dict[str, list[list[str]]] = {}
    columns = [key, state, "from_date", "to_date", "cause_id"]
    for element, *rest in rows.sort_values("from_date")[columns].itertuples(index=False, name=None):
        found.setdefault(element, []).append(rest)
    return found


def _corridors(facts: Facts) -> list[dict[str, Any]]:
    return [
        {
            "id": r["corridor_id"],
            "name": r["name"],
            "proponent": r["proponent"],
            "links": list(
                dict.fromkeys(corridor_chain_links(facts, facts["links"], r["corridor_id"]))
            ),
        }
        for r in facts["corridors"].to_dict("records")
    ]


def _causes(facts: Facts) -> list[dict[str, Any]]:
    """Return dated events and agreements; the start of the record is none."""
    frame = causes(facts)
    frame = frame[frame["kind"].ne("record") & frame["date"].ne("")].sort_values("date")
    return [
        {"id": r["cause_id"], "date": r["date"], "name": r["name"], "kind": r["kind"],
         "effect": r["effect"]}
        for r in frame.to_dict("records")
    ]  # fmt: skip


def _disputed(facts: Facts) -> list[dict[str, Any]]:
    return [
        {
            "id": r["area_id"],
            "name": r["name"],
            "un_usage": r["un_usage"],
            "positions": r["positions"],
            "lon": r["x_coord"],
            "lat": r["y_coord"],
            "outline": [[x, y] for x, y in parse_points(r["outline"])],
            "source": r["source_id"],
        }
        for r in facts["disputed_areas"].to_dict("records")
    ]


def _claims(facts: Facts) -> list[dict[str, Any]]:
    tested = set(facts["claim_tests"]["claim_id"])
    return [
        {
            "id": r["claim_id"],
            "by": r["attributed_to"],
            "place": r["place"],
            "said": r["paraphrase"],
            "kind": r["kind"],
            "record": r["record"],
            "cannot_say": r["cannot_say"],
            "source": r["source_id"],
            "record_source": r["record_source_id"],
            "tested": r["claim_id"] in tested,
        }
        for r in facts["claims"].to_dict("records")
    ]


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
