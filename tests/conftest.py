"""Tiny packages that draw themselves, and the shipped one, read once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from browser import browser, served  # noqa: F401 - fixtures, one browser for all that ask
from isthmus.facts.tables import _typed, package_root
from isthmus.package import Facts, read

Rows = dict[str, list[dict[str, Any]]]

_SOURCED = {"source_id": "assumed:made up for a test", "confidence": "low"}


def make_facts(tables: Rows) -> Facts:
    """Build facts in memory from rows; columns left out are empty, sources are filled in."""
    package = json.loads((package_root() / "datapackage.json").read_text(encoding="utf-8"))
    raw, schema = {}, {}
    for resource in package["resources"]:
        name = resource["name"]
        schema[name] = resource["schema"]
        columns = [f["name"] for f in resource["schema"]["fields"]]
        rows = []
        for row in tables.get(name, []):
            filled = {c: _SOURCED.get(c, "") for c in columns} | row
            assert set(filled) == set(columns), set(filled) - set(columns)
            rows.append(
                {c: str(v).lower() if isinstance(v, bool) else str(v) for c, v in filled.items()}
            )
        raw[name] = pd.DataFrame(rows, columns=columns, dtype=str)
    digest = hashlib.sha256(json.dumps(tables, sort_keys=True, default=str).encode()).hexdigest()
    typed = {name: _typed(frame, schema[name]) for name, frame in raw.items()}
    return Facts(typed, raw, schema, {name: (f"data/{name}.csv",) for name in raw}, digest)


def node(node_id: str, territory: str, x: float, y: float, kind: str = "city") -> dict[str, Any]:
    return {
        "node_id": node_id,
        "name": node_id.title(),
        "node_type": kind,
        "territory_id": territory,
        "x_coord": x,
        "y_coord": y,
    }


def link(
    a: str, b: str, mode: str, territory: str, km: float, gauge: int | str = "", **more: Any
) -> dict[str, Any]:
    return {
        "link_id": f"{mode}:{a}-{b}",
        "from_node_id": a,
        "to_node_id": b,
        "directed": False,
        "mode": mode,
        "territory_id": territory,
        "length_km": km,
        "length_basis": "sourced",
        "gauge_mm": gauge,
        **more,
    }


def crossing(at: str, mode: str, a: str, b: str, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "crossing_id": f"{mode}:{at}:{x}-{y}",
            "name": f"{at} {x}-{y}",
            "node_id": at,
            "mode": mode,
            "from_territory_id": x,
            "to_territory_id": y,
            **more,
        }
        for x, y in ((a, b), (b, a))
    ]


def gauge_break_rows() -> Rows:
    """Two gauges meet at b, on the border of AAA and BBB; the road goes round; d is an island.

    ::

        a ══1520══ b ──1435── c        d
         ╲_________│________╱
              road (longer)
    """
    links = [
        link("a", "b", "rail", "AAA", 100, 1520),
        link("b", "c", "rail", "BBB", 100, 1435),
        link("a", "b", "road", "AAA", 150),
        link("b", "c", "road", "BBB", 150),
    ]
    crossings = crossing("b", "rail", "AAA", "BBB", delay_p50_h=10) + crossing(
        "b", "road", "AAA", "BBB"
    )
    regimes = [
        ("closed", False, ""),
        ("normal", True, 1.0),
        ("customs_union", True, 0.4),
        ("facilitated", True, 0.5),
        ("sealed_transit", True, 0.3),
        ("unimpeded", True, 0.0),
    ]
    return {
        "territories": [
            {"territory_id": t, "name": t.title(), "kind": "state"} for t in ("AAA", "BBB")
        ],
        "actors": [{"actor_id": "aaa-rail", "name": "Rail of A", "kind": "railway"}],
        "nodes": [
            node("a", "AAA", 0.0, 0.0),
            node("b", "AAA", 0.8, 0.0, "border"),
            node("c", "BBB", 1.6, 0.0),
            node("d", "BBB", 5.0, 0.0),
        ],
        "links": links,
        "link_status": [
            {
                "link_id": r["link_id"],
                "status": "open",
                "from_date": "2000-01-01",
                "cause_id": "begin",
            }
            for r in links
        ],
        "events": [{"event_id": "begin", "name": "Begin", "date": "1991-01-01", "kind": "record"}],
        "regimes": [
            {
                "regime": r,
                "name": r,
                "definition": r,
                "open": o,
                "delay_factor": f,
                "spread_factor": f,
                "fee_factor": f,
                "flags": "all",
                "direction": "both",
                "control": "each state",
            }
            for r, o, f in regimes
        ],
        "crossings": crossings,
        "crossing_regimes": [
            {
                "crossing_id": r["crossing_id"],
                "regime": "normal",
                "from_date": "2000-01-01",
                "cause_id": "begin",
            }
            for r in crossings
        ],
        "terminals": [
            {
                "terminal_id": f"b:{method}",
                "name": f"b {method}",
                "node_id": "b",
                "from_mode": "rail",
                "from_gauge_mm": 1520,
                "to_mode": "rail",
                "to_gauge_mm": 1435,
                "method": method,
                "both_ways": True,
            }
            for method in ("wagon_change", "transshipment")
        ],
        "zones": [
            {"zone_id": z.upper(), "name": f"Zone {z}", "territory_id": t, "node_id": z}
            for z, t in (("a", "AAA"), ("c", "BBB"), ("d", "BBB"))
        ],
        "connectors": [
            {"zone_id": z.upper(), "node_id": z, "access_km": 5} for z in ("a", "c", "d")
        ],
        "demand": [
            {
                "origin_zone_id": o,
                "destination_zone_id": d,
                "commodity_id": "container",
                "year": 2024,
                "tonnes_t_yr": t,
            }
            for o, d, t in (("A", "C", 1000), ("C", "A", 500), ("A", "D", 70))
        ],
    }


def strait_rows() -> Rows:
    """By lorry to p, by sea through a strait of two links to q, and on by lorry; no other way.

    ::

        a ──road── p ~~60 km~~ m ~~140 km~~ q ──road── b        AAA | SEA-X, passage s | BBB
    """
    rows = gauge_break_rows()
    links = [
        link("a", "p", "road", "AAA", 100),
        link("p", "m", "sea", "SEA-X", 60, passage_id="s"),
        link("m", "q", "sea", "SEA-X", 140, passage_id="s"),
        link("q", "b", "road", "BBB", 50),
    ]
    crossings = crossing("p", "sea", "AAA", "SEA-X") + crossing("q", "sea", "SEA-X", "BBB")
    began = {"from_date": "2000-01-01", "cause_id": "begin"}
    return rows | {
        "territories": [
            {"territory_id": t, "name": t.title(), "kind": k}
            for t, k in (("AAA", "state"), ("BBB", "state"), ("SEA-X", "sea"))
        ],
        "nodes": [
            node("a", "AAA", 0.0, 0.0),
            node("p", "AAA", 1.0, 0.0, "port"),
            node("m", "SEA-X", 1.5, 0.0, "sea_point"),
            node("q", "BBB", 3.0, 0.0, "port"),
            node("b", "BBB", 3.5, 0.0),
        ],
        "passages": [{"passage_id": "s", "name": "Strait", "kind": "strait"}],
        "links": links,
        "link_status": [{"link_id": r["link_id"], "status": "open", **began} for r in links],
        "crossings": crossings,
        "crossing_regimes": [
            {"crossing_id": r["crossing_id"], "regime": "normal", **began} for r in crossings
        ],
        "terminals": [
            {
                "terminal_id": f"{at}:road-sea",
                "name": f"Port {at}",
                "node_id": at,
                "from_mode": "road",
                "to_mode": "sea",
                "method": "transshipment",
                "both_ways": True,
            }
            for at in ("p", "q")
        ],
        "zones": [
            {"zone_id": z.upper(), "name": f"Zone {z}", "territory_id": t, "node_id": z}
            for z, t in (("a", "AAA"), ("b", "BBB"))
        ],
        "connectors": [{"zone_id": z.upper(), "node_id": z, "access_km": 5} for z in ("a", "b")],
        "demand": [
            {
                "origin_zone_id": o,
                "destination_zone_id": d,
                "commodity_id": good,
                "year": 2024,
                "tonnes_t_yr": 100,
            }
            for o, d in (("A", "B"), ("B", "A"))
            for good in ("container", "grain_food")
        ],
    }


@pytest.fixture(scope="session")
def shipped() -> Facts:
    """The shipped facts."""
    return read()


@pytest.fixture
def rows() -> Rows:
    """Rows of the gauge break, to be changed by a test."""
    return gauge_break_rows()


@pytest.fixture
def facts_of(shipped: Facts) -> Callable[[Rows], Facts]:
    """Make facts of rows; commodities and parameters are the shipped ones unless given."""

    def make(tables: Rows) -> Facts:
        facts = make_facts(tables)
        for name in ("sources", "commodities", "parameters", "exchange_rates"):
            if name not in tables:
                facts.tables[name] = shipped[name]  # type: ignore[index]
                facts.raw[name] = shipped.raw[name]  # type: ignore[index]
        return facts

    return make


@pytest.fixture(scope="session")
def central(shipped: Facts) -> Any:
    """Give the shipped network with the trade of 2024, assigned as the map and `run` do."""
    import isthmus as ist

    network, demand = shipped.network("2025-01-01"), shipped.demand(2024)
    return ist.assign(network, demand, ist.GeneralizedCost(shipped))
