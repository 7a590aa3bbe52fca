"""A made-up world of five lands with queues, small enough to be assigned in no time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from conftest import Rows, crossing, gauge_break_rows, link, node
from isthmus.scenario import Scenario

DAY = "2024-06-01"
LANDS = ("AAA", "BBB", "CCC", "DDD", "EEE")
BORDERS = ((0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (1, 3))
RAIL = ((0, 1), (1, 2), (2, 3), (1, 3))
PORTS = (2, 4)
BEGAN = {"from_date": "2000-01-01", "cause_id": "begin"}


def world_rows(seed: int = 0, scale: float = 1.0) -> Rows:
    """
    Cities a to e joined by road over borders, some by rail, c and e by ferry; roads and borders are narrow.

    ::

        a ── b ── c ~~ ferry ~~ e        a ── e, b ── d, c ── d, d ── e by road as well
    """
    rng = np.random.default_rng(seed)
    rows = gauge_break_rows()
    cities = [land[0].lower() for land in LANDS]
    nodes = [
        node(c, t, i * 1.0, (i % 2) * 1.0)
        for i, (c, t) in enumerate(zip(cities, LANDS, strict=True))
    ]
    links: list[dict[str, Any]] = []
    crossings: list[dict[str, Any]] = []
    for i, j in BORDERS:
        at = cities[i] + cities[j]
        nodes.append(node(at, LANDS[i], (i + j) / 2.0, 0.5, "border"))
        for mode in ("road", "rail") if (i, j) in RAIL else ("road",):
            gauge = 1435 if mode == "rail" else ""
            tight = float(rng.uniform(800.0, 3000.0)) * scale
            more = {"capacity_t_yr": tight} if mode == "road" else {}
            km = rng.uniform(80.0, 300.0, 2).round(1) * (1.3 if mode == "rail" else 1.0)
            links.append(link(cities[i], at, mode, LANDS[i], km[0], gauge, **more))
            links.append(link(at, cities[j], mode, LANDS[j], km[1], gauge, **more))
            crossings += crossing(
                at, mode, LANDS[i], LANDS[j], delay_p50_h=8, delay_p90_h=20,
                capacity_t_yr=round(tight), fee_usd_t=round(float(rng.uniform(0.5, 3.0)), 2),
            )  # fmt: skip
    one, other = (cities[p] for p in PORTS)
    links.append(link(one, other, "ferry", "SEA-X", 250.0, wait_h=12.0))
    for p in PORTS:
        crossings += crossing(cities[p], "ferry", LANDS[p], "SEA-X")
    ways = [("rail", 1435, cities[:4]), ("ferry", "", [one, other])]
    terminals = [
        {
            "terminal_id": f"{c}:road-{mode}", "name": f"{c} {mode}", "node_id": c, "from_mode": "road",
            "to_mode": mode, "to_gauge_mm": gauge, "method": "transshipment", "both_ways": True,
            "delay_p50_h": 6, "capacity_t_yr": 2500 * scale,
        }
        for mode, gauge, places in ways
        for c in places
    ]  # fmt: skip
    goods = ("container", "machinery", "grain_food")
    pairs = [(o, d) for o in range(5) for d in range(5) if o != d]
    demand = [
        {
            "origin_zone_id": cities[o].upper(), "destination_zone_id": cities[d].upper(),
            "commodity_id": good, "year": 2024,
            "tonnes_t_yr": round(float(rng.lognormal(4.5, 1.0)) * scale, 1),
        }
        for o, d in pairs
        for good in goods
        if rng.random() < 0.8
    ]  # fmt: skip
    lands = [{"territory_id": t, "name": t.title(), "kind": "state"} for t in LANDS]
    return rows | {
        "territories": [*lands, {"territory_id": "SEA-X", "name": "Sea", "kind": "sea"}],
        "nodes": nodes,
        "links": links,
        "link_status": [{"link_id": r["link_id"], "status": "open", **BEGAN} for r in links],
        "crossings": crossings,
        "crossing_regimes": [
            {"crossing_id": r["crossing_id"], "regime": "normal", **BEGAN} for r in crossings
        ],
        "terminals": terminals,
        "zones": [
            {"zone_id": c.upper(), "name": f"Zone {c}", "territory_id": t, "node_id": c}
            for c, t in zip(cities, LANDS, strict=True)
        ],
        "connectors": [{"zone_id": c.upper(), "node_id": c, "access_km": 5} for c in cities],
        "demand": demand,
    }


ORDERS = {
    "a border shut": '[[close.crossing]]\nid = "road:ab:AAA-BBB"\n',
    "a railway shut": '[[close.link]]\nid = "rail:bc-c"\n',
    "a land shut": '[[close.territory]]\nid = "EEE"\n',
    "a road opened": '[[add.link]]\nbetween = ["ab", "bd"]\nmode = "road"\nlength_km = 40\nterritory_id = "BBB"\n',
    "a road opened, and all roads dearer": '[[add.link]]\nbetween = ["ab", "bd"]\nmode = "road"\n'
    'length_km = 40\nterritory_id = "BBB"\n'
    '[[scale.parameter]]\nid = "rate_usd_tkm"\nmode = "road"\nfactor = 1.5\n',
    "a wider border": '[[set.crossing]]\nid = "road:ab:AAA-BBB"\ncapacity_t_yr = 9000\n',
    "a border of next to nothing": '[[close.link]]\nid = "road:e-ea"\n'
    '[[set.crossing]]\nid = "road:de:EEE-DDD"\ncapacity_t_yr = 2\n'
    '[[close.link]]\nid = "ferry:c-e"\n',
    "trade that grows": '[[scale.demand]]\nfrom = "AAA"\nfactor = 1.5\n',
    "trade that shrinks": '[[scale.demand]]\nto = "CCC"\nfactor = 0.25\n',
    "trade that grows here and shrinks there": '[[scale.demand]]\nfrom = "AAA"\nfactor = 1.5\n'
    '[[scale.demand]]\nfrom = "BBB"\nfactor = 0.25\n',
    "trade that is new": '[[add.demand]]\norigin_zone_id = "A"\ndestination_zone_id = "B"\n'
    'commodity_id = "coal"\nyear = 2024\ntonnes_t_yr = 300\nsource = "assumed:test"\nconfidence = "low"\n',
    "a dearer border": '[[set.crossing]]\nid = "rail:bc:BBB-CCC"\nfee_usd_t = 40\n',
}  # fmt: skip
"""Orders of all kinds: those that close, open, change a capacity or a price, and those of trade."""


def order(name: str, tmp_path: Path) -> Scenario:
    """Write and read an order."""
    path = tmp_path / "order.toml"
    head = f'name = "{name}"\nbase = {DAY}\nsource = "assumed:test"\nstatus = "what-if"\n\n'
    path.write_text(head + ORDERS[name], encoding="utf-8")
    return Scenario.read(path)
